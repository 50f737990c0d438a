"""Arithmetic that no MAC count includes: one operation per arithmetic result, as docs/conventions.md tabulates."""

from math import log2, prod

from archscope.measures import measure
from archscope.measures.costs import cost_of
from archscope.measures.macs import UNSAID, attended, queried
from archscope.measures.macs import of_layer as macs_of
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, summed

PER_OUTPUT = {"activation": 1, "elementwise": 1, "softmax": 5}
"""Softmax: maximum, difference, exponential, sum, quotient."""

STATISTICS = 5
"""Per element: mean 1, variance 2, normalise 2; scale and shift are 2 more."""

PER_RECURRENT_UNIT = {"lstm": 9, "gru": 8, "rnn_tanh": 1, "rnn_relu": 1}
"""Per hidden unit and step: an activation a gate, then the state's update. Each bias is an addition more."""

INTERPOLATED_AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


@measure("elementwise_ops")
def elementwise(graph: Graph) -> tuple[Column, ...]:
    """Elementwise operations per layer; None for an operation that archscope does not know."""
    return (summed("elementwise_ops", "operations", {layer.name: of_layer(layer) for layer in graph.layers}),)


def of_layer(layer: Layer) -> int | None:
    """Elementwise operations of one layer, or None."""
    category = CATEGORY.get(layer.operation)
    if category is None:
        own = cost_of(layer)
        return None if own is None else own.elementwise
    try:
        return _of_category(layer, category)
    except UNSAID:
        return None


def _of_category(layer: Layer, category: str) -> int | None:
    outputs = layer.output_elements
    inputs = prod(layer.input_shapes[0]) if layer.input_shapes else 0
    if category in PER_OUTPUT:
        return PER_OUTPUT[category] * outputs
    if category in {"convolution", "transposed convolution", "linear"}:
        return outputs if len(layer.operands) > 2 else 0
    if category == "product":
        return _beside_product(layer)
    if category == "normalisation":
        return per_normalised(layer) * outputs
    if category == "pooling":
        return outputs * prod(layer.window.kernel_size) if layer.window else inputs
    if category in {"global pooling", "reduction"}:
        return inputs
    if category == "dropout":
        return outputs if layer.settings.get("training") else 0
    if category == "resampling":
        return _resampling(layer)
    if category == "transform":
        return _transform(layer)
    if category == "attention":
        return 6 * _scores(layer)
    if category == "recurrent":
        return _of_steps(layer)
    return 0


def _beside_product(layer: Layer) -> int:
    """A matrix added to a product; the differences and roots of distances; products that sum over nothing."""
    if layer.operation in {"addmm", "addmv", "addbmm", "baddbmm"}:
        return layer.output_elements
    if layer.operation == "cdist":
        return layer.output_elements * (layer.operand_shapes[0][-1] + 1)
    if layer.operation == "deform_conv2d":
        return _samples(layer)
    return layer.output_elements if macs_of(layer) == 0 else 0


def _of_steps(layer: Layer) -> int:
    units = int(layer.settings.get("num_layers", 1)) * prod(layer.output_shape)
    each = PER_RECURRENT_UNIT.get(layer.operation.removesuffix("_cell"), 0)
    return each * units + steps_of(layer) * biases_of(layer)


def steps_of(layer: Layer) -> int:
    """Of a recurrent layer, of all sequences of a batch."""
    return prod(layer.output_shape[:-1])


def biases_of(layer: Layer) -> int:
    """Elements of a recurrent layer's biases: two vectors a layer and direction in torch, one in Keras' LSTM."""
    vectors = [each for each in layer.operands if each.argument.startswith(("b_", "weights")) and len(each.shape) == 1]
    one_for_all = [each for each in layer.operands if each.argument == "bias"]
    return sum(prod(each.shape) for each in (*vectors, *one_for_all))


def _samples(layer: Layer) -> int:
    """Of a deformable convolution: each value under its kernel lies between four, and may be weighed."""
    image, weight, offset, *others = layer.operand_shapes
    samples = prod(offset) // offset[1] * prod(weight[2:]) * image[1]
    weighed = any(len(shape) == len(offset) and prod(shape) for shape in others)
    return samples * (7 + weighed) + layer.output_elements


