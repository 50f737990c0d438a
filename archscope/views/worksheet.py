"""A worksheet as a table with empty cells, or with the answers, in every format. No torch."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from archscope.explaining import Working
from archscope.explaining.expressions import number
from archscope.explaining.messages import said
from archscope.explaining.worksheet import Exercise, Worksheet
from archscope.model import units
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.explanation import grid
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import GAP, to_text, wrapped

TO_FILL = "_" * 8
LEFT = 3
"""Columns that are read from the left: the layer, what it is, what it is given."""


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def as_csv(sheet: Worksheet, options: Options) -> str:
    """A line a layer, exact; what is to be filled in is empty."""
    rows = [
        [each.path, each.said, each.repeat, "" if sheet.hides_input(each) else each.input_shape]
        + [_exact(sheet, name, each) for name in sheet.quantities]
        for each in sheet.exercises
    ]
    return to_csv([["layer", "operation", "repeat", "input", *sheet.quantities], *rows])


def _exact(sheet: Worksheet, name: str, each: Exercise) -> object:
    if name in sheet.blank:
        return _cell(sheet, name, each, "")
    workings = each.workings[name]
    return each.output_shape if name == "output" else workings[0].value if workings else 0


def as_table(sheet: Worksheet, options: Options) -> str:
    """A table; where the workings of a key have no room beside each other, they stand below the layer's name."""
    rows = [_headings(sheet), *(_cells(sheet, each, TO_FILL) for each in sheet.exercises)]
    title = [Text(f"{sheet.report.graph.name} {sheet.path}".rstrip(), "bold"), Text(_task(sheet)), Text("")]
    lines = [*grid(rows, _left(sheet), options.width)]
    if options.width and sheet.key and max(line.cell_len for line in lines) > options.width:
        lines = [*_listed(sheet, options.width)]
    return to_text([*title, *lines], options)


def _listed(sheet: Worksheet, width: int) -> Iterator[Text]:
    headings = _headings(sheet)[LEFT:]
    indent = max(map(cell_len, headings)) + GAP
    for each in sheet.exercises:
        name, words, given, *cells = _cells(sheet, each, TO_FILL)
        yield Text(name, "bold")
        yield from wrapped("", f"{words}, {given}", GAP, width)
        for heading, cell in zip(headings, cells, strict=True):
            yield from wrapped(" " * GAP + heading, cell, indent, width)


def page(sheet: Worksheet, options: Options) -> Page:
    lines = [Line(_cells(sheet, each, TO_FILL)) for each in sheet.exercises]
    name = f"{sheet.report.graph.name} {sheet.path}".rstrip()
    return Page(name, _task(sheet), [Table(_headings(sheet), lines, range(_left(sheet)))])


def _task(sheet: Worksheet) -> str:
    return said("sheet.key" if sheet.key else "sheet.title", sheet.language)


def _left(sheet: Worksheet) -> int:
    """A key has equations, which are read from the left."""
    return LEFT + len(sheet.quantities) if sheet.key else LEFT


def _headings(sheet: Worksheet) -> list[str]:
    language = sheet.language
    given = [said(f"heading.{name}", language) for name in ("layer", "operation", "input")]
    return [*given, *(said(f"quantity.{name}", language) for name in sheet.quantities)]


def _cells(sheet: Worksheet, each: Exercise, empty: str) -> list[str]:
    times = f" {said('each', sheet.language, times=each.repeat)}" if each.repeat > 1 else ""
    name = each.path.removeprefix(f"{sheet.path}.") if sheet.path else each.path
    given = empty if sheet.hides_input(each) else units.shape(each.input_shape)
    cells = [name, each.said + times, given]
    return cells + [_cell(sheet, name, each, empty) for name in sheet.quantities]


def _cell(sheet: Worksheet, name: str, each: Exercise, empty: str) -> str:
    """What is given; a line to write on; or the answer with its working."""
    if name in sheet.blank and not sheet.key:
        return empty
    workings = each.workings[name]
    answer = units.shape(each.output_shape) if name == "output" else _value(workings)
    worked = [f"{working.text} = {_value([working])}" for working in workings if _is_worked(working)]
    if name not in sheet.blank or not worked:
        return answer
    return f"{'; '.join(worked)}; {answer}" if name == "output" else "; ".join(worked)


def _is_worked(working: Working) -> bool:
    return bool(working.text) and working.text != number(working.value)


def _value(workings: Sequence[Working]) -> str:
    """Of the one number of a quantity."""
    value = workings[0].value if workings else 0
    if isinstance(value, list | tuple):
        return units.shape(value)
    return value if isinstance(value, str) else "?" if value is None else number(value)
