"""Normalisations that are written out, by hand or by an exporter: of layers, responses and vectors. No torch."""

from math import prod

from archscope.differences.rules import POWERS, Call, alone, along, places, wide
from archscope.differences.rules.composed import unscaled
from archscope.differences.steps import Step, View
from archscope.model.graph import Graph, Layer, Operand

# ---- local response normalisation --------------------------------------------------------------------------------


def local_response_norm(call: Call) -> View | None:
    """x / (k + alpha mean of the squares of the channels around)^beta: the mean is an average pooling of channels as if
    they were an axis of the map. Krizhevsky et al. 2012, section 3.3."""
    given = dict(zip(call.arguments, call.views, strict=True))
    if call.fixed or given.keys() != {"input", "other"} or call.draft.written:
        return None
    x, root = given["input"], given["other"].step
    shift = root.inputs[0] if root.kind == "pow" and set(root.facts) == {"exponent"} else root
    scaled = shift.inputs[0] if shift.kind == "shift" and set(shift.facts) == {"by"} else root
    alpha, pool = unscaled(scaled)
    whole = given["other"].is_whole and x.is_whole and x.shape == given["other"].shape
    size = _channels_pooled(pool, x.step) if whole and root is not scaled else None
    if size is None:
        return None
    beta = root.facts["exponent"] if shift is not root else 1.0
    facts = {"size": size, "alpha": alpha, "beta": beta, "k": shift.facts["by"]}
    return View(call.step("local_response_norm", [x.step], facts, x.step.shape), x.layout)


