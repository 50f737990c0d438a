"""What a difference is called: steps and facts in the words of the papers. No torch."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from archscope.differences.facts import is_parameter
from archscope.differences.folded import is_exported
from archscope.differences.steps import GLOBAL_POOLS, NOISE, POOLS, Step
from archscope.model.graph import less_batch

NOUNS = {
    "conv": "convolution", "transposed conv": "transposed convolution", "linear": "fully connected layer",
    "batch norm": "batch normalisation", "layer_norm": "layer normalisation", "group_norm": "group normalisation",
    "local_response_norm": "local response normalisation", "max pool": "max pooling", "average pool": "average pooling",
    "global average pool": "global average pooling", "global max pool": "global max pooling", "add": "addition",
    "cat": "concatenation", "mul": "multiplication", "pad": "padding layer", "scale": "scaling",
    "relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "elu": "ELU", "gelu": "GELU", "prelu": "PReLU",
    "leaky_relu": "leaky ReLU", "sub": "subtraction", "div": "division", "max": "maximum", "amax": "maximum",
    "shift": "shift", "clamp": "clamping", "scaled_dot_product_attention": "attention", "matmul": "matrix product",
    "permute": "permutation of axes", "view": "choice of elements", "getitem": "index", "part": "output",
    "setitem": "assignment to a part", "interpolate": "interpolation",
    "lp_pool1d": "LP pooling", "lp_pool2d": "LP pooling",
    "mean": "mean", "std": "standard deviation", "var": "variance", "tanh": "tanh",
    "hardswish": "hard swish", "hardsigmoid": "hard sigmoid", "lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN with tanh",
    "rnn_relu": "RNN with ReLU", "gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most",
    "selu": "SELU", "celu": "CELU", "rrelu": "RReLU", "glu": "GLU", "pow": "power", "amin": "minimum", "min": "minimum",
}  # fmt: skip

POWERS = {2.0: "square", 0.5: "square root", -0.5: "reciprocal square root", -1.0: "reciprocal"}
GATE_ENDS = {"sigmoid", "hardsigmoid"}
MOST_LISTED = 5


def is_dropout(step: Step) -> bool:
    return "dropout" in step.kind or step.kind in NOISE


def noun(step: Step) -> str:
    """What a reader calls it, without its sizes."""
    if step.is_depthwise:
        return "depthwise convolution"
    if step.kind == "pow" and step.facts.get("exponent") in POWERS:
        return POWERS[step.facts["exponent"]]
    if step.kind == "view" and any(stride < 0 for _, stride in step.facts.get("runs", ())):
        return "flip"
    return NOUNS.get(step.kind, step.kind.replace("_", " "))


def sized(step: Step) -> str:
    """`3x3 convolution, 64 filters, stride 2`."""
    said = noun(step)
    if kernel := step.facts.get("kernel_size"):
        said = f"{sizes(kernel)} {said}" if len(kernel) > 1 else f"{said} over {sizes(kernel)}"
    if step.kind in {"conv", "transposed conv"} and not step.is_depthwise:
        said += f", {step.channels} filters"
    if step.kind == "linear":
        said += f", {step.facts['filters']:.0f} units"
    if set(step.facts.get("stride") or ()) - {1} and step.kind not in POOLS:
        said += f", stride {one(step.facts['stride'])}"
    if "p" in step.facts:
        rate = step.facts["p"]  # or the order of a norm, which may be a word
        said += f" {rate:g}" if isinstance(rate, int | float) else f" {rate}"
    if step.kind in WITH and (stored := [name.rpartition(".")[2] for name in step.told.values()]):
        said += f" {WITH[step.kind]} {stored[0]}" if not stored[0].startswith("constant") else ""
    return f"{said} by {step.facts['by']:g}" if "by" in step.facts else said


WITH = {"add": "of", "sub": "of", "mul": "by", "div": "by"}
"""What joins an operation to the name of the stored tensor that it takes."""


def listed(steps: Sequence[Step], of: Callable[[Step], str] = sized) -> str:
    """Every step in a few words; of many the first and the last."""
    if is_gate(steps):
        return "squeeze-and-excitation gate"
    if len(steps) > MOST_LISTED:
        return f"{len(steps)} layers, from {noun(steps[0])} to {noun(steps[-1])}"
    return " + ".join(map(of, steps))


def lone(steps: Sequence[Step], kind: str, module: str, of: Callable[[Step], str]) -> str:
    """What only one side has: `kind` is missing or extra."""
    if len(steps) <= MOST_LISTED or is_gate(steps):
        return f"{listed(steps, of)} {kind}"
    between = f"from {noun(steps[0])} to {noun(steps[-1])}"
    return f"{module} {kind}: {len(steps)} layers, {between}" if module else f"{len(steps)} layers {kind}, {between}"


def other_output(step: Step, here: int, there: int) -> str:
    """Of a step that takes one of several results, by their places: `topk: output 1 instead of 2`."""
    return f"{noun(step.inputs[0])}: output {here + 1} instead of {there + 1}"


def moved(steps: Sequence[Step], anchor: str, later: bool) -> str:
    """`ReLU before batch normalisation instead of after it`."""
    here, there = ("after", "before") if later else ("before", "after")
    return f"{listed(steps, noun)} {here} {anchor} instead of {there} it"


def shortcut(steps: Sequence[Step], missing: bool) -> str:
    """A sum that one side does not have, and what is on its shortcut."""
    branch = [step for step in steps if step.kind != "add"]
    said = "no shortcut where the reference adds one" if missing else "a shortcut that the reference does not have"
    return f"{said}: {listed(branch, noun)} on it" if branch else said


def is_gate(steps: Sequence[Step]) -> bool:
    """Channels' means, fully connected layers, a sigmoid and the product with what came in."""
    kinds = [step.kind for step in steps]
    return len(kinds) > 3 and kinds[0] in GLOBAL_POOLS and kinds[-1] == "mul" and kinds[-2] in GATE_ENDS


