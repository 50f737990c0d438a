"""The difference of two networks as one picture: the reference, drawn once, and at each node what is other there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from textwrap import wrap

from archscope.comparison.report import Comparison
from archscope.differences import Diff
from archscope.differences.rows import Difference
from archscope.model.graph import Output
from archscope.model.text import one_line
from archscope.views import View as Written
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.paint.paint import to_svg
from archscope.views.diagram.paint.painter import Page
from archscope.views.diagram.paint.png import to_pdf, to_png
from archscope.views.diagram.place.fitting import SMALLEST_TEXT, scale
from archscope.views.diagram.place.paper import A4, MOST_BOXES
from archscope.views.diagram.place.picture import Box, Piece
from archscope.views.diagram.place.style import FRAME_TITLE, SMALL, Style
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.plan.differing import REPEATS, Marked, plans, rows_of, simplest
from archscope.views.diagram.plan.marking import marked
from archscope.views.diagram.plan.shrunk import boxes
from archscope.views.diagram.sketch import Drawing, View

MOST_ROWS = 24
LONGEST_LINE, LONGEST = 92, 300
"""Letters of a row's text before it is broken, and cut."""

MOST_SAID = 2
"""So many rows are told in a box itself; of more, the numbers are."""

LONGEST_NOTE = 50
"""Letters of a row in a box before it is broken."""

MOST_NUMBERS = 4
"""Of rows, or of rows in a row, in the corner of a box."""

SIGN = 8.0
"""So high a number stands above the box that it is about."""

BELOW = 24.0
"""From the picture to the list of rows."""


def formats() -> Mapping[str, Written]:
    """The pictures of a diff; there is nothing to choose."""
    return {
        "svg": lambda diff, options: as_svg(diff),
        "png": lambda diff, options: to_png(as_svg(diff)),
        "pdf": lambda diff, options: to_pdf(as_svg(diff)),
    }


def as_svg(diff: Diff) -> str:
    """The picture of a diff: on one page of A4, with the rows that it shows."""
    return to_svg(*placed(diff))


def placed(diff: Diff) -> tuple[Piece, Page]:
    """What is painted, and what stands around it."""
    rows = rows_of(diff.differences)
    partner = {a.layer.name: b.layer.name for a, b in diff.pairs if a.layer and b.layer}
    ops, outputs = drawn(diff.b.graph, "")
    found = marked(ops, rows, diff.a.graph, diff.b.graph, partner)
    table = _table(diff)
    drawing = _drawing(found, _ends(outputs, found), diff.b.graph.blocks, table)
    piece = drawing.piece
    for box in piece.boxes:
        if box.op and box.op.kind != "tensor" and not box.op.join and not _numbers(box, found):
            box.kind = "agree"
    signs = {box.name: _sign(numbers) for box in piece.boxes if (numbers := _numbers(box, found))}
    ghosts = frozenset(box.name for box in piece.boxes if box.op and found.is_missing(box.op))
    extra = frozenset(box.name for box in piece.boxes if box.op and box.op.is_extra)
    _set_below(piece, table)
    reader, reference = map(one_line, Comparison((diff.a, diff.b)).names)
    title = f"{reader} against {reference}"
    said = [f"Verdict: {diff.verdict.replace('_', ' ')}.", f"Drawn: {reference}, the reference."]
    if rows:
        lines = ["Dashed: missing."] * bool(ghosts) + ["Dotted: extra."] * bool(extra)
        said = [said[0], f"{said[1][:-1]}; grey agrees.", "Numbers: the rows below.", *lines]
    return piece, Page(title, said, marks=signs, ghosts=ghosts, added=extra)


def _drawing(found: Marked, outputs: Sequence[Output], kinds: Mapping[str, str], table: Table | None) -> Drawing:
    """The reference as far open as it stays readable on the page."""
    high = (table.height + BELOW) if table else 0.0
    paper = replace(A4, head=(max(A4.head[0], table.width if table else 0.0), A4.head[1] + high))
    style = Style(paper=paper, notes=lambda alike: _notes(alike, found), frame_title=FRAME_TITLE + SIGN)
    view = View(outputs, style, True, "", plain=False)
    for plan in plans(found, kinds):
        sketch = view.sketch(plan, loose=True)
        if boxes(sketch.series) > MOST_BOXES:
            continue
        for tried in (view, replace(view, style=style.compact())):
            drawing = tried.placed(sketch)
            if scale(drawing.piece, paper) * SMALL >= SMALLEST_TEXT:
                return drawing
    return view.placed(view.smallest(simplest(found, kinds), kinds))