def _channels_pooled(pool: Step, x: Step) -> int | None:
    """Over how many channels around each one the squares of `x` are averaged, zeros beyond the last ones counted."""
    if pool.kind != "average pool" or pool.inputs[0].kind != "pow" or pool.inputs[0].inputs != [x]:
        return None
    squared, told, axes = pool.inputs[0].facts, pool.facts, len(x.shape) - 1
    size, *others = map(int, told["kernel_size"])
    ones = (1,) * axes
    plain = dict(squared) == {"exponent": 2.0} and {*others} == {1} and told["stride"] == told["dilation"] == ones
    around = pool.extent == ((size // 2, (size - 1) // 2), *[(0, 0)] * (axes - 1))
    counted = told["count_include_pad"] and not told["divisor_override"] and "beyond" not in told
    return size if plain and around and counted and pool.shape[-axes:] == x.shape[1:] else None


# ---- a vector of length one --------------------------------------------------------------------------------------


def normalize(call: Call) -> Step | None:
    """x / max(norm of x, eps) along one axis, by the arguments of the division."""
    graph, at = call.draft.graph, {one.argument: one for one in call.layer.operands if not one.views}
    length = graph.layer.get(at["other"].source) if {"input", "other"} <= at.keys() else None
    if length is not None and length.operation in {"expand", "expand_as"}:
        length = graph.layer.get(length.operands[0].source)
    norm = _before(graph, length, "") if length and length.operation in {"clamp", "clamp_min"} else None
    if length is None or norm is None or norm.operation not in {"norm", "linalg_vector_norm"}:
        return None
    dim, told = norm.settings.get("dim"), norm.settings
    axes = dim if isinstance(dim, list) else [dim]
    whole = _sources(norm).get("input") == at["input"] and told.get("keepdim") and len(axes) == 1
    power, eps = told.get("ord", told.get("p")), length.settings.get("min")
    power = 2 if power in (None, "fro") else power
    if not whole or axes[0] is None or not isinstance(power, int | float) or length.settings.get("max") is not None:
        return None
    x = call.shown(call.arguments.index("input"))
    facts = {"p": power, "axes": places([axes[0] % len(at["input"].shape)], at["input"].shape), "eps": eps}
    return call.step("normalize", [x], facts, call.out())


# ---- layer normalisation -----------------------------------------------------------------------------------------


def layer_norm(call: Call, deviation: str, root: str, exponent: float) -> View | None:
    """(x - mean) / sqrt(variance + eps), by the arguments of the last operation: `root` is the variance with eps to the
    power of `exponent`. Ba et al. 2016, equation 3."""
    graph, at = call.draft.graph, _sources(call.layer)
    centred, power = (graph.layer.get(at[name].source) if name in at else None for name in (deviation, root))
    variance, eps = _shifted(graph, power, exponent) if power else (None, 0.0)
    if centred is None or variance is None or centred.operation != "sub":
        return None
    x, mean = (_sources(centred).get(argument) for argument in ("input", "other"))
    average = graph.layer.get(mean.source) if mean else None
    if x is None or average is None:
        return None
    plain = centred.settings.get("alpha", 1) == 1
    averages = average.operation == ("var_mean" if mean and mean.output else "mean")
    same = plain and averages and _sources(average).get("input") == x
    axes = _averaged(average, len(x.shape))
    if (
        not same
        or axes is None
        or axes != _averaged(variance, len(x.shape))
        or not _varies(variance, x, centred, graph)
    ):
        return None
    call.views[0] = call.draft.at[x.source, x.output]
    step, found, layout = along(call, axes)
    facts = {"eps": eps, "scale": False, "shift": False, "axes": found}
    return View(call.step("layer_norm", [step], facts, step.shape), layout)


def rms_norm(call: Call, number: str, root: str, exponent: float) -> View | None:
    """x / sqrt(mean of its squares + eps), likewise. Zhang and Sennrich 2019, equation 4."""
    graph, at = call.draft.graph, _sources(call.layer)
    x, power = at.get(number), graph.layer.get(at[root].source) if root in at else None
    mean, eps = _shifted(graph, power, exponent) if power else (None, 0.0)
    square = _before(graph, mean, "") if mean and mean.operation == "mean" else None
    if x is None or mean is None or square is None:
        return None
    of_x = {one[1:] for one in square.operands} == {x[1:]}
    squares = (square.operation == "mul" and len(square.operands) == 2) or _exponent(square) == SQUARE
    axes = _averaged(mean, len(x.shape))
    if not of_x or not squares or axes is None:
        return None
    call.views[0] = call.draft.at[x.source, x.output]
    step, found, layout = along(call, axes)
    facts = {"eps": eps, "scale": False, "shift": False, "axes": found}
    return View(call.step("rms_norm", [step], facts, step.shape), layout)


SQUARE = 2


def _sources(layer: Layer) -> dict[str, Operand]:
    """What a layer reads of others, by argument."""
    return {one.argument: one for one in layer.operands if one.kind in {"layer", "input"} and not one.views}


def _before(graph: Graph, layer: Layer, operation: str) -> Layer | None:
    """The one layer whose first output this one reads, if it is of this operation; any where that is empty."""
    read = {(one.source, one.output) for one in layer.operands}
    source, output = read.pop() if len(read) == 1 else ("", 0)
    one = graph.layer.get(source)
    return one if one and not output and (not operation or one.operation == operation) else None


def _shifted(graph: Graph, power: Layer, exponent: float) -> tuple[Layer | None, float]:
    """The layer to whose result a number is added, and that number, before all of it is to this power."""
    shift = _before(graph, power, "add") if _exponent(power) == exponent else None
    number = shift.settings.get("other") if shift else None
    if shift is None or not isinstance(number, int | float) or shift.settings.get("alpha", 1) != 1:
        return None, 0.0
    return _before(graph, shift, ""), number


def _exponent(layer: Layer) -> float | None:
    if layer.operation != "pow":
        return POWERS.get(layer.operation)
    found: float | None = layer.settings.get("exponent", layer.settings.get("other"))
    return found


def normalised(call: Call, number: str, root: str, exponent: float) -> View | None:
    """By the deviation, or by the root mean square."""
    return layer_norm(call, number, root, exponent) or rms_norm(call, number, root, exponent)


def _varies(variance: Layer, x: Operand, centred: Layer, graph: Graph) -> bool:
    """The variance of `x`, by torch's function or as the mean of the squares of what is `centred`."""
    if variance.operation in {"var", "var_mean"}:
        fewer = variance.settings.get("correction", variance.settings.get("unbiased", True))
        return fewer in (0, False) and fewer is not None and _sources(variance).get("input") == x
    square = _before(graph, variance, "")
    return variance.operation == "mean" and square is not None and _is_square(square, centred, graph)


def _is_square(layer: Layer, of: Layer, graph: Graph) -> bool:
    """Of what a difference gives, or the same difference once more."""
    given = [graph.layer.get(one.source) for one in layer.operands]
    same = all(one and (one.operation, one.operands) == (of.operation, of.operands) for one in given)
    is_product = layer.operation == "mul" and len(given) == 2 and given[0] is given[1]
    return same and (is_product or _exponent(layer) == SQUARE)


def _averaged(mean: Layer, rank: int) -> list[int] | None:
    dim = mean.settings.get("dim")
    if dim is None or not mean.settings.get("keepdim"):
        return None
    return sorted(axis % rank for axis in (dim if isinstance(dim, list) else [dim]))


def affine(call: Call, name: str) -> View | None:
    """A product with a parameter, or a sum, after a normalisation that has none yet: its `scale` or its `shift`."""
    if call.draft.written or len(call.views) != 1 or len(call.fixed) != 1 or call.fixed[0].kind != "parameter":
        return None
    view, (weight,) = call.views[0], call.fixed
    before = view.step
    if before.kind not in {"layer_norm", "rms_norm", "group_norm"} or before.facts["shift"] or before.facts[name]:
        return None
    normed = before.facts["axes"] if before.kind != "group_norm" else places([1], before.shape)
    if not view.permutes:
        return None
    axes = [len(view.shape) - len(weight.shape) + axis for axis in wide(weight.shape)]
    own = [view.layout.axes_of(axis, before.shape) for axis in axes]
    along = [i for each in own for i in each or ()]
    found = places(along, before.shape)
    extents = prod(view.shape[axis] for axis in axes) == prod(weight.shape)
    if found != tuple(map(int, normed)) or not all(own) or along != sorted(along):
        return None
    if not extents or not alone(call, before):
        return None
    call.fixed = [weight._replace(argument={"scale": "weight", "shift": "bias"}[name])]
    step = call.step(before.kind, before.inputs, {**before.facts, name: True}, before.shape)
    call.draft.absorb([before], step)
    return View(call.with_weights(step), view.layout)
