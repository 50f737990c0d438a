"""Constructors that take a configuration: it is found in their file, made of what the user types, or asked for."""

from pathlib import Path

import pytest

import archscope
from archscope.errors import ArchscopeError

NET = '''
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Optional

from torch import nn


@dataclass
class Inner:
    width: int = 6


@dataclass
class Config:
    width: int = 4
    depth: int = 1
    inner: Inner = field(default_factory=Inner)


@dataclass
class Needy:
    """Without defaults."""
    rows: int
    columns: int


class Assigned:
    def __init__(self):
        self.heads, self.features = 2, 8


class Axes(Enum):
    """No configuration, though it has both."""
    rows, columns = 0, 1


class Options:
    """A class, where an object is there."""
    feats, scale = 1, 1


_TINY = {"channels": 1}
SMALL, LARGE = {"channels": 4}, {"channels": 64}
options = SimpleNamespace(feats=8, scale=2)


class Stack(nn.Sequential):
    """The only class that has both is Config."""
    def __init__(self, config):
        super().__init__(*[nn.Linear(config.width, config.width, bias=False) for _ in range(config.depth)])


class Annotated(Stack):
    def __init__(self, config: Optional["Config"]):
        super().__init__(config)


class Misannotated(Stack):
    """Inner has no depth."""
    def __init__(self, config: Inner):
        super().__init__(config)


class OfRows(nn.Sequential):
    def __init__(self, cfg):
        super().__init__(nn.Linear(cfg.rows, cfg.columns, bias=False))


class HandsOn(nn.Sequential):
    def __init__(self, cfg, more=0):
        super().__init__(Stack(cfg))


class Nested(nn.Sequential):
    def __init__(self, config: Config):
        super().__init__(nn.Linear(config.inner.width, 1, bias=False))


class OfNeedy(nn.Sequential):
    def __init__(self, config: Needy):
        super().__init__(nn.Linear(config.rows, config.columns, bias=False))


class OfAssigned(nn.Sequential):
    def __init__(self, hparams):
        super().__init__(nn.Linear(hparams.features, hparams.heads, bias=False))


class OfItems(nn.Sequential):
    def __init__(self, cfg):
        super().__init__(nn.Linear(cfg["channels"], cfg.get("classes", 2), bias=False))


class OfOptions(nn.Sequential):
    def __init__(self, args):
        super().__init__(nn.Linear(args.feats, args.scale, bias=False))


class OfNothing(nn.Sequential):
    """Nothing in the file has these."""
    def __init__(self, args, more=1):
        self.args = args
        super().__init__(nn.Linear(args.planes, args.head["classes"] + more - 1, bias=False))


class Plain(nn.Linear):
    expansion = 1
    def __init__(self, width):
        super().__init__(width, width, bias=False)


class Wide(Plain):
    expansion, growth = 2, 2


class OfBlocks(nn.Sequential):
    """Another class is no configuration, nor is a list."""
    def __init__(self, block, depths, norm=nn.Identity, how="Plain"):
        super().__init__(*[block(block.expansion) for _ in range(depths[0])], norm(1))
        assert how == "Plain"


class Widths:
    """Has what is read of a block."""
    expansion = 3


class OfStem(nn.Sequential):
    """A module, which archscope does not make."""
    def __init__(self, stem):
        super().__init__(stem, nn.Linear(stem.growth, 1))


class ByWord(nn.Sequential):
    """There is a function of this name, and the word is meant."""
    def __init__(self, kind, block):
        super().__init__({"build": nn.Linear}[kind](2, 2, bias=False), of_block(block))


class InList(nn.Sequential):
    """Not called by its name, but no word has an expansion."""
    def __init__(self, block):
        super().__init__(*[each(block.expansion) for each in [block]])


class Said(nn.Sequential):
    """By their annotations."""
    def __init__(self, block: type[nn.Module], kind: str):
        super().__init__(*[each(2) for each in [block]])
        assert kind == "build"


def of_block(block):
    return block(2)


class OfFile(nn.Sequential):
    def __init__(self, h):
        super().__init__(nn.Linear(h.rows, h.head["columns"], bias=False))
        assert h["rows"] == h.rows and h.head.columns == h.head["columns"]


class OfPath(nn.Linear):
    """What is read of this argument is no field: it stays a path."""
    def __init__(self, path):
        super().__init__(1, len(Path(path).read_text()))


def build(config):
    return Stack(config)
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("configured") / "net.py"
    path.write_text(NET)
    return path


BUILT = {
    "Stack": (16, "config is Config()"),
    "Stack?config.depth=2": (32, "config is Config(depth=2)"),
    "build?config.width=5": (25, "config is Config(width=5)"),
    "Annotated": (16, "config is Config()"),
    "Misannotated": (16, "config is Config()"),
    "OfRows?cfg.rows=3&cfg.columns=2": (6, "cfg is Needy(rows=3, columns=2)"),
    "Stack?config=Config&config.depth=2": (32, "config is Config(depth=2)"),
    "InList?block=Wide": (4, "block is Wide"),
    "Said?block=Wide&kind=build": (4, "block is Wide"),
    "ByWord?kind=build&block=Plain": (8, "block is Plain"),
    "HandsOn": (16, "cfg is Config()"),
    "Nested?config.inner.width=3": (3, "config is Config(inner.width=3)"),
    "OfNeedy?config.rows=3&config.columns=2": (6, "config is Needy(rows=3, columns=2)"),
    "OfAssigned?hparams.heads=3": (24, "hparams is Assigned(heads=3)"),
    "OfItems?cfg=LARGE": (128, "cfg is LARGE"),
    "OfItems?cfg=LARGE&cfg.classes=3": (192, "cfg is LARGE with classes=3"),
    "OfItems?cfg.channels=5": (10, ""),
    "OfItems?cfg={'channels':7}": (14, ""),
    "OfOptions": (16, "args is options"),
    "OfItems?cfg={'channels':7}&cfg.classes=3": (21, "cfg is {'channels': 7} with classes=3"),
    "OfBlocks?block=Wide&depths=[2]&how=Plain": (8, "block is Wide"),
    "OfBlocks?block=Plain&depths=[2]&norm=nn.LayerNorm": (4, "block is Plain; norm is nn.LayerNorm"),
    "OfNothing?args.planes=3&args.head.classes=5": (15, ""),
}


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built(file: Path, name: str) -> None:
    report = archscope.summarize(f"{file}:{name}")
    params, note = BUILT[name]
    assert report.totals["params"] == params
    assert "; ".join(said for said in report.graph.notes if " is " in said) == note


REFUSED = {
    "OfItems": "cfg may be SMALL, LARGE: --set cfg=SMALL",
    "OfNothing": "of args it reads planes, head: give each, --set args.planes=...",
    "OfNothing?args.planes=3": "give head, too: --set args.head=...",
    "OfNothing?args.planes=3&args.head.bins=2": "give classes, too: --set args.head.classes=...",
    "OfNothing?other.planes=3": "takes no other.planes; it takes args, more=1",
    "OfBlocks?how=Plain": "block may be Stack, Annotated, Misannotated",
    "OfStem": "of stem it reads growth: give each, --set stem.growth=...",
    "OfBlocks?block=Wide": "needs --set depths=...; it takes block, depths, norm=Identity, how='Plain'; for what is no",
    "OfNeedy": "config, a Needy, needs --set config.rows=... --set config.columns=...",
    "Stack?config.height=2": "Config has no height",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_asked_for(file: Path, name: str) -> None:
    with pytest.raises(ArchscopeError) as refusal:
        archscope.summarize(f"{file}:{name}")
    assert REFUSED[name] in str(refusal.value)
    assert "\n" not in str(refusal.value)


SMALL = '{"rows": 3, "head": {"columns": 2}}'


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(SMALL)
    (tmp_path / "list.json").write_text("[1]")
    for suffix in ("json", "yaml"):
        (tmp_path / f"broken.{suffix}").write_text('{"rows": ')
    (tmp_path / "deep.json").write_text("[" * 100_000)


@pytest.mark.usefixtures("written")
def test_a_configuration_that_a_file_holds(file: Path) -> None:
    notes = {"": "h is small.json", "&h.head.columns=5": "h is small.json with head.columns=5"}
    for (more, note), params in zip(notes.items(), (6, 15), strict=True):
        report = archscope.summarize(f"{file}:OfFile?h=small.json{more}")
        assert report.totals["params"] == params
        assert note in report.graph.notes
    assert archscope.summarize(f"{file}:OfPath?path=small.json").totals["params"] == 2 * len(
        '{"rows": 3, "head": {"columns": 2}}'
    )


NO_CONFIGURATIONS = {
    "none.json": "^cannot read none.json: ",
    "list.json": "^list.json holds no fields",
    "deep.json": "^cannot read deep.json: ",
    "broken.json": "^cannot read broken.json: ",
    "broken.yaml": "^cannot read broken.yaml: |needs PyYAML",
}


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", NO_CONFIGURATIONS)
def test_a_file_that_holds_none(file: Path, name: str) -> None:
    with pytest.raises(ArchscopeError, match=NO_CONFIGURATIONS[name]):
        archscope.summarize(f"{file}:OfFile?h={name}")


def test_the_files_own_configuration_is_left_as_it_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = file.parent / "site-packages"  # what lies there is imported once
    installed.mkdir()
    (installed / "configured_net.py").write_text(NET)
    monkeypatch.syspath_prepend(installed)
    params = [
        archscope.summarize(f"configured_net:OfItems?cfg=SMALL{more}").totals["params"]
        for more in ("&cfg.channels=9", "")
    ]
    assert params == [18, 8]
