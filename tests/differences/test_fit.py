from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

import archscope
from archscope.differences.fit import Fit, fit_of
from archscope.differences.renaming import wrappers
from archscope.model.graph import Shape, Tensor
from tests.conftest import Run
from tests.sources import safetensors


def tensors(shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    return {name: Tensor(name, shape, "float32") for name, shape in shapes.items()}


def fitted(file: Mapping[str, Shape], network: Mapping[str, Shape], **twins: str) -> Fit:
    return fit_of("file", "net", tensors(file), tensors(network), {name: name for name in network} | twins)


def layers(*names: str) -> dict[str, Shape]:
    """Convolutions of one shape, each with its normalisation, and a last layer."""
    held: dict[str, Shape] = {}
    for name in names:
        held |= {f"{name}.conv.weight": (8, 8, 3, 3), f"{name}.norm.weight": (8,), f"{name}.norm.bias": (8,)}
    return held | {"head.weight": (10, 8), "head.bias": (10,)}


NET = layers(*(f"body.{i}" for i in range(12)))


def test_the_same_names() -> None:
    assert fitted(NET, NET).verdict == "fits"
    assert fitted(NET, NET | {"body.0.norm.num_batches_tracked": ()}).verdict == "fits"  # which begins at zero


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "whatever."])
def test_what_a_wrapper_writes_before_all_names(prefix: str) -> None:
    wrapped = {prefix + name: shape for name, shape in NET.items()}
    for fit, back in ((fitted(wrapped, NET), False), (fitted(NET, wrapped), True)):
        assert (fit.verdict, fit.how, len(fit.rename)) == ("fits_renamed", "name", len(NET))
        assert all((mine.removeprefix(prefix) == theirs) != back for mine, theirs in fit.rename.items())


def prefixed(prefix: str) -> dict[str, Shape]:
    return {prefix + name: shape for name, shape in NET.items()}


@pytest.mark.parametrize("prefix", ["ema.", "state_dict.module.", "state_dict_ema.module.", "model_ema.module.model."])
def test_wrappers_in_each_other(prefix: str) -> None:
    fit = fitted(prefixed(prefix), NET)
    assert (fit.verdict, fit.copies) == ("fits_renamed", {})
    assert fit.rename == {prefix + name: name for name in NET}


@pytest.mark.parametrize(("first", "second", "taken", "left"), [
    ("state_dict.", "state_dict_ema.", "state_dict_ema.", "state_dict."),
    ("model.", "ema.module.", "ema.module.", "model."),
    ("", "ema.", "", "ema."),
    ("module.", "", "", "module."),
])  # fmt: skip
def test_two_sets_of_weights(first: str, second: str, taken: str, left: str) -> None:
    """Averaged ones are taken, of one that bears the network's own names these."""
    fit = fitted({**prefixed(first), **prefixed(second), "n_averaged": (), "model_ema.decay": ()}, NET)
    assert fit.rename == {taken + name: name for name in NET}
    assert (fit.verdict, fit.misfits, fit.copies) == ("fits_renamed", (), {left: len(NET)})
    assert f"the file holds the same once more as {left}...: {len(NET)} tensors" in str(fit)


@pytest.mark.parametrize("name", ["time_decay", "decay", "all_num_updates"])
def test_a_weight_that_is_called_like_a_counter_is_unexpected(name: str) -> None:
    fit = fitted(NET | {f"block.{name}": (8,)}, NET)
    assert [(each.kind, each.file) for each in fit.misfits] == [("unexpected", f"block.{name}")]


def test_a_small_network_is_not_sought_in_every_module_of_a_large_file() -> None:
    net: dict[str, Shape] = {"norm.weight": (8,), "norm.bias": (8,)}
    file = {f"ema.blocks.{i}.{name}": shape for i in range(200) for name, shape in net.items()}
    assert len(wrappers(file, net)) < 20
    assert fitted(file | {f"ema.{name}": shape for name, shape in net.items()}, net).rename == {
        f"ema.{name}": name for name in net
    }


def test_a_set_of_other_shapes_is_no_copy() -> None:
    fit = fitted(NET | {f"ema.{name}": (*shape, 1) for name, shape in NET.items()}, NET)
    assert (fit.verdict, len(fit.misfits), fit.copies) == ("does_not_fit", len(NET), {})


