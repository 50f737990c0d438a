// The table of all networks: a heading sorts by its column's exact values, a word narrows it. And Korean pages, of which
// what is found for a Korean word is one, have the words of the theme in Korean.
"use strict";

const KOREAN = {
  Search: "검색", Next: "다음", Previous: "이전", Home: "처음", "On this page": "이 쪽의 내용", "Search Results": "검색 결과",
  Searching: "검색 중", "Preparing search...": "검색 준비 중...",
  "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories.": "찾은 문서가 없습니다.",
  "Search finished, found one page matching the search query.": ["문서 1개를 찾았습니다.", "문서 ${resultCount}개를 찾았습니다."],
};

if (/[가-힣]/.test(new URLSearchParams(location.search).get("q") ?? "")) document.documentElement.lang = "ko";
if (document.documentElement.lang === "ko") Documentation.addTranslations({ messages: KOREAN, plural_expr: "Number(n !== 1)", locale: "ko" });

document.addEventListener("DOMContentLoaded", () => {
  if (document.documentElement.lang === "ko") {
    for (const word of document.querySelectorAll(".related-pages .context span, .related-pages .page-info .title, .toc-title")) {
      word.textContent = KOREAN[word.textContent.trim()] ?? word.textContent;
    }
    for (const field of document.querySelectorAll(".sidebar-search")) field.placeholder = field.ariaLabel = KOREAN.Search;
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.querySelectorAll("th")];
    const body = table.tBodies[0];
    headings.forEach((heading, column) => {
      heading.querySelector("button").addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => row.cells[column].dataset.value;
        const rows = [...body.rows].sort((one, two) => {
          const [a, b] = [value(one), value(two)];
          if (a === "" || b === "") return (a === "") - (b === ""); // what is not known is last
          const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
          return down ? -order : order;
        });
        body.append(...rows);
      });
    });
    const narrow = document.querySelector("input.narrow");
    narrow?.addEventListener("input", () => {
      const words = narrow.value.toLowerCase().split(/\s+/);
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
});
