"""Every network of the catalogue against expected.toml, whose numbers were not measured with archscope."""

import ast
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.measures.macs import macs
from archscope.model.graph import Graph
from archscope.networks import Network, Paper, catalogue
from archscope.registry import canonical
from archscope.tracing import trace
from tests.conftest import EVERYTHING
from tests.flops import counted_by_torch
from tests.zoo import COUNTED, NETWORKS

EXPECTED = tomllib.loads(Path(__file__).with_name("expected.toml").read_text(encoding="utf-8"))
PACKAGE = import_module("archscope.networks")  # the function of this name hides it
FOLDER = Path(PACKAGE.__file__ or "").parent

CASES = [
    pytest.param(name, case, id=f"{name} {case.get('options', '')}".strip())
    for name in COUNTED
    if (entry := EXPECTED.get(name))
    for case in (entry, *(entry.get("variants", ()) if EVERYTHING else ()))
]

every_network = pytest.mark.parametrize("network", catalogue().values(), ids=lambda network: network.name)


def build(network: Network, **options: Any) -> nn.Module:
    with torch.device("meta"):
        return network.build(**options)


def output_of(block: str, graph: Graph) -> str:
    """Size of what the last layer inside `block` gives."""
    inside = [layer for layer in graph.layers if f"{layer.name}.".startswith(f"{block}.")]
    assert inside, f"nothing runs inside {block}; there are {', '.join(graph.blocks)}"
    return "x".join(map(str, inside[-1].output_shape))


def macs_by_torch(module: nn.Module, input_size: tuple[int, ...], mode: str) -> int:
    """MACs per image by torch's own counter, of two images, as training needs them."""
    module.train(mode == "train")
    return counted_by_torch(module, torch.empty(2, *input_size, device="meta")) // 2 // 2


def stored(module: nn.Module) -> dict[str, Any]:
    return {
        "params": sum(parameter.numel() for parameter in module.parameters()),
        "buffers": sum(buffer.numel() for buffer in module.buffers() if buffer.dim() > 0),
    }


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_numbers(name: str, expected: dict[str, Any]) -> None:
    network, mode = catalogue()[name], expected.get("mode", "eval")
    stages = [tuple(stage) for stage in expected.get("stages", ())]

    module = build(network, **expected.get("options", {}))
    graph = trace(module, network.input_size, mode=mode)

    measured = stored(module) | {
        "macs": macs(graph)[0].total,
        "macs counted by torch": macs_by_torch(module, network.input_size, mode),
        "stages": [(block, output_of(block, graph)) for block, _ in stages],
    }
    assert measured == {
        "params": expected["params"],
        "buffers": expected["buffers"],
        "macs": expected["macs"],
        "macs counted by torch": expected["macs"],
        "stages": stages,
    }


def test_every_network_has_its_entry() -> None:
    assert EXPECTED.keys() == catalogue().keys(), "give it params, buffers, macs and stages in expected.toml"


@pytest.mark.parametrize("name", NETWORKS if EVERYTHING else NETWORKS[::3])
def test_classes(name: str) -> None:
    network = catalogue()[name]
    (scores,) = trace(build(network, num_classes=7), network.input_size).named_outputs
    assert scores.shape == (7,)


@pytest.mark.parametrize("name", COUNTED)
def test_options(name: str) -> None:
    """Each option has a default that --set can spell, the builder takes them, and what it builds is the network."""
    network, defaults = catalogue()[name], {}
    for option, described in network.options.items():
        kind, _, default = described.partition(" = ")
        assert kind and default, f"{name}: option {option} needs a type and a default"
        defaults[option] = ast.literal_eval(default)
    expected = EXPECTED[network.name]
    assert stored(build(network, **defaults)) == {key: expected[key] for key in ("params", "buffers")}


def test_unknown_option() -> None:
    with pytest.raises(ArchscopeError, match="num_classes"):
        build(catalogue()["xception"], num_clases=10)


def test_catalogue_and_code_name_the_same_networks() -> None:
    for path in FOLDER.glob("*.py"):
        import_module(f"archscope.networks.{path.stem}" if path.stem != "__init__" else "archscope.networks")
    assert sorted(PACKAGE._builders) == sorted(map(canonical, catalogue()))


def test_names_are_unique() -> None:
    names = [canonical(name) for network in catalogue().values() for name in (network.name, *network.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("paper", {network.paper.file: network.paper for network in catalogue().values()}.values(),
                         ids=lambda paper: paper.file)  # fmt: skip
def test_docstring_names_the_paper(paper: Paper) -> None:
    tree = ast.parse((FOLDER / f"{paper.file}.py").read_text(encoding="utf-8"))
    docstring = " ".join((ast.get_docstring(tree) or "").split())
    if paper.arxiv:
        assert f"arXiv:{paper.arxiv}" in docstring
    else:
        assert paper.venue and re.search(rf"{re.escape(paper.venue)}.*\b{paper.year}\b", docstring)
