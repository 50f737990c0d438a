"""Graphs written by hand, layer by layer, and reports of traced networks, each traced once a process. No torch here."""

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, Literal

from archscope.measures import Measured
from archscope.model.claims import Claim
from archscope.model.graph import Graph, Layer, Operand, Shape, Tensor, Window
from archscope.model.report import Report

NETWORKS = ["xception", "inception_v3", "inception_resnet_v2", "inception_resnet_v2_released"]
F32 = 4
"""Bytes of a float32."""


def pair(value: int | Shape) -> Shape:
    return (value, value) if isinstance(value, int) else value


class Net:
    """A graph in the making. Every method appends one layer and returns its name, for the next to read."""

    def __init__(self, **inputs: Shape) -> None:
        self.inputs = {name: Tensor(name, shape, "float32") for name, shape in inputs.items()}
        self.shapes = dict(inputs)
        self.layers: list[Layer] = []
        self.parameters: dict[str, Tensor] = {}
        self.buffers: dict[str, Tensor] = {}
        self.blocks: dict[str, str] = {}

    def parameter(self, name: str, *shape: int, trainable: bool = True) -> str:
        self.parameters[name] = Tensor(name, shape, "float32", trainable)
        return name

    def buffer(self, name: str, *shape: int, dtype: str = "float32") -> str:
        self.buffers[name] = Tensor(name, shape, dtype)
        return name

    def add(self, name: str, operation: str, *sources: str, shape: Shape | None = None, **fields: Any) -> str:
        """A layer of this operation; the output has the first input's shape unless `shape` says otherwise."""
        shape = self.shapes[sources[0]] if shape is None else shape
        kind = fields.pop("kind", operation)
        read = tuple(self.shapes[source] for source in sources)
        operands = [
            Operand(f"tensors.{i}", "input" if source in self.inputs else "layer", source, (1, *self.shapes[source]))
            for i, source in enumerate(sources)
        ]
        fields.setdefault("operands", tuple(operands))
        self.layers.append(Layer(name, kind, operation, sources, read, (shape,), **fields))
        self.shapes[name] = shape
        return name

    def conv(self, name: str, source: str, out: int, kernel: int | Shape, *, stride: int | Shape = 1,
             padding: int | Shape = 0, dilation: int | Shape = 1, groups: int = 1, bias: bool = False,
             operation: str = "conv2d") -> str:  # fmt: skip
        channels, *sizes = self.shapes[source]
        window = Window(pair(kernel), pair(stride), pair(padding), pair(dilation))
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                sizes, window.kernel_size, window.stride, window.padding, window.dilation, strict=True
            )
        ]
        parameters = [self.parameter(f"{name}.weight", out, channels // groups, *window.kernel_size)]
        parameters += [self.parameter(f"{name}.bias", out)] if bias else []
        return self.add(name, operation, source, shape=(out, *size), kind="Conv2d", window=window, groups=groups,
                        operands=self.operands(source, parameters), parameters=tuple(parameters))  # fmt: skip

    def pool(self, name: str, source: str, kernel: int, stride: int, padding: int = 0, kind: str = "max") -> str:
        channels, *sizes = self.shapes[source]
        size = [(n + 2 * padding - kernel) // stride + 1 for n in sizes]
        window = Window(pair(kernel), pair(stride), pair(padding), pair(1))
        return self.add(name, f"{kind}_pool2d", source, shape=(channels, *size), window=window)

    def linear(self, name: str, source: str, out: int, bias: bool = True) -> str:
        features = self.shapes[source][-1]
        parameters = [self.parameter(f"{name}.weight", out, features)]
        parameters += [self.parameter(f"{name}.bias", out)] if bias else []
        shape = (*self.shapes[source][:-1], out)
        return self.add(name, "linear", source, shape=shape, kind="Linear",
                        operands=self.operands(source, parameters), parameters=tuple(parameters))  # fmt: skip

    def operands(self, source: str, parameters: list[str]) -> tuple[Operand, ...]:
        """An image, a weight and perhaps a bias, as a trace notes them."""
        kind: Literal["input", "layer"] = "input" if source in self.inputs else "layer"
        image = Operand("input", kind, source, (1, *self.shapes[source]))
        stored = [
            Operand(name.rpartition(".")[2], "parameter", name, self.parameters[name].shape) for name in parameters
        ]
        return image, *stored

    def graph(self, name: str = "net", **fields: Any) -> Graph:
        return Graph(
            name,
            self.inputs,
            tuple(self.layers),
            outputs=(self.layers[-1].name,) if self.layers else (),
            blocks=self.blocks,
            parameters=self.parameters,
            buffers=self.buffers,
            **fields,
        )


def operands(*shapes: Shape, **named: Shape) -> tuple[Operand, ...]:
    """What a layer is given, by torch's names or without any."""
    given = {f"argument_{place}": shape for place, shape in enumerate(shapes)} | named
    return tuple([Operand(argument, "constant", "x", tuple(shape)) for argument, shape in given.items()])


def values(graph: Graph, column: str) -> Mapping[str, Any]:
    return Measured(graph)[column].values


def total(graph: Graph, column: str) -> Any:
    return Measured(graph)[column].total


def elements(*shape: int) -> int:
    return prod(shape)


def report_of(graph: Graph, **fields: Any) -> Report:
    setting = {"device": "meta", "dtype": "float32", "batch": graph.batch, "mode": "eval", "date": "2026-01-01"}
    return Report(graph, Measured(graph), setting, **{"target": graph.name, **fields})


def six_layers(name: str = "six_layers", block: str = "Residual") -> Graph:
    """A stem, two equal residual blocks and a pooling: a branch and a repeat."""
    net = Net(input=(3, 64, 64))
    before = net.conv("stem", "input", 8, 3, stride=2, padding=1, bias=True)
    for path in ("middle.block1", "middle.block2"):
        body = net.conv(f"{path}.conv_3x3", before, 8, 3, padding=1)
        before = net.add(f"{path}.add", "add", before, body)
        net.blocks[path] = block
    net.blocks["middle"] = "Sequential"
    net.add("pool", "adaptive_avg_pool2d", before, shape=(8, 1, 1), kind="AdaptiveAvgPool2d")
    return net.graph(name)


def six_layer_report() -> Report:
    claims = (
        Claim("params", elements(8, 3, 3, 3) + 8 + 2 * elements(8, 8, 3, 3), "Table 1"),
        Claim("macs", 1.4e6, "Table 2", digits=2),
        Claim("macs", 2e6, "section 3", digits=1),
    )
    return report_of(six_layers(), title="Nobody, Nowhere 2026, Figure 1", claims=claims)


def in_paper(name: str) -> Report:
    """Six layers that pass for a network of the catalogue."""
    return report_of(six_layers(name), title="Somebody, Somewhere 2026, Figure 1")


@cache
def traced(network: str) -> Report:
    """The report of one of archscope's networks."""
    from archscope.summary import summarize

    return summarize(network)


def layer_totals(report: Report) -> dict[str, Any]:
    """What the layers of each summed column must add up to: its total, less what no layer reads (such as BN's counters
    in eval mode)."""
    graph = report.graph
    read = {name for layer in graph.layers for name in (*layer.parameters, *layer.buffers)}
    stored = {**graph.parameters, **graph.buffers}
    unread = [tensor for name, tensor in stored.items() if name not in read]
    totals = {name: report.totals[name] for name in report.table_columns if report.columns[name].reduce == "sum"}
    totals["params"] -= report.totals["unused_params"]
    totals["weight_bytes"] -= sum(tensor.bytes for tensor in unread)
    return totals
