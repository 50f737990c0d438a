"""What attention and recurrent layers keep for the backward pass: whole kernels, of which torch has several.

On the CPU, where tests/measures/test_against_torch.py checks it, attention runs in one kernel where it drops nothing,
and otherwise in parts; an LSTM in float32 is oneDNN's, other recurrent layers are a few operations a step. On CUDA
attention that drops something is one kernel too, whose mask is drawn again; what cuDNN reserves for a recurrent layer
it does not tell, and the operations of a step stand for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import NamedTuple

from archscope.measures.elementwise import windowed
from archscope.measures.macs import UNSAID, NotGiven, attended, queried, shape
from archscope.model.graph import Layer, Shape, bytes_of

Kept = tuple[Iterable[str], int]
"""Names of the tensors that a layer keeps of those around it, and bytes of what it keeps besides."""


def kept_by_kernel(layer: Layer, batch: int, on_cuda: bool) -> Kept | None:
    """Of one image of so many; None where the layer does not say what that depends on."""
    try:
        if layer.operation in KERNELS:
            return KERNELS[layer.operation](layer, on_cuda)
        return _recurrent(layer, batch, on_cuda) if layer.operation in UNITS_A_STEP else None
    except UNSAID:  # a report of an old version does not say it all
        return None


def passing_in_kernel(layer: Layer, batch: int, weights: int, on_cuda: bool) -> int:
    """Bytes that the backward pass of the kernel takes besides, for so many images, and gives back: the gradients of a
    module's projected queries, keys and values, twice before there are those of its `weights`, or of its scores before
    and after the softmax, where it has them; those of a recurrent layer's gates."""
    try:
        if layer.operation == "multi_head_attention_forward":
            projected = batch * _projected(layer)
            return max(projected, 2 * projected - weights, 2 * batch * _scores(layer))
        if layer.operation in UNITS_A_STEP and not on_cuda:
            return _passing_back(layer, batch, weights)
    except UNSAID:
        pass
    return 0


COPIES = {"fft_irfft": 1, "fft_irfft2": 2, "fft_irfftn": 2}


def passing_forward(layer: Layer, batch: int, given: int) -> int:
    """Bytes that a layer takes while it runs, besides what it returns, for so many images, and gives back: what a
    MultiheadAttention holds; what recurrent layers hold of their steps; of a Fourier transform real numbers made
    complex, copies of what it overwrites, and all windows; of complex numbers their sizes as complex ones. `given` are
    the bytes that it reads."""
    if layer.operation in WINDOWED:
        return _in_windows(layer, batch, given)
    if layer.operation == "abs":
        return given if given > batch * layer.output_bytes else 0
    if layer.operation.startswith("fft_"):
        made = batch * layer.output_bytes
        return made if given < made and "rfft" not in layer.operation else COPIES.get(layer.operation, 0) * given
    try:
        if layer.operation == "multi_head_attention_forward":
            return batch * _attending(layer)
    except UNSAID:
        return 0
    return passing_in_steps(layer, batch)


WINDOWED = {"stft": 1, "istft": 2}
"""How many times the windows of a signal are there, as real numbers."""


def _in_windows(layer: Layer, batch: int, given: int) -> int:
    try:
        signal = given if layer.operation == "stft" and layer.settings.get("center") else 0  # padded
        return signal + WINDOWED[layer.operation] * batch * bytes_of((windowed(layer),), "float32")
    except UNSAID:
        return 0


def _bytes(layer: Layer, *shapes: Sequence[int]) -> int:
    return sum([bytes_of(tuple(each), layer.dtypes[0]) for each in shapes])


# ---- attention -----------------------------------------------------------------------------------------------


