"""Saved results with something changed: a value, a key, a reference, a size; one change or several."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

VALUES = [
    None, True, False, 0, 1, -1, 2, 3.5, -0.0, 1e308, -1e308, 2**31, 2**63 - 1, 2**63, 10**50, 10**120, "", "x",
    "input", "\x1b[2J", "\u202e", "\ud800", "a.b.c", ".", "..", "a" * 600, "=1+1", "$x_1^2$", "<svg>", "%", "inf",
    "nan",
    "sum", [], [[]], [0], [1, 2, 3], [-1], [1, 2, 3, 4, 5], ["x"], {}, {"x": 1}, {"a": {"b": {"c": []}}}, [None],
    [[1], [2]],
    "conv2d", "max_pool2d", "linear", "batch_norm", "lstm", "cat", "interpolate", "scaled_dot_product_attention", "pad",
    "einsum", "adaptive_avg_pool2d", "group_norm", "local_response_norm", "layer_norm", "fft_fft2", "dropout", "add",
]  # fmt: skip
COMMANDS = {
    "report": [
        "summary {}", "summary {} -f json", "summary {} -f csv", "summary {} -f markdown", "summary {} -f latex",
        "summary {} -f html", "summary {} --columns all -d 0", "summary {} --sort macs", "summary {} --unfold",
        "summary {} --predict h100", "summary {} --as fvcore", "summary {} --as thop", "summary {} --as ptflops",
        "diagram {}", "diagram {} -l network", "diagram {} -l block", "diagram {} -l layer",
        "diagram {} --direction LR", "diagram {} --show shapes,params,macs,receptive_field",
        "diagram {} --color macs", "diagram {} -o made.dot",
        "diagram {} -o made.mmd", "compare {} six.json", "compare {} --by kind", "compare {} --by stage -f markdown",
        "compare {} six.json -o made.svg", "compare {} six.json --plot tradeoff -o made.svg", "compare {} -f latex",
        "diff {} six.json", "diff six.json {}", "diff {} {} -f json", "diff {} six.json -o made.svg",
        "card {}", "card {} -o made.svg", "explain {}", "explain {} features", "explore {} -o made.html",
        "summary {} --as torchinfo", "compare {} six.json --predict h100 --by layer",
        "diagram {} -l volume", "diagram {} -o made.tex", "diagram {} -o made.drawio", "diagram {} -o made.html",
        "diff {} six.json -o made.html", "explain {} -f html", "summary {} --fit 24GiB", "check {} --max params=1",
    ],
    "compare": ["compare {}", "compare {} --by kind", "compare {} -f json", "compare {} six.json -o made.svg",
                "compare {} -f html", "compare {} --predict a100,h100"],
    "spectrum": ["spectrum {}", "spectrum {} -f json", "spectrum {} -f csv", "spectrum {} -f markdown",
                 "spectrum {} -f latex", "spectrum {} -f html", "spectrum {} -o made.svg", "spectrum {} -o made.html",
                 "spectrum {} --plot curve -o made.svg",
                 "spectrum {} --plot panels -o made.svg"],
    "sweep": ["sweep {}", "sweep {} -f json", "sweep {} -f csv", "sweep {} -f markdown", "sweep {} -f latex",
              "sweep {} -f html", "sweep {} -o made.svg"],
}  # fmt: skip


def seeds(where: Path) -> dict[str, list[Any]]:
    """Results of every kind that can be read back, by the kind."""
    from archscope import compare, spectrum, summarize, sweep
    from archscope.auditing.counters import counted_as
    from archscope.roofline import predict
    from archscope.roofline.devices import find

    lenet, nin = summarize("lenet5"), summarize("nin_cifar10")
    h100, net = find("h100"), f"{where / 'net.py'}:make"
    reports = [lenet, counted_as(nin, "fvcore"), predict(nin, [h100.ceilings]), *_varied(where)]
    made = {
        "report": [json.loads(report.to_json()) for report in reports],
        "compare": [json.loads(compare(lenet, nin).to_json(by="kind"))],
        "spectrum": [
            json.loads(found.to_json())
            for found in (spectrum(channels=8), spectrum("mobilenet_v1", [1, 3, "depthwise"], input_size=(3, 32, 32)))
        ],
        "sweep": [
            json.loads(sweep("lenet5", {"num_classes": [2, 3]}).to_json()),
            json.loads(sweep(net, {"width": [2, 64]}, "3x8x8", under={"params": 200}, maximize="width").to_json()),
        ],
    }
    return made


def _varied(where: Path) -> Iterator[Any]:
    """Networks with operations of many kinds, and one that says it was timed."""
    from dataclasses import replace

    from archscope import summarize
    from archscope.model.report import Column

    (where / "many.py").write_text(MANY, encoding="utf-8")
    many = summarize(str(where / "many.py") + ":Many", (8, 16, 16))
    yield many
    yield summarize(str(where / "many.py") + ":Attends", (6, 8))
    times = {"median": 1.5, "p95": 2.0, "iqr": 0.1, "min": 1.0, "repeats": 9, "warmup": 2}
    by_layer = {layer.name: 0.25 for layer in many.graph.layers}
    columns = {
        **many.columns,
        "latency_ms": Column("latency_ms", "ms", 1.0, by_layer),
        "wall_ms": Column("wall_ms", "ms", times),
        "images_per_s": Column("images_per_s", "images/s", 600.0),
        "measured_peak_memory_bytes": Column("measured_peak_memory_bytes", "bytes", 10_000),
        "unattributed_ms": Column("unattributed_ms", "ms", 0.1),
        "overhead_ms": Column("overhead_ms", "ms", 0.4),
        "by_batch": Column("by_batch", "rows", [{"batch": 1, "wall_ms": times, "images_per_s": 600.0}] * 2),
    }
    setting = {**many.setting, "device": "cpu", "device_name": "Abacus", "threads": 1, "tf32": False,
               "load": [0.5, 0.1, 0.1], "channels_last": False, "compile": False, "train": False, "seconds": 1.0,
               "governor": None}  # fmt: skip
    yield replace(many, columns=columns, setting=setting)


MANY = """
import torch
from torch import nn
from torch.nn import functional as F

