"""Stored tensors as an operation reads them: what they hold, and which calls turn them before. No torch."""

import ast
import re
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from archscope.differences.steps import squeezed
from archscope.model.graph import Graph, Operand, Shape

ORDER_KEPT = frozenset("view reshape flatten unflatten squeeze unsqueeze ravel view_as reshape_as stored".split())
"""Calls that show a stored tensor in the same order; `stored` says how another library stores it, which is no more."""


# ---- content ---------------------------------------------------------------------------------------------------


def facts_of(fixed: Iterable[Operand], graph: Graph) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Facts of stored operands, what each is called, and the constants that nobody knows."""
    facts, told, unknown = {}, {}, []
    for operand in fixed:
        facts[operand.argument] = found = content(operand, graph)
        told[operand.argument] = operand.source
        if found is None:
            unknown.append(operand.source)
    return facts, told, tuple(unknown)


def content(operand: Operand, graph: Graph) -> Any:
    """What a stored operand is: a parameter, or a constant's values; None where nobody knows them."""
    views = orders(operand, graph)
    if operand.kind == "parameter":
        return ("parameter", *views)
    tensor = (graph.buffers if operand.kind == "buffer" else graph.constants)[operand.source]
    if not tensor.digest:
        return None
    return (tuple(float(f"{value:.9g}") for value in tensor.values) or tensor.digest, *views)


# ---- order -----------------------------------------------------------------------------------------------------


def orders(operand: Operand, graph: Graph) -> tuple[str, ...]:
    """Of the calls that show a stored tensor those that change which elements stand where, and the shapes in which they
    do, where a call before has made others of the stored one's."""
    held = {"parameter": graph.parameters, "buffer": graph.buffers}.get(operand.kind, graph.constants)
    shape: Shape | None = held[operand.source].shape if operand.source in held else None
    before, kept = shape, list[str]()
    found: list[str] = []
    for view in chosen_at_once(operand.views):
        order, after = _understood(view, shape) if shape is not None else (None, None)
        if _keeps_order(view) or (order is not None and shape is not None and _moves_ones(order, shape)):
            kept.append(view)
            shape = after
            continue
        if shape is None or before is None:
            found += kept
        elif squeezed(shape) != squeezed(before):
            found.append(f"reshape to {'x'.join(map(str, squeezed(shape)))}")
        found.append(view)
        before, kept, shape = after, [], after
    return tuple(found)


def _moves_ones(order: Sequence[int], shape: Shape) -> bool:
    """Does nothing change its place but axes of one element?"""
    long = [axis for axis in order if shape[axis] != 1]
    return long == sorted(long)


def order_of(view: str, rank: int) -> list[int] | None:
    """The order in which a call shows the axes of a tensor, if that is what it does."""
    return _understood(view, (1,) * rank)[0]


def _understood(view: str, shape: Shape) -> tuple[list[int] | None, Shape | None]:
    """The order in which a call shows the axes of a tensor of this shape, if that is what it does, and the shape that
    it shows; None for a call that is not understood."""
    try:
        call = ast.parse(view, mode="eval").body
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        name, given = call.func.id, [ast.literal_eval(each.value) for each in call.keywords]
        order = _order(name, given, len(shape))
        return order, _shape_after(name, given, shape) if order is None else tuple(shape[axis] for axis in order)
    except (SyntaxError, ValueError, TypeError, IndexError, AssertionError, ZeroDivisionError):
        return None, None


def _order(name: str, given: list[Any], rank: int) -> list[int] | None:
    order = list(range(rank))
    if name == "permute":
        return [axis % rank for axis in given[0]]
    if name == "T" or (name == "t" and rank == 2):
        return order[::-1]
    if name in {"transpose", "swapaxes", "swapdims", "mT"}:
        one, two = given or (-1, -2)
        order[one], order[two] = order[two], order[one]
        return order
    return None


def _shape_after(name: str, given: list[Any], shape: Shape) -> Shape | None:
    rank = len(shape)
    if name in {"view", "reshape"}:
        sizes = given[0] if len(given) == 1 and isinstance(given[0], list) else given
        if any(isinstance(size, str) for size in sizes):  # a type, of other bytes perhaps
            return None
        known = prod(size for size in sizes if size != -1)
        return tuple(prod(shape) // known if size == -1 else size for size in sizes)
    if name in {"flatten", "ravel"}:
        first, last = (axis % rank for axis in (*given, *(0, -1)[len(given) :]))
        return (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :])
    return shape if name in {"flip", "roll"} else None


def reordered(views: Sequence[str]) -> tuple[str, ...]:
    """Of the calls that show a stored tensor those that change which elements stand where."""
    return tuple(view for view in chosen_at_once(views) if not _keeps_order(view))


def chosen_at_once(views: Sequence[str]) -> Sequence[str]:
    """The same calls, of which k[1][2] is k[1, 2]: choices by numbers that follow each other are one."""
    found: list[str] = []
    axes: list[Any] = []
    for view in views:
        given = _chosen(view)
        if given is None:
            found, axes = [*found, view], []
            continue
        left = [axis for axis, item in enumerate(axes) if isinstance(item, str)]
        left += range(len(axes), len(axes) + len(given))
        chosen = {axis: item for axis, item in zip(left, given, strict=False) if item != ":"}
        if not axes or any(axis < len(axes) and axes[axis] != ":" for axis in chosen):
            found, axes, chosen = [*found, ""], [], dict(enumerate(given))
        axes = [chosen.get(axis, item) for axis, item in enumerate([*axes, *[":"] * (max(chosen) + 1)])]
        while len(axes) > 1 and axes[-1] == ":":
            axes.pop()
        found[-1] = f"getitem(index={axes if len(axes) > 1 else axes[0]})"
    return found


def _chosen(view: str) -> list[Any] | None:
    """The index of `getitem(index=[0, '1:'])`, one item an axis; None of any other call."""
    said = re.fullmatch(r"getitem\(index=\[?((?:'?[-\d:]+'?(?:, )?)+)\]?\)", view)
    items = [item.strip("'") for item in said[1].split(", ")] if said else []
    return [item if ":" in item else int(item) for item in items] or None


def _keeps_order(view: str) -> bool:
    name, _, given = view.partition("(")
    axes = {"None", "':'", "'...'"}
    only_axes = name == "getitem" and set(given.removeprefix("index=").strip("[])").split(", ")) <= axes
    repeats_nothing = name == "expand" and set(given.partition("]")[0].removeprefix("size=[").split(", ")) <= {
        "1",
        "-1",
    }
    reads_bits = name == "view" and ("dtype=" in given or "'" in given)  # as other numbers
    return (name in ORDER_KEPT and not reads_bits) or only_axes or repeats_nothing
