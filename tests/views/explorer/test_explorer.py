"""The page without a browser: what it holds, how large it is, and that nothing in it is anything but text."""

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.explaining.expressions import evaluate
from archscope.model.report import Report
from archscope.views.explorer import Explorer
from archscope.views.explorer import pages as pages_of_modules
from archscope.views.explorer import pictures as pictures_of_modules
from archscope.views.explorer.pictures import MOST_PICTURES, Pictures, origins, ranges
from tests.graphs import NETWORKS, six_layer_report, traced
from tests.views.diagram.test_repeats import Decoder
from tests.views.explorer.pages import boxes, held, places, spans, svg

VOID = {"meta", "link", "input"}


@cache
def page_of(name: str) -> str:
    return Explorer((traced(name),)).to_html()


@cache
def pictures_of(name: str) -> Pictures:
    return Pictures(traced(name).graph)


class Wide(nn.Module):
    """So many blocks, each of another width: nothing folds."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *[nn.Sequential(nn.Conv2d(i + 4, i + 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(1)) for i in range(blocks)]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(x).mean((2, 3))  # type: ignore[no-any-return]


class Caller(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.between, self.after = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)]

    def forward(self, x: torch.Tensor, position: nn.Module) -> torch.Tensor:
        return self.after(position(self.between(torch.relu(self.before(x))))) + x  # type: ignore[no-any-return]


class Calling(nn.Module):
    """Stages that call a module of the whole, each for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.one, self.two, self.three = Caller(), Caller(), Caller()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in (self.one, self.two, self.three):
            x = torch.max_pool2d(stage(x, self.position), 2)
        return x


@cache
def calling() -> Report:
    with torch.device("meta"):
        return archscope.summarize(Calling(), (8, 32, 32))


@cache
def wide() -> Report:
    with torch.device("meta"):
        return archscope.summarize(Wide(70), (4, 8, 8))


# ---- the file ---------------------------------------------------------------------------------------------


def test_its_scripts_wait_for_no_tables_of_languages() -> None:
    assert "Intl." not in page_of("lenet5")  # the first that is made takes 25 ms of the first picture's time


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_small(name: str) -> None:
    assert len(page_of(name).encode()) < 250_000


