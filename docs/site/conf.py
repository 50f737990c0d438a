"""Sphinx: how the pages that build.py lays out become a site that works from the disk."""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.search.en import SearchEnglish

project = "archscope"
author = "the authors of archscope"
extensions = ["myst_parser"]
myst_heading_anchors = 4
myst_enable_extensions = ["html_image", "attrs_block"]
suppress_warnings = ["misc.highlighting_failure", "myst.header"]  # consoles are no code; a page may leave out a level
html_theme = "furo"
html_title = "archscope"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_show_search_summary = False  # it would read each page found, which no browser does from the disk
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

HANGUL = re.compile(r"[가-힣]+")
PARTICLES = re.compile(
    r"(?<=[가-힣])(에서는|으로는|에서|으로|에게|부터|까지|보다|처럼|마다|이나|에는|과는|와는|을|를|이|가|은|는|의|에|로|와|과|도|만|나)$"
)


class EnglishAndKorean(SearchEnglish):
    """Korean words are found with their particles and without: 합성곱을 as 합성곱 too."""

    def split(self, input: str) -> list[str]:
        return [part for word in super().split(input) for part in _forms(word)]


def _forms(word: str) -> Iterator[str]:
    yield word
    for part in HANGUL.findall(word):
        bare = PARTICLES.sub("", part)
        yield from {part, bare} - {word}


def _language(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    context["language"] = "ko" if page.endswith(".ko") else "en"


def setup(app: Any) -> None:
    app.add_search_language(EnglishAndKorean)
    app.connect("html-page-context", _language)