def _attention(layer: Layer, on_cuda: bool) -> Kept:
    """One kernel keeps what it was given, what it returned, and a number a query: the logarithm of its scores' sum."""
    query, key, _ = queried(layer)
    drops = float(layer.settings.get("dropout_p") or 0)
    operands = [_source(layer, name, place) for place, name in enumerate(("query", "key", "value"))]
    if on_cuda or (len(query) == 4 and not drops):
        return {*filter(None, operands), layer.name}, 4 * prod(query[:-1])
    scores = (*query[:-1], key[-2])
    return {operands[2]} - {""}, _bytes(layer, query, key) + _weights(layer, scores, drops, on_cuda)  # times a root


def _source(layer: Layer, argument: str, place: int) -> str:
    """The layer or input that an operand is, which torch calls so, or which has this place; empty for a constant."""
    found = (operand for operand in layer.operands if operand.argument in (argument, f"argument_{place}"))
    return next((operand.source for operand in found if operand.source in layer.inputs), "")


def _weights(layer: Layer, scores: Shape, drops: float, on_cuda: bool) -> int:
    """Of attention in parts: the weights, and where some are dropped the mask and what is left of them."""
    return _bytes(layer, scores) + (_bytes(layer, scores) + mask(layer, prod(scores), on_cuda) if drops else 0)


def mask(layer: Layer, elements: int, on_cuda: bool) -> int:
    """Bytes that say which elements were dropped: one each on CUDA, on the CPU a number."""
    return elements if on_cuda else _bytes(layer, (elements,))


def _projected(layer: Layer) -> int:
    """Bytes of a module's projected queries, keys and values."""
    query, key, value = queried(layer)
    images = query[1] if len(query) == 3 else 1
    return _bytes(layer, (query[0] + key[0] + value[0], images * query[-1]))


def _scores(layer: Layer) -> int:
    """Bytes of a module's scores, where it has to return their weights: one kernel does without."""
    return _every_score(layer) if layer.settings["need_weights"] else 0


def _every_score(layer: Layer) -> int:
    query = queried(layer)[0]
    images, heads = query[1] if len(query) == 3 else 1, int(layer.settings["num_heads"])
    return _bytes(layer, (images, heads, query[0], attended(layer)))


def _attending(layer: Layer) -> int:
    """Bytes that a module holds at its highest, besides what it returns, on the CPU: its projected queries, keys and
    values, those that were projected together twice while they are parted; its scores before and after the softmax.
    Torch's fast path of self-attention in inference has its scores once, needed or not."""
    projected, scores = _projected(layer), _scores(layer)
    if _is_fast(layer):
        return projected + _every_score(layer)
    if scores:
        return projected + max(scores, 2 * scores - layer.output_bytes)
    query, key, value = (_source(layer, name, place) for place, name in enumerate(("query", "key", "value")))
    own = projected * queried(layer)[0][0] // sum(shape[0] for shape in queried(layer))
    together = 0 if key != value else projected if query == key else projected - own
    return max(projected, projected + together - layer.output_bytes)


def _is_fast(layer: Layer) -> bool:
    """Does nn.MultiheadAttention run one kernel for all, as it does where batches come first, which it exchanges with
    the places itself?"""
    sources = {_source(layer, name, place) for place, name in enumerate(("query", "key", "value"))}
    own = len(sources) == 1 and sources.pop().startswith(f"{layer.name}.")
    plain = layer.given("in_proj_bias") is not None and layer.given("bias_k") is None
    return own and plain and not layer.settings["training"] and int(layer.settings["num_heads"]) % 2 == 0


def _multi_head_attention(layer: Layer, on_cuda: bool) -> Kept:
    """A module's: what it was given, all projected in one tensor, attention, and what is projected last."""
    query, key, value = queried(layer)
    images, heads = query[1] if len(query) == 3 else 1, int(layer.settings["num_heads"])
    drops = float(layer.settings["dropout_p"]) if layer.settings["training"] else 0.0
    scores = (images, heads, query[0], attended(layer))
    vectors = images * query[-1]
    extra = _bytes(layer, (query[0] + key[0] + value[0], vectors), (query[0], vectors))
    if not layer.settings["need_weights"] and (on_cuda or not drops):
        return set(layer.inputs), extra + 4 * prod(scores[:-1])
    scaled = [] if layer.settings["need_weights"] else [key]  # times a root of the scale, beside the query
    if _source(layer, "query", 0) == _source(layer, "key", 1):
        scaled.append(query)  # besides that which lies in one tensor with the keys
    return set(layer.inputs), extra + _bytes(layer, *scaled) + _weights(layer, scores, drops, on_cuda)


