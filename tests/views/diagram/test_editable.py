"""TikZ and draw.io: what a picture shows, for LaTeX and for an editor."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.paint.tikz import to_tikz
from archscope.views.diagram.place.style import STACK

SVG = "{http://www.w3.org/2000/svg}"
PICTURES: list[dict[str, object]] = [
    {"block": "inception_b.concat2"}, {"level": "plate"}, {"level": "network", "theme": "dark", "width": "84mm"},
]  # fmt: skip


@cache
def report() -> Report:
    return archscope.summarize("inception_v3")


def drawn(options: Mapping[str, object]) -> Diagram:
    return draw(report(), DiagramOptions(**options))  # type: ignore[arg-type]


def plain(latex: str) -> str:
    """A node's text as a reader sees it."""
    signs = {r"\texttimes{}": "×", r"$\to$": "→", r"$\cdot$": "·", r"\_": "_", r"\%": "%", r"\&": "&"}
    for written, sign in signs.items():
        latex = latex.replace(written, sign)
    return latex


@pytest.mark.parametrize("options", PICTURES)
def test_tikz_has_every_text_line_and_box_of_the_picture(options: dict[str, object]) -> None:
    made = drawn(options)
    root, tikz = ElementTree.fromstring(made.svg), made.to_latex()
    texts = [element.text for element in root.iter(f"{SVG}text") if element.text]
    assert [
        plain(text) for text in re.findall(r"at \([-\d.]+,[-\d.]+\) \{\\archscopefit\{[\d.]+bp\}\{(.*)\}\};", tikz)
    ] == texts
    shapes = [one for tag in ("rect", "path", "circle") for one in root.iter(f"{SVG}{tag}")]
    ground = options.get("theme") != "dark"  # white paper is not painted
    assert tikz.count(r"\path[") == len(shapes) - ground


def test_tikz_keeps_the_size() -> None:
    tikz = drawn({"level": "network", "width": "84mm"}).to_latex()
    unit = re.search(r"\[x=([\d.]+)bp", tikz)
    width = re.search(r"rectangle \(([\d.]+),", tikz)
    assert unit and width
    assert float(unit[1]) * float(width[1]) == pytest.approx(84 * 72 / 25.4, abs=0.1)


def test_tikz_writes_names_that_latex_would_read_as_commands() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text x="1" y="2" fill="#000000">{}</text></svg>'
    assert r"{a\_\{b\}\%\textbackslash{}c\$}" in to_tikz(
        svg.format(r"a_{{b}}%\c$".replace("{{", "{").replace("}}", "}"))
    )
    assert "\\archscopeletter{6A21}{\u6a21}" in to_tikz(svg.format("\u6a21"))


PAPERS = {"pdflatex": "", "lualatex": "\\usepackage{fontspec}\\setsansfont{texgyreheros-regular.otf}"}


@pytest.mark.parametrize("engine", PAPERS)
def test_tikz_is_a_document_and_goes_into_one(engine: str, tmp_path: Path) -> None:
    if not shutil.which(engine) or not _finds("standalone.cls", "tikz.sty", "fontspec.sty", "texgyreheros-regular.otf"):
        pytest.skip("there is no such TeX here, or it has no tikz")
    svg = drawn(PICTURES[0]).svg.replace(">Input<", '>"\u6a21\xdf\u0439<')  # letters that few fonts have
    (tmp_path / "picture.tex").write_text(to_tikz(svg), encoding="utf-8")
    around = "\\usepackage{tikz}\\begin{document}A\\input{picture}B\\end{document}\n"
    (tmp_path / "paper.tex").write_text(rf"\documentclass{{article}}{PAPERS[engine]}{around}", encoding="utf-8")
    for name in ("picture", "paper"):
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-2000:]
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert "incomplete" not in run.stdout
        assert "/phv/" not in run.stdout, "another font than Helvetica"


def _finds(*files: str) -> bool:
    found = subprocess.run(["kpsewhich", *files], capture_output=True, text=True, check=False)
    return found.stdout.count("\n") == len(files)


def cells(made: Diagram) -> dict[str, ElementTree.Element]:
    found = list(ElementTree.fromstring(made.to_drawio()).iter("mxCell"))
    named = {cell.get("id", ""): cell for cell in found}
    assert len(named) == len(found), "two cells of one id"
    return named


