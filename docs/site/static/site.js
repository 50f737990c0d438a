// The table of all networks: a heading sorts by its column's exact values, a word narrows it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
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
