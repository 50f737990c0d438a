"""Sweeps of a small network: points are the summary's, searches end where the neighbour fails, equal cost is equal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import archscope
from archscope import ArchscopeError, sweeping
from archscope.comparison.limits import LIMITED, parse_limit
from archscope.sweeping.grid import axes_of
from archscope.sweeping.points import Sweep
from archscope.views import Options, formats, render

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width=8, depth=1, shrinks=False, width_multiplier=1.0):
        if width > 90:
            raise ValueError("too wide")
        width = round(width * width_multiplier)
        width = 64 - width if shrinks else width
        layers = [nn.Conv2d(3, width, 3)] + [nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("swept") / "net.py"
    file.write_text(NET)
    return f"{file}:Net"


def swept(net: str, *settings: str, inputs: tuple[str, ...] = ("16",), **asked: object) -> Sweep:
    return sweeping.sweep(net, axes_of(settings, inputs), **asked)  # type: ignore[arg-type]


def test_every_point_is_what_a_summary_says(net: str) -> None:
    found = swept(net, "width=4,8", "depth=2", inputs=("16,20",))
    assert len(found.points) == 4
    for point in found.points:
        options = {**point.place.options}
        report = archscope.summarize(net, int(point.place.input_size), options=options)
        assert point.values == {name: quantity.of(report) for name, quantity in LIMITED.items()}


def test_only_what_keeps_to_the_limits(net: str) -> None:
    limits = [parse_limit("max", "params=1000"), parse_limit("max", "macs=1M")]
    found = swept(net, "width=4,8,16", "depth=0,1", limits=limits)
    assert [list(point.place.options.values()) for point in found.points] == [[4, 0], [4, 1], [8, 0], [8, 1], [16, 0]]
    assert (found.left_out, found.asked) == (1, 6)
    assert "kept by 5 of 6 points" in found.to_text()
    with pytest.raises(ArchscopeError, match=r"even width=4, .*input=16 has params 162, over 100$"):
        swept(net, "width=4,8", "depth=0", limits=[parse_limit("max", "params=100")])


def test_the_largest_that_fits_and_its_neighbour_that_does_not(net: str) -> None:
    limits = (parse_limit("max", "params=5000"),)
    found = swept(net, "depth=1,2", "width=8:32", limits=limits, maximize="width")
    assert [[*point.place.options.values()] for point in found.points] == [[1, 21], [1, 22], [2, 15], [2, 16]]
    for each in found.largest:
        assert each.fits.values["params"] <= 5000 < each.beyond.values["params"]


def test_without_a_range_the_default_is_doubled(net: str) -> None:
    limits = (parse_limit("max", "weights=245KiB"),)
    found = sweeping.sweep("lenet5", {}, limits=limits, maximize="num_classes")
    (largest,) = found.largest
    fits, beyond = (each.place.options["num_classes"] for each in (largest.fits, largest.beyond))
    assert beyond == fits + 1
    assert largest.fits.values["weights"] <= 245 * 2**10 < largest.beyond.values["weights"]


@pytest.mark.parametrize(
    ("settings", "asked", "said"),
    [
        (
            ["width=1,20,40,60", "shrinks=true"],
            {"maximize": "width"},
            "params falls from width=1 to 20, so that no search",
        ),
        (["width=1,8"], {"maximize": "width"}, "width=8, the largest that was asked for, keeps to the limits"),
        (["width=40,60"], {"maximize": "width"}, "even width=40, input=16 has params 15.97 k|even width=40"),
        (["width=a,b"], {"maximize": "width"}, "--maximize width: it takes an option of numbers"),
        ([], {"maximize": "width"}, "--maximize width: say its range, --set width="),
        (["width=1:8"], {"maximize": "width", "limits": ()}, "the largest width of what?"),
        (["depth=1"], {"maximize": "input"}, "--maximize is for an option of the network"),
        (["depth=1"], {"maximize": "width", "hold": "params", "held": 9}, "each choose an option"),
        (["width=99"], {}, "ValueError: too wide"),
        (["colour=1"], {}, "takes no colour; it takes width=8"),
    ],
)
def test_mistakes(net: str, settings: list[str], asked: dict[str, object], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        swept(net, *settings, **{"limits": (parse_limit("max", "params=5000"),), **asked})


def test_mistakes_in_networks_of_the_catalogue_are_told_before_torch() -> None:
    with pytest.raises(ArchscopeError, match="no option of xception named 'width_multi'; did you mean width"):
        sweeping.sweep("xception", axes_of(["width_multi=1,2"]))
    with pytest.raises(ArchscopeError, match="nothing to sweep"):
        sweeping.sweep("xception", {})


def test_a_point_that_cannot_be_built_says_why_and_the_others_stay(net: str) -> None:
    found = swept(net, "width=8,99")
    assert [bool(point.failure) for point in found.points] == [False, True]
    assert "too wide" in found.to_text() and "too wide" in found.to_csv()


def test_along_equal_cost(net: str) -> None:
    wanted = archscope.summarize(net, 16, options={"width": 40}).totals["macs"]
    found = swept(net, "depth=0,1", "width=32", hold="macs", held=wanted)
    assert all(point.values["macs"] == pytest.approx(wanted, rel=0.05) for point in found.points)
    scales = [point.place.options["width_multiplier"] for point in found.points]
    assert scales == sorted(scales, reverse=True)
    assert "Held" in found.to_text()
    with pytest.raises(ArchscopeError, match="width_multiplier is scaled to hold macs"):
        swept(net, "width_multiplier=1,2", hold="macs", held=wanted)


def test_what_is_measured_by_ctrl_c_is_kept(net: str) -> None:
    def stop(what: str, seconds_left: float) -> None:
        if what.startswith("2 of"):
            raise KeyboardInterrupt

    with pytest.raises(sweeping.Interrupted) as stopped:
        swept(net, "width=1:9", progress=stop)
    assert len(stopped.value.sweep.points) == 2
    assert "Stopped  after 2 of 9 points" in stopped.value.sweep.to_text()


def test_searches_that_are_finished_by_ctrl_c_are_kept(net: str) -> None:
    def stop(what: str, seconds_left: float) -> None:
        raise KeyboardInterrupt

    for most, points, said in (("params=5000", 2, "Stopped  after 1 of 3 searches"), ("params=1", 0, "after 1 of 3")):
        with pytest.raises(sweeping.Interrupted) as stopped:
            swept(net, "depth=1,2,3", "width=8:32", maximize="width", limits=(parse_limit("max", most),), progress=stop)
        assert len(stopped.value.sweep.points) == points
        assert said in stopped.value.sweep.to_text()
        if points:
            assert Sweep.from_json(stopped.value.sweep.to_json()).stopped == "after 1 of 3 searches"


def test_a_search_that_fails_says_why_and_the_others_stay(net: str) -> None:
    limits = (parse_limit("max", "params=5000"),)
    found = swept(net, "shrinks=false,true", "width=1,20,40,60", maximize="width", limits=limits)
    assert [point.place.options for point in found.points] == [
        {"shrinks": False, "width": 20}, {"shrinks": False, "width": 40}, {"shrinks": True}
    ]  # fmt: skip
    assert (len(found.largest), found.left_out, found.stopped) == (1, 0, "")
    text = found.to_text()
    assert "Failed   shrinks=True, input=16: params falls from width=1 to 20" in text
    assert text.splitlines()[5].split()[-2:] == ["-", "failed"]
    assert Sweep.from_json(found.to_json()).to_text() == text


def test_every_format(net: str) -> None:
    found = swept(net, "width=4,8", "depth=0,1")
    for name in set(formats("sweep")) - {"svg", "png", "pdf"}:
        assert render(found, name)
    data = json.loads(found.to_json())
    assert data["schema"] == "archscope.sweep/1"
    assert data["points"][0]["at"] == {"width": 4, "depth": 0, "input": "16"}
    assert found.to_csv().startswith("width,depth,input,params,macs,")
    svg = found.to_svg()
    assert all(text in svg for text in ("Parameters", "Receptive field", "depth 1, input 16", ">width<"))
    narrow = str(render(found, "table", Options(width=50)))
    assert max(map(len, narrow.splitlines()[1:])) <= 50 and "Not shown" in narrow
    chosen = str(render(found, "table", Options(columns=("depth", "macs"))))
    assert "Inference peak" not in chosen
    with pytest.raises(ArchscopeError, match="no quantity of this sweep named 'colour'"):
        render(found, "table", Options(columns=("colour",)))
    with pytest.raises(ArchscopeError, match="nothing to draw"):
        replace(found, points=found.points[:1]).to_svg()


@pytest.mark.parametrize("asked", [{}, {"maximize": "width", "limits": [parse_limit("max", "params=2000")]}])
def test_a_saved_sweep_is_shown_as_it_was(net: str, asked: dict[str, object]) -> None:
    made = swept(net, "width=4,8,16,95", "depth=1", **asked) if not asked else swept(net, "width=4:16", **asked)
    again = Sweep.from_json(made.to_json())
    for name in ("table", "csv", "json", "svg"):
        assert render(again, name, Options()) == render(made, name, Options())


def point(width: object = 4, **changed: object) -> dict[str, object]:
    return {"at": {"width": width, "input": "16"}, "at_least": [], "failure": None, **changed}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": []}, "0 entries instead of 1 or more"),
        ({"limits": [{"quantity": "colour", "max": 1}]}, "no quantity named 'colour'"),
        ({"hold": "params"}, "there is 'hold' but no 'held'"),
        ({"maximized": "width", "largest": [{"at": {"width": 5}, "beyond": 6}]}, "the largest is none of its points"),
        ({"points": [point(params=[3])]}, r"points\[0\].params is of another kind"),
        ({"points": [point(params=-1)]}, r"points\[0\].params: -1 is no amount"),
        ({"points": [point(width=5)]}, r"points\[0\].at: 'width' has no value of the sweep's"),
        ({"points": [point(at={})]}, r"points\[0\].at: 'input' has no value of the sweep's"),
        ({"points": [point(at={"width": 4, "depth": 1, "input": "16"})]}, r"points\[0\].at: 'depth' has no value"),
        ({"points": [point(at_least=["colour"])]}, r"points\[0\].at_least: there is no 'colour'"),
        ({"axes": {"width": [{}]}}, r"axes.width\[0\]: an object is no"),
        ({"points": [point(width={"a": 1})]}, r"points\[0\].at.width: an object is no"),
        ({"setting": {"batch": 0}}, "setting.batch: 0 is no batch"),
        ({"setting": {"batch": 1, "measured": {"device": "cpu"}}}, "setting.measured: there is no"),
        ({"schema": "archscope.report/2"}, "what is read here is archscope.sweep/1"),
    ],
)
def test_a_broken_saved_sweep(net: str, change: dict[str, object], said: str) -> None:
    data = swept(net, "width=4").to_dict() | change
    with pytest.raises(ArchscopeError, match=said):
        Sweep.from_json(json.dumps(data))


def test_limits_below_nothing_are_broken_most_by_the_largest(net: str) -> None:
    with pytest.raises(ArchscopeError, match=r"even width=4, .* over -3$"):
        swept(net, "width=4,8", "depth=0", limits=[parse_limit("max", "params=-3")])
