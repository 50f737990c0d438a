"""Text from outside, as it may be shown: nothing in it moves a terminal's cursor or turns what is written around."""

import re
from collections.abc import Sequence

BLANKS = "\t\n\x0b\x0c\r\x85\u2028\u2029"
HIDDEN = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufffe\uffff"
"""Control characters, marks and overrides of the direction of writing, line separators, halves of a pair."""

UNSHOWN = re.compile(f"[{HIDDEN}]")
UNSHOWN_IN_LINES = re.compile(f"[{HIDDEN}]".replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
"""Documents have tabs and ends of lines."""


def shown(text: object) -> str:
    """One line of text: blanks of any kind become spaces, what cannot be shown a question mark."""
    return UNSHOWN.sub(_substitute, str(text))


def one_line(text: object, most: int = 50) -> str:
    """As `shown`, of at most so many characters: the middle of a longer text is left out."""
    said = shown(text)
    return said if len(said) <= most else f"{said[: most // 2]}…{said[most // 2 + 1 - most :]}"


def listed(names: Sequence[str], word: str = "") -> str:
    """Names in a row, before the last one a word perhaps, `and`; with semicolons where names have commas themselves."""
    *most, last = names
    if any(", " in name for name in names):
        return "; ".join([*most, f"{word} {last}".lstrip() if most else last])
    return ", ".join(most) + (f" {word} " if word else ", ") * bool(most) + last


def shown_lines(text: str) -> str:
    """As `shown`, for a whole document: its lines and tabs stay."""
    return text if text.isprintable() else UNSHOWN_IN_LINES.sub(_substitute, text)


def _substitute(found: re.Match[str]) -> str:
    return " " if found[0] in BLANKS else "?"
