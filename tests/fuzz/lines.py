"""A grammar of command lines: every option of every command, as the commands themselves declare them."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import typer

NETWORKS = ["lenet5", "nin_cifar10", "alexnet", "squeezenet", "resnet18", "lenet5?num_classes=3", "LeNet-5"]
HOSTILE = [
    "", " ", "-", "--", "-1", "0", "1e400", "nan", "-inf", "9" * 30, "9" * 5000, "a" * 300, "\x1b[31mred", "\u202eleft",
    "\u00b2", "\u0661", "\udce9", "{[]:1}", "[" * 300, "()", "None", "True", "a=b=c", "=", ",", ",,", "..", "/",
    "/dev/null", "/proc/self/mem", "~", "*", "%s", "{}", "$(id)", "';--", "<b>", "a\nb", "x" * 70_000,
]  # fmt: skip
FILES = [
    "six.json",
    "both.json",
    "points.json",
    "broken.json",
    "net.py",
    "folder",
    "missing.json",
    "loop.json",
    "empty.py",
]
CODE = ["net.py:Net", "net.py", "net.py:make", "net.py:Nothing", "net.py:", ":Net", "torch.nn:Identity", "os:getcwd"]
VALUES = {
    "TARGET": [*NETWORKS, *FILES, *CODE, "timm:x", "torchvision:", "keras:x", "net.onnx"],
    "NAME": [*NETWORKS, "h100", "all", "macs", "params", "nothing", "inception"],
    "CxHxW": ["3x64x64", "32", "1x32x32", "3x0x3", "x=1x32x32", "8:int64", "1x1x1", "3x224x224", "3x9x9x9x9", "1"],
    "N[,N...]": ["1", "2", "1,8", "0", "8,8", "1,", "4294967296"],
    "N": ["0", "1", "2", "3", "-1", "1.5", "99999999999999999999"],
    "S": ["0.01", "0", "-1", "nan", "1e-9"],
    "KEY=VALUE": ["num_classes=3", "num_classes=0", "width=2", "self=1", "x", "channels=4", "num_classes=1e9", "a=[1,"],
    "NAME[,...]": ["macs", "all", "params,macs", "shapes", "latency", "macs,macs", "output,share", "kernel"],
    "PATH": ["c1", "features", "c1.conv1", "conv", "..", "stem"],
    "FORMAT": ["table", "json", "csv", "markdown", "latex", "html", "svg", "png", "yaml", "JSON"],
    "FILE": ["made.json", "made.svg", "made.md", "made.tex", "made.html", "made.csv", "made.txt", "made.png",
             "made.dot", "made.mmd", "made", "made.xyz", "net.py", "six.json", "missing/made.md", "folder", "loop.json",
             "/dev/full", "/dev/null", "-"],
    "DEVICE[,...]": ["h100", "h100,a100", "nothing", "k80"],
    "TOOL": ["fvcore", "thop", "nothing"],
    "FAMILY": ["lenet", "nothing"],
    "SIZES": ["3,3", "128,128", "1", "0", "2x85", "-1"],
    "COUNTS": ["1,2", "all", "depthwise", "powers", "1-4", "0", "256", "divisors"],
    "C": ["8", "16", "0", "3", "-1"],
    "K": ["3", "4", "1", "99"],
}  # fmt: skip
SLOW = {"--device", "--weights", "--compile", "--threads"}
"""Options that run networks: asked for now and then."""


@cache
def commands() -> dict[str, list[Any]]:
    """Every command with its parameters."""
    from archscope import cli
    from archscope.commands import app

    assert cli.main
    group: Any = typer.main.get_command(app)
    return {name: command.params for name, command in group.commands.items()}


def line(random: Random) -> list[str]:
    """One command line, most of it as it should be."""
    if random.random() < 0.02:
        return [random.choice([*commands(), *HOSTILE, "--help", "--version"]) for _ in range(random.randint(0, 4))]
    often = [name for name in commands() if name != "audit" or random.random() < 0.02]  # it starts eight processes
    name = random.choice(often)
    chosen = [name]
    for parameter in commands()[name]:
        chosen += _given(parameter, random)
    if name == "verify" and [*chosen, "-"][1].startswith("-"):
        chosen.insert(1, "lenet5")  # all of them take half a minute, as they should
    if random.random() < 0.03:
        chosen.insert(random.randint(0, len(chosen)), random.choice([*HOSTILE, "--debug", "--help", "-q"]))
    return [word.replace("\0", "") for word in chosen]


def _given(parameter: Any, random: Random) -> Iterator[str]:
    option = parameter.opts[-1] if parameter.param_type_name == "option" else ""
    often = (
        0.97
        if not option and (parameter.required or parameter.name == "names")
        else 0.5
        if not option
        else 0.01
        if option in SLOW
        else 0.2
    )
    if random.random() > often:
        return
    if parameter.is_flag if option else False:
        yield random.choice([option, *parameter.secondary_opts])
        return
    for _ in range(random.randint(1, 2) if parameter.nargs == -1 or parameter.multiple else 1):
        if option:
            yield option
        yield _value(parameter, random)


def _value(parameter: Any, random: Random) -> str:
    if random.random() < 0.12:
        return random.choice(HOSTILE)
    metavar = parameter.metavar or ""
    if metavar.strip("[].") in {"REFERENCE", "TARGET", "TARGETS"}:
        metavar = "TARGET"
    return random.choice(VALUES.get(metavar) or metavar.replace("[:N]", "").split("|"))


NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, channels=4):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.bn(self.conv(x)).relu() + 1

def make(width: int = 2):
    return Net(width)
"""


def fill(where: Path) -> None:
    """What the lines name."""
    from archscope.comparison.report import Comparison
    from archscope.continuum.points import Block, Point, Spectrum
    from tests.graphs import six_layer_report

    six = six_layer_report()
    setting = {"device": "meta", "dtype": "float32", "batch": 1, "mode": "eval"}
    points = (Point(2, "two", {"params": 5, "macs": 7}, (3, 3)), Point(6, "six", {"params": 3, "macs": 5}, (1,) * 6))
    (where / "six.json").write_text(six.to_json(), encoding="utf-8")
    (where / "both.json").write_text(Comparison((six, six)).to_json(), encoding="utf-8")
    (where / "points.json").write_text(Spectrum("block", points, setting, Block(6)).to_json(), encoding="utf-8")
    (where / "broken.json").write_text(six.to_json()[:1000], encoding="utf-8")
    (where / "net.py").write_text(NET, encoding="utf-8")
    (where / "empty.py").write_text("", encoding="utf-8")
    (where / "folder").mkdir()
    (where / "loop.json").symlink_to("loop.json")


def written(arguments: list[str]) -> str:
    """The file that a line may leave."""
    names = [word for option, word in pairwise(arguments) if option in ("-o", "--output")]
    return names[-1] if names and names[-1] not in FILES else ""
