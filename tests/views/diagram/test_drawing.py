import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.measures import Measured
from archscope.model.graph import Graph, Layer, Tensor
from archscope.model.report import Report, summed
from archscope.views.diagram import options
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.diagram.place.legend import LEGEND
from archscope.views.diagram.place.text import fitted, text_width

SVG = "{http://www.w3.org/2000/svg}"


@cache
def report(name: str) -> Report:
    return archscope.summarize(name)


def diagram(name: str, **options: object) -> Diagram:
    return draw(report(name), DiagramOptions(**options))  # type: ignore[arg-type]


def texts(made: Diagram) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(str(made)).iter(f"{SVG}text")]


def test_xception_is_figure_5() -> None:
    made = diagram("xception")
    shown = texts(made)
    assert [frame.title for frame in made.drawing.piece.frames] == ["Entry flow", "Middle flow", "Exit flow"]
    assert shown.count("SeparableConv") == 6 + 3 + 4
    assert shown.count("×8") == 1
    assert shown.count("identity") == 1
    assert "32, 3×3, stride 2, V" in shown
    assert shown.count("19×19×728 feature maps") == 4
    assert sum(box.form == "circle" for box in made.drawing.piece.boxes) == 5


def test_kernels_filters_and_strides_are_those_of_the_graph() -> None:
    for box in diagram("inception_v4", block="reduction_b").drawing.piece.boxes:
        if box.op is None or not box.op.layers:
            continue
        layer = report("inception_v4").graph.layer[box.op.name]
        if layer.window is None:
            continue
        assert box.op.kernel == "×".join(map(str, layer.window.kernel_size))
        assert ("s2" in box.op.facts) == (layer.window.stride == (2, 2))
        if layer.operation == "conv2d":
            assert box.op.facts[0] == str(layer.output_shape[0])


def test_a_shortcut_is_left_of_the_trunk_and_a_gate_right_of_it() -> None:
    made = diagram("seresnet50", block="conv3_x.block1").drawing.piece
    boxes = {box.name: box for box in made.boxes}
    trunk = boxes["conv3_x.block1.body.conv1.conv"]
    assert boxes["conv3_x.block1.shortcut.conv"].right < trunk.left
    assert boxes["conv3_x.block1.body.se.gate.squeeze"].left > trunk.x
    assert boxes["conv3_x.block1.add"].x == trunk.x


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_branches_of_a_body_leave_the_bar_of_the_input_as_its_shortcut_does(direction: str) -> None:
    piece = diagram("inception_resnet_v2", block="inception_resnet_a", direction=direction).drawing.piece
    (bar,) = [box for box in piece.boxes if box.title == "Input"]
    leaving = [line for line in piece.lines if line.source == bar.name]
    assert [line.kind for line in leaving].count("flow") == 3
    assert len(leaving) == 4
    assert all(len(line.points) == 2 for line in leaving if line.kind == "flow")  # straight down
    assert not [box for box in piece.boxes if box.form == "point"]


