"""What `archscope diff` found: tables in every format, and a picture. No torch."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from archscope.differences import Diff
from archscope.differences.rows import Difference
from archscope.model import units
from archscope.model.report import Report
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import to_text, wrapped

WIDTH = 100
"""Of the table where no terminal says otherwise."""

VERDICTS = {
    "identical": ("green", "identical up to names"),
    "same_function": ("yellow", "the same function, but training differs"),
    "same_parameters": ("yellow", "the same parameters, but another function"),
    "different": ("bold red", "different"),
    "not_compared": ("yellow", "no difference found, not compared: {}"),
}


def formats() -> Mapping[str, View]:
    tables: dict[str, View] = {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}
    return tables | {name: _pictured(name) for name in ("svg", "png", "pdf")}


def _pictured(name: str) -> View:
    """The picture, which loads what draws it only when it is asked for."""

    def drawn(diff: Diff, options: Options) -> str | bytes:
        from archscope.views.diagram import difference

        return difference.formats()[name](diff, options)

    return drawn


# ---- words ----------------------------------------------------------------------------------------------------


def heading(diff: Diff) -> str:
    """`my.py:Net against xception, at 3x299x299`."""
    sizes = list(dict.fromkeys(_input(report) for report in (diff.b, diff.a)))
    at = sizes[0] if len(sizes) == 1 else f"{sizes[0]}, and {sizes[1]} for the first"
    return f"{diff.a.target} against {diff.b.target}, at {at}"


def _input(report: Report) -> str:
    return ", ".join(units.shape(tensor.shape) for tensor in report.graph.inputs.values())


def more(amount: int) -> str:
    """How much more the first network has than the reference: rows hold the reference's minus the first's."""
    return "-" if not amount else f"{abs(amount):,} {'fewer' if amount > 0 else 'more'}"


def where(row: Difference) -> str:
    """Where to look: the first layer on either side, `+` that only the first network has, `-` only the reference."""
    if row.a and row.b:
        return row.a if row.a == row.b else f"{row.a}, in the reference {row.b}"
    return f"+ {row.a}" if row.a else f"- {row.b} of the reference" if row.b else ""


def sides(diff: Diff) -> list[str]:
    """Both totals."""
    return [
        f"{report.target}{role}: {report.totals['params']:,} parameters, {report.totals['macs']:,} MACs"
        for report, role in ((diff.a, ""), (diff.b, ", the reference"))
    ]


MOST_NAMED = 3


def verdict(diff: Diff) -> str:
    """The verdict in words."""
    return VERDICTS[diff.verdict][1].format(_named(diff.not_compared))


def _named(things: Sequence[str]) -> str:
    left = len(things) - MOST_NAMED
    return "; ".join((*things[:MOST_NAMED], *([f"and {left} more"] if left > 0 else [])))


def beside(diff: Diff) -> list[str]:
    """What is said below the rows: both totals, options that explain some, what the weights showed, and what no verdict
    covers."""
    said = [*sides(diff), *([str(diff.fewer)] if diff.fewer else [])]
    said += [f"weights: {proven(diff)}"] if diff.proof else []
    if diff.not_compared and diff.verdict != "not_compared":
        said.append(f"not compared: {_named(diff.not_compared)}")
    return said


def proven(diff: Diff) -> str:
    """What the weights showed."""
    proof = diff.proof
    if proof is None:
        return ""
    if proof.relative_error is None:
        return f"the weights cannot be copied: {proof.reason}"
    said = f"{proof.copied} tensors copied, outputs differ by {proof.relative_error:.1e} of the largest (float64)"
    return f"{said}: {'equal' if proof.holds else 'NOT equal'}"


# ---- formats --------------------------------------------------------------------------------------------------


def as_table(diff: Diff, options: Options) -> str:
    """The verdict, a row for each difference with what it comes to, and the sum of the rows."""
    width = options.width or WIDTH
    color = VERDICTS[diff.verdict][0]
    said = [Text(line.plain, color) for line in wrapped("", verdict(diff), 0, width)]
    lines = [*wrapped("", heading(diff), 0, width), *said, Text("")]
    if diff.differences:
        lines += [*_rows(diff, width), Text("")]
    for line in beside(diff):
        lines += wrapped("", line, 0, width)
    notes = dict.fromkeys(f"note: {note}" for report in (diff.a, diff.b) for note in report.graph.notes)
    return to_text([*lines, *(line for note in notes for line in wrapped("", note, 0, width))], options)


def _rows(diff: Diff, width: int) -> Iterator[Text]:
    total = Difference("", None, None, "sum of the rows", diff.totals["params"], diff.totals["macs"])
    amounts = [(more(row.params), more(row.macs)) for row in (*diff.differences, total)]
    columns = [max(map(len, (title, *cells))) for title, cells in zip(TITLES, zip(*amounts, strict=True), strict=True)]
    room = max(width - sum(columns) - 4, 24)
    yield Text(" " * room + "".join(f"  {title:>{size}}" for title, size in zip(TITLES, columns, strict=True)), "bold")
    for row, cells in zip((*diff.differences, total), amounts, strict=True):
        indent = "  " if row.kind == "consequence" else ""
        first, *rest = [line.plain for line in wrapped("", row.what, 0, room - len(indent))]
        numbers = "".join(f"  {cell:>{size}}" for cell, size in zip(cells, columns, strict=True))
        yield Text((indent + first).ljust(room), "" if row.kind else "bold").append(numbers)
        for line in rest:
            yield Text(indent + line)
        if row.kind != "consequence" and where(row):
            yield from (Text(f"  {line.plain}", "dim") for line in wrapped("", where(row), 0, width - 2))


TITLES = ("Parameters", "MACs")


def as_csv(diff: Diff, options: Options) -> str:
    """A line a row, in which what is counted is the reference's minus the first network's."""
    keys = ("kind", "a", "b", "what", "params", "macs", "count")
    return to_csv([keys, *([row.to_dict()[key] for key in keys] for row in diff.differences)])


def page(diff: Diff, options: Options) -> Page:
    lines = [
        Line((row.what, where(row), more(row.params), more(row.macs)), int(row.kind == "consequence"))
        for row in diff.differences
    ]
    total = Line(("sum of the rows", "", *(more(diff.totals[name]) for name in ("params", "macs"))), total=True)
    table = Table(("Difference", "Where", *TITLES), [*lines, total], range(2), prose=True)
    said = [("", line) for line in beside(diff)]
    return Page(heading(diff), verdict(diff), [table] if diff.differences else [], said)
