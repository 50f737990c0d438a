import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from archscope.errors import ArchscopeError
from archscope.model.report import Column, Report
from archscope.views import DEFAULT_COLUMNS, Options, render
from archscope.views.tables.rows import rows
from tests.graphs import NETWORKS, Net, layer_totals, report_of, six_layer_report, traced
from tests.views.reading import EXACT, Line, added_up, number

SIX = six_layer_report()
NUMBERS = ("params", "macs", "activations")


def test_snapshot(snapshot: Callable[[str, str], None]) -> None:
    snapshot(render(SIX, "table"), "summary.txt")


def test_snapshot_of_other_columns(snapshot: Callable[[str, str], None]) -> None:
    columns = ("input", "kernel", "groups", "receptive_field", "peak_memory_bytes", "intensity", "params_share")
    snapshot(render(SIX, "table", Options(columns, depth=0, fold=False)), "summary-columns.txt")


def lines_of(text: str) -> list[str]:
    """The lines between the heading and the footer."""
    start = next(i for i, line in enumerate(text.splitlines()) if line.startswith("Layer"))
    lines = text.splitlines()[start + 1 :]
    return lines[: lines.index("")]


def read(text: str) -> list[Line]:
    """Level, repeat and cells of each line, as a reader sees them."""
    found = []
    for line in lines_of(text):
        drawn = re.match("[│├└ ]*", line)
        level = len(drawn[0]) // 2 if drawn else 0
        repeat = re.search(r" x(\d+), each ", line)
        found.append(Line(level, int(repeat[1]) if repeat else 1, re.split(r"\s{2,}", line.strip())))
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("depth", [1, 3, 0])
def test_printed_columns_add_up(name: str, depth: int) -> None:
    """As exactly as four digits a cell can."""
    report = traced(name)
    lines = read(render(report, "table", Options(NUMBERS, depth)))

    for i, column in enumerate(NUMBERS):
        total = added_up(lines, lambda line, i=i: number(line.cells[i - len(NUMBERS)]))
        assert total == pytest.approx(layer_totals(report)[column], rel=1e-3), column


def test_small_numbers_add_up_exactly() -> None:
    lines = read(render(SIX, "table", Options(("params",))))

    assert all(re.fullmatch(EXACT, line.cells[-1]) for line in lines)
    assert added_up(lines, lambda line: number(line.cells[-1])) == SIX.totals["params"]


@pytest.mark.parametrize("name", NETWORKS)
def test_fits_80_columns_and_cuts_no_number(name: str) -> None:
    report = traced(name)
    wide, narrow = (render(report, "table", Options(width=width)) for width in (0, 80))

    assert max(map(len, narrow.splitlines())) <= 80
    cells = [" ".join(row.cells).split() for row in rows(report, Options(DEFAULT_COLUMNS))]
    assert [
        line.split()[-len(cell) :] if cell else [] for line, cell in zip(lines_of(narrow), cells, strict=True)
    ] == cells
    assert re.findall(r"[\d,]{5,}", narrow.partition("\n\n")[2].partition("Parameters")[2]) == re.findall(
        r"[\d,]{5,}", wide.partition("\n\n")[2].partition("Parameters")[2]
    )


@pytest.mark.parametrize("width", [20, 80])
def test_numbers_are_never_cut(width: int) -> None:
    text = render(SIX, "table", Options(("macs", "params", "flops"), width=width))

    for line, row in zip(lines_of(text), rows(SIX, Options(("macs", "params", "flops"))), strict=True):
        assert line.split("  ")[-1].strip() == row.cells[-1]
        assert "…" not in "".join(row.cells)


def test_a_heading_takes_two_lines_before_a_name_is_cut() -> None:
    options = Options(("output", "params", "macs", "receptive_field"), 1, width=80)
    text = render(traced("inception_resnet_v2"), "table", options)

    assert "inception_resnet_a" in text
    assert [line.split()[-1] for line in text.splitlines()[4:6]] == ["Receptive", "field"]


def test_long_names_are_cut_with_an_ellipsis() -> None:
    net = Net(input=(3, 8, 8))
    net.conv("a_name_of_many_letters_" * 5, "input", 4, 1)
    text = render(report_of(net.graph()), "table", Options(width=80))

    assert "…" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("width", [0, 80])
@pytest.mark.parametrize("report", [SIX, traced], ids=["six", "xception"])
def test_no_trailing_spaces(report: Report | Callable[[str], Report], width: int) -> None:
    report = report if isinstance(report, Report) else report("xception")
    for color in (False, True):
        text = render(report, "table", Options(width=width, color=color))
        assert text.endswith("\n")
        assert not [line for line in re.sub(r"\x1b\[[\d;]*m", "", text).splitlines() if line != line.rstrip()]


def test_colour_only_where_asked() -> None:
    plain, coloured = (render(SIX, "table", Options(color=color)) for color in (False, True))

    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_rows_that_differ_in_what_is_shown_are_not_folded() -> None:
    """Equal blocks, but the second sees more of the input."""

    def repeats(**options: object) -> list[int]:
        return [row.repeat for row in rows(SIX, Options(depth=2, **options))]  # type: ignore[arg-type]

    assert repeats(columns=("params", "macs")) == [1, 1, 2, 1]
    assert repeats(columns=("params", "receptive_field")) == [1, 1, 1, 1, 1]