# ---- recurrent layers ------------------------------------------------------------------------------------------


def _recurrent(layer: Layer, batch: int, on_cuda: bool) -> Kept:
    """Of each layer and direction what it was given and what its steps keep; of several, what is dropped between."""
    kind, steps = layer.operation.partition("_")[0], prod(shape(layer, "input")[:-1])
    drops = layer.settings.get("dropout") and layer.settings.get("train")
    ways = 2 if layer.settings.get("bidirectional") else 1
    given, extra = set(layer.inputs), 0
    if turned := _turned(layer, batch):  # which is kept, and not what it was given
        given, extra = given - {_source(layer, "input", 0)}, _bytes(layer, (steps, turned))
    for i, sizes in enumerate(_sizes(layer, kind)):
        onednn = kind == "lstm" and not on_cuda and _is_onednns(layer, sizes)
        if i >= ways and i % ways == 0:  # a layer is given what the one before has returned
            extra += _bytes(layer, (steps, sizes.inner)) * (2 if drops and onednn else 1)
            extra += mask(layer, steps * sizes.inner, on_cuda) if drops else 0
        if onednn:
            extra += _by_onednn(layer, steps, batch, sizes)
        else:
            units = (UNITS_A_STEP[layer.operation] + (sizes.state != sizes.hidden)) * sizes.hidden
            extra += _bytes(layer, (steps, units + sizes.state))
    return given, extra


UNITS_A_STEP = {"lstm": 6, "gru": 6, "rnn_tanh": 0, "rnn_relu": 0}
"""Numbers that a step keeps for each hidden unit, beside its state: gates, cell and their tangents."""
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


class Sizes(NamedTuple):
    """Of one layer in one direction: numbers that it is given, hidden units, and numbers of its state, which has fewer
    where it is projected."""

    inner: int
    hidden: int
    state: int


