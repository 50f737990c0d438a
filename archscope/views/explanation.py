"""The working of a layer's numbers, in every format. No torch."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from archscope.explaining import Explanation, Part, Working
from archscope.explaining.expressions import number
from archscope.explaining.field_steps import Step
from archscope.explaining.messages import said
from archscope.model import units
from archscope.model.text import one_line
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.rows import measured
from archscope.views.tables.table import GAP, to_text, wrapped

Rows = Sequence[tuple[str, str, str]]
"""A heading, an equation, and what it says in words."""

OF_PARTS = ("params", "macs", "elementwise_ops", "activations", "weight_bytes", "training_memory_bytes")
"""What a table of parts shows, as far as one of them has any."""


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def as_csv(found: Explanation, options: Options) -> str:
    """A line a number, exact."""
    lines = [
        [each.quantity, each.of, each.text, each.value, each.unit, said(each.rule, found.language)]
        for each in found.workings
    ]
    return to_csv([["quantity", "of", "formula", "value", "unit", "rule"], *lines])


# ---- in words ------------------------------------------------------------------------------------------------------


def heading(working: Working, language: str) -> str:
    """`Output, height, width`, `MACs`."""
    name = said(f"quantity.{working.quantity}", language)
    return ", ".join([name, *(axis(each, language) for each in working.of.split(", ") if each)])


def axis(name: str, language: str) -> str:
    numbered = name.removeprefix("axis ")
    return said("axis.number", language, number=numbered) if numbered != name else said(f"axis.{name}", language)


def equation(working: Working) -> str:
    """`3·3·3·32 = 864`; of bytes also as they are usually said."""
    value = value_words(working.unit, working.value)
    plain = not working.text or working.text == number(working.value)
    return value if plain else f"{working.text} = {value}"


def value_words(unit: str, value: object) -> str:
    if value is None:
        return "?"
    if isinstance(value, str):
        return "-" if value in {"global", "unknown"} else value
    if isinstance(value, list | tuple):
        return units.shape(value)
    assert isinstance(value, int | float)
    if unit == "bytes":
        exact = number(value)
        return exact if value < 1024 else f"{exact} = {units.size(value)}"
    return f"{value:.4g}" if isinstance(value, float) else number(value)


def _workings(found: Explanation) -> Rows:
    return [(heading(each, found.language), equation(each), said(each.rule, found.language)) for each in found.workings]


def _saving(found: Explanation) -> Rows:
    """The two ways to write a separable convolution beside the regular one."""
    saving, language = found.saving, found.language
    if saving is None:
        return []
    rows = []
    for name in ("depthwise", "pointwise", "regular"):
        text = getattr(saving, name)
        here = (name != "regular") == saving.is_separable
        rule = said("separable.here" if here else "separable.instead", language)
        rows.append((said(f"separable.{name}", language), f"{text} = {number(saving.of(name))}", rule))
    ratio = f"{saving.ratio} = {saving.value:.4g}"
    return [*rows, (said("separable.ratio", language), ratio, said("separable.ratio.rule", language))]


def step_cells(step: Step, language: str) -> tuple[str, str, str]:
    """The layer, the pixels that its elements see, and the pixels between them."""
    shown = units.shape(step.size) if isinstance(step.size, list) else str(step.size)
    if step.texts:
        shown = "; ".join(f"{text} = {number(pixels)}" for text, pixels in zip(step.texts, _sizes(step), strict=False))
    else:
        rule = said(step.rule, language)
        shown = f"{shown} ({rule})" if isinstance(step.size, list) else rule
    spacing = [*step.spacing] if len(set(step.spacing)) > 1 else [*step.spacing][:1]
    return step.layer, shown, "x".join(f"{pixels:g}" for pixels in spacing)


def _sizes(step: Step) -> Sequence[int]:
    return step.size if isinstance(step.size, list) else []


def _columns(found: Explanation) -> list[str]:
    return [name for name in OF_PARTS if any(part.values.get(name) for part in found.parts)]


def _parts(found: Explanation, width: int = 0) -> list[list[str]]:
    """The parts under their headings; where it is narrow the last columns are left out."""
    rows = [_part_headings(found), *(_part_cells(found, part) for part in found.parts)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    shown = len(widths)
    while width and shown > LEAST and sum(widths[:shown]) + GAP * (shown - 1) > width:
        shown -= 1
    return [row[:shown] for row in rows]


LEAST = 4
"""A part's name, its operation, and two quantities."""


def _part_cells(found: Explanation, part: Part) -> list[str]:
    name = part.path.removeprefix(f"{found.path}.") or "."
    words = part.said
    if part.repeat > 1:
        words = f"{words} {said('each', found.language, times=part.repeat)}".strip()
    report = found.report
    return [
        name,
        words,
        *(measured(each, report.columns[each].unit, part.values.get(each)) for each in _columns(found)),
    ]