def per_normalised(layer: Layer) -> int:
    """Operations for each element that is normalised."""
    if layer.operation == "batch_norm" and not layer.settings.get("training"):
        return 2  # known statistics fold into one scale and one shift
    return STATISTICS + (2 if layer.parameters else 0)


def _resampling(layer: Layer) -> int | None:
    """Products and sums of the values that each interpolated one lies between."""
    found = taps_of(layer)
    if found is None:
        return None
    taps, axes = found
    return layer.output_elements * (2 * taps**axes - 1) if taps else 0


def taps_of(layer: Layer) -> tuple[int, int] | None:
    """How many values an interpolated one lies between along each axis, 0 where it is one of them; and so many axes."""
    mode = str(layer.settings.get("mode", "nearest"))
    if "roi" in layer.operation:
        return None  # how many values it takes depends on the boxes
    if layer.operation.startswith("affine_grid"):
        return 0, 0
    if layer.operation.startswith("grid_sample"):
        mode = {0: "bilinear", 1: "nearest", 2: "bicubic"}.get(layer.settings.get("interpolation_mode", 0), mode)
        axes = len(layer.operand_shapes[0]) - 2
    else:
        axes = INTERPOLATED_AXES.get(mode, 0)
    if layer.settings.get("antialias"):
        return None  # how many values it takes depends on the scale
    return {"bicubic": 4, "nearest": 0, "nearest-exact": 0, "area": 0}.get(mode, 2), axes


def _transform(layer: Layer) -> int | None:
    """A fast Fourier transform of n complex numbers has n / 2 log2 n butterflies of 10 operations each; one of real
    numbers takes half of that."""
    if layer.operation in {"stft", "istft"}:
        return _windows(layer)
    given, result = layer.operand_shapes[0], [*_batch(layer), *layer.output_shape]
    kind = layer.operation.removeprefix("fft_")
    real = "r" in kind or "h" in kind
    signal = given if kind.startswith(("rfft", "ihfft")) else result
    axes, sizes = layer.settings.get("dim"), layer.settings.get("s", layer.settings.get("n"))
    if axes is None:
        axes = {"2": 2, "n": len(sizes or given)}.get(kind[-1], 1)
        axes = list(range(-axes, 0))
    axes, sizes = ([value] if isinstance(value, int) else value for value in (axes, sizes))
    lengths = list(signal)
    for axis, length in zip(axes, sizes or (), strict=bool(sizes)):
        lengths[axis] = length if length != -1 else lengths[axis]
    points = prod(lengths[axis] for axis in axes)
    return round(prod(lengths) * 5 * log2(points) / (2 if real else 1)) if points else 0


def _windows(layer: Layer) -> int | None:
    """Each window of a signal is multiplied by its weights and transformed."""
    return round(windowed(layer) * (1 + 2.5 * log2(int(layer.settings["n_fft"]))))


def windowed(layer: Layer) -> int:
    """Elements of all windows of a short-time Fourier transform, which overlap, or of its inverse."""
    points = int(layer.settings["n_fft"])
    one_sided = layer.settings.get("onesided", True)
    spectrum = layer.operand_shapes[0] if layer.operation == "istft" else layer.output_shape
    pairs = layer.operation == "stft" and not layer.dtypes[0].startswith("complex")
    return prod(spectrum) // (points // 2 + 1 if one_sided else points) // (1 + pairs) * points


def _batch(layer: Layer) -> list[int]:
    """The leading 1 that shapes do without."""
    given = layer.operand_shapes[0]
    return [1] * (len(given) - len(layer.output_shape))


def _scores(layer: Layer) -> int:
    query, key, _ = queried(layer)
    if layer.operation != "multi_head_attention_forward":
        return prod(query[:-1]) * key[-2]
    heads = int(layer.settings.get("num_heads", 1)) * (query[1] if len(query) == 3 else 1)
    return heads * query[0] * attended(layer)