def _sizes(layer: Layer, kind: str) -> Iterator[Sizes]:
    """Of each layer and direction, as its matrices tell: of the input, of the state, and of the projection if any."""
    wide = [each.shape for each in layer.operands if each.argument.startswith("w") and len(each.shape) == 2]
    if len(wide) < 2:
        raise NotGiven("weights")
    projected = wide[1][0] // GATES[kind] != wide[1][1]
    for i in range(0, len(wide), 3 if projected else 2):
        (rows, inner), (_, state) = wide[i : i + 2]
        yield Sizes(inner, rows // GATES[kind], state)


def _is_onednns(layer: Layer, sizes: Sizes) -> bool:
    return layer.dtypes[0] == "float32" and sizes.hidden == sizes.state and not _is_packed(layer)


def _is_packed(layer: Layer) -> bool:
    return layer.given("batch_sizes") is not None


def _rows_of_step(layer: Layer, batch: int) -> int:
    return batch * shape(layer, "input")[0 if layer.settings["batch_first"] else 1]


def _turned(layer: Layer, batch: int) -> int:
    """Numbers a step of what it was given, where that is copied so that steps come first."""
    several = layer.settings.get("batch_first") and not _is_packed(layer) and _rows_of_step(layer, batch) > 1
    return shape(layer, "input")[-1] if several else 0


def _by_onednn(layer: Layer, steps: int, batch: int, sizes: Sizes) -> int:
    """What it returned, its states at the start and the end, and a workspace, as it was found to grow: numbers of each
    step and of one more; without biases also copies of the weights."""
    rows = _rows_of_step(layer, batch)
    once = rows * (13 * sizes.hidden + 6 * max(sizes.inner, sizes.hidden))
    if not layer.settings["has_biases"]:
        once += 4 * sizes.hidden * (sizes.inner + sizes.hidden)
    workspace = steps * (9 * sizes.hidden + 6 * max(sizes.inner, sizes.hidden))
    return _bytes(layer, (steps, sizes.hidden), (workspace,), (-(-once // batch),))


def passing_in_steps(layer: Layer, batch: int) -> int:
    """Bytes that a recurrent layer of several steps takes while it runs, besides what it returns, and gives back, as
    tests/benchmarks/memory.py finds it on the CPU: the gates of all steps, their states until they are joined, what
    lies between its layers; oneDNN's copies of weights and a workspace. 0 where the layer does not say its sizes."""
    if layer.operation not in UNITS_A_STEP:
        return 0
    kind, ways = layer.operation.partition("_")[0], 2 if layer.settings.get("bidirectional") else 1
    try:
        steps = prod(shape(layer, "input")[:-1]) * batch
        passing = [_passing(layer, kind, sizes, ways, steps, batch, i) for i, sizes in enumerate(_sizes(layer, kind))]
    except UNSAID:
        return 0
    return _bytes(layer, (max(passing),))


def _passing_back(layer: Layer, batch: int, weights: int) -> int:
    """Bytes of the gradients of all gates, twice in a packed sequence, whose steps each have one as wide as all; of
    oneDNN also of what the layer was given and has returned, and copies of one direction's weights and of their
    gradients. Where steps are torch's own, these are there, or those of the weights of a state, which are added up,
    before there are those of all its `weights`."""
    kind = layer.operation.partition("_")[0]
    steps, sizes = prod(shape(layer, "input")[:-1]) * batch, list(_sizes(layer, kind))
    if _is_onednns(layer, sizes[0]) and kind == "lstm":
        widest = max(5 * each.hidden + each.inner for each in sizes)
        return _bytes(layer, (steps, widest)) + 2 * weights // len(sizes)
    gates = _bytes(layer, (2 * steps, max(GATES[kind] * each.hidden for each in sizes))) if _is_packed(layer) else 0
    added_up = max(_bytes(layer, (3, GATES[kind] * each.hidden, each.state)) for each in sizes)
    return max(0, gates - weights, added_up - weights)


def _passing(layer: Layer, kind: str, sizes: Sizes, ways: int, steps: int, batch: int, place: int) -> int:
    """Numbers of one layer in one direction, for so many steps of all images together."""
    between = steps * sizes.inner if place >= ways else 0
    if kind != "lstm" or not _is_onednns(layer, sizes):
        states = sizes.state if ways == 1 else 4 * sizes.state
        return between + steps * (GATES[kind] * sizes.hidden + states)
    rows = _rows_of_step(layer, batch)
    gates = 4 * sizes.hidden if rows == 1 else 0
    weights = 4 * sizes.hidden * (sizes.inner + sizes.hidden) * (1 if layer.settings["has_biases"] else 2)
    workspace = steps * (_turned(layer, batch) + gates + 2 * (sizes.hidden + max(sizes.inner, sizes.hidden)))
    return between + weights + workspace + 13 * rows * sizes.hidden


def _cell(layer: Layer, on_cuda: bool) -> Kept:
    """One step: what it was given, and its gates; a state of zeros, if it was given none."""
    kind = layer.operation.partition("_")[0]
    states = [operand for operand in layer.operands if operand.argument.partition(".")[0] == "hx"]
    begins = all(operand.source not in layer.inputs for operand in states)
    names = {*layer.inputs, layer.name} if kind == "rnn" else set(layer.inputs)
    return names, ({"lstm": 5, "gru": 6, "rnn": 0}[kind] + begins) * _bytes(layer, states[0].shape)


KERNELS: dict[str, Callable[[Layer, bool], Kept]] = {
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head_attention,
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _cell),
}
"""By operation; recurrent layers of several steps besides."""
