"""Mutants of a network: each argument of each module and operation changed, neighbours swapped, an operation added,
removed or doubled, a branch rewired, a constant changed. What a mutant computes is told by running it, not by hand."""

import contextlib
import copy
import inspect
import io
import operator
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import fx, nn
from torch.fx.node import Node
from torch.nn import functional as F

Tried = Iterator[tuple[str, str, Callable[[fx.GraphModule], None]]]
"""What is changed, a regular expression that the row must match, and the change."""


@dataclass(frozen=True)
class Mutant:
    kind: str
    what: str
    says: str
    module: nn.Module


def traced(net: nn.Module) -> fx.GraphModule:
    """The operations of a network, as code that can be changed."""
    return fx.GraphModule(net, fx.Tracer().trace(net))


def mutants(base: fx.GraphModule, size: tuple[int, ...], each: int) -> Iterator[Mutant]:
    """Of every kind so many at most that run at the size of the input, drawn from all; of arguments, of which there are
    many, three times as many. The weights are the base's."""
    shapes = shapes_of(base, size)
    for kind, tries in TRIES.items():
        listed = list(tries(base, shapes))
        random.Random(kind).shuffle(listed)
        wanted = each * (ARGUMENTS if kind.startswith("argument") else 1)
        yield from islice(filter(None, (_made(base, size, kind, *one) for one in listed)), wanted)


ARGUMENTS = 3


def _made(base: fx.GraphModule, size: tuple[int, ...], kind: str, what: str, says: str, change: Any) -> Mutant | None:
    changed = copy.deepcopy(base)
    try:
        change(changed)
        changed.delete_all_unused_submodules()
        changed.graph.lint()
        changed.recompile()
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):  # fx shows the code that fails
            changed.eval()(torch.zeros(1, *size))
    except Exception:  # sizes that do not fit, arguments that torch refuses
        return None
    return Mutant(kind, what, says, changed)


class Shapes(fx.Interpreter):
    """The shape of what each node gives, where it is a tensor."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: dict[str, tuple[int, ...]] = {}

    def run_node(self, n: Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.found[n.name] = tuple(value.shape)
        return value


def shapes_of(base: fx.GraphModule, size: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    shapes = Shapes(base)
    with torch.no_grad():
        base.eval()
        shapes.run(torch.zeros(1, *size))
    return shapes.found


# ---- arguments of modules ----------------------------------------------------------------------------------------

WORDS = {
    "kernel_size": "kernel|x.*(convolution|pooling)|pooling", "stride": "stride", "padding": "padding",
    "groups": "groups",
    "out_channels": "filters", "out_features": "units|classes", "negative_slope": "slope", "p": "dropout",
    "affine": "gamma|beta|scale|shift|weight", "elementwise_affine": "gamma|beta|scale|shift|weight|bias",
    "bias": "bias|beta", "num_heads": "head", "hidden_size": "hidden", "padding_mode": "pad",
    "approximate": "approximate|GELU",
    "num_parameters": "slope|PReLU", "output_size": "pooling|output", "bidirectional": "bidirectional",
    "track_running_stats": "statistics", "momentum": "momentum",
}  # fmt: skip
SKIPPED = {"inplace", "device", "dtype", "in_channels", "in_features", "input_size", "embed_dim", "batch_first",
           "return_indices", "num_features", "normalized_shape", "num_channels", "dropout", "kdim", "vdim"}  # fmt: skip
"""What changes no value, or what follows from the layers before."""

ALTERNATIVES = {
    "zeros": "reflect", "none": "tanh", "bilinear": "nearest", "reflect": "replicate", "constant": "reflect"
}  # fmt: skip


def others(value: Any) -> Iterator[Any]:
    """Values near this one."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2) if value else (1,)
    elif isinstance(value, float):
        yield value * 1.5 if value else 0.25
    elif isinstance(value, str):
        yield from [ALTERNATIVES[value]] if value in ALTERNATIVES else []
    elif isinstance(value, tuple | list | torch.Size) and value:
        if all(type(item) is int for item in value):
            yield type(value)([item + 1 for item in value])
            if len(set(value)) > 1:
                yield type(value)([value[1], value[0], *value[2:]])
                yield type(value)(reversed(value))
        for place, item in enumerate(value):
            for other in others(item):
                yield type(value)([*value[:place], other, *value[place + 1 :]])
    elif isinstance(value, slice):
        for name in ("start", "stop", "step"):
            for other in others(getattr(value, name)):
                yield slice(*[other if each == name else getattr(value, each) for each in ("start", "stop", "step")])


