"""Where the papers of a family tree lie: a row a year, and lines that run between the cards, never behind one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from archscope.papers.lineage import Lineage, Member
from archscope.views.diagram.place.text import room_for

CARD, PAD, TITLE, LINE = 232.0, 9.0, 20.0, 13.5
"""Width of a card, its rim, and the heights of its name and of one line of an idea."""
GAP, BETWEEN, LANE = 52.0, 54.0, 4.5
"""Room between cards, between rows, and from one line to the next in a gap."""
LANES = int(GAP / LANE) - 1
"""Lines that a gap has room for."""
LEFT, TOP, MARGIN = 64.0, 64.0, 26.0
IDEA = 9.5
"""Size of the letters that say what is taken."""

Point = tuple[float, float]
Row = tuple[int, int]
Span = tuple[float, float]


@dataclass(frozen=True)
class Card:
    """A paper: the top left corner of its card, and the lines of each idea."""

    member: Member
    x: float
    y: float
    ideas: tuple[tuple[str, ...], ...]

    @property
    def height(self) -> float:
        return TITLE + 2 * PAD + LINE * sum(map(len, self.ideas))

    @property
    def middle(self) -> float:
        return self.x + CARD / 2

    def port(self, number: int) -> Point:
        """Where the line of this idea comes in."""
        return self.x + CARD * (number + 1) / (len(self.ideas) + 1), self.y


@dataclass(frozen=True)
class Layout:
    """Cards by paper, the tops and bottoms of the rows, by year and generation, and the points of the line to each
    idea, by its paper and number."""

    cards: Mapping[str, Card]
    rows: Mapping[Row, Span]
    lines: Mapping[tuple[str, int], Sequence[Point]]
    width: float
    height: float


def layout(found: Lineage) -> Layout:
    labels = {member.file: member.label for member in found}
    rows = [list(row) for _, row in groupby(found, key=_row_of)]
    widest = max(map(len, rows))
    width = LEFT + widest * (CARD + GAP) + MARGIN
    cards: dict[str, Card] = {}
    spans: dict[Row, Span] = {}
    y = TOP
    for row in rows:
        placed = _row(row, cards, y, width, labels)
        cards |= {card.member.file: card for card in placed}
        bottom = y + max(card.height for card in placed)
        spans[_row_of(row[0])] = (y, bottom)
        y = bottom + BETWEEN
    return Layout(cards, spans, _lines(cards, spans), width, y - BETWEEN + MARGIN)


def _row_of(member: Member) -> Row:
    return member.year, member.generation


def _row(
    row: Sequence[Member], above: Mapping[str, Card], y: float, width: float, labels: Mapping[str, str]
) -> list[Card]:
    """Cards of one year, each as near below what it builds on as the others leave room."""
    middle = LEFT + (width - LEFT - MARGIN) / 2

    def wish(member: Member) -> float:
        parents = [above[debt.paper].middle for debt in member.builds_on if debt.paper in above]
        return (2 * parents[0] + sum(parents[1:])) / (len(parents) + 1) if parents else middle

    wishes = sorted((wish(member), i) for i, member in enumerate(row))
    step = CARD + GAP
    lefts: list[float] = []
    for at, _ in wishes:  # from the left, none on another; then the row is moved back into the page
        lefts.append(max(at - CARD / 2, lefts[-1] + step if lefts else LEFT + GAP / 2))
    for k in reversed(range(len(lefts))):
        most = width - MARGIN - CARD - GAP / 2 if k == len(lefts) - 1 else lefts[k + 1] - step
        lefts[k] = min(lefts[k], most)
    return [
        Card(row[i], x, y, tuple(_ideas(debt.idea, labels[debt.paper]) for debt in row[i].builds_on))
        for x, (_, i) in zip(lefts, wishes, strict=True)
    ]


def _ideas(idea: str, of: str) -> tuple[str, ...]:
    """`ResNet: shortcuts`, in lines that fit a card."""
    lines = [""]
    for word in f"{of}: {idea}".split():
        longer = f"{lines[-1]} {word}".strip()
        if room_for(longer, IDEA) > CARD - 2 * PAD - 10 and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def _lines(cards: Mapping[str, Card], rows: Mapping[Row, Span]) -> dict[tuple[str, int], list[Point]]:
    """From an ancestor's lower rim to an idea; through the rows between in the gap that is nearest to the way."""
    taken: Counter[tuple[Row, int]] = Counter()
    leaving = Counter(debt.paper for card in cards.values() for debt in card.member.builds_on)
    left: Counter[str] = Counter()
    found: dict[tuple[str, int], list[Point]] = {}
    for card in cards.values():
        for number, debt in enumerate(card.member.builds_on):
            start, end = cards[debt.paper], card.port(number)
            left[debt.paper] += 1
            x, y = start.x + CARD * left[debt.paper] / (leaving[debt.paper] + 1), start.y + start.height
            points = [(x, y)]
            for row in (row for row in rows if _row_of(start.member) < row < _row_of(card.member)):
                share = (rows[row][0] - y) / (end[1] - y)
                at = _beside(cards, row, x + share * (end[0] - x), taken)
                points += [(at, rows[row][0]), (at, rows[row][1])]
            found[card.member.file, number] = [*points, end]
    return found


def _beside(cards: Mapping[str, Card], row: Row, wish: float, taken: Counter[tuple[Row, int]]) -> float:
    """Where a line goes down through a row: as near to the wish as the cards and the lines in their gaps leave room."""
    lefts = sorted(card.x for card in cards.values() if _row_of(card.member) == row)
    gaps = [lefts[0] - GAP / 2, *[left + CARD + GAP / 2 for left in lefts]]
    if wish < gaps[0] - GAP / 2 or wish > gaps[-1] + GAP / 2:
        return wish  # beside all cards there is nothing to go round
    free = [i for i in range(len(gaps)) if taken[row, i] < LANES] or range(len(gaps))
    nearest = min(free, key=lambda i: abs(gaps[i] - wish))
    taken[row, nearest] += 1
    lane = taken[row, nearest]
    return gaps[nearest] + LANE * (lane // 2) * (-1 if lane % 2 else 1)
