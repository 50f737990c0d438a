"""The largest value of an option that keeps to limits, by bisection, and the next one, which does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

from archscope.comparison.limits import Limit
from archscope.errors import ArchscopeError
from archscope.sweeping.grid import Place, places
from archscope.sweeping.jobs import Job
from archscope.sweeping.points import Largest, Measured, Sweep
from archscope.sweeping.search import falls, last_that_fits
from archscope.targets import Target, variants

if TYPE_CHECKING:
    from archscope.latency import Progress

FURTHEST = 10
"""An option without a range is doubled and halved so often at most."""


def searched(job: Job, made: Sweep, found: Target, progress: "Progress | None") -> "Iterator[Largest | Measured]":
    """For each combination of the other axes the largest value, and the next; the first value where none fits, and
    why where a search cannot tell: the others go on."""
    option, axes = made.maximized, dict(made.axes)
    given = axes.pop(option, ())
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        raise ArchscopeError(f"--maximize {option}: it takes an option of numbers, and these are {given}")
    others = places(axes) if axes else [Place()]
    start = None if given else _default(found, option)
    for done, place in enumerate(others, start=1):
        search = _Search(job, place, option, made.limits)
        try:
            yield search.largest(sorted(given) if start is None else search.around(start))
        except ArchscopeError as failure:
            yield Measured(place, failure=str(failure))
        if progress:
            progress(f"{done:,} of {len(others):,} searches", 0)
    if progress:
        progress("", 0)


def searches(made: Sweep) -> int:
    """How many combinations there are of the axes beside the option that is searched for."""
    return prod(len(values) for name, values in made.axes.items() if name != made.maximized)


def maximized(made: Sweep, results: "Sequence[Largest | Measured]") -> Sweep:
    """The sweep with what the searches found."""
    largest = [each for each in results if isinstance(each, Largest)]
    told = [each for each in results if isinstance(each, Largest) or each.failure]
    points = [point for each in told for point in ((each.fits, each.beyond) if isinstance(each, Largest) else (each,))]
    left_out = len(results) - len(told)
    asked = 2 * (searches(made) - left_out)
    return replace(made, points=tuple(points), largest=tuple(largest), left_out=left_out, asked=asked)


def _default(found: Target, option: str) -> float:
    """The value that an option has where none is given. Raises ArchscopeError where that is not known."""
    written = found.network.options[option].rpartition(" = ")[2] if found.network else ""
    value = {**variants.split(f"x?{option}={written}")[1], **found.options}.get(option) if written else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ArchscopeError(f"--maximize {option}: say its range, --set {option}=0.25:4 or {option}=1:64")
    return value


@dataclass
class _Search:
    """For the largest value of an option at one place of the grid; what was measured is kept."""

    job: Job
    place: Place
    option: str
    limits: tuple[Limit, ...]
    seen: dict[float, Measured] = field(default_factory=dict)

    def at(self, value: float) -> Measured:
        if value not in self.seen:
            self.seen[value] = self.job.at(self.place.with_option(self.option, value))
        return self.seen[value]

    def fits(self, value: float) -> bool:
        point = self.at(value)
        return not point.failure and not point.broken(self.limits)

    def around(self, start: float) -> "Sequence[float]":
        """The values from one that fits to one that does not, found by doubling or halving: whole numbers, or
        thousandths. Raises ArchscopeError where all fit that were tried."""
        step = 1 if isinstance(start, int) else 1000
        low = high = max(round(start * step), 1)
        if self.fits(_scaled(high, step)):
            for high in islice((low * 2**i for i in range(1, FURTHEST + 1)), FURTHEST):
                if not self.fits(_scaled(high, step)):
                    break
            else:
                value = _scaled(high, step)
                raise ArchscopeError(f"even {self.option}={value} keeps to the limits: does it cost anything?")
        else:
            while low > 1 and not self.fits(_scaled(low, step)):
                low = max(low // 2, 1)
        return [_scaled(i, step) for i in range(low, high + 1)]

    def largest(self, candidates: Sequence[float]) -> Largest | Measured:
        """The last that fits and the next; where none fits the first that can be built. Raises ArchscopeError for an
        option on which a cost does not only grow, and where all fit."""
        for share in (0, 1, 2, 3, 4):  # also to see whether costs grow everywhere
            self.at(candidates[share * (len(candidates) - 1) // 4])
        place = last_that_fits(candidates, self.fits)
        self._check_growth()
        if place < 0:
            built = (self.seen[value] for value in sorted(self.seen) if not self.seen[value].failure)
            return next(built, self.at(candidates[0]))
        if place == len(candidates) - 1:
            raise ArchscopeError(
                f"{self.option}={candidates[-1]}, the largest that was asked for, keeps to the limits: give larger ones"
            )
        return Largest(self.at(candidates[place]), self.at(candidates[place + 1]))

    def _check_growth(self) -> None:
        measured = [self.seen[value] for value in sorted(self.seen) if not self.seen[value].failure]
        for limit in self.limits:
            costs = [(point.place.options[self.option], _number(point.values.get(limit.name))) for point in measured]
            if limit.side == "min" or not (pair := falls(costs)):
                continue
            where = f"{limit.name} falls from {self.option}={pair[0]} to {pair[1]}"
            raise ArchscopeError(f"{where}, so that no search tells the largest: list values, without --maximize")


def _scaled(value: int, step: int) -> float:
    return value if step == 1 else value / step


def _number(value: Any) -> float | None:
    found = max(value) if isinstance(value, list) else value
    return found if isinstance(found, int | float) else None