def _part_headings(found: Explanation) -> list[str]:
    language = found.language
    quantities = [said(f"quantity.{name}", language) for name in _columns(found)]
    return [said("heading.layer", language), said("heading.operation", language), *quantities]


def _title(found: Explanation) -> tuple[str, str]:
    """The path, and what it is with its shapes."""
    graph, (given, made) = found.report.graph, found.shapes
    inputs = ", ".join(map(units.shape, given))
    where = said("where", found.language, kind=found.said or graph.name, given=inputs, made=units.shape(made))
    return f"{graph.name} {found.path}".strip(), where


def _setting(found: Explanation) -> str:
    setting = found.report.setting
    return said("batch", found.language, batch=setting["batch"], dtype=setting["dtype"])


# ---- a terminal ----------------------------------------------------------------------------------------------------


def as_table(found: Explanation, options: Options) -> str:
    """Headings on the left, equations, and what they say beside them where there is room, else below."""
    name, where = _title(found)
    lines = [Text(name, "bold"), *wrapped("", where, 0, options.width), Text("")]
    if found.parts:
        lines += [*grid(_parts(found, options.width), 2, options.width), Text("")]
    lines += _rows(_workings(found), options.width)
    if found.saving:
        lines += [Text(""), Text(said("separable.title", found.language), "bold")]
        lines += _rows(_saving(found), options.width)
    if found.steps:
        cells = [step_cells(step, found.language) for step in found.steps]
        heads = [said(f"heading.{each}", found.language) for each in ("layer", "pixels", "spacing")]
        lines += [Text(""), Text(said("heading.steps", found.language), "bold")]
        lines += grid([heads, *cells], 2, options.width, cut=1)
    setting = said("heading.setting", found.language)
    lines += [Text(""), *wrapped(setting, _setting(found), cell_len(setting), options.width)]
    return to_text(lines, options)


def _rows(rows: Rows, width: int) -> Iterator[Text]:
    first = max((cell_len(heading) for heading, _, _ in rows), default=0)
    second = max((cell_len(equation) for _, equation, _ in rows), default=0)
    third = max((cell_len(rule) for _, _, rule in rows), default=0)
    beside = not width or first + second + third + 2 * GAP <= width
    for heading, equation, rule in rows:
        if beside:
            line = Text(heading + " " * (first - cell_len(heading) + GAP), "bold")
            line.append(equation + " " * (second - cell_len(equation) + GAP), "not bold").append(rule, "dim not bold")
            line.rstrip()
            yield line
        else:
            yield from wrapped(heading + " " * (first - cell_len(heading)), equation, first, width)
            for line in wrapped(" " * first, rule, first, width):
                line.stylize("dim")
                yield line


def grid(rows: Sequence[Sequence[str]], left: int, width: int = 0, cut: int = 2) -> Iterator[Text]:
    """A table whose first row is its headings. So many columns on the `left` are text; of those that may be `cut`, the
    first ones, the middle goes where it is too wide, of the wider one first."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    names = range(cut)
    over = sum(widths) + GAP * (len(widths) - 1) - width if width else 0
    while over > 0 and max(widths[i] for i in names) > NARROWEST:
        widths[max(names, key=widths.__getitem__)] -= 1
        over -= 1
    for row in rows:
        line = Text(style="bold" if row is rows[0] else "")
        for i, (cell, room) in enumerate(zip(row, widths, strict=True)):
            shown = cell if cell_len(cell) <= room else one_line(cell, room)
            blank = " " * (room - cell_len(shown))
            line.append((shown + blank if i < left else blank + shown) + " " * GAP)
        line.rstrip()
        yield line


NARROWEST = 12
"""A name is never cut below this."""


# ---- a page --------------------------------------------------------------------------------------------------------


def page(found: Explanation, options: Options) -> Page:
    name, where = _title(found)
    language = found.language
    heads = ["", said("heading.working", language), said("heading.rule", language)]
    tables = []
    if found.parts:
        headings, *cells = _parts(found)
        tables.append(Table(headings, [Line(row) for row in cells], range(2), said("heading.parts", language)))
    tables.append(
        Table([said("heading.quantity", language), *heads[1:]], _lines(_workings(found)), range(3), prose=True)
    )
    if found.saving:
        tables.append(Table(heads, _lines(_saving(found)), range(3), said("separable.title", language), prose=True))
    if found.steps:
        steps = [Line(step_cells(step, language)) for step in found.steps]
        titles = [said(f"heading.{each}", language) for each in ("layer", "pixels", "spacing")]
        tables.append(Table(titles, steps, range(2), said("heading.steps", language)))
    return Page(name, where, tables, [(said("heading.setting", language), _setting(found))])


def _lines(rows: Rows) -> list[Line]:
    return [Line(row) for row in rows]
