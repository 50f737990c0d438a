"""What layers are called, and what is said where some are missing, moved or others: in the words of the papers. No
torch."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

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
"""More layers than this are told by the first and the last."""


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


def plain(value: Any) -> str:
    """A setting as it is: `0.5`, `3x3`, `none`."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return "x".join(map(plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


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
    return noun(step) + (f" to {' and '.join(map(plain, limits))}" if limits else slope)


def folded(a: Step, b: Step) -> str:
    """Of a layer and its partner that stands for the normalisation after it too."""
    name = noun(b.norm or a.norm or b)
    if is_exported(a if b.norm else b):
        into = "folded into the weights of the layer before it"
        return f"{name} {into}" if b.norm else f"{name} where the reference has it {into}"
    return f"a bias in place of {name}" if b.norm else f"{name} in place of a bias"


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
