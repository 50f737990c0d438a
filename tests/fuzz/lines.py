"""A grammar of command lines: every option of every command, as the commands themselves declare them.

What an option takes is told by its completion, by its metavar, or by VALUES. Half of the lines are as they should be;
the others have some words, or many, that nobody would type.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import typer

HOSTILE = [
    "", " ", "-", "--", "-1", "0", "1e400", "nan", "-inf", "9" * 30, "9" * 5000, "a" * 300, "\x1b[31mred", "\u202eleft",
    "\u00b2", "\u0661", "\udce9", "{[]:1}", "[" * 300, "()", "None", "True", "a=b=c", "=", ",", ",,", "..", "/",
    "/dev/null", "/proc/self/mem", "~", "*", "%s", "{}", "$(id)", "';--", "<b>", "a\nb", "x" * 70_000,
]  # fmt: skip
NETWORKS = ["lenet5", "nin_cifar10", "alexnet", "resnet18", "lenet5?num_classes=3", "LeNet-5", "mobilenet_v1"]
CODE = ["net.py:Net", "net.py:make"]
SAVED = ["six.json", "lenet.json"]
FILES = [*SAVED, "both.json", "points.json", "broken.json", "net.py", "folder", "missing.json", "loop.json", "empty.py"]
MADE = ["made.json", "made.svg", "made.md", "made.tex", "made.html", "made.csv", "made.txt", "made.png"]

RIGHT = {
    "TARGET": [*NETWORKS, *CODE, *SAVED],
    "NAME": NETWORKS,
    "CxHxW": ["3x64x64", "3x96x96", "3x224x224"],
    "N": ["1", "2", "3"],
    "N[,N...]": ["1", "2"],
    "[MODE]": ["default"],
    "BACKEND[,...]": ["eager"],
    "S": ["0.01"],
    "KEY=VALUE": ["num_classes=3", "num_classes=7"],
    "QUANTITY=LIMIT": ["params=5M", "macs=1G", "depth=20", "weights=4MiB", "receptive_field=3"],
    "CONDITIONS": ["params<10M", "top1>75 and macs<1G", "year>=2017", "family=resnet or venue=CVPR"],
    "FIELD": ["params", "macs", "top1", "year", "name"],
    "FILE": MADE,
    "PATH": ["features", "layer1", "conv"],
    "NAME[,...]": ["shapes", "params", "macs,shapes"],
    "LENGTH": ["8.5cm", "300pt", "5in"],
    "PT": ["8", "11"],
    "SIZES": ["64,64", "2x64", "128"],
    "COUNTS": ["1,2", "all", "depthwise", "powers", "1-4", "divisors"],
    "C": ["8", "16"],
    "K": ["3", "5"],
}  # fmt: skip
"""What is mostly right, by metavar, where no completion tells it."""

ODD = {
    "TARGET": [*FILES, "squeezenot", "net.py:Nothing", "net.py:", ":Net", "torch.nn:Identity", "os:getcwd", "timm:x",
               "torchvision:", "keras:x", "net.onnx"],
    "NAME": [*FILES[:3], "h100", "all", "macs", "params", "nothing", "inception"],
    "CxHxW": ["32", "1x32x32", "3x0x3", "x=1x32x32", "8:int64", "1x1x1", "64", "3x9x9x9x9", "1"],
    "N[,N...]": ["1,8", "0", "8,8", "1,", "4294967296"],
    "[MODE]": ["fast", "--train"],
    "BACKEND[,...]": ["tvm", "eager,,eager", "int8,eager"],
    "N": ["0", "-1", "1.5", "99999999999999999999"],
    "S": ["0", "-1", "nan", "1e-9"],
    "KEY=VALUE": ["num_classes=0", "width=2", "self=1", "x", "channels=4", "num_classes=1e9", "a=[1,"],
    "QUANTITY=LIMIT": ["params=", "params=-1", "macs=nan", "nothing=1", "weights=4", "depth=1e999", "params=5X"],
    "CONDITIONS": ["params<", "<", "params<10M and", "a=b", "top1>75 or or", "(params<1)", "params<1e999", "name>3"],
    "FIELD": ["nothing", "params,macs", "top5"],
    "NAME[,...]": ["macs,macs", "nothing", "all,macs"],
    "PATH": ["c1", "c1.conv1", "..", "stem"],
    "LENGTH": ["0cm", "-3pt", "1e9in", "5", "cm", "nancm"],
    "PT": ["0", "-3", "1e9", "8pt"],
    "FORMAT": ["svg", "png", "pdf", "yaml", "JSON"],
    "FILE": ["made.dot", "made.mmd", "made.drawio", "made.pdf", "made", "made.xyz", "net.py", "six.json",
             "missing/made.md", "folder", "loop.json", "/dev/full", "/dev/null", "-"],
    "DEVICE[,...]": ["h100,a100", "nothing"],
    "TOOL": ["nothing"],
    "FAMILY": ["nothing"],
    "SIZES": ["3,3", "1", "0", "2x85", "-1"],
    "COUNTS": ["1,2,3", "0", "256"],
    "C": ["0", "3", "-1"],
    "K": ["4", "1", "99"],
}  # fmt: skip
"""What is right here and there, or nowhere."""

MEASURING = {"--dtype", "--channels-last", "--compile", "--cudnn-benchmark", "--train", "--seconds", "--threads",
             "--fresh", "--backends"}  # fmt: skip
"""Options that need a --device."""

SELDOM = {"--device": 0.02, "--weights": 0.02, "--compile": 0.005}
"""Options that run networks, or have them compiled: asked for now and then."""


@cache
def commands() -> dict[str, list[Any]]:
    """Every command with its parameters."""
    from archscope import cli
    from archscope.commands import app

    assert cli.main
    group: Any = typer.main.get_command(app)
    return {name: command.params for name, command in group.commands.items()}


@cache
def _completed(command: str, name: str) -> list[str]:
    """What the command completes for a parameter: names, but those of the targets, some of which are large."""
    parameter = next(each for each in commands()[command] if each.name == name)
    if parameter.metavar in ("TARGET", "REFERENCE", "NAME", "FAMILY", "QUANTITY=LIMIT") and command != "devices":
        return ["lenet", "alexnet"] if parameter.metavar == "FAMILY" else []
    context = typer.Context(_command(command), info_name=command)
    return [item.value for item in parameter.shell_complete(context, "")]


def _command(name: str) -> Any:
    from archscope.commands import app

    group: Any = typer.main.get_command(app)
    return group.commands[name]


def line(random: Random) -> list[str]:
    """One command line."""
    if random.random() < 0.02:
        words = [name for name in commands() if name != "selfcheck"]  # by itself it takes a minute, as it should
        return [random.choice([*words, *HOSTILE, "--help", "--version"]) for _ in range(random.randint(0, 4))]
    oddness = random.choice([0.0, 0.0, 0.05, 0.3])
    often = [name for name in commands() if name != "audit" or random.random() < 0.02]  # it starts eight processes
    seldom = {"cache", "devices", "show", "list"}
    name = random.choice([one for one in often if one not in seldom or random.random() < 0.3] or often)
    chosen = [name]
    for parameter in commands()[name]:
        if oddness > 0.1 or _goes_with(parameter, chosen):
            chosen += _given(name, parameter, oddness, random)
    if name == "verify" and [*chosen, "-"][1].startswith("-"):
        chosen.insert(1, "lenet5")  # all of them take half a minute, as they should
    if name == "selfcheck":
        chosen += ["--device", "nothing"]  # on a device it takes a minute, as it should
    if random.random() < oddness / 3:
        chosen.insert(random.randint(0, len(chosen)), random.choice([*HOSTILE, "--debug", "--help", "-q"]))
    return [word.replace("\0", "") for word in chosen]


def _goes_with(parameter: Any, chosen: list[str]) -> bool:
    """May it stand in a line that is as it should be?"""
    option = parameter.opts[-1]
    panel = parameter.rich_help_panel or ""
    if any(word.endswith(".json") for word in chosen) and (panel == "The network" or option == "--device"):
        return False
    if option in MEASURING:
        return "--device" in chosen
    if chosen[0] == "spectrum" and panel.startswith("A block"):
        return chosen[1:2] == [] or chosen[1].startswith("-")
    if option == "--set" and "lenet5" not in chosen:
        return False
    return option not in ("--block", "--equivalences", "--plot") or "block" in chosen


def _given(command: str, parameter: Any, oddness: float, random: Random) -> Iterator[str]:
    option = parameter.opts[-1] if parameter.param_type_name == "option" else ""
    needed = parameter.required or parameter.name in ("names", "target", "targets") or option in ("--max", "--block")
    if random.random() > SELDOM.get(option, 0.98 if needed and command != "spectrum" else 0.2 if option else 0.5):
        return
    if parameter.is_flag if option else False:
        yield random.choice([option, *parameter.secondary_opts])
        return
    several = parameter.nargs == -1 or (parameter.multiple and oddness)
    for _ in range(random.randint(1, 2) if several else 1):
        if option:
            yield option
        yield _value(command, parameter, oddness, random)


def _value(command: str, parameter: Any, oddness: float, random: Random) -> str:
    metavar = (parameter.metavar or "").replace("REFERENCE", "TARGET")
    if random.random() < oddness:
        return random.choice([*HOSTILE, *2 * ODD.get(metavar, [])])
    known = _completed(command, parameter.name) or RIGHT.get(metavar)
    return random.choice(known or metavar.replace("[:N]", "").split("|"))


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
    from archscope.summary import summarize
    from tests.graphs import six_layer_report

    six = six_layer_report()
    setting = {"device": "meta", "dtype": "float32", "batch": 1, "mode": "eval"}
    points = (Point(2, "two", {"params": 5, "macs": 7}, (3, 3)), Point(6, "six", {"params": 3, "macs": 5}, (1,) * 6))
    (where / "six.json").write_text(six.to_json(), encoding="utf-8")
    (where / "lenet.json").write_text(summarize("lenet5").to_json(), encoding="utf-8")
    (where / "both.json").write_text(Comparison((six, six)).to_json(), encoding="utf-8")
    (where / "points.json").write_text(Spectrum("block", points, setting, Block(6)).to_json(), encoding="utf-8")
    (where / "broken.json").write_text(six.to_json()[:1000], encoding="utf-8")
    (where / "net.py").write_text(NET, encoding="utf-8")
    (where / "empty.py").write_text("", encoding="utf-8")
    (where / "folder").mkdir()
    (where / "loop.json").symlink_to("loop.json")


def written(arguments: list[str]) -> set[str]:
    """The files that a line may leave."""
    names = [word for option, word in pairwise(arguments) if option in ("-o", "--output", "--cite")]
    return {*names} - {*FILES}
