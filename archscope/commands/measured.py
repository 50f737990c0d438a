"""The Report of what the user named: measured now, or read from a file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from archscope.commands.measuring import progress_line
from archscope.errors import ArchscopeError
from archscope.latency import Options, unheard
from archscope.process import expect_torch

if TYPE_CHECKING:
    from archscope.model.report import Report


Batches = Sequence[int] | Literal["auto"]
"""How many images at a time; `auto` finds out."""


def report_of(
    target: str,
    inputs: str | Sequence[str] | None,
    batches: Batches,
    mode: Literal["eval", "train"] | None,
    options: dict[str, Any],
    latency: Options | None = None,
    partial: bool = False,
) -> "Report":
    from archscope.reading.kinds import is_saved
    from archscope.summary import read_report, summarize

    if is_saved(target):
        if inputs or batches or mode or options or latency:
            refused = "--input, --batch, --mode, --set and --device do not apply to it"
            raise ArchscopeError(f"{target} is measured already: {refused}")
        return read_report(target)
    expect_torch()
    return summarize(
        target,
        inputs or None,
        batch=batches,
        mode=mode or "eval",
        latency=latency,
        progress=progress_line() if latency else unheard,
        options=options,
        partial=partial,
    )