def arguments(module: nn.Module) -> dict[str, Any]:
    """What its constructor was given."""
    given = {}
    for name in inspect.signature(type(module).__init__).parameters:
        if hasattr(module, name) and name != "self":
            value = getattr(module, name)
            given[name] = value is not None if name == "bias" and not isinstance(value, bool) else value
    if isinstance(module, nn.MultiheadAttention):
        given["bias"] = module.in_proj_bias is not None
    return given


def rebuilt(module: nn.Module, **changes: Any) -> nn.Module:
    """A module of its kind with other arguments, and its weights where they fit."""
    made = type(module)(**arguments(module) | changes)
    stored = module.state_dict()
    fits = {name: stored[name] for name, value in made.state_dict().items()
            if name in stored and stored[name].shape == value.shape}  # fmt: skip
    made.load_state_dict(fits, strict=False)
    return made


def of_modules(base: fx.GraphModule, shapes: Any) -> Tried:
    for node in base.graph.nodes:
        if node.op != "call_module":
            continue
        module = base.get_submodule(node.target)
        for name, value in arguments(module).items():
            if name in SKIPPED:
                continue
            for other in others(value):
                what = f"{node.target}: {type(module).__name__} {name} {other} instead of {value}"
                yield what, WORDS.get(name, name.replace("_", "[ _]")), _set_module(node.target, name, other)


def _set_module(path: str, name: str, value: Any) -> Callable[[fx.GraphModule], None]:
    return lambda changed: changed.set_submodule(path, rebuilt(changed.get_submodule(path), **{name: value}))


REPLACED: dict[type[nn.Module], tuple[Callable[[], nn.Module], str]] = {
    nn.ReLU: (nn.Sigmoid, "sigmoid instead of ReLU"), nn.MaxPool2d: (lambda: nn.AvgPool2d(2), "average pooling"),
    nn.SiLU: (nn.ReLU, "ReLU instead of SiLU"), nn.Hardswish: (nn.SiLU, "SiLU instead of hard swish"),
    nn.AdaptiveAvgPool2d: (lambda: nn.AdaptiveMaxPool2d(1), "max pooling instead of"),
    nn.GELU: (nn.ReLU, "ReLU instead of GELU"), nn.Tanh: (nn.Sigmoid, "sigmoid instead of tanh"),
}  # fmt: skip


def of_kinds(base: fx.GraphModule, shapes: Any) -> Tried:
    """Another module in its place."""
    for node in base.graph.nodes:
        module = base.get_submodule(node.target) if node.op == "call_module" else None
        if module is not None and type(module) in REPLACED:
            make, says = REPLACED[type(module)]

            def change(changed: fx.GraphModule, path: str = node.target, make: Any = make) -> None:
                changed.set_submodule(path, make())

            yield f"{node.target}: another kind of layer", says, change


# ---- arguments of operations ------------------------------------------------------------------------------------


def of_operations(base: fx.GraphModule, shapes: Any) -> Tried:
    for node in base.graph.nodes:
        if node.op not in {"call_function", "call_method"} or node.target is getattr or node.target == "size":
            continue
        for place, value in enumerate(node.args):
            for other in others(value):
                yield _operation(node, place, value, other)
        for name, value in node.kwargs.items():
            if name not in {"need_weights", "training", "inplace"}:
                for other in others(value):
                    yield _operation(node, name, value, other)


