"""What is done to each element, whatever it is: operands that are repeated, numbers that nobody tells. No torch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archscope.differences.rules import Call, repeated_axes, wide, with_fixed
from archscope.differences.rules.stored import content
from archscope.differences.steps import View, squeezed
from archscope.model.graph import Operand, Shape


def each_element(call: Call, kind: str, facts: Mapping[str, Any], ordered: bool = True) -> View:
    """An operation on each element: it does not matter in which order they are seen."""
    call.views = views = [replace(view, layout=view.layout.unexpanded()) for view in call.views]
    out = call.out()
    first = views[0] if views else None
    alike = first is not None and first.permutes and first.shape == out and all(
        view.layout == first.layout and squeezed(view.step.shape) == squeezed(first.step.shape) for view in views
    )  # fmt: skip
    large = any(one.shape not in ((), (1,)) and set(one.shape) != {1} for one in call.fixed)
    if not ordered and len(views) == len(call.fixed) == 1:
        call.fixed = [call.fixed[0]._replace(argument="other")]
    repeated = spread(call, first, out) if first is not None and alike and large and len(views) == 1 else None
    if first is not None and alike and (not large or repeated is not None):
        if repeated:
            facts = {**facts, "broadcast": tuple(sorted(repeated.items() if ordered else repeated.values()))}
        step = call.step(kind, [view.step for view in views], facts, first.step.shape)
        return View(with_fixed(step, call), first.layout)
    repeated = broadcast(call, out)
    if repeated and not ordered:  # a row and a column that are added stand in the order of their axes
        places_ = sorted(range(len(views)), key=lambda i: repeated.get(call.arguments[i], ()))
        call.views, call.arguments = [views[i] for i in places_], [call.arguments[i] for i in places_]
        names = [*call.arguments, *(one.argument for one in call.fixed)]
        facts = {**facts, "broadcast": tuple(repeated[name] for name in names if name in repeated)}
    elif repeated:
        facts = {**facts, "broadcast": tuple(sorted(repeated.items()))}
    step = call.step(kind, [call.shown(i) for i in range(len(views))], facts, out)
    return View.of(with_fixed(step, call), out)


def broadcast(call: Call, out: Shape) -> dict[str, Any]:
    """Along which axes each operand is repeated: those of one element are not counted."""
    shapes = [*zip(call.arguments, [view.shape for view in call.views], strict=True)]
    shapes += [(one.argument, one.shape) for one in call.fixed]
    return {argument: axes for argument, shape in shapes if (axes := repeated_axes(shape, out))}


def spread(call: Call, view: View, out: Shape) -> dict[str, Any] | None:
    """The same for stored tensors beside a tensor that is seen by permuted axes, told by the axes that it has itself;
    None where it is seen by others, or where a stored one would have to be turned."""
    axes = [view.layout.axes_of(i, view.step.shape) for i in range(len(out))]
    long = wide(view.step.shape)
    found = {}
    for one in call.fixed:
        full = (1,) * (len(out) - len(one.shape)) + tuple(one.shape)
        own = [axes[i] for i in wide(full)] if len(full) == len(out) else [None]
        places = [each[0] for each in own if each is not None and len(each) == 1]
        if len(places) < len(own) or places != sorted(places):
            return None
        repeated = tuple(place for place, axis in enumerate(long) if axis not in places)
        if repeated and len(repeated) < len(long):
            found[one.argument] = repeated
    return found


def elementwise(call: Call, kind: str = "") -> View:
    """Of one operand or several: an operation without a rule of its own."""
    facts = dict(call.function_settings)
    if len(call.views) > 1:
        facts["arguments"] = tuple(call.arguments)
    return each_element(call, kind or call.operation, facts)


def dropout(call: Call) -> View:
    """Its rate matters in training alone, unless it is always on."""
    rate, always = call.settings.get("p", 0.5), bool(call.settings.get("training", False)) and call.evaluated
    if not rate:
        return call.views[0]
    return each_element(call, call.operation, {"p": rate} | ({"always_on": True} if always else {}))


def by_itself(call: Call, view: View) -> View:
    """A part of a tensor as the step that it is for its other readers; all of one as it is seen."""
    return view if view.permutes else View.of(call.shown(call.views.index(view)), view.shape)


def is_untold_number(call: Call) -> bool:
    """Is a constant given besides that is a number, though nobody tells which?"""
    return len(call.fixed) == len(call.views) == 1 and is_untold(call, call.fixed[0])


def is_untold(call: Call, stored: Operand) -> bool:
    return not stored.shape and not stored.views and content(stored, call.draft.graph) is None


def with_untold(call: Call, kind: str, name: str = "by") -> View:
    """It is by a number all the same, which is not compared."""
    call.fixed = [call.fixed[0]._replace(argument=name)]
    return each_element(call, kind, {})
