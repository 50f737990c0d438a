"""From a Report to a placed picture: the level's plan, its structure, its columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from math import inf

from archscope.model.graph import Graph
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.rewrites import with_spans
from archscope.views.diagram.place.engines import Unplaced
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.style import Style
from archscope.views.diagram.plan.dilated import with_dilations
from archscope.views.diagram.plan.larger import largest_closed, most_alike, opened
from archscope.views.diagram.plan.levels import Plan, at_depth, flow_plan, network_plan
from archscope.views.diagram.plan.repeats import with_memory, with_steps
from archscope.views.diagram.plan.shrunk import (
    boxes,
    fewest_boxes,
    fewest_closed,
    is_loose,
    largest_core,
    without_loose,
)
from archscope.views.diagram.plan.smaller import in_blocks, smaller_plans
from archscope.views.diagram.sketch import Drawing, Sketch, View, largest, worded

MOST_CROSSING = 500
"""Layers whose paths cross; a loop of more steps is one box of each step even where every layer is drawn."""

CLOSED = "Modules are closed: Graphviz takes too long to place what they hold."


def compose(graph: Graph, level: str, block: str, style: Style, folds: bool = True, depth: int = 0) -> Drawing:
    """Place the picture of a level; where it would be too large, or takes the engine too long, modules of one sort are
    closed, then of another."""
    if level == "layer":
        try:
            return _every_layer(graph, block, style, folds, depth)
        except Unplaced:
            return replace(compose(graph, "flow", block, style, folds, depth), note=CLOSED)
    return composed(*_viewed(graph, level, block, style, folds, depth), level)


def composed(
    ops: list[Op], kinds: Mapping[str, str], view: View, level: str, closing: Callable[[Plan], object] | None = None
) -> Drawing:
    """`compose` of Ops that are there already: those of a level that draws some of them as one. `closing` is told of
    the last plan before it is placed."""
    view = replace(view, known=[])
    if view.folds:
        ops = with_memory(ops, kinds, view.outputs)
    whole = _planned(ops, kinds, level, view)
    # Asked for by the last of the sketches, and after them.
    loops = cache(lambda: with_steps(with_spans(ops), kinds, within=False))
    sketches = _sketches(whole, ops, kinds, level, view, loops) if view.folds else [view.sketch(whole)]
    most, note = view.style.paper.boxes if view.folds else inf, ""
    for sketch in sketches:
        if boxes(sketch.series) > most:
            continue  # not worth to place it
        try:
            if drawing := view.fitting(sketch) if view.folds else view.placed(sketch):
                return replace(drawing, note=note) if note else _opened(drawing, sketch, kinds, view, level)
        except Unplaced:  # no more than a few tries
            most, note = boxes(sketch.series) // 2, CLOSED
    smallest = view.smallest(_planned(loops(), kinds, level if view.block else "network", view), kinds)
    if closing:
        closing(smallest.plan)
    try:
        drawing = view.fitting(smallest) or view.folded(smallest)
        return replace(drawing, note=note) if note else _opened(drawing, smallest, kinds, view, level)
    except Unplaced:
        return replace(replace(view, style=replace(view.style, engine="own")).placed(smallest), note=CLOSED)


def _opened(drawing: Drawing, sketch: Sketch, kinds: Mapping[str, str], view: View, level: str) -> Drawing:
    """The flow level with as many of its closed modules open as there is room for, those that hold most first; sisters
    together, unless nothing would be open."""
    if level != "flow":
        return drawing
    tried: set[str] = set()
    drawing = _with_sisters(drawing, tried, sketch, kinds, view)
    if not drawing.plan.frames and (found := largest_closed(drawing.plan, kinds, ())):
        alike = most_alike(drawing.plan, kinds, found[1])
        ways = (_with(alike, drawing, one, kinds, view) for one in (sketch, replace(sketch, loose=True)))
        one = next(filter(None, ways), None)
        drawing = _with_sisters(one, tried, sketch, kinds, view) if one else drawing
    return drawing


def _with_sisters(drawing: Drawing, tried: set[str], sketch: Sketch, kinds: Mapping[str, str], view: View) -> Drawing:
    """The drawing with closed modules open, sort by sort."""
    while found := largest_closed(drawing.plan, kinds, tried):
        word, paths = found
        tried.add(word)
        drawing = _with(paths, drawing, sketch, kinds, view) or drawing
    return drawing


def _with(
    paths: Sequence[str], drawing: Drawing, sketch: Sketch, kinds: Mapping[str, str], view: View
) -> Drawing | None:
    """The drawing with these modules open; None where there is no room for it."""
    plan = opened(drawing.plan, kinds, paths)
    for one in (opened(drawing.plan, kinds, paths, deep=True), plan, without_loose(plan, kinds)):
        larger = view.sketch(one, sketch.loose)
        with suppress(Unplaced):
            if boxes(larger.series) <= view.style.paper.boxes and (fitting := view.fitting(larger)):
                return fitting
    return None


def _every_layer(graph: Graph, block: str, style: Style, folds: bool, depth: int) -> Drawing:
    ops, kinds, view = _viewed(graph, "layer", block, style, folds, depth)
    sketch = view.sketch(flow_plan(ops, kinds, block))
    if largest_core(sketch.series) > MOST_CROSSING:
        sketch = view.sketch(flow_plan(with_steps(ops, kinds), kinds, block))
    ways = [view.placed(sketch)]
    if view.style.paper.width < A4.width:
        ways.append(view.in_one_lane(sketch))
    return largest(ways, view.style.paper)


def _viewed(
    graph: Graph, level: str, block: str, style: Style, folds: bool, depth: int
) -> tuple[list[Op], dict[str, str], View]:
    """The Ops of a level, the classes of modules, and what all plans have in common."""
    plain = level == "layer"
    ops, outputs = drawn(graph, block, plain=plain)
    kinds = dict(graph.blocks)
    if folds:
        ops = with_dilations(ops, kinds)
    if depth:
        ops = at_depth(ops, kinds, depth, block)
    return ops, kinds, View(outputs, style if plain else worded(style, ops, graph), folds, block, plain=plain)


def _planned(ops: list[Op], kinds: Mapping[str, str], level: str, view: View) -> Plan:
    return network_plan(ops, kinds) if level == "network" else flow_plan(ops, kinds, view.block)


def _sketches(
    whole: Plan, ops: list[Op], kinds: Mapping[str, str], level: str, view: View, loops: Callable[[], list[Op]]
) -> Iterator[Sketch]:
    """Ever simpler structures: modules closed, then any operations in a row that repeat, then steps of `loops`, then of
    any rows."""
    plans: list[tuple[Plan, int]] = []
    if view.style.sideways and whole.frames:
        yield view.sketch(whole)
        yield view.sketch(in_blocks(whole, kinds, view.block))
    for plan in _few(whole, kinds, view):
        sketch = view.sketch(plan)
        plans.append((plan, boxes(sketch.series)))
        yield sketch
    for plan, most in plans:
        sketch = view.sketch(plan, loose=True)
        if boxes(sketch.series) < most:  # else it is what was tried already
            yield sketch
    if fewest_closed([op for op in ops if not is_loose(op, kinds)], view.block) > view.style.paper.boxes:
        return  # parts that are unlike each other are no steps
    if len(loops()) < len(ops):
        looped = _planned(loops(), kinds, level, view)
        for plan in (without_loose(looped, kinds), without_loose(looped, kinds, steps=True)):
            yield from map(view.sketch, _few(plan, kinds, view))
    stepped = with_steps(with_spans(ops), kinds)
    if len(stepped) < len(ops):
        yield from map(view.sketch, _few(_planned(stepped, kinds, level, view), kinds, view))


def _few(whole: Plan, kinds: Mapping[str, str], view: View) -> Iterator[Plan]:
    """The plan and smaller ones that may have few enough boxes; of one that never does none is made."""
    most = view.style.paper.boxes
    if fewest_closed(whole.ops, view.block) <= most:
        yield from (plan for plan in smaller_plans(whole, kinds, view.block) if fewest_boxes(plan.ops) <= most)