class Many(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.dw = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)
        norms = [nn.BatchNorm2d(8), nn.GroupNorm(2, 8), nn.LayerNorm([8, 16, 16]), nn.LocalResponseNorm(3)]
        self.norms = nn.ModuleList(norms)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        a = self.conv(x)
        for norm in self.norms:
            a = norm(a)
        b = F.max_pool2d(F.relu(self.dw(x)), 2, 2)
        b = F.interpolate(self.up(F.avg_pool2d(b, 2)), size=(16, 16), mode="bilinear")
        c = torch.cat([a, b * torch.sigmoid(a.mean((2, 3), keepdim=True))], 1) + 1
        first, second = F.pad(c, (1, 1)).chunk(2, 1)
        c = torch.cat([first, second], 1).mean((2, 3))
        return F.log_softmax(self.fc(F.dropout(c, 0.3, True)).clamp(-1, 1), 1)

class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.lstm = nn.LSTM(8, 4, 2, batch_first=True, bidirectional=True)
        self.conv = nn.Conv1d(6, 3, 3)

    def forward(self, x):
        y, _ = self.attention(x, x, x)
        y, _ = self.lstm(y)
        return torch.einsum("bcl,bdl->bcd", self.conv(y), self.conv(y)) @ torch.ones(3, 2)
"""


def mutant(seed: Any, random: Random) -> Any:
    """A copy with one to three changes."""
    data = copy.deepcopy(seed)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        holder, key = _place(data, random)
        _change(holder, key, data, random)
    return data


def _place(data: Any, random: Random) -> tuple[Any, Any]:
    """A random place, deeper ones too: each way down is as likely, whatever it leads to."""
    holder, key = data, random.choice([*data])
    while isinstance(holder[key], list | dict) and holder[key] and random.random() < 0.85:
        holder = holder[key]
        key = random.randrange(len(holder)) if isinstance(holder, list) else random.choice([*holder])
    return holder, key


def _change(holder: Any, key: Any, data: Any, random: Random) -> None:
    other = _place(data, random)
    match random.randrange(9):
        case 0:
            del holder[key]
        case 1:  # the same kind of value from elsewhere
            holder[key] = copy.deepcopy(other[0][other[1]])
        case 2 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 3 if isinstance(holder, list):
            random.shuffle(holder)
        case 4 if isinstance(holder, dict):
            holder[str(random.choice(VALUES))] = holder.pop(key)
        case 5 if isinstance(holder[key], int) and not isinstance(holder[key], bool):
            holder[key] = random.choice([0, -holder[key], holder[key] + 1, holder[key] * 2**40, float(holder[key])])
        case 6 if isinstance(holder[key], list) and holder[key]:
            holder[key] = holder[key][: random.randrange(len(holder[key]))]
        case _:
            holder[key] = copy.deepcopy(random.choice(VALUES))
