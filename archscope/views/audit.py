"""What `archscope audit` found, in every format. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from archscope.auditing import Audit, Audited, Difference
from archscope.model import units
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import to_text, wrapped

WIDTH = 80
"""Of the table where no terminal says otherwise."""
NUMBER = 20
"""Characters of a number's column: a thousand billion with separators, and its sign."""


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def as_csv(audit: Audit, options: Options) -> str:
    """A line a number and a line a difference: where the tool's and archscope's numbers come from."""
    lines = (line for row in audit.rows for line in _lines(row))
    return to_csv([("counter", "version", "quantity", "what", "amount"), *lines])


def _lines(row: Audited) -> Iterator[Sequence[Any]]:
    counted = [
        (row.unit, row.own_operations, row.differences, row.unexplained, row.operations),
        ("parameters", row.own_params, row.params_differences, row.params_unexplained, row.params),
    ]
    for quantity, own, differences, unexplained, found in counted:
        steps = [("archscope", own), *((step.why, step.amount) for step in differences), ("unexplained", unexplained)]
        for what, amount in [*steps, ("the tool", found)]:
            yield row.tool, row.version, quantity, what, amount


def page(audit: Audit, options: Options) -> Page:
    totals = audit.report.totals
    lines = [line for row in audit.rows for line in _page_lines(row)]
    own = f"{totals['macs']:,} MACs, {totals['params']:,} parameters"
    name = f"Counters on {audit.report.graph.name}"
    table = Table(("Counter", "What it is", "Number"), lines, range(2), prose=True)
    return Page(name, f"archscope: {own}", [table], [("", closing(audit))])


def _page_lines(row: Audited) -> list[Line]:
    if row.error:
        return [Line((heading(row), f"failed: {row.error}", "-"))]
    found = [*steps(row), *params_steps(row)]
    return [Line(("" if i else heading(row), what, number)) for i, (number, what, _) in enumerate(found)]


def as_table(audit: Audit, options: Options) -> str:
    """A paragraph a tool: its numbers, and the steps from archscope's to them, which sum up."""
    width = options.width or WIDTH
    totals, graph = audit.report.totals, audit.report.graph
    inputs = ", ".join(units.shape(tensor.shape) for tensor in graph.inputs.values())
    own = f"{totals['macs']:,} MACs = {totals['flops']:,} FLOPs; {totals['params']:,} parameters"
    lines = [
        Text(graph.name, "bold").append(f"   {inputs}", "not bold"),
        *wrapped("", f"archscope: {own}", 0, width),
    ]
    for row in audit.rows:
        lines += [Text(""), Text(heading(row), "bold"), *wrapped("", f"counts {row.rules}", 2, width)]
        lines[-1].stylize("dim")
        lines += _paragraph(row, width)
    return to_text([*lines, Text(""), *wrapped("", closing(audit), 0, width)], options)


def _paragraph(row: Audited, width: int) -> Iterator[Text]:
    if row.error:
        yield from wrapped("", f"failed: {row.error}", 2, width)
        return
    for number, what, style in [*steps(row), *params_steps(row)]:
        first, *others = wrapped("", what, NUMBER + 2, width)
        yield Text(f"{number:>{NUMBER}}  ", style).append_text(first[NUMBER + 2 :])
        yield from others


def heading(row: Audited) -> str:
    return f"{row.tool} {row.version}".strip()


Step = tuple[str, str, str]
"""A number, what it is, and a style."""


def steps(row: Audited) -> list[Step]:
    """From archscope's operations to the tool's."""
    return _way(row.operations, row.own_operations, row.unit, row.differences, row.unexplained)


def params_steps(row: Audited) -> list[Step]:
    return _way(row.params, row.own_params, "parameters", row.params_differences, row.params_unexplained)


def _way(
    found: int | None, own: int, unit: str, differences: Sequence[Difference], unexplained: int | None
) -> list[Step]:
    if found is None:
        return []
    if found == own and not differences:
        return [(f"{found:,}", f"{unit}, as archscope", "green")]
    rest = [(f"{unexplained:+,}", "unexplained", "bold red")] if unexplained else []
    parts = [(f"{difference.amount:+,}", said(difference), "") for difference in differences]
    return [(f"{own:,}", f"{unit} by archscope", ""), *parts, *rest, (f"{found:,}", f"{unit} by the tool", "bold")]


def said(difference: Difference) -> str:
    return f"{difference.why} ({difference.layers} layers)" if difference.layers > 1 else difference.why


def closing(audit: Audit) -> str:
    failed = [row.tool for row in audit.rows if row.error]
    open_ones = [row.tool for row in audit.rows if row.unexplained or row.params_unexplained]
    parts = [
        f"{len(audit.rows) - len(failed) - len(open_ones)} of {len(audit.rows)} counters explained to the last one"
    ]
    if open_ones:
        parts.append(f"a remainder at {', '.join(open_ones)}")
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    if audit.absent:
        parts.append(f"not installed: {', '.join(audit.absent)}")
    return "; ".join(parts)
