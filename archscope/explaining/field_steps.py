"""How a receptive field grows, layer by layer from the input: the recurrence that textbooks give, where it holds.

Each window of k positions sees k - 1 further ones of the layer before it, which lie as many pixels apart as all strides
before it make. What a step gives is held against the traced field; where a window does not explain it, the step has
its number and no formula.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archscope.explaining.expressions import evaluate, number
from archscope.measures.receptive_field import Said, fields_of, spacing
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.report import Report

SLIDING = {"convolution", "pooling"}


@dataclass(frozen=True)
class Step:
    """A layer that changes what an element sees. `texts`: an expression for each axis, one where they are alike, none
    where no formula is known; `rule` is a key of messages.toml. `size` is in pixels along each axis, or a word, and
    `spacing` the pixels from an element to the next."""

    layer: str
    texts: tuple[str, ...]
    rule: str
    size: Said
    spacing: tuple[float, ...] = ()


def steps_to(report: Report, layer: Layer) -> tuple[Step, ...]:
    """From the input to a layer, along what sees most; empty where it has no place in an image."""
    said = report.columns["receptive_field"].values
    if said.get(layer.name) is None:
        return ()
    fields = fields_of(report.graph)
    path = [*_back(report.graph, layer, said)][::-1]
    ways = next((len(size) for each in path if isinstance(size := said[each.name], list)), 2)
    before: Said = [1] * ways
    apart: tuple[float, ...] = (1,) * ways
    found = []
    for each in path:
        size, field = said[each.name], fields[each.name]
        moves = tuple(spacing(field[0])) if field and field[0].terms else ()
        if size != before or (moves != apart and isinstance(size, list)):
            texts = _texts(each, before, apart, size)
            found.append(Step(each.name, texts, _rule(texts, size), size, moves if isinstance(size, list) else ()))
        before, apart = size, moves
    return tuple(found)


def _back(graph: Graph, layer: Layer, said: Mapping[str, Said]) -> Iterator[Layer]:
    """The layer, the one of its inputs that sees most, and so on to the input."""
    current: Layer | None = layer
    while current is not None:
        yield current
        inputs = [graph.layer[name] for name in current.inputs if name in graph.layer and said[name] is not None]
        current = max(inputs, key=lambda each: _most(said[each.name]), default=None)


def _most(size: Said) -> float:
    return max(size) if isinstance(size, list) else float("inf")


def _texts(layer: Layer, before: Said, apart: tuple[float, ...], size: Said) -> tuple[str, ...]:
    """An expression for each axis, if they give what was traced."""
    window = layer.window
    if not (isinstance(before, list) and isinstance(size, list)) or window is None:
        return ()
    if CATEGORY.get(layer.operation) not in SLIDING or len(window.kernel_size) != len(before) != 0:
        return ()
    if len(apart) != len(before):
        return ()
    sides = zip(before, window.kernel_size, window.dilation, apart, strict=True)
    texts = []
    for seen, kernel, dilation, pixels in sides:
        wide = f"({kernel} - 1)" + (f"·{dilation}" if dilation > 1 else "")
        texts.append(f"{number(seen)} + {wide}·{number(pixels)}")
    if [evaluate(text) for text in texts] != size:
        return ()
    return (texts[0],) if len(set(texts)) == 1 else tuple(texts)


def _rule(texts: tuple[str, ...], size: Said) -> str:
    if texts:
        return "field.window"
    return f"field.{size}" if isinstance(size, str) else "field.traced"
