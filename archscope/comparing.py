"""From what the user named to a Comparison."""

from dataclasses import replace
from typing import TYPE_CHECKING

from archscope.comparison import Comparison
from archscope.errors import ArchscopeError
from archscope.inputs import Sizes
from archscope.report import Report
from archscope.summary import read_text, summarize

if TYPE_CHECKING:
    from torch import nn

    from archscope.tracing import Mode


def compare(
    *targets: "str | nn.Module | Report",
    input_size: Sizes | None = None,
    batch: int | None = None,
    mode: "Mode" = "eval",
) -> Comparison:
    """Trace every target and compare what each costs with the first.

    A target is what `archscope.summarize` takes, a Report, or the path of a saved report or comparison (to which the
    other arguments do not apply). Raises ArchscopeError.
    """
    found: list[Report] = []
    for target in targets:
        if isinstance(target, Report):
            found.append(target)
        elif isinstance(target, str) and target.endswith(".json"):
            found += saved(target)
        else:
            found.append(summarize(target, input_size, batch=batch, mode=mode))
    return comparison_of(found)


def comparison_of(reports: list[Report]) -> Comparison:
    """Raises ArchscopeError where there is nothing to compare."""
    if not reports:
        raise ArchscopeError("nothing to compare: name networks, such as xception inception_v3, or a family")
    return Comparison(tuple(reports))


def saved(path: str) -> tuple[Report, ...]:
    """The reports of a file that `archscope summary` or `archscope compare` wrote. Raises ArchscopeError."""
    reports = Comparison.from_json(read_text(path), path).reports
    return reports if len(reports) > 1 else (replace(reports[0], target=path),)