def test_other_names_by_modules_in_natural_order() -> None:
    """The file lists its names in the order of letters: 10 before 2."""
    renamed = {name.replace("body", "layer").replace("head", "fc"): shape for name, shape in sorted(NET.items())}
    fit = fitted(renamed, NET)
    assert (fit.verdict, fit.how, fit.certain) == ("fits_renamed", "module", 1)
    assert fit.rename == {name.replace("body", "layer").replace("head", "fc"): name for name in NET}


def test_what_does_not_fit() -> None:
    other = fitted(NET | {"head.weight": (1000, 8), "head.bias": (1000,)}, NET)
    assert [(each.kind, each.file, each.shape, each.expected) for each in other.misfits] == [
        ("shape", "head.weight", (1000, 8), (10, 8)), ("shape", "head.bias", (1000,), (10,))
    ]  # fmt: skip
    assert "head.weight, 1000x8 instead of 10x8: another number of classes" in str(other)
    less = dict(NET)
    del less["body.3.conv.weight"]
    assert [(each.kind, each.network) for each in fitted(less, NET).misfits] == [("missing", "body.3.conv.weight")]
    assert [(each.kind, each.file) for each in fitted(NET, less).misfits] == [("unexpected", "body.3.conv.weight")]
    foreign = fitted({f"x.{i}.weight": (7, 7) for i in range(40)}, NET)
    assert foreign.verdict == "does_not_fit"
    assert str(foreign).count("unexpected: ") == 20
    assert f"and {40 + len(NET) - 20} more" in str(foreign)


def test_tensors_of_no_module_by_their_shape() -> None:
    """Such as the class token and the places of a transformer, which the network itself holds."""
    network = {"cls_token": (1, 1, 8), "pos_embed": (1, 5, 8), "a.weight": (8, 8), "b.weight": (8, 8)}
    words = {"cls_token": "token", "pos_embed": "places", "a.weight": "x.0.weight", "b.weight": "x.1.weight"}
    fit = fitted({words[name]: shape for name, shape in network.items()}, network)
    assert fit.rename == {theirs: mine for mine, theirs in words.items()}
    alike = {"p": (1, 5, 8), "q": (1, 5, 8), **{name: (8, 8) for name in words if "." in name}}
    assert fitted(alike, {**network, "r": (1, 5, 8)}).verdict == "does_not_fit"  # which is which nothing tells


def test_modules_that_lie_in_each_other_alike() -> None:
    """A stem that another name puts behind the blocks, which have layers of its shapes."""
    network = {"stem.weight": (8, 8), **{f"blocks.{i}.{j}.weight": (8, 8) for i in range(3) for j in range(2)}}
    words = {name: name.replace("stem", "z").replace("blocks", "a") for name in network}
    fit = fitted({words[name]: shape for name, shape in network.items()}, network)
    assert fit.rename == {theirs: mine for mine, theirs in words.items()}


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(10, 8), nn.Linear(8, 10, bias=False)
        self.head.weight = self.embedding.weight


def test_two_names_of_one_tensor(tmp_path: Path) -> None:
    """Files hold tied weights once."""
    (tmp_path / "net.safetensors").write_bytes(safetensors({"embedding.weight": (10, 8)}))
    assert archscope.fit(str(tmp_path / "net.safetensors"), Tied()).verdict == "fits"


def test_the_map_loads(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a network under other names; the outputs are equal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from torch import nn\nclass Net(nn.Sequential):\n"
        "    def __init__(self): super().__init__(*[nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)) "
        "for _ in range(11)])\n"
    )
    net = archscope.build("net.py:Net").eval()
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.1, 0.5)
    weights = {f"layer{name}": tensor for name, tensor in net.state_dict().items()}
    Path("w.safetensors").write_bytes(safetensors({name: tuple(tensor.shape) for name, tensor in weights.items()}))
    code, out, _ = run("diff", "w.safetensors", "net.py:Net", "-f", "json")
    assert code == 0
    fit = archscope.fit("w.safetensors", "net.py:Net")
    assert fit.to_dict()["rename"] == dict(fit.rename)
    assert '"verdict": "fits_renamed"' in out
    other = archscope.build("net.py:Net").eval()
    other.load_state_dict({fit.rename[name]: tensor for name, tensor in weights.items()})
    image = torch.rand(1, 3, 8, 8)
    assert torch.equal(net(image), other(image))
    assert run("diff", "w.safetensors", "lenet5")[0] == 1
    assert run("diff", "net.py:Net", "w.safetensors")[2] == (
        "archscope: the weights come first: archscope diff w.safetensors net.py:Net\n"
    )