def corner(cell: ElementTree.Element, every: Mapping[str, ElementTree.Element]) -> tuple[float, float]:
    """Where a cell stands on the page: its parents' corners added."""
    geometry, parent = cell.find("mxGeometry"), every.get(cell.get("parent", ""))
    x, y = (float(geometry.get(name, 0)) if geometry is not None else 0.0 for name in ("x", "y"))
    left, top = corner(parent, every) if parent is not None else (0.0, 0.0)
    return x + left, y + top


@pytest.mark.parametrize("options", PICTURES)
def test_draw_io_has_every_box_where_it_was_and_every_line_bound_to_its_boxes(options: dict[str, object]) -> None:
    made = drawn(options)
    every, piece = cells(made), made.drawing.piece
    boxes = {f"b{i}": box for i, box in enumerate(piece.boxes)}
    offsets = set()
    for name, box in boxes.items():
        if box.form != "point":
            x, y = corner(every[name], every)
            second = STACK if box.repeat > 1 else 0.0
            offsets.add((round(x - box.left + second, 1), round(y - box.top + second, 1)))
            assert box.title in (every[name].get("value") or "")
    assert len(offsets) == 1
    edges = [cell for cell in every.values() if cell.get("edge")]
    assert len(edges) == sum(bool(line.points) for line in piece.lines)
    assert all(cell.get(way) in every for cell in edges for way in ("source", "target") if cell.get(way))
    assert sum(cell.get("source") is not None for cell in edges) > 0.9 * len(edges)


def style(cell: ElementTree.Element) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in (cell.get("style") or "").split(";"))


@pytest.mark.parametrize("options", [*PICTURES, {"level": "volume"}, {"level": "flow", "direction": "LR"}])
def test_lines_in_draw_io_end_where_they_are_drawn(options: dict[str, object]) -> None:
    every = cells(drawn(options))
    for edge in [cell for cell in every.values() if cell.get("edge")]:
        for way, end in (("source", "exit"), ("target", "entry")):
            cell, shares = every.get(edge.get(way, "")), style(edge)
            if cell is None or f"{end}X" not in shares:
                continue
            size = [float(cell.find("mxGeometry").get(name)) for name in ("width", "height")]  # type: ignore[union-attr, arg-type]
            across = float(shares[f"{end}X"]) if style(cell).get("flipH") != "1" else 1 - float(shares[f"{end}X"])
            told = edge.find(f".//mxPoint[@as='{way}Point']")
            assert told is not None
            at = [place + share * side for place, share, side in
                  zip(corner(cell, every), (across, float(shares[f"{end}Y"])), size, strict=True)]  # fmt: skip
            assert at == pytest.approx([float(told.get("x", 0)), float(told.get("y", 0))], abs=0.1)


def test_draw_io_has_what_stands_above_the_picture_and_its_colours() -> None:
    written = drawn({"level": "network", "color": "macs", "theme": "dark"}).to_drawio()
    assert "Not drawn apart" in written and "G MACs in a box" in written
    assert 'background="#14181D"' in written
    heads = {cell.get("id", "") for cell in cells(drawn({"show_title": False, "show_legend": False})).values()}
    assert not any(name.startswith("h") for name in heads)
    fills = {style(cell).get("fillColor") for name, cell in cells(drawn({"level": "network", "color": "macs"})).items()
             if name.startswith("b")}  # fmt: skip
    assert len(fills) > 4


def test_blocks_of_a_volume_bear_no_words_in_draw_io() -> None:
    every = cells(drawn({"level": "volume"}))
    assert not any(cell.get("value") for name, cell in every.items() if name.startswith("b"))


def test_what_is_within_a_frame_is_its_child_in_draw_io() -> None:
    made = drawn({"level": "plate"})
    every, piece = cells(made), made.drawing.piece
    held = {op.name for frame in piece.frames for op in frame.ops}
    inside = [f"b{i}" for i, box in enumerate(piece.boxes) if box.name in held and box.form != "point"]
    assert inside
    assert all(every[name].get("parent", "").startswith("f") for name in inside)
