"""Weights that a constructor would load are left out where shapes are asked for, and nowhere else."""

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
from archscope.tracing.left_out import WEIGHTS

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


def test_a_network_is_built_with_its_weights_where_these_are_asked_for() -> None:
    with pytest.raises(FileNotFoundError):
        Target("net", lambda: Net(LOADS["from a file that is not there"])).build()


def test_weights_that_are_there_are_loaded(tmp_path: Path) -> None:
    torch.save({"width": torch.tensor(5)}, tmp_path / "widths.pth")
    sizes: list[int] = []
    Target("net", lambda: Net(lambda net: sizes.append(int(torch.load(tmp_path / "widths.pth")["width"])))).on_cpu()
    assert sizes == [5]


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
    library = "library_with_weights"
    monkeypatch.setitem(
        WEIGHTS._places, (library, "load_pretrained"), WEIGHTS._places["torch.hub", "download_url_to_file"]
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{library}.py").write_text("def load_pretrained(module):\n    raise OSError('no network')\n")
    (tmp_path / "net.py").write_text(NET.format(library=library))

    report = archscope.summarize(f"{tmp_path / 'net.py'}:Net", (3, 8, 8))

    assert report.totals["params"] == 112
    assert report.graph.notes[0].endswith("would load (Conv2d's): shapes and counts need none")
    assert not any("on the CPU" in note for note in report.graph.notes)