def test_printed_memory_adds_up() -> None:
    """Of five equal blocks the first keeps its input, which the others' predecessors keep already."""
    report = traced("inception_resnet_v2")
    (column,) = columns = ("training_memory_bytes",)

    for depth in (1, 2, 3, 0):
        listed = rows(report, Options(columns, depth))
        lines = [Line(len(row.lines) // 2, row.repeat, [str(row.values[column] or 0)]) for row in listed]
        assert added_up(lines, lambda line: float(line.cells[0])) == report.totals[column]


def test_unknown_is_a_question_mark_and_zero_a_dash() -> None:
    net = Net(input=(3, 8, 8))
    net.add("mystery", "linalg_inv", "input", kind="Fourier")
    net.add("relu", "relu", "mystery")
    text = render(report_of(net.graph()), "table", Options(("macs",)))

    assert [line.split()[-1] for line in lines_of(text)] == ["?", "-"]
    assert "Fourier (unknown)" in text
    assert "at least 0" in text
    assert "1 of 2 operations known; unknown, and in no total: Fourier" in text


def test_what_each_contains_counts_every_repeat() -> None:
    """Xception's middle flow: 8 blocks of 3."""
    (line,) = [line for line in lines_of(render(traced("xception"), "table", Options(depth=1))) if "middle" in line]

    assert "24 x SeparableConv 3x3" in line


def test_unused_parameters_have_a_row() -> None:
    net = Net(input=(3, 8, 8))
    net.conv("conv", "input", 4, 1)
    net.parameter("head.weight", 7, 11)
    net.blocks["head"] = "Linear"
    text = render(report_of(net.graph()), "table", Options(("params", "macs")))

    assert lines_of(text)[-1].split() == ["head", "Linear", "(not", "used)", str(7 * 11), "-"]
    assert f"{7 * 11} not used in this pass" in text


def test_sorted() -> None:
    text = render(traced("xception"), "table", Options(("params",), depth=2, sort="params"))
    listed = [number(line.split("  ")[-1].strip()) for line in lines_of(text)]

    assert listed == sorted(listed, reverse=True)
    assert lines_of(text)[0].startswith("exit_flow.separableconv2 ")
    assert added_up(read(text), lambda line: number(line.cells[-1])) == pytest.approx(22_855_952, rel=1e-3)


def test_a_sorted_part_says_how_often_it_is_there() -> None:
    listed = rows(traced("xception"), Options(sort="share", depth=0))
    macs = [row.values["macs"] for row in listed]

    assert macs == sorted(macs, reverse=True)
    assert "middle_flow.block1..8.body.separableconv1" in [row.name for row in listed]
    assert sum(row.repeat * row.values["macs"] for row in listed) == 8_357_403_496


def test_published_numbers() -> None:
    text = str(SIX)

    assert f"{SIX.totals['params']:,} parameters: as published (Table 1)" in text
    assert f"{SIX.totals['macs']:,} = " in text
    assert "as published: 1.4 M (Table 2); not the published 2 M (section 3)" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(("paramz",)), "no column named 'paramz'"),
        (Options(sort="output"), "no column to sort by named 'output'"),
    ],
)
def test_unknown_columns(options: Options, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        render(SIX, "table", options)


def test_a_graph_without_layers() -> None:
    report = report_of(Net(input=(3, 8, 8)).graph())

    assert "0 of 0 operations known" in render(report, "table")


def test_the_heading_shows_what_the_network_returns() -> None:
    """Not what its last layer makes."""
    net = Net(input=(3, 8, 8))
    wide = net.conv("wide", "input", 4, 1)
    narrow = net.conv("narrow", wide, 2, 1)
    report = report_of(net.graph())

    def said(*outputs: str) -> str:
        return render(replace(report, graph=replace(report.graph, outputs=outputs)), "table").splitlines()[0]

    assert said(wide).endswith("   3x8x8 to 4x8x8")
    assert said(narrow, wide).endswith("   3x8x8 to 4x8x8, 2x8x8")


def test_many_results_are_counted() -> None:
    net = Net(input=(3, 8, 8))
    names = tuple(net.conv(f"head_{i}", "input", i, 1) for i in range(1, 7))
    graph = replace(net.graph(), outputs=names)

    assert render(report_of(graph), "table").splitlines()[0].endswith("to 1x8x8, 2x8x8, 3x8x8, 4x8x8 and 2 more")


@pytest.mark.parametrize(("counted", "said"), [(1_234, "1,234 MACs"), (None, "? MACs"), ("many", "? MACs")])
def test_what_a_tool_counts_may_be_anything_in_the_report_of_a_stranger(counted: object, said: str) -> None:
    report = six_layer_report()
    report = replace(report, columns={**report.columns, "fvcore": Column("fvcore", "MACs", counted, {"stem": 1})})
    assert f"As fvcore        {said}, " in render(report, "table", Options())


def test_one_is_one() -> None:
    net = Net(input=(3, 8, 8))
    net.conv("conv", "input", 4, 1)
    assert "1 weighted layer on the longest path; 1 convolution, 0 linear" in render(report_of(net.graph()), "table")