def test_an_identity_among_the_branches_of_a_body_leaves_the_bar_too() -> None:
    class Body(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))
            self.last = nn.Conv2d(32, 8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = x + self.last(torch.cat([x, *[conv(x) for conv in self.convs]], 1))
            return y

    piece = draw(archscope.summarize(Body(), (8, 8, 8)), DiagramOptions()).drawing.piece
    (bar,) = [box for box in piece.boxes if box.name == "input"]
    down = [line.points for line in piece.lines if line.source == "input" and line.kind == "flow"]
    assert len(down) == 4
    assert all(bar.left + 4 < x == end < bar.right - 4 for (x, _), (end, _) in down)


def test_stages_in_a_row_have_boxes_of_one_width() -> None:
    boxes = diagram("inception_resnet_v2", level="network").drawing.piece.boxes
    assert len({box.right - box.left for box in boxes}) == 1


def test_transitions_between_blocks_have_frames_and_short_stages_in_a_row_none() -> None:
    framed = [frame.title for frame in diagram("densenet121").drawing.piece.frames]
    assert [title for title in framed if "Transition" in title] == [f"Transition {i}" for i in (1, 2, 3)]
    assert not diagram("vgg16").drawing.piece.frames


def test_a_residual_block_shows_its_scale() -> None:
    assert "×0.17" in texts(diagram("inception_resnet_v2", block="inception_resnet_a"))


def test_every_node_tells_its_path_shapes_and_costs() -> None:
    titles = [element.text or "" for element in ElementTree.fromstring(str(diagram("xception"))).iter(f"{SVG}title")]
    (conv,) = [title for title in titles if title.startswith("entry_flow.conv1\n")]
    assert conv.split("\n")[1:] == ["299×299×3 → 149×149×32", "928 parameters", "19,181,664 MACs"]


@pytest.mark.parametrize("options", [{}, {"level": "network"}, {"block": "inception_a", "direction": "LR"}])
def test_every_box_tells_where_it_is_in_the_network_and_its_shapes(options: dict[str, str]) -> None:
    made = diagram("inception_v4", **options)
    groups = [group for group in ElementTree.fromstring(str(made)).iter(f"{SVG}g") if "op" in group.get("class", "")]
    titles = [(group.findtext(f"{SVG}title") or "").split("\n") for group in groups]
    boxes = [box for box in made.drawing.piece.boxes if box.form != "point"]
    for box, (path, *facts) in zip(boxes, titles, strict=True):
        if box.op and box.op.layers:
            assert path.split(" to ")[0] == box.op.path
            assert "×".join(map(str, (*box.op.shape[1:], box.op.shape[0]))) in facts[0]
            assert ("parameters" in " ".join(facts)) == bool(made.report.value("params", box.op.layers))
            assert ("MACs" in " ".join(facts)) == bool(made.report.value("macs", box.op.layers))


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_the_legend_names_the_kinds_that_are_drawn(level: str) -> None:
    made = diagram("seresnet50", level=level)
    drawn = {LEGEND[box.kind] for box in made.drawing.piece.boxes if box.form != "point"}
    assert drawn == set(LEGEND.values()).intersection(texts(made))


def test_text_keeps_its_measured_width() -> None:
    for element in ElementTree.fromstring(str(diagram("xception"))).iter(f"{SVG}text"):
        bold = element.get("font-weight") == "700"
        width = text_width(element.text or "", float(element.get("font-size", 0)), bold)
        assert float(element.get("textLength", 0)) == pytest.approx(width, abs=0.01)


def test_names_are_escaped_everywhere() -> None:
    evil = '<script>alert("x")</script>&'
    layers = [Layer(f"{evil}.{i}", evil, "relu", (source,), ((3, 4, 4),), ((3, 4, 4),))
              for i, source in enumerate(("input", f"{evil}.0"))]  # fmt: skip
    graph = Graph(evil, {"input": Tensor("input", (3, 4, 4), "float32")}, tuple(layers), (layers[-1].name,),
                  {"": evil, evil: evil})  # fmt: skip
    made = draw(Report(graph, Measured(graph), {}, evil))
    assert "<script" not in str(made)
    ElementTree.fromstring(str(made))
    assert '<script>alert("' not in made.to_dot()
    assert "<script" not in made.to_mermaid()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "depth"}, "no level 'depth': it is one of network, flow, block, layer, plate, volume"),
        ({"level": "block"}, "--level block needs --block PATH, such as stem"),
        ({"block": "inception_d"}, "did you mean inception_"),
        ({"theme": "pink"}, "no theme 'pink'"),
        ({"show": ("cost",)}, "no --show value 'cost'"),
        ({"direction": "RL"}, "no direction 'RL'"),
    ],
)
def test_a_wrong_choice_is_said_in_one_line(options: dict[str, object], said: str) -> None:
    with pytest.raises(ArchscopeError, match=re.escape(said)) as caught:
        diagram("inception_v4", **options)
    assert "\n" not in str(caught.value)


def test_a_network_without_modules_has_no_block_to_draw() -> None:
    with pytest.raises(ArchscopeError, match="ReLU has no module that runs, and so no block: leave --level out"):
        archscope.diagram(archscope.summarize(nn.ReLU(), (3, 4, 4)), level="block")


def test_a_png_is_painted() -> None:
    png = diagram("inception_v4", block="inception_a").to_png()
    assert png.startswith(b"\x89PNG") and len(png) > 20_000


def test_a_pdf_keeps_text_as_text() -> None:
    pdf = diagram("inception_v4", block="inception_a").to_pdf()
    assert pdf.startswith(b"%PDF") and b"/Font" in pdf


def test_a_pdf_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(EnvironmentFailure, match="a PDF needs vl-convert-python: pip install vl-convert-python"):
        diagram("inception_v4", block="inception_a").to_pdf()


