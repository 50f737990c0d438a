"""How a table fits the text of a paper: its letters, what is broken, and whether it goes over pages. No torch."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

from archscope.views.headings import broken_headings

TEXT_WIDTH = 340.0
"""Of the article class, in points, less what letters are estimated by: what fits it fits a wider page."""
PAGE_HEIGHT = 500.0
"""Of the article class, in points, less its headings, rules and gaps."""
LONGEST = 480.0
"""A table that is higher, in points, goes over pages: it and its caption would not fit one."""


@dataclass(frozen=True)
class Letters:
    """A size of LaTeX: its name, the height and the width of an em in points, the room at each side of a column in
    points, and of how many em a column at least is whose words are broken."""

    name: str
    height: float
    em: float
    gap: float
    narrowest: float


SIZES = (
    Letters("", 12.0, 10.0, 6.0, 14.0),
    Letters(r"\small", 11.0, 9.25, 4.0, 14.0),
    Letters(r"\footnotesize", 9.5, 8.5, 3.0, 7.0),
    Letters(r"\scriptsize", 8.0, 7.9, 2.0, 0.0),
)
"""Those that are tried, the largest first."""


@dataclass(frozen=True)
class Layout:
    """`widths` has, in points, the columns whose words are broken."""

    letters: Letters
    heads: Sequence[Sequence[str]]
    rows: Sequence[Sequence[str]]
    left: Collection[int]
    widths: dict[int, float]
    is_long: bool

    @property
    def columns(self) -> str:
        """As tabular takes them: `lrr`, without room at the edges where it is wanted within."""
        kinds = [self._kind(i) for i in range(len(self.heads[0]))]
        return "".join(kinds) if self.letters is SIZES[0] else f"@{{}}{''.join(kinds)}@{{}}"

    def _kind(self, i: int) -> str:
        if i in self.widths:
            return rf">{{\raggedright\arraybackslash}}p{{{self.widths[i]:.0f}pt}}"
        return "l" if i in self.left else "r"

    @property
    def width(self) -> float:
        """In points, about."""
        plain = _widths([*self.heads, *self.rows], self.letters)
        own = [self.widths.get(i, width) for i, width in enumerate(plain)]
        return sum(own) + _gaps(self.letters, len(own))

    @property
    def is_wide(self) -> bool:
        """Wider than an article's text, in the smallest letters?"""
        return self.width > TEXT_WIDTH + 1

    @property
    def packages(self) -> set[str]:
        return {"booktabs", *(["array"] if self.widths else []), *(["longtable"] if self.is_long else [])}


def laid_out(
    headings: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int], said: Sequence[str] = ()
) -> Layout:
    """In the largest letters in which it fits, words broken last; in the smallest where it fits in none. What is
    `said` with it takes room on its page."""
    heads = broken_headings(headings, rows)
    for letters in SIZES:
        for lines in ([headings], heads):
            widths = _widths([*lines, *rows], letters)
            if sum(widths) + _gaps(letters, len(widths)) <= TEXT_WIDTH:
                return _layout(letters, lines, rows, left, {}, said)
        shares = _shares(widths, left, TEXT_WIDTH - _gaps(letters, len(widths)))
        if shares and all(
            share >= max(letters.narrowest * letters.em, _longest(heads, rows, i, letters))
            for i, share in shares.items()
        ):
            break
    return _layout(letters, heads, rows, left, shares, said)


def _gaps(letters: Letters, columns: int) -> float:
    return 2 * letters.gap * (columns if letters is SIZES[0] else columns - 1)


def _widths(lines: Sequence[Sequence[str]], letters: Letters) -> list[float]:
    return [max(map(_ems, column)) * letters.em for column in zip(*lines, strict=True)]


def _shares(widths: Sequence[float], left: Collection[int], room: float) -> dict[int, float]:
    """What columns of words have where they are broken: narrow ones are as wide as they are, the rest share alike."""
    room -= sum(width for i, width in enumerate(widths) if i not in left)
    wide = sorted(left, key=widths.__getitem__)
    while wide and widths[wide[0]] <= room / len(wide):
        room -= widths[wide.pop(0)]
    return {i: max(room / len(wide), 0) for i in wide}


def _longest(heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], i: int, letters: Letters) -> float:
    """The width of the longest word of a column."""
    words = (word for line in (*heads, *rows) for word in breakable(line[i], " ").split())
    return max(map(_ems, words), default=0.0) * letters.em


def _layout(
    letters: Letters,
    heads: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str]],
    left: Collection[int],
    widths: dict[int, float],
    said: Sequence[str],
) -> Layout:
    lines = sum(max(_lines(row, widths, letters), default=1) for row in rows)
    words = SIZES[0].height * sum(map(_ems, said)) * SIZES[0].em / TEXT_WIDTH
    return Layout(letters, heads, rows, left, widths, lines * letters.height > min(LONGEST, PAGE_HEIGHT - words))


def _lines(row: Sequence[str], widths: dict[int, float], letters: Letters) -> Iterator[int]:
    for i, width in widths.items():
        yield max(ceil(_ems(row[i]) * letters.em / (width or inf)), 1)


EMS = {"ijl.,:;'!|I": 0.29, "frst()[]-/ ": 0.39, "mwMW%+=×<>~": 0.85}
"""Of Computer Modern, about."""


def _ems(text: str) -> float:
    return sum(_em(character) for character in text)


def _em(character: str) -> float:
    for known, width in EMS.items():
        if character in known:
            return width
    return 0.72 if character.isupper() else 0.52


def breakable(text: str, mark: str) -> str:
    """With a mark where a path may be broken: after a point, a slash or a low line that a letter follows."""
    return "".join(
        before + mark if before in "._/" and after.isalpha() else before
        for before, after in zip(text, f"{text[1:]} ", strict=False)
    )
