"""What each position along an axis reaches in the input: an interval of pixels as a function of the position.

The function is periodic but for a shift. Windows alone give one interval that moves by the stride; upsampling gives
as many as the positions that share a source, so that compositions of both stay exact.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

Span = tuple[int, int] | None
"""First and last pixel; None where nothing is seen, as between the taps of a transposed convolution."""

LONGEST_PERIOD = 1024
"""Beyond it the function is no longer worth its description."""


class PositionLost(Exception):
    """Where the elements lie in the input can no longer be described."""


class Taps(NamedTuple):
    """Which positions before an operation each position behind it reads: `i` reads `offsets[i % period]` moved by
    `step` for each whole period, `period` being the number of offsets. Those of a window, which may be as large as a
    file says, are a range."""

    step: int
    offsets: tuple[Sequence[int], ...]


def phases(period: int) -> range:
    """The positions of one period. Raises PositionLost where that is too long to describe."""
    if period > LONGEST_PERIOD:
        raise PositionLost
    return range(period)


def ends(offsets: Sequence[int], period: int) -> Sequence[int]:
    """Of equally spaced positions the first period and the last, which are enough for a hull."""
    if not isinstance(offsets, range) or len(offsets) <= 2 * period:
        return offsets
    return (*offsets[:period], *offsets[-period:])


class Scattered(NamedTuple):
    """Each position sees a part, in an order that is not known: so many pixels at most, where that is known, and at
    the least so far from the next one before they were scattered."""

    width: int | None = None
    spacing: Fraction = Fraction(0)


class Reach(NamedTuple):
    """Position `i` sees `spans[i % period]`, moved by `step` pixels for each whole period."""

    step: int
    spans: tuple[Span, ...]

    @property
    def period(self) -> int:
        return len(self.spans)

    @property
    def width(self) -> int:
        """Pixels from the first to the last that position 0 sees."""
        span = self.spans[0]
        return span[1] - span[0] + 1 if span else 0

    def at(self, position: int) -> Span:
        periods, phase = divmod(position, len(self.spans))
        span = self.spans[phase]
        return span and (span[0] + periods * self.step, span[1] + periods * self.step)

    @property
    def wraps(self) -> bool:
        """Does it go on here and back there, as a row and the next one do one after the other?"""
        moves = self._moves(1)
        return any(move > 0 for move in moves) and any(move < 0 for move in moves)

    def usual_move(self, by: int) -> int:
        """From one position to another, pixels in most places."""
        return max(moves := self._moves(by), key=moves.count, default=0)

    def _moves(self, by: int) -> list[int]:
        pairs = [(self.at(position), self.at(position + by)) for position in range(self.period)]
        return [after[0] - before[0] for before, after in pairs if before and after]

    def through(self, taps: Taps) -> "Reach":
        """What the positions behind an operation see, by those that it reads."""
        if len(self.spans) == 1 == len(taps.offsets):
            return self._through_one(taps.step, taps.offsets[0])
        period = len(taps.offsets)
        times = self.period // gcd(taps.step, self.period) if taps.step else 1
        phases(period * times)
        spans = [
            hull(self.at(source + taps.step * time) for source in ends(offsets, self.period))
            for time in range(times)
            for offsets in taps.offsets
        ]
        return Reach(self.step * (taps.step * times // self.period), tuple(spans)).shortest()

    def _through_one(self, step: int, offsets: Sequence[int]) -> "Reach":
        """The same for windows alone, the common case."""
        span = self.spans[0]
        if span is None or not offsets:
            return Reach(self.step * step, (None,))
        moves = [self.step * offset for offset in ends(offsets, 1)]
        return Reach(self.step * step, ((span[0] + min(moves), span[1] + max(moves)),))

    def shortest(self) -> "Reach":
        """The same function by its shortest period."""
        found = self
        for factor in _prime_factors(self.period):
            shorter = found._shortened(found.period // factor)
            found = shorter or found
        return found

    def _shortened(self, period: int) -> "Reach | None":
        times = self.period // period
        if self.step % times:
            return None
        shorter = Reach(self.step // times, self.spans[:period])
        return shorter if all(shorter.at(i) == span for i, span in enumerate(self.spans)) else None

    def joined(self, other: "Reach") -> "Reach | None":
        """The hull of both at each position; None where they drift apart."""
        if self == other:
            return self
        if len(self.spans) == 1 == len(other.spans):  # windows alone, the common case
            return Reach(self.step, (_both(self.spans[0], other.spans[0]),)) if self.step == other.step else None
        period = lcm(self.period, other.period)
        step = self.step * (period // self.period)
        if step != other.step * (period // other.period) or period > LONGEST_PERIOD:
            return None
        return Reach(step, tuple(hull((self.at(i), other.at(i))) for i in range(period))).shortest()

    def widest(self, positions: range, pixels: int) -> int:
        """The most pixels that one of the positions sees, from its first to its last.

        Where no two see alike, as where an interpolation keeps the corners, those count that the border does not cut,
        if there are any.
        """
        seen = [span for i in positions[: self.period] if (span := self.at(i))]
        if 1 < len(positions) - 1 <= self.period:
            seen = [span for span in seen if span[0] >= 0 and span[1] < pixels] or seen
        return max([last - first + 1 for first, last in seen], default=0)

    def holds(self, other: "Reach", positions: range) -> bool:
        """Does each of the positions see here at least what it sees there?"""
        count = lcm(self.period, other.period)
        inner = {position: other.at(position) for position in (*positions[:count], *positions[-count:])}
        return all(_within(span, self.at(position)) for position, span in inner.items())


def _both(a: Span, b: Span) -> Span:
    """The hull of two."""
    return (min(a[0], b[0]), max(a[1], b[1])) if a and b else a or b


def hull(spans: Iterable[Span]) -> Span:
    """From the first pixel of all to the last."""
    seen = [span for span in spans if span is not None]
    return (min([span[0] for span in seen]), max([span[1] for span in seen])) if seen else None


def _within(inner: Span, outer: Span) -> bool:
    return inner is None or (outer is not None and outer[0] <= inner[0] and inner[1] <= outer[1])


def _prime_factors(number: int) -> Iterable[int]:
    factor = 2
    while factor * factor <= number:
        while number % factor == 0:
            yield factor
            number //= factor
        factor += 1
    if number > 1:
        yield number