def test_a_saved_report_draws_the_same() -> None:
    saved = Report.from_json(report("xception").to_json())
    assert draw(saved).svg == diagram("xception").svg


def test_shapes_and_costs_can_be_shown() -> None:
    shown = texts(diagram("inception_v4", block="inception_a", show=("shapes", "params", "macs")))
    assert {"35×35×96", "37,056 params"} <= set(shown)
    assert "384×35×35" in texts(diagram("inception_v4", block="inception_a", layout="CxHxW"))


def latent(made: Report, **values: float) -> Report:
    """The report with a latency of 0.25 ms a layer, or as given by the name's last part."""
    measured = {name: values.get(name.rpartition(".")[2], 0.25) for name in made.graph.layer}
    return replace(made, columns={**made.columns, "latency_ms": summed("latency_ms", "ms", measured)})


def test_latency_can_be_shown_and_coloured_where_it_was_measured() -> None:
    made = draw(latent(report("xception"), conv=1.5), DiagramOptions(show=("latency",), color="latency"))
    shown = texts(made)
    assert any(text.endswith("2.00 ms") for text in shown)  # convolution, normalisation, activation
    assert "0 to 2.00 ms in a box; ×N: the mean of the N" in shown
    titles = [element.text or "" for element in ElementTree.fromstring(str(made)).iter(f"{SVG}title")]
    assert any(title.startswith("entry_flow.conv1\n") and title.endswith("2.00 ms") for title in titles)


@pytest.mark.parametrize("options", [{"show": ("latency",)}, {"color": "latency"}])
def test_a_picture_of_latency_says_on_what(options: dict[str, Any]) -> None:
    made = latent(report("xception"))
    made = replace(made, setting={**made.setting, "device_name": "Some GPU"})
    said = "Latency on Some GPU, float32, batch 1."
    assert said in " ".join(texts(draw(made, DiagramOptions(**options))))
    assert said not in " ".join(texts(draw(made)))


@pytest.mark.parametrize("options", [{"show": ("latency",)}, {"color": "latency"}])
def test_without_a_measured_latency_the_command_that_measures_it_is_said(options: dict[str, object]) -> None:
    with pytest.raises(ArchscopeError, match=r"xception .*: archscope summary xception --device cpu -o"):
        diagram("xception", **options)


def test_a_box_that_stands_for_several_says_what_each_costs_or_all() -> None:
    piece = diagram("resnet50", show=("params", "macs"), block="conv3_x").drawing.piece
    said = {box.name: box.details[-2:] for box in piece.boxes if len(box.alike) == 3 and box.op and not box.op.join}
    assert said.pop("conv3_x.bottleneck2.activation") == ()
    assert said["conv3_x.bottleneck2.body.conv1.conv"] == ("65,792 params each", "51.4 M MACs each")
    assert all(text.endswith(" each") for details in said.values() for text in details)


def test_copies_that_differ_are_summed() -> None:
    graph = report("resnet50").graph
    rising = {name: float(i) for i, name in enumerate(graph.layer)}
    made = replace(report("resnet50"), columns={"latency_ms": summed("latency_ms", "ms", rising),
                                                **report("resnet50").columns})  # fmt: skip
    (box,) = [box for box in draw(made, DiagramOptions(show=("latency",), block="conv3_x")).drawing.piece.boxes
              if box.name == "conv3_x.bottleneck2.body.conv1.conv"]  # fmt: skip
    whole = sum(rising[layer] for op in box.alike for layer in op.layers)
    assert len(box.alike) == 3
    assert box.details[-1] == f"{whole:,.0f} ms in all"


def test_depth_closes_modules() -> None:
    made = diagram("resnet50", depth=1)
    assert {"conv2_x", "conv5_x"} <= {box.title for box in made.drawing.piece.boxes}


def test_colour_by_cost_has_a_scale() -> None:
    made = diagram("xception", color="macs")
    assert any("MACs in a box" in text for text in texts(made))


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    dark, light = sorted([luminance(one), luminance(two)])
    return (light + 0.05) / (dark + 0.05)


def test_every_theme_that_may_be_chosen_has_its_colours() -> None:
    assert tuple(THEMES) == options.THEMES


