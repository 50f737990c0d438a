"""What is not the same about two steps, and how much that weighs where the alignment has a choice. No torch."""

from functools import cache
from typing import Any

from archscope.differences.branches import BRANCHES
from archscope.differences.sequences import NEVER
from archscope.differences.steps import GLOBAL_POOLS, ORDERINGS, POOLS, WEIGHTED, Step, squeezed
from archscope.model.operations import CATEGORIES

RECURRENT = set(CATEGORIES["recurrent"].split())
REDUCTIONS = {"mean", "sum", "max", "min", "prod", "std", "var", "logsumexp", "norm"}

FAMILIES = (
    {*CATEGORIES["activation"].split(), "shift"},
    POOLS | GLOBAL_POOLS | {"adaptive average pool", "adaptive max pool"} | REDUCTIONS,
    {"batch norm", "layer_norm", "group_norm", "instance_norm", "local_response_norm", "rms_norm"},
    {"add", "cat", "mul", "sub", "div", "maximum", "minimum"},
    {"conv", "transposed conv"},
    RECURRENT,
    ORDERINGS,
    {"pad", "reflect padding", "replicate padding", "circular padding"},
)
"""Kinds of which one can stand where the reference has another."""

ALONE = {"input", "output", "add", "cat", "batch norm", BRANCHES, *WEIGHTED, *ORDERINGS, *RECURRENT}
"""Kinds that have no likes beyond these."""

WEIGHTS = {
    "kernel_size": 0.8, "depthwise": 0.6, "groups": 0.6, "multiplier": 0.5, "stride": 0.4, "dilation": 0.3,
    "padding": 0.2, "bias": 0.15, "scale": 0.15, "shift": 0.15, "eps": 0.02, "momentum": 0.01, "p": 0.1, "by": 0.2,
}  # fmt: skip
"""How far a difference of one fact sets two steps apart; 0.3 for any other."""

OTHER_KIND, OTHER_FAMILY, WIDTH, INPUTS, MOST = 1.1, 1.5, 1.0, 0.01, 2.5
"""The same for another kind, of one family or of none, for widths without anything in common, and for other sizes that
come in; and the most that two steps of one kind can be apart."""

LOST = {
    "linear": 3.0, "conv": 3.0, "transposed conv": 3.0, "batch norm": 1.5, "add": 1.4, "cat": 1.4, "dropout": 0.6,
    "reshape": 0.6, "input": 100.0, "output": 100.0, BRANCHES: 0.0, **dict.fromkeys(RECURRENT, 3.0),
}  # fmt: skip
"""What it costs to leave a step without a partner: more than any difference that a partner may have. 1 for others."""


def lost(step: Step) -> float:
    """What it costs to leave a step without a partner."""
    return LOST.get(step.kind, 1.0)


def may_match(a: Step, b: Step) -> bool:
    if {a.kind, b.kind} == {"conv", "linear"}:
        return {1} == {*a.facts.get("kernel_size", ()), *b.facts.get("kernel_size", ())}
    return a.kind == b.kind or _of_one_family(a.kind, b.kind) or _in_one_place(a, b)


@cache
def _of_one_family(a: str, b: str) -> bool:
    return any(a in family and b in family for family in FAMILIES)


def _in_one_place(a: Step, b: Step) -> bool:
    """Whatever they do: is it done to tensors of the same shapes, and gives one of the same shape?"""
    if a.kind in ALONE or b.kind in ALONE or squeezed(a.shape) != squeezed(b.shape):
        return False
    return [one.shape for one in a.inputs] == [one.shape for one in b.inputs]


FOLLOWING = {"axes", "axis", "runs", "sizes", "offset", "shape", "broadcast"}
"""Facts that follow from the sizes that come in, where these are not the same; but for what is reduced."""


MASKS = ("attn_mask", "added_mask")
"""Of attention: which scores are left out, and what is added to them."""


def differing(a: Step, b: Step) -> list[str]:
    """Names of the facts in which two steps of one kind differ, in the order in which a reader asks for them."""
    mine, theirs = a.compared, b.compared
    found = {name for name in (*mine, *theirs) if mine.get(name) != theirs.get(name)}
    names = dict.fromkeys([*WEIGHTS, *sorted(found & mine.keys()), *sorted(found)])
    unlike = [name for name in names if name in found]
    if [one.shape for one in a.inputs] != [one.shape for one in b.inputs] and a.kind not in REDUCTIONS:
        followed = FOLLOWING - {"broadcast"} if _repeats_stored(a, b) else FOLLOWING
        unlike = [name for name in unlike if name not in followed]
    unlike = [name for name in unlike if not _is_computed(name, a, b) and not _is_untold(name, a, b)]
    if len(a.inputs) != len(b.inputs):  # what computes the one that is more says it
        unlike = [name for name in unlike if name != "arguments"]
    if (a.norm is None) != (b.norm is None):  # the one's bias is the other's normalisation
        unlike = [name for name in unlike if name != "bias"]
    if a.kind in RECURRENT and not all(name in a.told for name in unlike):  # the first state is of the layer's size
        unlike = [name for name in unlike if name not in a.told]
    if {"kernel_size", "stride"} <= set(unlike) and all(_steps_by_kernel(step) for step in (a, b)):
        unlike.remove("stride")
    masks = [name for name in MASKS if name in unlike or (name in a.told) != (name in b.told)]
    if masks and len(a.inputs) != len(b.inputs):  # one of them is computed, and what computes it is told
        unlike = [name for name in unlike if name not in MASKS]
    elif masks:  # one for the other
        unlike = [masks[0], *(name for name in unlike if name not in {"is_causal", *MASKS})]
    if {"slopes", "added_mask", "attn_mask"} & set(unlike):  # says what this says
        unlike = [name for name in unlike if name != "broadcast"]
    if {"of_the_batch", "running"} & set(unlike):  # nothing gathers statistics where those of the batch are taken
        unlike = [name for name in unlike if name != "momentum"]
    if _reach_alike(a, b):
        unlike = [name for name in unlike if name not in {"padding", "ceil_mode"}]
    if {"kernel_size", "dilation"} & set(unlike) and _keeps_size(a) and _keeps_size(b):
        unlike = [name for name in unlike if name != "padding"]
    if "depthwise" in unlike:  # says what these say
        unlike = [name for name in unlike if name not in {"groups", "multiplier"}]
        if _filters(a) == _filters(b):
            unlike = [name for name in unlike if name != "filters"]
    return unlike