def sizes(value: Any) -> str:
    """`3x3`, `1x7`; a stride that is equal along both axes is one number."""
    if not isinstance(value, list | tuple):  # a stranger's report may say a word, or nothing
        return "none" if value is None else str(value)
    return "x".join(f"{size:.0f}" if isinstance(size, int | float) else str(size) for size in value)


def size(step: Step) -> str:
    """Of a tensor, without a leading batch of 1."""
    return sizes(less_batch(step.shape))


def one(value: Sequence[float]) -> str:
    return sizes(value[:1] if value and len(set(value)) == 1 else value)


def padding(sides: Sequence[Sequence[float]]) -> str:
    """`1`; `1x0` by axis; `0 before and 1 after` where it is not on both sides alike."""
    if not isinstance(sides, list | tuple) or not all(isinstance(side, list | tuple) for side in sides):
        return sizes(sides)  # as it was written
    if all(before == after for before, after in sides):
        return one([before for before, _ in sides])
    befores, afters = zip(*sides, strict=True)
    return f"{one(befores)} before and {one(afters)} after"


def width(step: Step) -> float:
    """Filters of a convolution, units of a fully connected layer."""
    return float(step.facts["filters"] if step.kind == "linear" else step.channels)


def kind_changed(a: Step, b: Step) -> str:
    if {a.kind, b.kind} <= POOLS | GLOBAL_POOLS or "norm" in b.kind:
        return f"{noun(a)} instead of {noun(b)}"
    if {a.kind, b.kind} <= JOINS.keys():
        return f"{JOINS[a.kind]} where the reference {JOINS[b.kind]}"
    return f"{_limited(a)} instead of {_limited(b)}"


JOINS = {
    "add": "adds", "cat": "concatenates", "mul": "multiplies", "sub": "subtracts", "div": "divides",
    "maximum": "takes the larger of both", "minimum": "takes the smaller of both",
}  # fmt: skip


