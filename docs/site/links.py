"""What a page of the site leads to, in its HTML: Sphinx looks at the links of the Markdown alone."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ELSEWHERE = {"http", "https", "mailto", "data"}


class Links(HTMLParser):
    """Of one page: where `href` and `src` lead to, which of them the browser fetches by itself, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: set[str] = set()
        self.fetched: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.leads.add(value)
                if tag != "a":
                    self.fetched.add(value)
            elif name in {"id", "name"} and value:
                self.anchors.add(value)


def dead_links(folder: Path) -> Iterator[str]:
    """`page: link` for each that leads nowhere in the site, and for each thing that a page fetches from elsewhere."""
    pages = {page: Links(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))}
    for page, links in pages.items():
        for link in sorted(links.leads):
            parts = urlsplit(link)
            if parts.scheme in ELSEWHERE:
                dead = link in links.fetched and parts.scheme != "data"
            else:
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
                anchors = pages[target].anchors if target in pages else None
                goes_on = "explorer" in target.name or parts.fragment in {"", "top"}  # its addresses are module paths
                dead = not target.exists() or not (goes_on or anchors is None or unquote(parts.fragment) in anchors)
            if dead:
                yield f"{page.relative_to(folder)}: {link}"
