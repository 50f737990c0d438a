"""What a user may name: files, packages, functions, instances; and what is said where that does not work."""

import importlib
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.targets import resolve

NET = """
import torch
from torch import nn
from blocks import Block

print("imported")

class Net(nn.Module):
    def __init__(self, width=8, depth=2):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])

    def forward(self, x):
        print("running")
        return self.blocks(self.conv(x))

class Drop(Net):
    def __init__(self):
        super().__init__()
        self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]

class Wrong(Net):
    def __init__(self):
        raise ValueError("first line\\nsecond line")

class WrongForward(Net):
    def forward(self, x):
        return self.conv(x) @ torch.ones(7, 7)

def narrow(width, *, depth=1):
    return Net(width, depth)

def pair():
    return Net(), 3

class Outer:
    Inner = Net

instance = Net(4)
number = 3
if __name__ == "__main__":
    raise SystemExit("not as a script")
"""
BLOCKS = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, {kernel}, padding="same")

    def forward(self, x):
        return x + self.conv(x)
"""


def params(width: int = 8, depth: int = 2, kernel: int = 3) -> int:
    return (3 * 3 * 3 + 1) * width + depth * (kernel * kernel * width + 1) * width


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a network of two files, alone and as a package."""
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "blocks.py").write_text(BLOCKS.format(kernel=3))
    package = tmp_path / "pkg" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "net.py").write_text(NET.replace("from blocks", "from ..blocks"))
    (package.parent / "blocks.py").write_text(BLOCKS.format(kernel=3))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def counted(target: str, **options: object) -> int:
    totals = archscope.summarize(target, (3, 16, 16), options=options).totals
    return int(totals["params"])


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("net.py:Net", {}, params()),
        ("net.py:Net", {"depth": 3}, params(depth=3)),
        ("net.py:narrow", {"width": 5}, params(5, 1)),
        ("net.py:instance", {}, params(4)),
        ("net.py:Outer.Inner", {}, params()),
        ("net.py:Drop", {}, params()),
        ("pkg/inner/net.py:Net", {}, params()),
        ("pkg.inner.net:Net", {"width": 4}, params(4)),
    ],
)
def test_what_can_be_named(folder: Path, target: str, options: dict[str, object], expected: int) -> None:
    assert counted(target, **options) == expected
    assert sum(p.numel() for p in archscope.build(target, options).parameters()) == expected


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("net.py:Wrong", "^net.py:25: ValueError: first line$"),
        ("net.py:narrow", r"needs --set width=\.\.\.; it takes width, depth=1"),
        ("net.py:pair", "net.py:pair returns tuple, not an nn.Module"),
        ("net.py:number", "net.py:number is of type int"),
        ("net.py:Nett", "no network in net.py named 'Nett'; did you mean Net"),
        (
            "net.py",
            "net.py defines Drop, Wrong, WrongForward, narrow, pair, instance: name one, such as net.py:Drop$",
        ),
        ("none.py:Net", "cannot read none.py: no such file"),
        ("pkg.none:Net", "No module named 'pkg.none'"),
        ("timm:resnet50", "pip install timm"),
        ("torchvision:resnet50", "pip install torchvision"),
        ("weights.pth", "cannot read weights.pth: no such file"),
        ("net.py:", "net.py: is half a name: write file.py:Name"),
        (":Net", ":Net is half a name"),
        ("pkg", "pkg is no network.s name: in a file it is named file.py:Name"),
    ],
)
def test_mistakes(folder: Path, target: str, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        archscope.summarize(target, (3, 16, 16))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def net(:\n", "^bad.py:1: SyntaxError: "),
        ("\nimport sys\nsys.exit(3)", r"^bad.py:3: the code ends the program here, with sys.exit\(3\)$"),
        ("import nowhere", "^bad.py:1: ModuleNotFoundError: No module named 'nowhere'$"),
        ("def deep(): deep()\ndeep()", "^bad.py:1: RecursionError"),
        ("from . import x", "^bad.py:1: ImportError"),
        ("x = 1" + "+1" * 50_000, "^(RecursionError|MemoryError)"),
        ("x = 1", "bad.py defines no network"),
    ],
)
def test_files_that_cannot_be_run(folder: Path, code: str, said: str) -> None:
    (folder / "bad.py").write_text(code)
    with pytest.raises(ArchscopeError, match=said):
        archscope.summarize("bad.py", (3, 16, 16))