def test_it_asks_nothing_and_runs_only_its_own_script() -> None:
    html = page_of("xception")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src 'none'; img-src data: blob:; base-uri 'none'; form-action 'none'")
    for what, text in (("script", re.findall(r"<script>(.*?)</script>", html, re.S)),
                       ("style", re.findall(r"<style>(.*?)</style>", html, re.S))):  # fmt: skip
        digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in text]
        assert len(text) == 1 and f"{what}-src 'sha256-{digests[0]}'" in policy
    assert set(re.findall(r"https?://[^\s\"'`]*", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(eval|fetch|XMLHttpRequest|import)\(", html)
    assert "unsafe" not in policy


class Elements(HTMLParser):
    """Fails where an element is not closed, or has a listener in its text."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.opened += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def test_it_is_well_formed_and_so_is_each_picture() -> None:
    parser = Elements()
    parser.feed(page_of("inception_v3"))
    assert not parser.opened
    (network,) = held(page_of("inception_v3"))["networks"]
    for picture, (width, height, *_) in enumerate(network["pictures"]):
        assert width > 0 and height > 0
        for element in ElementTree.fromstring(svg(network, picture)).iter():
            assert "id" not in element.attrib and "style" not in element.attrib and element.tag != "title"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert Explorer((traced("xception"),)).to_html() == page_of("xception")
    read = Report.from_json(traced("xception").to_json())
    assert held(Explorer((read,)).to_html()) == held(page_of("xception"))


def test_names_of_strangers_are_text() -> None:
    module = nn.Sequential()
    module.add_module("</script><b>&'\"", nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3)))
    module.add_module("<!--", nn.Conv2d(8, 8, 3))
    html = Explorer((archscope.summarize(module, (3, 32, 32)),), ("</title><script>alert(1)</script>",)).to_html()
    parser = Elements()
    parser.feed(html)
    assert not parser.opened and html.count("<script") == 2 and "<b>" not in html and "<!--" not in html
    (network,) = held(html)["networks"]
    assert network["nodes"]["name"][1] == "</script><b>&'\""
    for picture in range(len(network["pictures"])):
        assert not [one for one in ElementTree.fromstring(svg(network, picture)).iter() if one.tag in {"b", "script"}]


def test_a_suffix_that_is_none_is_refused() -> None:
    with pytest.raises(ArchscopeError, match=r"\.html"):
        Explorer((six_layer_report(),)).save("net.svg")


# ---- the module tree --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xception", "inception_resnet_v2"])
def test_each_module_and_layer_has_its_row_and_its_layers(name: str) -> None:
    (network,), report = held(page_of(name))["networks"], traced(name)
    found = dict(zip(places(network), map(spans, network["nodes"]["layers"]), strict=True))
    names = [layer.name for layer in report.graph.layers]
    assert set(names) <= set(found)
    for path, own in found.items():
        below = [at for at, name in enumerate(names) if not path or name == path or name.startswith(f"{path}.")]
        assert own == below, path
    for column in network["columns"]:
        assert column["values"] == [report.columns[column["name"]].values[name] for name in names]


@pytest.mark.parametrize("name", ["xception", "inception_resnet_v2", "wide", "calling"])
def test_each_picture_shows_all_layers_of_its_module_once(name: str) -> None:
    report = {"wide": wide, "calling": calling}.get(name, lambda: traced(name))()
    (network,) = held(Explorer((report,)).to_html())["networks"]
    layers = network["nodes"]["layers"]
    drawn = [node for node, picture in enumerate(network["nodes"]["picture"]) if picture >= 0]
    assert drawn[0] == 0
    for node in drawn:
        shown, own = [at for _, _, own in boxes(network, node) for at in own], spans(layers[node])
        assert len(shown) == len(set(shown)) and set(shown) <= set(own), places(network)[node]
        left = [report.graph.layers[at] for at in own if at not in shown]
        assert all(layer.memory == "view" for layer in left), "only what passes the module's input on is not drawn"


def test_a_box_of_steps_counts_each_once() -> None:
    report = archscope.summarize(Decoder(6), ["4x8", "5x8"])
    (network,) = held(Explorer((report,)).to_html())["networks"]
    ((_, alike, own),) = [box for box in boxes(network, 0) if box[1] > 1]
    assert alike == 6
    assert len(own) == len(set(own)) == sum(layer.name.startswith("layers.") for layer in report.graph.layers)


def test_a_folded_box_costs_all_that_it_stands_for() -> None:
    (network,), report = held(page_of("xception"))["networks"], traced("xception")
    ((_, alike, own),) = [box for box in boxes(network, 0) if box[0] == "middle_flow.block1"]
    names = [report.graph.layers[at].name for at in own]
    block = [name for name in names if name.startswith("middle_flow.block1.")]
    assert alike == 8
    assert report.value("macs", names) == 8 * report.value("macs", block)


def test_equal_modules_share_a_picture_that_is_theirs() -> None:
    pictures = pictures_of("inception_resnet_v2")
    sisters = [path for path in pictures.of if re.fullmatch(r"inception_resnet_a\.\w*\d+", path)]
    assert len(sisters) == 5 and len({pictures.of[path] for path in sisters}) <= 2  # the first reads the stem
    assert len(pictures.drawn) < len(pictures.of) / 2
    for path in sisters + [path for path in pictures.of if path.endswith("1")][:6]:
        own = pictures.paint(path, pictures.compose(path, pictures.cut(path)))
        assert own == pictures.drawn[pictures.of[path]], path


def test_pieces_of_pictures_are_there_once() -> None:
    (network,) = held(page_of("inception_resnet_v2"))["networks"]
    parts = network["parts"]
    assert len(parts) == len(set(parts))
    used = [at for _, _, pieces, _ in network["pictures"] for at in pieces]
    assert set(used) == set(range(len(parts))) and len(used) > 1.5 * len(parts)
    drawn = [svg(network, picture) for picture in range(len(network["pictures"]))]
    assert drawn == [picture.svg for picture in pictures_of("inception_resnet_v2").drawn]


def test_inputs_are_called_by_where_they_come_from() -> None:
    assert origins(["inc.conv.3", "up3.conv.3"]) == {"inc.conv.3": "inc", "up3.conv.3": "up3"}
    assert origins(["s.0.act", "s.0.act_1"]) == {"s.0.act": "act", "s.0.act_1": "act_1"}
    assert origins(["s.0.act", "s.1.act"]) == {"s.0.act": "s.0", "s.1.act": "s.1"}
    assert origins(["s", "s.1.act", "x"]) == {"s": "s", "s.1.act": "s.1", "x": "x"}
    assert origins([]) == {}


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)]

    def forward(self, x: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        return self.after(torch.relu(self.before(x) + position))  # type: ignore[no-any-return]


class Reading(nn.Module):
    """Sisters that each read what another call of one module gives."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Sequential(nn.Conv2d(8, 8, 1), nn.MaxPool2d(1))
        self.stages = nn.ModuleList([Reader() for _ in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            x = stage(x, self.position(x))
        return x


def test_sisters_that_read_each_another_call_share_a_picture() -> None:
    with torch.device("meta"):
        pictures = Pictures(archscope.summarize(Reading(), (8, 32, 32)).graph)
    assert pictures.of["stages.1"] == pictures.of["stages.2"]


def test_what_is_one_column_opens_in_its_place() -> None:
    (network,) = held(page_of("xception"))["networks"]
    column = {
        place: bool(network["pictures"][picture][3])
        for place, picture in zip(places(network), network["nodes"]["picture"], strict=True)
        if picture >= 0
    }
    assert column[""] and not column["middle_flow.block1"] and not column["entry_flow"]


def test_a_module_that_holds_another_alone_has_no_picture_of_its_own() -> None:
    within = nn.Sequential(nn.Conv2d(3, 3, 3), nn.MaxPool2d(2), nn.Conv2d(3, 4, 1))
    with torch.device("meta"):
        report = archscope.summarize(nn.Sequential(nn.Sequential(within), nn.Conv2d(4, 5, 1)), (3, 8, 8))
    assert list(Pictures(report.graph).of) == ["", "0.0"]


def test_many_parts_are_put_on_pages() -> None:
    (network,) = held(Explorer((wide(),)).to_html())["networks"]
    pages = [network["nodes"]["name"][at] for at in network["nodes"]["pages"]]
    assert pages == ["0…19", "20…39", "40…59", "60…69"]
    drawn = [node for node, picture in enumerate(network["nodes"]["picture"]) if picture >= 0]
    assert set(network["nodes"]["pages"]) <= set(drawn)
    assert max(len(boxes(network, node)) for node in drawn) <= 60
    assert len(network["pictures"]) <= MOST_PICTURES


class Skips(nn.Module):
    """Each layer of the second half reads one of the first: nothing can be shown but closed."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(layers))
        self.up = nn.ModuleList(nn.Conv2d(8, 4, 1) for _ in range(layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = [x := layer(x) for layer in self.down]
        for layer in self.up:
            x = layer(torch.cat([x, skips.pop()], 1))
        return x


def test_a_module_whose_pages_are_many_too_has_no_pages_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_of_modules, "FEWEST", 3)
    monkeypatch.setattr(pages_of_modules, "MOST_PAGES", 12)
    monkeypatch.setattr(pictures_of_modules, "MOST_BOXES", 20)
    with torch.device("meta"):
        report = archscope.summarize(Skips(40), (4, 8, 8))
    (network,) = held(archscope.explore(report).to_html())["networks"]
    names, parents = network["nodes"]["name"], network["nodes"]["parent"]
    above = [names[parents[at]] for at in network["nodes"]["pages"]]
    assert above == ["down"] * 10 + ["up"] * 10


class Beside(nn.Module):
    """What is added to a layer of its own."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, kernel, padding=kernel // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.conv(x))


def test_sums_on_pages_are_called_by_where_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_of_modules, "FEWEST", 3)
    monkeypatch.setattr(pictures_of_modules, "MOST_BOXES", 2)
    with torch.device("meta"):
        report = archscope.summarize(nn.Sequential(*map(Beside, (1, 3, 5, 1, 3, 5))), (4, 8, 8))
    pictures = Pictures(report.graph)
    sisters = [pictures.of[path] for path in ("0…2.1", "3…5.4")]
    assert sisters[0] == sisters[1]
    assert 'data-p="add"' in pictures.drawn[sisters[0]].svg


def test_ranges_are_read_back() -> None:
    assert ranges([8, 0, 1, 2]) == "0:3 8"
    assert spans("0:3 8", 2) == [2, 3, 4, 10]


def test_claims_stand_beside_what_is_recomputed() -> None:
    report = archscope.summarize("xception")
    (network,) = held(Explorer((report,)).to_html())["networks"]
    (exact,) = [
        claim for claim in network["claims"] if claim["about"] == "params" and claim["source"].startswith("Table 3")
    ]
    assert (exact["claimed"], exact["recomputed"], exact["outcome"]) == ("22,855,952", "22,855,952", "holds")
    wrong = replace(report, claims=(replace(report.claims[0], value=22_000_000, digits=0),))
    assert held(Explorer((wrong,)).to_html())["networks"][0]["claims"][0]["outcome"] == "fails"


def test_a_network_of_no_layers_has_a_page() -> None:
    report = archscope.summarize(nn.Identity(), (3, 8, 8))
    assert held(Explorer((report,)).to_html())["networks"]


def test_two_networks_have_the_rows_of_their_diff() -> None:
    a = archscope.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)), (3, 32, 32))
    b = archscope.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 5), nn.ReLU()), (3, 32, 32))
    explorer = archscope.explore(a, b)
    found = held(explorer.to_html())
    assert len(found["networks"]) == 2 and found["diff"]["verdict"] == "different"
    assert sum(row["params"] for row in found["diff"]["rows"]) == b.totals["params"] - a.totals["params"]
    (kernel,) = [row for row in found["diff"]["rows"] if "kernel" in row["what"]]
    assert kernel["changed"] == ["2", "2"] and kernel["alone"] == ["", ""]
    (missing,) = [row for row in found["diff"]["rows"] if "missing" in row["what"]]
    assert missing["changed"] == ["", ""] and missing["alone"] == ["", "3"]
    assert missing["beside"] == ["2", ""]  # after the last layer that both have
    (end,) = [row for row in held(archscope.explore(b, a).to_html())["diff"]["rows"] if "extra" in row["what"]]
    assert end["beside"] == ["", "2"]


def test_a_diagram_as_html_begins_where_it_is_of() -> None:
    made = archscope.diagram(traced("xception"), block="entry_flow", color="macs")
    assert held(made.to_html())["start"] == {"place": "entry_flow", "color": "macs"}
    two = archscope.diagram([traced("xception"), six_layer_report()])
    assert len(held(two.to_html())["networks"]) == 2


def test_a_notebook_shows_it_in_a_frame() -> None:
    frame = ElementTree.fromstring(Explorer((six_layer_report(),), ('<b>&"',))._repr_html_().replace("…", ""))
    assert frame.tag == "iframe" and "allow-same-origin" not in frame.attrib["sandbox"]
    assert held(frame.attrib["srcdoc"])["networks"]


def test_formulas_come_to_the_numbers_beside_them() -> None:
    (network,) = held(page_of("xception"))["networks"]
    columns, told = {column["name"]: column["values"] for column in network["columns"]}, network["workings"]
    for name, places_ in told["of"].items():
        assert sum(place >= 0 for place in places_) > 20
        for value, place in zip(columns[name], places_, strict=True):
            assert place < 0 or evaluate(told["formulas"][place][0]) == value
    assert all(len(rule) == 2 and all(rule) for rule in told["rules"])