def _operation(node: Node, place: Any, value: Any, other: Any) -> tuple[str, str, Any]:
    def change(changed: fx.GraphModule) -> None:
        found = at(changed, node)
        if isinstance(place, str):
            found.kwargs = {**found.kwargs, place: other}
        else:
            found.args = (*found.args[:place], other, *found.args[place + 1 :])

    return f"{node.name}: {called(node)} {value} -> {other}", ".", change


def at(changed: fx.GraphModule, node: Node) -> Node:
    return next(each for each in changed.graph.nodes if each.name == node.name)


def called(node: Node) -> str:
    return node.target if isinstance(node.target, str) else node.target.__name__


# ---- the graph ------------------------------------------------------------------------------------------------


def unary(node: Node, shapes: Any) -> bool:
    """Does it take one tensor and give one of its shape?"""
    given = node.all_input_nodes
    return (
        node.op not in {"placeholder", "output", "get_attr"}
        and len(given) == 1
        and shapes.get(node.name) is not None
        and shapes.get(node.name) == shapes.get(given[0].name)
    )


def removed(base: fx.GraphModule, shapes: Any) -> Tried:
    for node in base.graph.nodes:
        if unary(node, shapes):

            def change(changed: fx.GraphModule, node: Node = node) -> None:
                found = at(changed, node)
                found.replace_all_uses_with(found.all_input_nodes[0])
                changed.graph.erase_node(found)

            says = "missing|no shortcut|once|instead of|order"
            if node.target == "permute":  # there and back is nothing: without the one the other is too much
                says += "|permutation of axes extra"
            yield f"{node.name} removed", says, change


def doubled(base: fx.GraphModule, shapes: Any) -> Tried:
    for node in base.graph.nodes:
        if unary(node, shapes) and node.op == "call_module":

            def change(changed: fx.GraphModule, node: Node = node) -> None:
                found = at(changed, node)
                changed.add_submodule("doubled", copy.deepcopy(changed.get_submodule(found.target)))
                with changed.graph.inserting_after(found):
                    again = changed.graph.call_module("doubled", (found,))
                found.replace_all_uses_with(again, lambda user: user is not again)

            yield f"{node.name} doubled", "extra|twice|times", change


def called_twice(base: fx.GraphModule, shapes: Any) -> Tried:
    """The same layer again, with the same weights."""
    for node in base.graph.nodes:
        if unary(node, shapes) and node.op == "call_module" and list(base.get_submodule(node.target).parameters()):

            def change(changed: fx.GraphModule, node: Node = node) -> None:
                found = at(changed, node)
                with changed.graph.inserting_after(found):
                    again = changed.graph.call_module(found.target, (found,))
                found.replace_all_uses_with(again, lambda user: user is not again)

            yield f"{node.name} called twice", "extra|twice|times", change