def test_what_the_file_prints_goes_to_standard_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archscope.summarize("net.py:Net", (3, 16, 16))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split() == ["imported", "running"]


def test_built_on_the_cpu_where_the_constructor_needs_numbers(folder: Path) -> None:
    (note,) = archscope.summarize("net.py:Drop", (3, 16, 16)).graph.notes
    assert note.startswith("built on the CPU, since its constructor needs numbers (net.py:21: ")
    assert archscope.summarize("net.py:Net", (3, 16, 16)).graph.notes == ()


def test_two_folders_each_have_their_own_siblings(folder: Path) -> None:
    for name, kernel in (("a", 1), ("b", 5)):
        (folder / name).mkdir()
        (folder / name / "net.py").write_text(NET)
        (folder / name / "blocks.py").write_text(BLOCKS.format(kernel=kernel))
    a, b = resolve("a/net.py:Net"), resolve("b/net.py:Net")
    for target, kernel in ((a, 1), (b, 5), (a, 1)):
        assert sum(p.numel() for p in target.build().parameters()) == params(kernel=kernel)


def test_a_package_that_the_user_has_imported_hides_no_other_of_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither has an __init__.py."""
    for top, kernel in (("mine", 1), ("theirs", 3)):
        (folder / top / "nets").mkdir(parents=True)
        (folder / top / "nets" / "blocks.py").write_text(BLOCKS.format(kernel=kernel))
        (folder / top / "nets" / "up.py").write_text(NET.replace("from blocks", "from .blocks"))
    monkeypatch.chdir(folder / "mine")
    monkeypatch.syspath_prepend(str(folder / "mine"))
    own = importlib.import_module("nets.blocks")
    try:
        assert counted(f"{folder}/theirs/nets/up.py:Net") == params()
        assert sys.modules["nets.blocks"] is own
    finally:
        for name in ("nets", "nets.blocks"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize("target", ["net.py:Net", "pkg/inner/net.py:Net", "net.py:Wrong"])
def test_nothing_is_left_behind(folder: Path, target: str) -> None:
    import numpy

    before = list(sys.path), set(sys.modules), sorted(folder.rglob("*"))
    random = torch.get_rng_state(), numpy.random.get_state()[1].tolist()  # type: ignore[union-attr]
    with suppress(ArchscopeError):
        archscope.summarize(target, (3, 16, 16))
    left = {name for name in sys.modules if name.partition(".")[0] in {"net", "net_", "blocks", "pkg"}}
    assert (list(sys.path), sorted(folder.rglob("*"))) == (before[0], before[2])
    assert left <= before[1]
    assert torch.equal(torch.get_rng_state(), random[0])
    assert numpy.random.get_state()[1].tolist() == random[1]  # type: ignore[union-attr]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_imports_as_the_project_is_started(folder: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool) -> None:
    """From its top, from a file's own folder, with relative imports and no __init__.py: each is customary."""
    (folder / "pyproject.toml").touch()
    deep, core = folder / "lib" / "nets", folder / "core"
    deep.mkdir(parents=True)
    core.mkdir()
    (core / "__init__.py").touch()
    (folder / "lib" / "blocks.py").write_text(BLOCKS.format(kernel=3))
    (core / "own.py").write_text(BLOCKS.format(kernel=3))
    (deep / "up.py").write_text(NET.replace("from blocks", "from ..blocks"))
    (deep / "top.py").write_text(NET.replace("from blocks", "from lib.blocks"))
    (core / "net.py").write_text(NET.replace("from blocks", "from own"))
    (deep / "far.py").write_text(NET.replace("from blocks", "from . import up\nfrom core.own"))
    before, path = set(sys.modules), list(sys.path)
    if elsewhere:
        monkeypatch.chdir(core)
    for file in ("lib/nets/up.py", "lib/nets/top.py", "core/net.py", "lib/nets/far.py"):
        assert counted(f"{folder / file}:Net") == params()
    assert sys.path == path
    assert not {"lib", "core", "own", "blocks", "up"} & (set(sys.modules) - before)


