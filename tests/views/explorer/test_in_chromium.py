"""The page in a real browser: walked through with clicks and keys. Skipped where there is none.

apt-get install chromium; pip install playwright; npm install; pytest tests/views/explorer/test_in_chromium.py
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.model.results import Result
from archscope.views.explorer import Explorer
from tests.graphs import traced
from tests.views.diagram.encoders import UNet

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path("node_modules/axe-core/axe.min.js")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def shown(chromium: Any, folder: Path, result: Result, place: str = "", **chosen: Any) -> Iterator[Any]:
    """The page in a browser of its own; it must report nothing, and ask for nothing."""
    file = folder / "net.html"
    result.save(file)
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}} | chosen, offline=True)
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"{file.as_uri()}{place}")
    page.wait_for_selector("body.ready")
    yield page
    assert not faults
    assert page.locator("*").count() <= 1500
    context.close()


def opened(page: Any) -> str:
    return " > ".join(page.locator(".crumbs > *").all_inner_texts())


def wait_for_scroll(page: Any) -> None:
    """Of the picture. playwright's own way to wait for what is no element is forbidden by the page's policy."""
    for _ in range(100):
        if page.locator(".picture").evaluate("(picture) => picture.scrollLeft > 0"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the picture stays where it is")


def test_a_network_is_walked_through(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, Explorer((traced("xception"),), ("Xception",))) as page:
        assert page.locator("#details h2").inner_text().startswith("middle_flow.block1")  # the heaviest
        page.locator(".op.module").nth(1).dblclick()
        assert opened(page) == "Xception > middle_flow > block1"  # in its place: the network is one column
        assert page.locator(".opened").count() == 1 and page.locator(".op.linear").count() == 1
        page.keyboard.press("Escape")
        assert opened(page) == "Xception" and page.locator(".opened").count() == 0
        page.go_back()
        assert opened(page) == "Xception > middle_flow > block1" and page.url.endswith("#middle_flow.block1")
        page.locator(".opened .close").click()
        assert opened(page) == "Xception"
        page.evaluate("location.hash = 'middle_flow.block3'")
        page.wait_for_timeout(100)
        assert opened(page) == "Xception > middle_flow > block3"  # its own path in a picture of its sister
        assert page.locator('.op[data-path="middle_flow.block3.body.separableconv1"]').count() == 1
        page.locator(".op.depthwise").first.click()
        assert page.locator("#details h2").inner_text() == "middle_flow.block3.body.separableconv1"
        page.locator(".crumbs a").first.click()
        assert opened(page) == "Xception"


def test_what_stands_beside_a_picture_stays_where_it_is(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, Explorer((traced("inception_v4"),))) as page:
        page.locator(".op.module[data-n]").nth(1).dblclick()
        page.wait_for_timeout(50)
        opened_at = page.locator("#panes").bounding_box()
        page.keyboard.press("Escape")
        assert len(page.locator("#scale > *").all()) < 6 and page.locator("#panes").bounding_box() == opened_at


def test_the_way_back_leads_to_what_was_opened(chromium: Any, tmp_path: Path) -> None:
    small = {"viewport": {"width": 1280, "height": 560}}
    with shown(chromium, tmp_path, Explorer((traced("xception"),), ("Xception",)), **small) as page:
        heading, row = page.locator("#details h2"), page.locator(".row[aria-selected=true]")
        assert heading.inner_text() == "middle_flow.block1 ×8"
        page.locator(".op.chosen").click()
        assert opened(page) == "Xception > middle_flow > block1"
        page.wait_for_timeout(50)
        table, lit = page.locator(".scroll").bounding_box(), row.bounding_box()
        assert table["y"] <= lit["y"] and lit["y"] + lit["height"] <= table["y"] + table["height"]
        page.keyboard.press("Escape")
        assert heading.inner_text() == "middle_flow.block1 ×8"  # its box, with all that are alike
        page.locator(".op.chosen").click()
        page.evaluate("explorer.find(explorer.active, explorer.active.network.find('classifier'))")
        row.click()
        assert heading.inner_text() == "classifier"  # the second click of what has no picture leads nowhere else


def test_numbers_have_their_thousands_apart(chromium: Any, tmp_path: Path) -> None:
    numbers = [0, 7, 999, 1000, 12345, 1234567, -23456, 0.0123, 1234.567, 0.123]
    with shown(chromium, tmp_path, Explorer((traced("lenet5"),))) as page:
        ours, theirs = page.evaluate(
            "(all) => [all.map(grouped), all.map((one) => one.toLocaleString('en', {maximumFractionDigits: 9}))]",
            numbers,
        )
        assert ours == theirs


def test_keys_and_search_find_what_is_asked_for(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, Explorer((traced("inception_v3"),))) as page:
        page.keyboard.press("/")
        page.keyboard.type("params>1.9M linear")
        assert page.locator("#found").inner_text() == "1 found"
        page.keyboard.press("Enter")
        assert page.locator(".chosen").count() == 1
        page.keyboard.press("Escape")
        first = page.locator(".op.module").first
        first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert opened(page).count(">") == 1
        page.locator(".scroll").focus()
        before = page.locator("#details h2").inner_text()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        assert page.locator("#details h2").inner_text() != before
        assert page.locator("[role=treegrid]").get_attribute("aria-activedescendant")


def test_what_a_screen_reader_hears_is_said_once(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, Explorer((traced("xception"),), ("Xception",))) as page:
        client = page.context.new_cdp_session(page)

        def heard() -> tuple[str, str, dict[str, Any]]:
            """Role, name and states of what has the focus, or of its active row."""
            nodes = client.send("Accessibility.getFullAXTree")["nodes"]
            told = [{one["name"]: one["value"] for one in node.get("properties", ())} for node in nodes]
            (at,) = [i for i, one in enumerate(told) if "focused" in one and i]
            if active := told[at].get("activedescendant", {}).get("relatedNodes"):
                (at,) = [i for i, n in enumerate(nodes) if n.get("backendDOMNodeId") == active[0]["backendDOMNodeId"]]
            node, states = nodes[at], {name: one.get("value") for name, one in told[at].items()}
            assert node["name"]["value"] and node["name"]["value"] != node.get("description", {}).get("value")
            return node["role"]["value"], node["name"]["value"], states

        page.locator(".op[tabindex='0']").focus()
        role, name, states = heard()
        assert role == "button" and name.startswith("middle_flow.block1, Middle flow") and not states["expanded"]
        page.locator(".zoom button").first.focus()
        assert heard()[:2] == ("button", "Larger")
        page.locator("[role=treegrid]").focus()
        role, name, states = heard()  # the row that holds what is chosen
        assert role == "row" and name.startswith("middle_flow") and states["level"] == 1 and states["selected"]
        page.keyboard.press("ArrowRight")
        assert heard()[2]["expanded"]
        page.keyboard.press("ArrowDown")
        role, name, states = heard()
        assert name.startswith("block1") and states["level"] == 2 and states["expanded"] is False


def test_colours_are_of_all_copies_and_the_picture_can_be_kept(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, Explorer((traced("xception"),)), color_scheme="dark") as page:
        page.select_option("#color", "macs")
        assert page.locator("#scale").inner_text().split("\n")[-1] == "4.649 G"
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        for button, start in (("#svg", b"<svg"), ("#png", b"\x89PNG")):
            page.locator(".menu summary").click()
            with page.expect_download() as kept:
                page.locator(button).click()
            assert Path(kept.value.path()).read_bytes().startswith(start)
            page.locator(".menu summary").click()
        page.locator("#language").click()
        assert page.evaluate("document.documentElement.lang") == "ko"


def test_it_is_walked_through_by_touch(chromium: Any, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with shown(chromium, tmp_path, Explorer((traced("xception"),), ("Xception",)), **phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        box = page.locator(".op.module").nth(1)
        box.tap()
        box.tap()
        assert opened(page) == "Xception > middle_flow > block1"
        page.locator(".opened .close").tap()
        assert opened(page) == "Xception"
        page.locator(".row:not(.head) .twist.right").first.tap()
        page.locator(".row:not(.head)[aria-level='2']").first.tap()
        assert page.locator("#details h2").inner_text() == "entry_flow.conv1"


def test_what_is_chosen_is_in_sight_where_the_picture_is_wider_than_the_screen(chromium: Any, tmp_path: Path) -> None:
    with torch.device("meta"):
        explorer = Explorer((archscope.summarize(UNet(), (3, 64, 64)),))
    with shown(chromium, tmp_path, explorer, viewport={"width": 400, "height": 800}) as page:
        picture = page.locator(".picture").bounding_box()
        wait_for_scroll(page)

        def in_sight(box: dict[str, float]) -> bool:
            wider = box["width"] > picture["width"]
            return bool(
                box["x"] >= picture["x"] and (wider or box["x"] + box["width"] <= picture["x"] + picture["width"])
            )

        assert in_sight(page.locator(".op.chosen").bounding_box())
        page.locator(".picture").evaluate("(picture) => picture.scrollTo(0, 0)")
        page.set_viewport_size({"width": 380, "height": 800})
        wait_for_scroll(page)
        assert in_sight(page.locator(".op.chosen").bounding_box())


def test_it_is_as_the_reader_wants_it(chromium: Any, tmp_path: Path) -> None:
    style = "([of, name]) => getComputedStyle(document.querySelector(of))[name]"
    explorer = Explorer((traced("xception"),))
    with shown(chromium, tmp_path, explorer, reduced_motion="no-preference") as page:
        page.locator(".op.module").nth(1).dblclick()
        assert page.evaluate("document.getAnimations().length") == 0  # nothing moves: a wish for less is met
        page.emulate_media(media="print")
        assert not page.locator("aside").is_visible() and not page.locator(".tools").is_visible()
        assert page.locator(".picture > svg").is_visible() and page.pdf().startswith(b"%PDF")
    with shown(chromium, tmp_path, explorer, contrast="more") as page:
        assert page.evaluate(style, [".said", "color"]) == page.evaluate(style, ["body", "color"])
    with shown(chromium, tmp_path, explorer, forced_colors="active") as page:
        page.locator(".row:not(.head)").nth(1).click()
        assert page.evaluate(style, ["[aria-selected=true].row", "outlineStyle"]) == "solid"
        swatches = page.evaluate(
            "[...document.querySelectorAll('.swatch')].map((one) => getComputedStyle(one).backgroundColor)"
        )
        assert len(set(swatches)) > 1


VALUES = """() => {
  const network = explorer.panes[0].network;
  return network.paths.map((path, at) => [path, [...network.columns.keys()].map((name) => network.cost(name, at))]);
}"""


def test_values_of_modules_are_those_of_the_report(chromium: Any, tmp_path: Path) -> None:
    report = traced("xception")
    with shown(chromium, tmp_path, Explorer((report,))) as page:
        names = page.evaluate("[...explorer.panes[0].network.columns.keys()]")
        for path, values in page.evaluate(VALUES):
            layers = [
                layer.name for layer in report.graph.layers
                if not path or layer.name == path or layer.name.startswith(f"{path}.")
            ]  # fmt: skip
            for name, value in zip(names, values, strict=True):
                own = report.value(name, layers)
                assert value == (pytest.approx(own) if isinstance(own, float) else own), (path, name)


def test_a_hostile_name_runs_nothing(chromium: Any, tmp_path: Path) -> None:
    module = nn.Sequential()
    evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    module.add_module(evil, nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3)))
    module.add_module("b", nn.Sequential(nn.Conv2d(8, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3)))
    with torch.device("meta"):
        report = archscope.summarize(module, (3, 64, 64))
    with shown(chromium, tmp_path, Explorer((report,), (evil,))) as page:
        page.locator(".row:not(.head)").nth(1).click()
        page.locator(".row:not(.head)").first.click()
        assert page.locator("#details h2").inner_text() == evil
        page.keyboard.press("Enter")
        assert page.locator("img").count() == 0


def test_a_difference_leads_to_both_places(chromium: Any, tmp_path: Path) -> None:
    explorer = archscope.explore(traced("inception_resnet_v2"), traced("inception_resnet_v2_released"))
    with shown(chromium, tmp_path, explorer) as page:
        row = page.locator(".differences tr:not(.consequence) button").first
        row.click()
        assert page.locator(".pane .chosen").count() >= 1
        assert page.locator(".pane .changed, .pane .alone").count() >= 1
        kept = page.evaluate("explorer.panes[1].picture.saved()")
        dotted = page.locator(".pane").nth(1).locator(".alone").count()
        assert dotted and kept.count('stroke-dasharray="2, 3"') == dotted  # none in the colour of what is chosen
        assert kept.count('stroke="rgb(180, 0, 110)"') == dotted
        page.locator("#tabs button").nth(1).click()
        assert page.locator(".table .row").count() > 2


def test_what_one_lacks_leads_to_where_it_would_be(chromium: Any, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, archscope.explore(traced("resnet34"), traced("resnet50"))) as page:
        page.get_by_text("256 filters + batch normalisation missing").click()
        crumbs = [" > ".join(one.locator("> *").all_inner_texts()) for one in page.locator(".crumbs").all()]
        assert crumbs == ["ResNet-34 > conv2_x > block1", "ResNet-50 > conv2_x > bottleneck1"]
        assert [one.locator(".chosen").count() for one in page.locator(".pane").all()] == [0, 1]
        assert page.locator("#details h2").inner_text() == "conv2_x.bottleneck1.shortcut.conv"
        page.get_by_text("kernel 3x3 instead of 1x1, in 16 layers").click()
        page.locator(".pane").first.click(position={"x": 5, "y": 5})
        assert page.locator(".shapes").inner_text() == "64×56×56 → 64×56×56"  # of the layer that is named alone


def test_a_spectrum_is_slid_through(chromium: Any, tmp_path: Path) -> None:
    spectrum = archscope.spectrum(channels=32, segments=[1, 3, 32])
    with shown(chromium, tmp_path, spectrum, "#3") as page:
        assert page.locator("#count").inner_text() == "3" and "= 3,078" in page.locator("#equation").inner_text()
        page.focus("#slider")
        page.keyboard.press("ArrowRight")
        assert page.locator("#name").inner_text() == "depthwise separable" and page.url.endswith("#32")
        assert page.locator("#panel svg").count() == 1 and page.locator("#curve .line").count() == 3


VIOLATIONS = "axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations.map((one) => one.id))"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, tmp_path: Path, color_scheme: str) -> None:
    chosen = {"color_scheme": color_scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    with shown(chromium, tmp_path, Explorer((traced("xception"),)), **chosen) as page:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for step in ("explorer.walk(explorer.active, 1)", "explorer.paint('macs')", "explorer.search('conv')"):
            assert page.evaluate(VIOLATIONS) == []
            page.evaluate(step)
        assert page.evaluate(VIOLATIONS) == []
    explorer = archscope.explore(traced("inception_resnet_v2"), traced("inception_resnet_v2_released"))
    for result in (explorer, archscope.spectrum(channels=32, segments=[1, 3, 32])):
        with shown(chromium, tmp_path, result, **chosen) as page:
            page.evaluate(AXE.read_text(encoding="utf-8"))
            assert page.evaluate(VIOLATIONS) == []
