"""Receptive field: which input pixels an element can see, from the first to the last along each spatial axis.

The rules follow every tensor's axes through the network (`field`), and along each the pixels that its positions see
(`reach`), so that the numbers are exact, and are the extent of an element's gradient. What sees the whole image is
`global`, what cannot be followed `unknown`: never a number that was right further up.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import prod

from archscope.measures import measure
from archscope.measures.receptive_field.field import Field, moves, size_along
from archscope.measures.receptive_field.reach import PositionLost, Reach
from archscope.measures.receptive_field.rules import of_call
from archscope.measures.receptive_field.rules.common import Call
from archscope.measures.receptive_field.term import Digit, Term, contracted, plain
from archscope.model.graph import Graph, Layer, Operand, Shape
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column

MADE = ("input", "layer")
"""Kinds of operands that may be made of the image."""

Said = list[int] | str | None
"""Pixels along each spatial axis; `global`; `unknown`; None where an element has no place in the image."""


@measure("receptive_field", "receptive_field_scope")
def receptive_field(graph: Graph) -> tuple[Column, ...]:
    """Of each layer, and in all that of the last layer whose elements have a place in the image, with its stride."""
    fields = _of_read_outputs(graph, fields_of(graph))
    sizes: dict[int, tuple[Said, bool]] = {}  # layers that keep the field share it
    said = {layer.name: _widest(layer, fields[layer.name], sizes) for layer in graph.layers}
    said |= {layer.name: "global" for layer in graph.layers if said[layer.name] is None and _mixes(layer, fields)}
    last = _last_with_position(graph, said, fields)
    scope = "none" if last is None else said[last.name]
    total, outputs = None, fields[last.name] if last else None
    if outputs and isinstance(scope, list):
        total, scope = {"size": scope, "stride": spacing(outputs[0])}, "local"
    since = next((layer.name for layer in graph.layers if said[layer.name] == scope), None)
    return (
        Column("receptive_field", "pixels", total, said, reduce="last"),
        Column("receptive_field_scope", "", {"is": scope, "since": since}),
    )


def fields_of(graph: Graph) -> dict[str, list[Field] | None]:
    """The field of each output of each layer and of each input; None where it cannot be told."""
    shapes = _whole_shapes(graph)
    return _followed(graph, _inputs(graph, shapes), shapes)


def _followed(
    graph: Graph, inputs: Mapping[str, list[Field]], shapes: Mapping[tuple[str, int], Shape], until: Layer | None = None
) -> dict[str, list[Field] | None]:
    """The fields of the inputs, and of all layers, or of those before one."""
    found: dict[str, list[Field] | None] = dict(inputs)
    for layer in graph.layers:
        if layer is until:
            break
        try:
            fields = tuple([_read(found, operand) for operand in layer.operands])
            seeing = [field for field in fields if field.terms]
            found[layer.name] = of_call(Call(layer, fields, _outputs(layer, shapes), seeing))
        except PositionLost:
            found[layer.name] = None
    return found


def _whole_shapes(graph: Graph) -> dict[tuple[str, int], Shape]:
    """The shape of what each source gives, the batch included, as those say who read it."""
    readers = [operand for layer in graph.layers for operand in layer.operands] + list(graph.results)
    made = [operand for operand in readers if operand.kind in MADE and not operand.views]
    return {(operand.source, operand.output): operand.shape for operand in made}


def _outputs(layer: Layer, shapes: Mapping[tuple[str, int], Shape]) -> tuple[Shape, ...]:
    """The whole shape of each output; of one that nobody reads, with a batch of 1 where the others have it."""
    known = [shapes.get((layer.name, i)) for i in range(len(layer.output_shapes))]
    if None not in known:
        return tuple(known)  # type: ignore[arg-type]
    first = next((shape for shape in (*known, *[operand.shape for operand in layer.operands]) if shape), ())
    batch = (1,) if first[:1] == (1,) else ()
    return tuple([shape or batch + own for shape, own in zip(known, layer.output_shapes, strict=True)])


def _inputs(graph: Graph, shapes: Mapping[tuple[str, int], Shape]) -> dict[str, list[Field]]:
    """Pixels are those of the first image; inputs of its size lie upon it, and all others are constants."""
    whole = {name: shapes.get((name, 0), (1, *tensor.shape)) for name, tensor in graph.inputs.items()}
    first = next((name for name, shape in whole.items() if len(shape) > 2), "")
    if not first:
        return {name: [Field(shape, (), ())] for name, shape in whole.items()}
    places = _slid_along(graph, first, whole, shapes)
    seen = image(whole[first], places)
    fields = {name: image(shape, places) for name, shape in whole.items() if len(shape) == len(whole[first])}
    return {
        name: [fields[name] if name in fields and fields[name].pixels == seen.pixels else Field(shape, (), seen.pixels)]
        for name, shape in whole.items()
    }


def _slid_along(
    graph: Graph, name: str, whole: Mapping[str, Shape], shapes: Mapping[tuple[str, int], Shape]
) -> Sequence[int]:
    """The axes of an input that are its pixels: those behind the batch and the channels, unless the first window slides
    along others, as where an image has no batch, or its channels last, or comes in clips. The first convolution says
    it before any pooling, which may be one of channels."""
    behind = range(2, len(whole[name]))
    windows = [layer for layer in graph.layers if layer.window and layer.operands]
    window = next((layer for layer in windows if CATEGORY.get(layer.operation) != "pooling"), next(iter(windows), None))
    if window is None or window.window is None:
        return behind
    inputs = {each: [Field(shape, (), whole[name])] for each, shape in whole.items()}
    inputs[name] = [image(whole[name], range(len(whole[name])))]
    given = _followed(graph, inputs, shapes, window).get(window.operands[0].source) or []
    terms = given[window.operands[0].output].terms if given else ()
    count = len(window.window.kernel_size)
    if len(terms) != 1 or len(terms[0].axes) <= count:
        return behind
    ways = [{way for digit in axis for way, step in enumerate(digit.steps) if step} for axis in terms[0].axes]
    slid, channels = ways[-count:], ways[-count - 1]
    places = sorted(set().union(*slid))
    if any(len(own) != 1 for own in slid) or (set(places) <= set(behind) and channels.isdisjoint(behind)):
        return behind
    return places


def image(shape: Shape, places: Sequence[int]) -> Field:
    """Each element sees its own pixel, which lies at these places."""
    pixels, ways = tuple([shape[place] for place in places]), len(places)
    axes = [
        (Digit(size, tuple([int(place == each) for each in places])),) if place in places else plain(size, ways)
        for place, size in enumerate(shape)
    ]
    return Field(shape, (Term(tuple(axes), (Reach(1, ((0, 0),)),) * ways),), pixels)


@cache
def unseeing(shape: Shape) -> Field:
    """What is not made of the image."""
    return Field(shape, (), ())


def _read(found: Mapping[str, list[Field] | None], operand: Operand) -> Field:
    """What an operand holds: parameters, buffers and constants see nothing."""
    if operand.kind not in MADE:
        return unseeing(operand.shape)
    outputs = found[operand.source]
    if outputs is None or operand.views or outputs[operand.output].shape != operand.shape:
        raise PositionLost
    return outputs[operand.output]


# ---- in words and numbers ----------------------------------------------------------------------------------------


def _of_read_outputs(graph: Graph, fields: dict[str, list[Field] | None]) -> dict[str, list[Field] | None]:
    """Of several outputs of a layer those that another reads or that the network returns; the first where none is."""
    several = {name: outputs for name, outputs in fields.items() if outputs and len(outputs) > 1}
    read = _whole_shapes(graph) if several else {}
    return fields | {
        name: [field for i, field in enumerate(outputs) if (name, i) in read] or outputs[:1]
        for name, outputs in several.items()
    }


def _widest(layer: Layer, outputs: list[Field] | None, sizes: dict[int, tuple[Said, bool]]) -> Said:
    """What the outputs of a layer see at most."""
    if outputs is None:
        return "unknown"
    if len(outputs) == 1:
        return _said(layer, outputs[0], sizes)
    found = [said for said in (_said(layer, field, sizes) for field in outputs) if said is not None]
    words = [said for said in found if isinstance(said, str)]
    if words:
        return max(words)  # unknown before global
    numbers = [said for said in found if isinstance(said, list)]
    return [max(along) for along in zip(*numbers, strict=True)] if numbers else None


def _said(layer: Layer, field: Field, sizes: dict[int, tuple[Said, bool]]) -> Said:
    if not field.terms:
        return None
    if id(field) not in sizes:
        sizes[id(field)] = _size(field), field.has_position
    found, placed = sizes[id(field)]
    if not placed and not _spreads(layer):
        return None
    return "unknown" if found == "scattered" else found


def _spreads(layer: Layer) -> bool:
    """Does a window give more than one place?"""
    return layer.window is not None and prod(layer.output_shape[-len(layer.window.kernel_size) :]) > 1


def _mixes(layer: Layer, fields: Mapping[str, list[Field] | None]) -> bool:
    """Does a linear layer make several numbers of all places, in each channel apart? Scores are of all channels."""
    if CATEGORY.get(layer.operation) != "linear" or sum(size > 1 for size in layer.output_shape) < 2:
        return False
    read = [term.axes[-1] for field in fields.get(layer.operands[0].source) or () for term in field.terms]
    return any(read) and all(any(digit.steps) for axis in read for digit in axis)


def _size(field: Field) -> list[int] | str:
    """The most that a place sees, or in a word why there is no number."""
    if field.parts and field.parts.fields and _has_places(field, field.parts.along):
        return _widest_of([_size(part) for part in field.parts.fields if part.terms])
    try:
        whole = all_channels(field)
        sizes = [size_along(whole, way) for way in range(len(field.pixels))]
    except PositionLost:
        return "unknown"
    words = [size for size in sizes if isinstance(size, str)]
    if words:
        return "global" if "global" in words else "scattered"
    return [size for size in sizes if isinstance(size, int)]


def _has_places(field: Field, axis: int) -> bool:
    """Does an axis hold places of the image? Channels, which are read together, do not; rows in a stack do, where no
    other axis says where along the image they lie."""
    ways = range(len(field.pixels))
    placed = all([any([term.movers(way) for term in field.terms]) for way in ways])
    return moves(field, axis) or (axis > 1 and len(field.shape) == len(ways) + 2 and not placed)


def _widest_of(sizes: Sequence[list[int] | str]) -> list[int] | str:
    """Of parts in a row the most that one of them sees."""
    words = [size for size in sizes if isinstance(size, str)]
    numbers = [size for size in sizes if isinstance(size, list)]
    return max(words) if words else [max(along) for along in zip(*numbers, strict=True)] or "unknown"


def all_channels(field: Field) -> Field:
    """What a place sees by all its channels, where these see different pixels, as after a pixel unshuffle."""
    if len(field.shape) != len(field.pixels) + 2:
        return field
    for term in field.terms:
        for way in {way for digit in term.axes[1] for way, step in enumerate(digit.steps) if step}:
            if any(digit.steps[way] for axis in term.axes[2:] for digit in axis):
                return field.each(lambda term: contracted(term, [1], field.pixels))
    return field


def spacing(field: Field) -> list[int | float]:
    """Input pixels between neighbouring places, along each axis; 0 where there is one place alone."""
    strides: list[int | float] = []
    for way in range(len(field.pixels)):
        moves = [by for term in field.terms for by in term.spacing(way)]
        stride = min(moves, default=Fraction(0))
        strides.append(int(stride) if stride.denominator == 1 else float(stride))
    return strides


def _last_with_position(
    graph: Graph, said: Mapping[str, Said], fields: Mapping[str, list[Field] | None]
) -> Layer | None:
    """The layer that stands for the network: what follows, a classifier, has no place in the image.

    Where a weighted layer is lost no number of another is the network's.
    """
    placed = [layer for layer in graph.layers if said[layer.name] is not None]
    lost = [layer for layer in placed if fields[layer.name] is None and CATEGORY.get(layer.operation) in WEIGHTED]
    if placed and lost and said[placed[-1].name] != "global":
        return lost[0]
    return placed[-1] if placed else None