ADDED = {"ReLU": F.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def added(base: fx.GraphModule, shapes: Any) -> Tried:
    nodes = [node for node in base.graph.nodes if len(shapes.get(node.name, ())) > 1 and node.op != "get_attr"]
    for place, node in enumerate(nodes):
        word = list(ADDED)[place % len(ADDED)]

        def change(changed: fx.GraphModule, node: Node = node, word: str = word) -> None:
            found = at(changed, node)
            with changed.graph.inserting_after(found):
                made = changed.graph.call_function(ADDED[word], (found,))
            found.replace_all_uses_with(made, lambda user: user is not made)

        yield f"{word} added after {node.name}", f"{word} (extra|twice)|{word}.*instead of", change


def swapped(base: fx.GraphModule, shapes: Any) -> Tried:
    """Neighbours, of which the second alone reads the first."""
    for second in base.graph.nodes:
        if not unary(second, shapes):
            continue
        (first,) = second.all_input_nodes
        if not unary(first, shapes) or len(first.users) != 1:
            continue

        def change(changed: fx.GraphModule, first: Node = first, second: Node = second) -> None:
            one, two = at(changed, first), at(changed, second)
            before = one.all_input_nodes[0]
            two.replace_all_uses_with(one)
            two.replace_input_with(one, before)
            one.replace_input_with(before, two)
            two.append(one)

        yield f"{first.name} and {second.name} swapped", "before|after|instead of", change


def rewired(base: fx.GraphModule, shapes: Any) -> Tried:
    """An operand of a sum, a product or a concatenation taken from another place."""
    nodes = list(base.graph.nodes)
    for place, node in enumerate(nodes):
        given = node.all_input_nodes
        if len(given) < 2:
            continue
        for operand in given:
            near = [each for each in nodes[:place] if shapes.get(each.name, 0) == shapes.get(operand.name, 1)
                    and each is not operand and each.op not in {"get_attr", "placeholder"}][-2:]  # fmt: skip
            for other in near:

                def change(
                    changed: fx.GraphModule, node: Node = node, operand: Node = operand, other: Node = other
                ) -> None:
                    at(changed, node).replace_input_with(at(changed, operand), at(changed, other))

                yield f"{node.name} reads {other.name} instead of {operand.name}", ".", change


def reordered(base: fx.GraphModule, shapes: Any) -> Tried:
    """The operands of a concatenation or a difference in another order."""
    for node in base.graph.nodes:
        if node.target in {torch.cat, operator.sub, operator.matmul} or called(node) in {"cat", "sub"}:

            def change(changed: fx.GraphModule, node: Node = node) -> None:
                found = at(changed, node)
                if isinstance(found.args[0], list | tuple):
                    found.args = (list(reversed(found.args[0])), *found.args[1:])
                else:
                    found.args = (found.args[1], found.args[0], *found.args[2:])

            yield f"{node.name}: operands in another order", "order|operand|instead of", change


def turned(base: fx.GraphModule, shapes: Any) -> Tried:
    """An operand whose last two axes are exchanged: where it is square, or a row or a column that fits as well."""
    for node in base.graph.nodes:
        for operand in node.all_input_nodes if node.op.startswith("call") and called(node) != "getattr" else ():
            if len(shapes.get(operand.name, ())) > 2 or operand.op == "get_attr":

                def change(changed: fx.GraphModule, node: Node = node, operand: Node = operand) -> None:
                    reader, read = at(changed, node), at(changed, operand)
                    with changed.graph.inserting_before(reader):
                        made = changed.graph.call_method("transpose", (read, -1, -2))
                    reader.replace_input_with(read, made)

                yield f"{node.name} reads {operand.name} turned", ".", change


def constants(base: fx.GraphModule, shapes: Any) -> Tried:
    for name, _ in base.named_buffers():
        if name.rpartition(".")[2] in {"running_mean", "running_var", "num_batches_tracked"}:
            continue

        def change(changed: fx.GraphModule, name: str = name) -> None:
            changed.get_buffer(name).view(-1)[-1] += 1

        yield f"{name}: another number", name.rpartition(".")[2], change


def of_outputs(base: fx.GraphModule, shapes: Any) -> Tried:
    """Another of an operation's several results."""
    for node in base.graph.nodes:
        if node.target is operator.getitem and isinstance(node.args[1], int):

            def change(changed: fx.GraphModule, node: Node = node) -> None:
                found = at(changed, node)
                found.args = (found.args[0], 1 - min(found.args[1], 1))

            yield f"{node.name}: another output", ".", change


TRIES: dict[str, Callable[[fx.GraphModule, Any], Tried]] = {
    "argument of a module": of_modules,
    "argument of an operation": of_operations,
    "kind of a layer": of_kinds,
    "removed": removed,
    "doubled": doubled,
    "called twice": called_twice,
    "added": added,
    "swapped": swapped,
    "rewired": rewired,
    "order of operands": reordered,
    "turned": turned,
    "constant": constants,
    "another output": of_outputs,
}