def _limited(step: Step) -> str:
    """`clamping to 0 and 5`."""
    limits = [step.facts[name] for name in ("low", "high") if name in step.facts]
    slope = f" with slope {step.facts['slope']:g}" if step.kind == "silu" and step.facts else ""
    return noun(step) + (f" to {' and '.join(map(_plain, limits))}" if limits else slope)


def vectors_changed(names: Sequence[str], a: Step, b: Step) -> str:
    """Vectors that both have or both lack where the reference does not, in one row."""
    if len(names) == 1:
        return fact_changed(names[0], a, b)
    listed = " and ".join(VECTORS[name] for name in names)
    if b.facts[names[0]]:
        return f"{noun(b)}: no {listed} where the reference has both"
    return f"{noun(b)}: {listed} where the reference has neither"


def folded(a: Step, b: Step) -> str:
    """Of a layer and its partner that stands for the normalisation after it too."""
    name = noun(b.norm or a.norm or b)
    if is_exported(a if b.norm else b):
        into = "folded into the weights of the layer before it"
        return f"{name} {into}" if b.norm else f"{name} where the reference has it {into}"
    return f"a bias in place of {name}" if b.norm else f"{name} in place of a bias"


VECTORS = {"bias": "bias", "scale": "scale (gamma)", "shift": "shift (beta)"}


def fact_changed(name: str, a: Step, b: Step, last: bool = False) -> str:
    """What one fact is instead of what it should be. `last`: the layer gives the classes."""
    mine, theirs = a.facts.get(name), b.facts.get(name)
    subject = noun(b)
    if name == "depthwise":
        return _depthwise(a, b)
    if name == "groups" and 1 in (mine, theirs):
        kinds = ("full", "grouped") if mine == 1 else ("grouped", "full")
        return f"groups {mine:.0f} instead of {theirs:.0f}: a {kinds[0]} convolution where the reference is {kinds[1]}"
    if name == "filters":
        what = "classes" if last else "units" if b.kind == "linear" else "filters"
        return f"{width(a):.0f} {what} instead of {width(b):.0f}"
    if name in WHETHER:
        has, lacks = WHETHER[name]
        return f"{subject}: {has if mine else lacks}"
    if b.kind == "part":
        return other_output(b, *(int(step.facts["of"]) for step in (a, b)))
    if name == "momentum":
        return f"{subject}: momentum {_plain(mine)} instead of {_plain(theirs)} (in training only)"
    if name == "p" and is_dropout(b):
        return f"{subject} {mine:g} instead of {theirs:g} (in training only)"
    if name == "by":
        what = "scaled by" if b.kind in {"scale", "mul"} else "shifted by"
        return f"{what} {_plain(mine)} instead of {_plain(theirs)}"
    if name == "added_mask" and None in (mine, theirs):
        has, lacks = ("a mask", "none") if theirs is None else ("no mask", "one")
        return f"{subject}: {has} where the reference has {lacks}"
    if name == "attn_mask" and (name in a.told) != (name in b.told):
        given = ["a mask" if name in step.told else "causal" if step.facts.get("is_causal") else "no mask"
                 for step in (a, b)]  # fmt: skip
        return f"{subject}: {given[0]} where the reference {'is' if given[1] == 'causal' else 'has'} {given[1]}"
    if name in a.told or name in b.told:
        return _content_changed(name, a, b)
    if name in USED and not isinstance(mine, float) and not isinstance(theirs, float):
        return f"{subject}: {name} {_changed(mine)} instead of {_changed(theirs)}"
    if of_training(name, b):
        return f"{subject}: {name} {_plain(mine)} instead of {_plain(theirs)} (in training only)"
    show = SHOWN.get(name, _plain)
    called = FACTS.get(name, name.replace("_", " "))
    return f"{subject}: {called} {show(mine)} instead of {show(theirs)}"


def _parts(found: Any) -> str:
    """Of a slice: `part 2 of 2 along axis 0`, `elements 1 to 4 along axis 1`; axes of one element are not counted."""
    said = []
    for axis, *rest in found or ():
        if rest[0] == "part":
            said.append(f"part {rest[1] + 1:.0f} of {rest[2]:.0f} along axis {axis:.0f}")
        else:
            start, stop, step = rest
            every = f", every {step:.0f}." if step != 1 else ""
            last = f"elements {start:.0f} to {stop - 1:.0f}" if stop > start + 1 else f"element {start:.0f}"
            said.append(f"{last} along axis {axis:.0f}{every}")
    return " and ".join(said) or "all"


