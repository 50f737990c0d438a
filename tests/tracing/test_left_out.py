"""Weights that a constructor would load are left out where shapes are asked for, and nowhere else."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.hub import load_state_dict_from_url
from torch.utils import model_zoo

import archscope
from archscope.errors import ArchscopeError
from archscope.targets import Target
from archscope.tracing.left_out import WEIGHTS, weights_left_out

URL = "https://localhost:1/net-0123abcd.pth"
PLACES = [(torch.hub, "load_state_dict_from_url"), (torch.hub, "download_url_to_file"), (torch, "load"),
          (nn.Module, "load_state_dict")]  # fmt: skip


class Net(nn.Sequential):
    def __init__(self, load: Callable[[nn.Module], Any]) -> None:
        super().__init__(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        load(self)


def filtered(net: nn.Module) -> None:
    weights = model_zoo.load_url(URL)
    weights = weights.get("state_dict", weights)
    own = net.state_dict()
    own.update({name.removeprefix("module."): value for name, value in weights.items() if name in own})
    net.load_state_dict(own)


def by_way_of_a_file(net: nn.Module) -> None:
    torch.hub.download_url_to_file(URL, "nowhere/net.pth")
    weights = torch.load("nowhere/net.pth", map_location="cpu")["model"]
    weights.pop("fc.weight")
    del weights["fc.bias"]
    assert net.load_state_dict(weights, strict=False).missing_keys == []


def after_numbers(net: nn.Module) -> None:
    torch.ones(1).sum().item()
    net.load_state_dict(torch.hub.load_state_dict_from_url(URL))


LOADS = {
    "from an address": lambda net: net.load_state_dict(torch.hub.load_state_dict_from_url(URL, progress=True)),
    "by a name that was imported before": lambda net: net.load_state_dict(load_state_dict_from_url(URL)),
    "filtered": filtered,
    "by way of a file": by_way_of_a_file,
    "from a file that is not there": lambda net: net.load_state_dict(torch.load(Path("nowhere/net-0123abcd.pth"))),
    "after numbers": after_numbers,
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("way", ["on_meta", "on_cpu"])
def test_weights_are_left_out_and_told(load: str, way: str) -> None:
    before = [vars(owner)[name] for owner, name in PLACES]
    built = getattr(Target("net", lambda: Net(LOADS[load])), way)()

    assert sum(parameter.numel() for parameter in built.module.parameters()) == 120
    assert built.notes[0].startswith("built without the weights that its constructor would load (net-0123abcd.pth")
    assert before == [vars(owner)[name] for owner, name in PLACES]


def test_what_is_put_there_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a library that is imported, say."""
    monkeypatch.setattr(torch, "load", torch.load)  # which is there again after the test

    def load(*args: Any, **kwargs: Any) -> None:
        pass

    def build() -> nn.Module:
        vars(torch)["load"] = load
        return nn.Conv2d(3, 4, 3)

    for _ in range(2):
        Target("net", build).on_meta()
        assert torch.load is load


def test_a_network_is_built_with_its_weights_where_these_are_asked_for() -> None:
    with pytest.raises(FileNotFoundError):
        Target("net", lambda: Net(LOADS["from a file that is not there"])).build()


def test_weights_that_are_there_are_loaded(tmp_path: Path) -> None:
    weights = nn.Conv2d(3, 4, 3).state_dict()
    torch.save(weights, tmp_path / "net.pth")
    built = Target("net", lambda: Net(lambda net: net[0].load_state_dict(torch.load(tmp_path / "net.pth")))).on_cpu()
    assert torch.equal(built.module.get_parameter("0.weight"), weights["weight"]) and built.notes == ()


def test_files_are_told_once_and_by_who_asked_for_them() -> None:
    with weights_left_out() as outer:
        with weights_left_out() as inner:
            torch.load("nowhere/a.pth")
        torch.load("nowhere/b.pth"), torch.load("elsewhere/b.pth")
    assert (outer, inner) == (["b.pth"], ["a.pth"])


def test_what_fails_without_weights_left_out_is_not_built_again() -> None:
    builds = []
    with pytest.raises(OSError, match="no disk"):
        Target("net", lambda: Net(lambda net: (builds.append(net), net.load_state_dict(no_disk())))).on_cpu()
    assert len(builds) == 1


def no_disk() -> Any:
    raise OSError("no disk")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_that_is_forked_while_another_thread_builds_finds_all_as_it_was() -> None:
    before = [vars(owner)[name] for owner, name in PLACES]
    inside, forked = threading.Event(), threading.Event()

    def build() -> None:
        with weights_left_out():
            inside.set()
            assert forked.wait(30)

    building = threading.Thread(target=build)
    building.start()
    assert inside.wait(30)
    with WEIGHTS._lock:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(5)
            os._exit(before != [vars(owner)[name] for owner, name in PLACES] or WEIGHTS._lock.locked())
    forked.set()
    building.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_an_architecture_is_read_off_is_not_made_up() -> None:
    def load(net: nn.Module) -> None:
        net.append(nn.Linear(torch.load("nowhere/clip.pt")["proj"].shape[0], 4))

    def build() -> nn.Module:
        try:
            return Net(load)
        except FileNotFoundError as error:
            raise ArchscopeError(str(error)) from None

    with pytest.raises(ArchscopeError, match=r"nowhere/clip.pt"):
        Target("net", build).on_meta()


NET = """
from torch import nn
from {library} import load_pretrained

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        load(self.conv)

    def forward(self, x):
        return self.conv(x)

def load(module):
    import {library}
    {library}.load_pretrained(module)
"""


def test_a_library_that_the_users_file_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported when the construction has begun."""
    before = [vars(owner)[name] for owner, name in PLACES]
    library = "library_with_weights"
    monkeypatch.setitem(
        WEIGHTS._places, (library, "load_pretrained"), WEIGHTS._places["torch.hub", "download_url_to_file"]
    )
    monkeypatch.setitem(WEIGHTS._places, (torch, "load_of_another_release"), None)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{library}.py").write_text("def load_pretrained(module):\n    raise OSError('no network')\n")
    (tmp_path / "net.py").write_text(NET.format(library=library))

    report = archscope.summarize(f"{tmp_path / 'net.py'}:Net", (3, 8, 8))

    assert report.totals["params"] == 112
    assert report.graph.notes[0].endswith("would load (Conv2d's): shapes and counts need none")
    assert not any("on the CPU" in note for note in report.graph.notes)
    assert before == [vars(owner)[name] for owner, name in PLACES]