def test_a_package_that_fails_says_why_however_often_it_is_tried(folder: Path) -> None:
    """Its folder without an __init__.py stays behind where the package itself is forgotten."""
    nets = folder / "kit" / "nets"
    nets.mkdir(parents=True)
    (folder / "kit" / "__init__.py").write_text("from .nets.net import Net\n")
    (nets / "net.py").write_text(f"from ..nets.parts import x\n{NET}")
    (nets / "parts.py").write_text("import not_installed\n")
    with pytest.raises(ArchscopeError, match=r"^kit/nets/parts.py:1: ModuleNotFoundError: .*'not_installed'$"):
        counted("kit/nets/net.py:Net")


def test_code_that_reads_the_command_line_as_it_is_imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training script with its network: it gets its defaults, as archscope's own arguments are none of its."""
    parse = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--width', type=int, default=5)\n"
    (folder / "train.py").write_text(f"{parse}opt = parser.parse_args()\n{NET}def net(): return Net(opt.width)\n")
    monkeypatch.setattr(sys, "argv", ["archscope", "summary", "train.py:net"])
    assert counted("train.py:net") == params(5)
    assert sys.argv == ["archscope", "summary", "train.py:net"]


def test_weights_that_cannot_be_downloaded(folder: Path) -> None:
    download = "    if pretrained: raise __import__('urllib.error').error.URLError('no network')\n"
    (folder / "fetched.py").write_text(f"{NET}def make(pretrained=True):\n{download}    return Net()\n")
    with pytest.raises(ArchscopeError, match=r"^fetched.py:\d+: URLError: .*; weights .* --set pretrained=false"):
        counted("fetched.py:make")
    assert counted("fetched.py:make", pretrained=False) == params()


def test_defaults_that_are_functions_and_classes_are_said_by_their_names(folder: Path) -> None:
    (folder / "made.py").write_text(NET + "def make(size, norm=nn.BatchNorm2d, block=narrow, act='relu'): ...\n")
    with pytest.raises(ArchscopeError, match="it takes size, norm=BatchNorm2d, block=narrow, act='relu';"):
        archscope.summarize("made.py:make")


def test_options_may_be_called_as_summarizes_own(folder: Path) -> None:
    (folder / "named.py").write_text(
        "from torch import nn\ndef net(mode, batch, input_size): return nn.Conv2d(mode, batch, input_size)"
    )
    assert counted("named.py:net", mode=3, batch=4, input_size=5) == (3 * 5 * 5 + 1) * 4


ZOO = """
from torch import nn

def {function}(name, {weights}, num_classes=10):
    assert not {weights}
    if name != "tiny":
        raise {error}(f"unknown model {{name}}")
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, num_classes))
    net.pretrained_cfg = {{"input_size": (3, 75, 90)}}
    return net
"""
TORCHVISION = """
from types import SimpleNamespace

def tiny(*, weights=None, weights_backbone="DEFAULT", num_classes=10):
    pass

def list_models():
    return ["tiny"]

def get_model_builder(name):
    return tiny

def get_model_weights(name):
    return Weights()

class Weights:
    DEFAULT = SimpleNamespace(transforms=lambda: SimpleNamespace(crop_size=[75, 90]))

    def __len__(self):
        return 1
"""


@pytest.mark.parametrize(
    ("library", "file", "code"),
    [
        ("timm", "timm.py", ZOO.format(function="create_model", weights="pretrained", error="RuntimeError")),
        (
            "torchvision",
            "torchvision/models.py",
            ZOO.format(function="get_model", weights="weights, weights_backbone=None", error="ValueError").replace(
                "assert not weights, weights_backbone=None", "assert not weights and not weights_backbone"
            )
            + TORCHVISION,
        ),
    ],
)
def test_other_zoos_where_they_are_installed(folder: Path, library: str, file: str, code: str) -> None:
    (folder / "torchvision").mkdir()
    (folder / file).write_text(code)
    report = archscope.summarize(f"{library}:tiny", options={"num_classes": 5})
    assert (report.graph.name, report.totals["params"]) == ("tiny", (3 * 3 * 3 + 1) * 8 + (8 + 1) * 5)
    assert report.graph.inputs["input"].shape == (3, 75, 90)
    assert report.graph.notes == ("input 3x75x90 assumed: weights for tiny take it",)
    with pytest.raises(ArchscopeError, match=r"Error: unknown model huge$"):
        archscope.summarize(f"{library}:huge")


