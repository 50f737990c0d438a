"""The Report of what the user named: measured now, or read from a file."""

from typing import TYPE_CHECKING, Any, Literal

from archscope.commands.arguments import resolve_input
from archscope.commands.startup import import_torch
from archscope.errors import ArchscopeError
from archscope.targets import resolve

if TYPE_CHECKING:
    from archscope.report import Report


def report_of(
    target: str,
    input_size: str | None,
    batch: int | None,
    mode: Literal["eval", "train"] | None,
    options: dict[str, Any],
) -> "Report":
    from archscope.summary import read_report, summarize

    if target.endswith(".json"):
        if input_size or batch or mode or options:
            raise ArchscopeError(f"{target} is measured already: --input, --batch, --mode and --set do not apply to it")
        return read_report(target)
    size, images = resolve_input(input_size, batch, resolve(target).input_size or ())
    import_torch()
    return summarize(target, size, batch=images, mode=mode or "eval", options=options)