def _ends(outputs: Sequence[Output], found: Marked) -> list[Output]:
    """The reference's results, after what the reader's network does to them besides."""
    return [replace(output, layer=found.ends.get(output.layer, output.layer)) for output in outputs]


def _notes(alike: Sequence[Op], found: Marked) -> tuple[str, ...]:
    """What the rows say of a box."""
    numbers = {number for op in alike for number in found.rows_of(op)}
    rows = [row for row in found.rows if row.number in numbers]
    if all(op.is_extra for op in alike):
        return ("extra",)
    if all(found.is_missing(op) for op in alike):
        whole = alike[0].kind == "module"  # how many blocks there are is no word for each of their layers
        return ("missing", *_lines(row.said for row in rows if whole and row.kind == REPEATS))
    said = dict.fromkeys(found.words(row, alike[0]) for row in rows)
    parts = _ranges(sorted(numbers))  # each row stands somewhere: what the corner has no room for is told inside
    every = [f"rows {', '.join(parts)}"] if len(parts) > MOST_NUMBERS else []
    return _lines([*(said if len(said) <= MOST_SAID else ()), *every])


def _lines(said: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for words in said for line in _balanced(words))


def _balanced(words: str) -> list[str]:
    """In as few lines as it takes, of lengths as equal as can be: no line is one word."""
    lines = wrap(words, LONGEST_NOTE)
    even = (wrap(words, width) for width in range(max(len(words) // len(lines), 1), LONGEST_NOTE))
    return next((found for found in even if len(found) == len(lines)), lines) if lines else lines


def _sign(numbers: Sequence[int]) -> str:
    parts = _ranges(numbers)
    is_all = len(parts) <= MOST_NUMBERS and numbers[-1] <= MOST_ROWS
    return ", ".join([*parts[:MOST_NUMBERS], *([] if is_all else ["…"])])


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Those of listed rows, three and more in a row from the first to the last."""
    runs: list[list[int]] = []
    for number in numbers:
        if number <= MOST_ROWS:
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
    return [part for run in runs for part in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run))]


def _numbers(box: Box, found: Marked) -> list[int]:
    return sorted({number for op in (*box.alike, box.op) if op for number in found.rows_of(op)})


def _table(diff: Diff) -> Table | None:
    """The rows of the diff that are no consequence of others, numbered as in the picture; then what follows from them,
    so that all sum to the whole difference."""
    listed = [row for row in diff.differences if row.kind != "consequence"]
    following = [row for row in diff.differences if row.kind == "consequence"]
    if not listed:
        return None
    lines = [["", "What differs", "parameters", "MACs"]]
    for number, row in enumerate(listed[:MOST_ROWS], 1):
        first, *others = wrap(one_line(row.what, LONGEST), LONGEST_LINE)
        lines.append([str(number), first, *_sums([row])])
        lines += [["", other, "", ""] for other in others]
    if len(listed) > MOST_ROWS:
        more = listed[MOST_ROWS:]
        lines.append(["", f"and {len(more)} rows more, which archscope diff lists", *_sums(more)])
    if following:
        layers = sum(len(row.layers) for row in following)
        lines.append(["", f"what follows, in {layers} layer{'s' * (layers > 1)}", *_sums(following)])
    return Table(lines, texts=2)


def _sums(rows: Sequence[Difference]) -> list[str]:
    """Parameters and MACs that the reader's network has more, or less: rows hold the reference's minus its."""
    sums = (sum(row.params for row in rows), sum(row.macs for row in rows))
    return ["" if not amount else f"{'−' if amount > 0 else '+'}{abs(amount):,}" for amount in sums]


def _set_below(piece: Piece, table: Table | None) -> None:
    if table is None:
        return
    middle = (piece.right - piece.left) / 2
    table.left, table.top = middle - table.width / 2, piece.height + BELOW
    piece.tables.append(table)
    piece.height += BELOW + table.height
    piece.left, piece.right = max(piece.left, table.width / 2 - middle), max(piece.right, table.width / 2 + middle)