REARRANGED = """
from torch import nn

def create_model(name, pretrained, in_chans=3):
    net = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(16 * in_chans, 8, 3))
    net.pretrained_cfg = {"input_size": (3, 76, 92)}
    return net
"""


@pytest.mark.parametrize(
    ("options", "given", "taken"),
    [({}, None, (3, 76, 92)), ({}, "60", (3, 60, 60)), ({"in_chans": 1}, "1x60x60", (1, 60, 60))],
)
def test_a_first_layer_may_see_the_image_rearranged(
    folder: Path, options: dict[str, int], given: str | None, taken: tuple[int, ...]
) -> None:
    (folder / "timm.py").write_text(REARRANGED)
    report = archscope.summarize("timm:tiny", given, options=options)
    assert report.graph.inputs["input"].shape == taken


@pytest.mark.parametrize(("given", "taken"), [(None, (1, 75, 90)), ("60", (1, 60, 60))])
def test_an_option_may_change_a_published_inputs_channels(
    folder: Path, given: str | None, taken: tuple[int, ...]
) -> None:
    code = ZOO.format(function="create_model", weights="pretrained", error="RuntimeError")
    (folder / "timm.py").write_text(
        code.replace("num_classes=10", "num_classes=10, in_chans=3").replace("(3, 8", "(in_chans, 8")
    )
    report = archscope.summarize("timm:tiny", given, options={"in_chans": 1})
    assert report.graph.inputs["input"].shape == taken


def test_the_only_network_of_a_file_is_taken_and_said_so(folder: Path) -> None:
    code = NET.partition("class Drop")[0].replace("from blocks import Block", BLOCKS.format(kernel=3))
    (folder / "one.py").write_text(code + "def train():\n    raise SystemExit('not asked for')\n")
    report = archscope.summarize("one.py", (3, 16, 16))
    assert (report.graph.name, report.target, report.totals["params"]) == ("Net", "one.py", params())
    assert report.graph.notes == ("Net is the only network of the file",)


HELPED = """
from torch import nn

def conv(channels):
    return [nn.Conv2d(3, channels, 3), nn.ReLU()]

class Block(nn.Sequential):
    def __init__(self):
        super().__init__(*conv(8))

def small():
    return nn.Sequential(Block())

def large(block: Block = None):
    return nn.Sequential(*conv(64))

def train():
    small()
"""


def test_a_file_with_several_is_answered_with_networks_and_not_with_their_helpers(folder: Path) -> None:
    (folder / "helped.py").write_text(HELPED)
    with pytest.raises(ArchscopeError, match=r"helped.py defines small, large: name one, such as helped.py:small$"):
        archscope.summarize("helped.py")


@pytest.mark.parametrize(
    ("demo", "likely"),
    [("", "deep"), ("if __name__ == '__main__':\n    net = Wide(conv(3))\n", "Wide")],
)
def test_of_several_the_one_is_proposed_that_is_made_of_most_or_that_the_file_itself_shows(
    folder: Path, demo: str, likely: str
) -> None:
    more = "class Wide(nn.Sequential):\n    pass\n\ndef deep():\n    return small()\n\n"
    unused = "".join(f"def f{number}():\n    return conv(1)\n\n" for number in range(20))
    (folder / "helped.py").write_text(HELPED + unused + more + demo)
    with pytest.raises(ArchscopeError, match=rf"^helped.py defines large, f0, .* \.\.\.: name one, .*:{likely}$"):
        archscope.summarize("helped.py")


def test_a_network_in_a_diagram(folder: Path) -> None:
    assert "Net" in str(archscope.diagram("net.py:Net", (3, 16, 16), options={"depth": 3}))


def test_a_module_takes_no_options() -> None:
    with pytest.raises(ArchscopeError, match="built already"):
        resolve(nn.Linear(1, 1)).build(bias=False)
