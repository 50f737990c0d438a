"""When a picture turns dark: with the reader's screen, or with the notebook that it stands in."""

import re
from collections.abc import Iterable

SCREEN = "@media screen and (prefers-color-scheme:dark)"
STYLE = re.compile(rf"<style>{re.escape(SCREEN)}\{{(.*?)\}}</style>")
PICTURE = ".archscope "
NOTEBOOK = ":is([data-jp-theme-light=false],.vscode-dark,[theme=dark],[data-theme=dark])"
"""What says that its page is dark: JupyterLab and Notebook, VS Code, Colab, and sites that notebooks become."""


def dark_style(rules: Iterable[str]) -> str:
    """The style that turns a picture on dark screens: paper stays light."""
    return f"<style>{SCREEN}{{{''.join(f'{PICTURE}{rule}' for rule in rules)}}}</style>"


def in_notebook(markup: str) -> str:
    """A notebook has a theme of its own: what turned with the screen turns with it, and is light where none is told."""
    return STYLE.sub(lambda found: f"<style>@media screen{{{_within(found[1])}}}</style>", markup)


def _within(rules: str) -> str:
    return rules.replace(PICTURE, f"{NOTEBOOK} {PICTURE}")
