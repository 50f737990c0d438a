"""What is said where one fact of two layers differs: of a setting, an axis, a stored tensor. No torch."""

from collections.abc import Callable, Sequence
from typing import Any

from archscope.differences.facts import MASKS, is_parameter
from archscope.differences.steps import Step
from archscope.differences.words import is_dropout, noun, one, other_output, padding, plain, sizes, width


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
        return f"{subject}: momentum {plain(mine)} instead of {plain(theirs)} (in training only)"
    if name == "p" and is_dropout(b):
        return f"{subject} {mine:g} instead of {theirs:g} (in training only)"
    if name == "by":
        what = "scaled by" if b.kind in {"scale", "mul"} else "shifted by"
        return f"{what} {plain(mine)} instead of {plain(theirs)}"
    if name in MASKS and (name in a.told) != (name in b.told):
        has, theirs = _mask(a, b), _mask(b, a).replace("no mask", "none")
        return f"{subject}: {has} where the reference {'is' if theirs == 'causal' else 'has'} {theirs}"
    if name in a.told or name in b.told:
        return _content_changed(name, a, b)
    if name in USED and not isinstance(mine, float) and not isinstance(theirs, float):
        return f"{subject}: {name} {_changed(mine)} instead of {_changed(theirs)}"
    if of_training(name, b):
        return f"{subject}: {name} {plain(mine)} instead of {plain(theirs)} (in training only)"
    show = SHOWN.get(name, plain)
    called = FACTS.get(name, name.replace("_", " "))
    return f"{subject}: {called} {show(mine)} instead of {show(theirs)}"


def _mask(step: Step, other: Step) -> str:
    """What an attention leaves out of its scores, beside what the other one does."""
    if "added_mask" in step.told:
        return "a mask that is added" if "attn_mask" in other.told else "a mask"
    return "a mask" if "attn_mask" in step.told else "causal" if step.facts.get("is_causal") else "no mask"


def vectors_changed(names: Sequence[str], a: Step, b: Step) -> str:
    """Vectors that both have or both lack where the reference does not, in one row."""
    if len(names) == 1:
        return fact_changed(names[0], a, b)
    listed = " and ".join(VECTORS[name] for name in names)
    if b.facts[names[0]]:
        return f"{noun(b)}: no {listed} where the reference has both"
    return f"{noun(b)}: {listed} where the reference has neither"


VECTORS = {"bias": "bias", "scale": "scale (gamma)", "shift": "shift (beta)"}


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
        return plain(shifts)
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
    "slope": lambda slope: plain(1.0 if slope is None else slope),
    "softmax_axes": lambda axes: plain(axes) if axes else "the last",
    "along": lambda axes: "none" if axes == () else plain(axes),
    "axes": lambda axes: "none" if axes == () else plain(axes),
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
        given = [step.told[name].rpartition(".")[2] if name in step.told else plain(step.facts.get(name))
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


def _depthwise(a: Step, b: Step) -> str:
    groups_a, groups_b = (step.layer.groups if step.layer else 1 for step in (a, b))
    mine, theirs = (_connected(step, groups) for step, groups in ((a, groups_a), (b, groups_b)))
    return f"groups {groups_a} instead of {groups_b}: a {mine} convolution where the reference is {theirs}"


def _connected(step: Step, groups: int) -> str:
    return "depthwise" if step.is_depthwise else "full" if groups == 1 else "grouped"