@pytest.mark.parametrize("name", THEMES)
def test_colours_pass_wcag_aa(name: str) -> None:
    theme = THEMES[name]
    for fill, line in theme.kinds.values():
        assert contrast(theme.ink, fill) >= 4.5
        assert contrast(theme.muted, fill) >= 4.5
        assert contrast(line, theme.ground) >= 3
    assert contrast(theme.badge_ink, theme.badge) >= 4.5
    assert contrast(theme.muted, theme.panel) >= 4.5
    assert contrast(theme.kinds["add"][1], theme.panel) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_text_on_costs_passes_wcag_aa(theme: str) -> None:
    made = draw(report("lenet5"), DiagramOptions(color="macs", show=("params",), theme=theme))
    root = ElementTree.fromstring(str(made))
    boxes = [box for box in root.iter(f"{SVG}g") if box.get("class", "").startswith("op ")]
    boxes = [box for box in boxes if box.get("class") != "op tensor"]  # the input costs nothing and has its own colour
    written = [text for box in boxes for text in box.iter(f"{SVG}text") if not re.fullmatch(r"×\d+", text.text or "")]
    inks = {text.get("fill", "") for text in written}  # a badge has its own ground
    assert min(contrast(ink, color) for ink in inks for color in THEMES[theme].heat) >= 4.5


def greys(svg: str) -> bool:
    return all(len({color[i : i + 2] for i in (1, 3, 5)}) == 1 for color in re.findall(r"#[0-9A-Fa-f]{6}", svg))


def test_print_is_grey_with_costs_too() -> None:
    assert greys(str(diagram("lenet5", theme="print", color="macs")))
    assert not greys(str(diagram("lenet5", color="macs")))


def test_colours_are_attributes_and_a_dark_page_turns_them() -> None:
    svg = str(diagram("xception"))
    assert "var(" not in svg
    rules = dict(re.findall(r"\.archscope \.([\w-]+)\{([^}]+)\}", svg))
    used = {name for classes in re.findall(r'class="([^"]+)"', svg) for name in classes.split() if name[1] == "-"}
    assert used == set(rules)
    assert rules["f-ink"] == f"fill:{THEMES['dark'].ink}"
    assert rules["s-conv-line"] == f"stroke:{THEMES['dark'].kinds['conv'][1]}"
    for theme in ("dark", "print"):
        assert "<style>" not in str(diagram("lenet5", theme=theme))


def test_drawing_needs_no_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "report.json"
    path.write_text(report("googlenet").to_json(), encoding="utf-8")
    code = (
        "import sys\nfrom archscope.model.report import Report\nfrom archscope.views.diagram.drawing import draw\n"
        f"print(len(str(draw(Report.from_json(open({str(path)!r}).read())))))\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_from_left_to_right_a_row_may_end_between_blocks_and_bars_have_upright_words() -> None:
    piece = draw(archscope.summarize("xception"), DiagramOptions(direction="LR")).drawing.piece
    assert [frame.title for frame in piece.frames] == [*["Entry flow"] * 3, "Middle flow", "Exit flow"]
    made = draw(archscope.summarize("inception_v4"), DiagramOptions(direction="LR", block="inception_a"))
    bars = [box for box in made.drawing.piece.boxes if box.form == "bar"]
    assert len(bars) == 2
    assert all(box.upright and box.right - box.left < 30 for box in bars)
    assert str(made).count('<g transform="rotate(-90 ') == 2
    assert made.to_latex().count("rotate around") == 2


class Parameters(nn.Module):
    """Reads its parameters one by one."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.all = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.cat(list(self.all)).sum()


class Wide(nn.Module):
    """Makes many things of one."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x * number for number in range(self.count)], 1)


@pytest.mark.parametrize("module", [Parameters, Wide])
def test_time_grows_with_what_is_read_and_not_with_its_square(module: Any) -> None:
    seconds = []
    for count in (1000, 4000):
        made = archscope.summarize(module(count), (3, 8, 8))
        started = process_time()
        archscope.diagram(made, level="flow").to_svg()
        archscope.diff(made, made)
        seconds.append(process_time() - started)
    assert seconds[1] < 8 * seconds[0] + 1  # 4; with the square of them 16, after seconds


def test_a_text_keeps_as_many_characters_as_there_is_room_for() -> None:
    word = "entry_flow.middle"
    widths = [text_width(fitted(word, 10, room), 10) for room in range(0, 100, 5)]
    assert widths == sorted(widths)
    assert fitted(word, 10, text_width(word, 10)) == word
    assert fitted(word, 10, 50) == "entry_…le"
    assert fitted(word, 10, 3) == "…"
