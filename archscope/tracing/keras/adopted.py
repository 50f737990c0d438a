"""Keras keeps layers in lists and variables in objects: here they get their places in torch's module tree."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from archscope.tracing.untouched import TURNS

BOOKKEEPING = frozenset({"_torch_params", "_functional"})
"""What Keras registers with torch beside layers: all variables once more, and how a Sequential runs."""


class Part(nn.Module):
    """One of the two convolutions of a separable one, which Keras keeps in one layer."""

    def forward(self, run: Any) -> Any:
        return run()


PARTS: dict[str, dict[str, type[Part]]] = {
    f"SeparableConv{axes}D": {
        "depthwise": type(f"DepthwiseConv{axes}D", (Part,), {}),
        "pointwise": type(f"Conv{axes}D", (Part,), {}),
    }
    for axes in (1, 2)
}
"""The parts of a layer by its class, in the order in which they run, each of the class that it would be by itself."""


@contextmanager
def adopted(model: nn.Module) -> Iterator[None]:
    """Inside, `named_modules` are the model's layers by their names; the model is as before afterwards."""
    with TURNS.lock:
        layers = list(dict.fromkeys([model, *model._flatten_layers()]))  # type: ignore[operator]
        before = [(layer, {**vars(layer)}) for layer in layers]
        try:
            for layer in layers:
                adopt(layer)
            yield
        finally:
            for layer, attributes in before:
                vars(layer).clear()
                vars(layer).update(attributes)


def adopt(layer: Any) -> None:
    attributes = vars(layer)
    registered = attributes["_modules"]
    for name, module in registered.items():
        attributes.setdefault(name, module)  # Keras reads it by this name
    for name, value in attributes.items():
        attributes[name] = _untracked(value)
    names = {id(module): name for name, module in registered.items()}
    children: dict[str, nn.Module] = {}
    for child in layer._flatten_layers(include_self=False, recursive=False):
        if type(child).__name__ != "InputLayer" and child is not registered.get("_functional"):
            own = names.get(id(child))
            children[_free(own if own and _is_automatic(child) else child.name, children)] = child
    for name, module in registered.items():
        if name not in BOOKKEEPING and not hasattr(module, "_flatten_layers"):
            children[_free(name, children)] = module  # torch's own, in a wrapper
    attributes["_modules"] = children
    attributes["_parameters"], attributes["_buffers"] = {}, {}
    if type(layer).__name__ != "TorchModuleWrapper":
        _adopt_variables(layer)


def _adopt_variables(layer: Any) -> None:
    """Variables that were made not to be trained are statistics; those of a frozen layer stay parameters."""
    owners = {name: part() for name, part in PARTS.get(type(layer).__name__, {}).items()}
    layer._modules.update(owners)
    for variables, table in ((layer._trainable_variables, "_parameters"), (layer._non_trainable_variables, "_buffers")):
        for variable in variables:
            owner, name = layer, variable.name
            if owners:
                part, _, own = name.partition("_")
                owner, name = owners.get(part, owners["pointwise"]), own or name
            taken = {**vars(owner)["_modules"], **vars(owner)["_parameters"], **vars(owner)["_buffers"]}
            vars(owner)[table][_free(name, taken)] = variable._value


def _untracked(value: Any) -> Any:
    """A plain container in the place of one of Keras' own, whose layers a trace would not find."""
    if isinstance(value, list) and type(value).__name__ == "TrackedList":
        return [_untracked(item) for item in value]
    if isinstance(value, dict) and type(value).__name__ == "TrackedDict":
        return {name: _untracked(item) for name, item in value.items()}
    return value


def _free(name: str, taken: Any) -> str:
    """A name of one level that no other child bears."""
    plain = wanted = name.replace(".", "_") or "layer"
    number = 0
    while wanted in taken:
        number += 1
        wanted = f"{plain}_{number}"
    return wanted


def _is_automatic(layer: Any) -> bool:
    """Did Keras choose the name, `conv2d_3`, so that the model's own attribute says more?"""
    return re.fullmatch(type(layer).__name__.lower() + r"\d*", layer.name.replace("_", "")) is not None