USED = {"weight", "running_mean", "running_var"}
"""Of a layer: what it has may be changed before it is used."""


TRAINED_BY = {
    "embedding": {"padding_idx", "sparse", "scale_grad_by_freq"}, "embedding_bag": {"sparse", "scale_grad_by_freq"},
    **{kind: {"dropout", "recurrent_dropout"} for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "scaled_dot_product_attention": {"dropout"}, "multi_head_attention_forward": {"dropout_p"},
}  # fmt: skip
"""By kind of step: what only its gradients see, and what is left out in training alone."""


def of_training(name: str, step: Step) -> bool:
    """Does this change no value in evaluation, where the step is not one that trains even there?"""
    return name in TRAINED_BY.get(step.kind, ()) and not step.facts.get("training")


def _changed(views: Any) -> str:
    return f"changed by {' and '.join(map(str, views))}" if views else "as it is stored"


def _shifts(shifts: Any) -> str:
    """Axis by axis; of what is stored as the call says it."""
    if shifts and not (isinstance(shifts, tuple) and isinstance(shifts[0], tuple)):
        return _plain(shifts)
    return " and ".join(f"{by:.0f} along axis {axis:.0f}" for axis, by in shifts or ()) or "nothing"


def _repeats(found: Any) -> str:
    """Of operands that are repeated: by their names, where these say more, and along which axes."""
    if not found:
        return "nothing"
    if not isinstance(found[0], tuple):  # of the only operand that may be
        return _along(found)
    named = [each if isinstance(each[0], str) else ("", each) for each in found]
    return " and ".join(f"{name} {_along(axes)}".strip() for name, axes in named)


def _along(axes: Sequence[float]) -> str:
    return f"along {'axis' if len(axes) == 1 else 'axes'} {' and '.join(f'{axis:.0f}' for axis in axes)}"


def elements_changed(a: Step, b: Step) -> str:
    """Of two choices of elements: another order, or others."""
    one, other = (step.seen.layout if step.seen else None for step in (a, b))
    subject = noun(b)
    if one is None or other is None:
        return f"{subject}: other elements than the reference's, or in another order"
    if one.runs == other.runs:
        return f"{subject}: from element {one.offset} on instead of {other.offset}"
    if one.chosen == other.chosen:
        return f"{subject}: the same elements in another order"
    return f"{subject}: other elements than the reference's"


SHOWN: dict[str, Callable[[Any], str]] = {
    "shifts": _shifts, "broadcast": _repeats, "ratio": lambda ratio: "x".join(f"{one:g}" for one in ratio or ()),
    "slope": lambda slope: _plain(1.0 if slope is None else slope),
    "softmax_axes": lambda axes: _plain(axes) if axes else "the last",
    "along": lambda axes: "none" if axes == () else _plain(axes),
    "axes": lambda axes: "none" if axes == () else _plain(axes),
    "padding": padding, "kernel_size": sizes, "stride": one, "dilation": one, "slices": _parts
}  # fmt: skip
FACTS = {"kernel_size": "kernel", "scaling": "scale, as a multiple of the usual one,", "multiplier": "depth multiplier",
         "slices": "takes", "softmax_axes": "softmax along axis", "dropout_p": "dropout of its weights",
         "along": "steps (batch_first) along axis",
         "beyond": "pixels beyond the padding, not counted,",
         "shifts": "by", "broadcast": "repeats", "ratio": "size, as a multiple of what comes in,"}  # fmt: skip


WHETHER = {
    "bias": ("a bias where the reference has none", "no bias where the reference has one"),
    "scale": ("a scale (gamma) where the reference has none", "no scale (gamma) where the reference has one"),
    "shift": ("a shift (beta) where the reference has none", "no shift (beta) where the reference has one"),
    "count_include_pad": (
        "counts the padding (count_include_pad) where the reference leaves it out",
        "leaves the padding out (count_include_pad=False) where the reference counts it",
    ),
    "ceil_mode": ("rounds sizes up (ceil_mode) where the reference rounds down",
                  "rounds sizes down where the reference rounds up (ceil_mode)"),
    "running": ("takes running statistics where the reference takes each image's own",
                "takes each image's own statistics where the reference takes running ones"),
    "is_causal": ("causal where the reference is not", "not causal where the reference is"),
    "of_the_batch": ("takes the batch's statistics where the reference takes running ones",
                     "takes running statistics where the reference takes the batch's"),
}  # fmt: skip
"""Facts that are so or not: what to say where A's are, and where they are not."""


def _content_changed(name: str, a: Step, b: Step) -> str:
    """Of a constant by the name that it is stored under: its numbers, where they are few."""
    called = (b.told.get(name) or a.told[name]).rpartition(".")[2]
    if called.startswith("constant"):  # it has no name in the code
        called = name.replace("_", " ")
    found = [step.facts.get(name) for step in (a, b)]
    stored = [is_parameter(content) for content in found]
    if all(stored):
        mine, theirs = (_changed((content or ())[1:]) for content in found)
        return f"{noun(b)}: {called} {mine} instead of {theirs}"
    if any(stored):
        what = "a parameter, and none in" if stored[0] else "no parameter, and one in"
        return f"{noun(b)}: {called} is {what} the reference"
    if (name in a.told) != (name in b.told):
        given = [step.told[name].rpartition(".")[2] if name in step.told else _plain(step.facts.get(name))
                 for step in (a, b)]  # fmt: skip
        return f"{noun(b)}: {name.replace('_', ' ')} {given[0]} instead of {given[1]}"
    shapes = [step.stored_shape(name) for step in (a, b)]
    if all(shapes) and shapes[0] != shapes[1]:
        return f"{noun(b)}: {called} is {sizes(shapes[0])} instead of {sizes(shapes[1])}"
    mine, theirs = (_numbers(step.facts.get(name)) for step in (a, b))
    if mine and theirs and mine != theirs:
        return f"{noun(b)}: {called} {mine} instead of {theirs}"
    return f"{noun(b)}: {called} {OTHER_NUMBERS}"


OTHER_NUMBERS = "holds other numbers than the reference's"


def of_constant(name: str) -> str:
    """Where layers of several kinds read it."""
    return f"{name.rpartition('.')[2]} {OTHER_NUMBERS}"


def _numbers(content: Any) -> str:
    numbers = content[0] if isinstance(content, tuple) and content and isinstance(content[0], tuple) else ()
    return ", ".join(f"{number:g}" for number in numbers)


def _plain(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return "x".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _depthwise(a: Step, b: Step) -> str:
    groups_a, groups_b = (step.layer.groups if step.layer else 1 for step in (a, b))
    mine, theirs = (_connected(step, groups) for step, groups in ((a, groups_a), (b, groups_b)))
    return f"groups {groups_a} instead of {groups_b}: a {mine} convolution where the reference is {theirs}"


def _connected(step: Step, groups: int) -> str:
    return "depthwise" if step.is_depthwise else "full" if groups == 1 else "grouped"


def rates(mine: float, theirs: float) -> str:
    """Of stochastic depth."""
    return f"stochastic depth: {mine / theirs:.3g} times the reference's rates (in training only)"


def ratio(a: float, b: float, what: str) -> str:
    """`half as many filters`, `twice the filters`, `2/3 of the filters`, `47 % of the filters`."""
    share = Fraction(int(a), int(b))
    if share == Fraction(1, 2):
        return f"half as many {what}"
    if share.denominator == 1:
        return f"{'twice' if share == 2 else f'{share} times'} the {what}"
    return f"{share if max(share.as_integer_ratio()) <= PLAIN else f'{100 * float(share):.0f} %'} of the {what}"


PLAIN = 16
"""The largest number in a fraction that a reader sees through."""


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