def _repeats_stored(a: Step, b: Step) -> bool:
    """Is what has another shape computed from parameters alone? Then no layer before them says why."""
    apart = [pair for pair in zip(a.inputs, b.inputs, strict=False) if pair[0].shape != pair[1].shape]
    return a.shape == b.shape and all(_same_of_stored(*pair) for pair in apart)


def _same_of_stored(a: Step, b: Step) -> bool:
    alike = a.of_stored and b.of_stored and a.key == b.key and len(a.inputs) == len(b.inputs)
    return alike and all(map(_same_of_stored, a.inputs, b.inputs))


def _is_computed(name: str, a: Step, b: Step) -> bool:
    """Is it a stored tensor on one side, and one that the network computes on the other? Then what computes it is a
    difference of its own."""
    here, there = (step.facts.get(name) if name in step.told else None for step in (a, b))
    return (here is None) != (there is None) and len(a.inputs) != len(b.inputs)


def _is_untold(name: str, a: Step, b: Step) -> bool:
    """Is it a constant of one shape on both sides, or a number on the other, whose content one does not tell? It is not
    compared, and no difference; but a parameter on one side alone is."""
    shapes = [step.stored_shape(name) if name in step.told else () for step in (a, b)]
    untold = any(name in step.told and step.facts.get(name) is None for step in (a, b))
    given = all(name in step.told or name in step.facts for step in (a, b))
    learned = any(is_parameter(step.facts.get(name)) for step in (a, b))
    return untold and given and not learned and squeezed(shapes[0]) == squeezed(shapes[1])


def is_parameter(content: Any) -> bool:
    """Of what is stored: has it been learned?"""
    return isinstance(content, tuple) and content[:1] == ("parameter",)


BOUNDS = {"relu": {"low"}, "relu6": {"low", "high"}}


def bounded_alike(a: Step, b: Step) -> bool:
    """Are values kept within as many bounds on both sides, of which one does not tell what they are?"""
    sides = [BOUNDS.get(step.kind, {"low", "high"} & {*step.facts, *step.told}) for step in (a, b)]
    clamps = {a.kind, b.kind} <= {"clamp", *BOUNDS} and any(step.unknown for step in (a, b))
    return clamps and sides[0] == sides[1]


def _steps_by_kernel(step: Step) -> bool:
    """A pooling whose windows stand side by side?"""
    return step.kind in POOLS and step.facts["stride"] == step.facts["kernel_size"]


def _keeps_size(step: Step) -> bool:
    """Is the padding the one that keeps sizes at stride 1? It follows from the kernel then."""
    if not {"kernel_size", "dilation", "padding"} <= step.facts.keys():
        return False
    reach = [d * (k - 1) for k, d in zip(step.facts["kernel_size"], step.facts["dilation"], strict=True)]
    return [sum(sides) for sides in step.facts["padding"]] == reach


def _filters(step: Step) -> int:
    return int(step.facts["filters"]) if step.kind == "linear" else step.channels


def _reach_alike(a: Step, b: Step) -> bool:
    """Do the windows stand at the same places and reach over the edges alike, however that was written?"""
    return bool(a.extent) and a.extent == b.extent and a.input_shape[2:] == b.input_shape[2:]


def distance(a: Step, b: Step) -> float:
    """How unlike two steps are: 0 for equal functions, NEVER where one cannot stand for the other."""
    if not may_match(a, b):
        return NEVER
    shapes = INPUTS * (a.input_shape != b.input_shape)
    if a.kind != b.kind:
        return (OTHER_KIND if _of_one_family(a.kind, b.kind) else OTHER_FAMILY) + shapes
    apart = sum(WEIGHTS.get(name, 0.3) for name in differing(a, b) if name != "filters")
    if a.kind in WEIGHTED:
        few, many = sorted((_filters(a), _filters(b)))
        apart += WIDTH * (1 - few / many) if many else 0.0
    return min(apart, MOST) + shapes
