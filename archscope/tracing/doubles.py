"""Doubles of a network's modules: a pass runs on them, so that nothing that it changes is the user's, in any thread.

A double has its module's class and attributes. Parameters are shared; what a forward pass may write into is not:
containers, objects of the user's own classes, what bound methods and closures hold, and in a real pass buffers.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import partial
from types import CellType, FunctionType, MemberDescriptorType, MethodType, ModuleType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import torch
from torch import nn

from archscope.errors import NOT_THE_USERS
from archscope.tracing.calls import PLAIN

EVERYDAY = frozenset({OrderedDict, dict, set})
"""Containers that every module has."""

MAPPINGS = frozenset({dict, OrderedDict, defaultdict, WeakKeyDictionary, WeakValueDictionary})
SEQUENCES = frozenset({list, set, deque})
TENSORS = frozenset({"_parameters", "_buffers"})
MOST_LOOKED_INTO = 100_000
"""Objects and items that are looked into; what lies behind them, a data set say, is shared."""


def doubles_of(
    blocks: Mapping[str, nn.Module], training: bool, real: bool, keeps_nothing: bool = False
) -> dict[str, nn.Module]:
    """The modules' doubles by path, in training or not. `real`: their buffers hold values, and will be written into.
    `keeps_nothing`: their code writes into no attribute, and they have no hooks; what they hold can be shared."""
    return _Doubles(blocks.values(), training, real, keeps_nothing).by_path(blocks)


class _Doubles:
    def __init__(self, modules: Iterable[nn.Module], training: bool, real: bool, keeps_nothing: bool) -> None:
        self._known: dict[int, tuple[Any, Any]] = {id(None): (None, None)}  # keeping an original keeps its id its own
        self._slots: dict[type, list[str]] = {}
        self._looked_into = 0
        self._training, self._real = training, real
        self._fill = self._fill_plainly if keeps_nothing else self._fill_all
        for double in self._double(list(modules)):
            if not isinstance(double, torch.jit.ScriptModule):  # which keeps it in C++
                vars(double)["training"] = training

    def _double(self, modules: list[nn.Module]) -> list[nn.Module]:
        doubles = [self._empty(module) for module in modules]  # all of them, so that no module nests a call
        for module, double in zip(modules, doubles, strict=True):
            self._fill(module, double)
        return doubles

    def by_path(self, blocks: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
        return {path: self._known[id(module)][1] for path, module in blocks.items()}

    def _empty(self, module: nn.Module) -> nn.Module:
        double: nn.Module = object.__new__(type(module))
        self._known[id(module)] = (module, double)
        return double

    def _fill_plainly(self, module: nn.Module, double: nn.Module) -> None:
        """Its own are the modules within it, and the buffers that layers of torch's count in."""
        attributes = vars(double)
        attributes.update(vars(module))
        if module._modules:
            attributes["_modules"] = self._children(module)
        if module._buffers:
            attributes["_buffers"] = module._buffers.copy()
            self._own_buffers(attributes["_buffers"])

    def _children(self, module: nn.Module) -> dict[str, Any]:
        return {path: self._known[id(child)][1] for path, child in module._modules.items()}

    def _fill_all(self, module: nn.Module, double: nn.Module) -> None:
        attributes = vars(double)
        attributes.update(vars(module))
        if isinstance(module, torch.jit.ScriptModule):  # what it holds lies in C++
            return
        for name, value in vars(module).items():
            kind = type(value)
            if kind in PLAIN:
                continue
            if kind in EVERYDAY:
                if not value:  # most: hooks that nobody has set
                    attributes[name] = kind()
                elif name in TENSORS:
                    attributes[name] = value.copy()
                elif name == "_modules":
                    attributes[name] = self._children(module)
                else:
                    attributes[name] = self.of(value)
            elif kind is not tuple or not PLAIN.issuperset(map(type, value)):
                attributes[name] = self.of(value)
        self._fill_slots(module, double)
        if "_orig_mod" in attributes.get("_modules", ()):  # torch.compile's: it runs as it was written
            attributes["forward"] = attributes["_modules"]["_orig_mod"]
        if module._buffers:
            self._own_buffers(attributes["_buffers"])

    def _fill_slots(self, value: Any, double: Any) -> None:
        """What lies in no dict."""
        kind = type(value)
        if kind not in self._slots:
            self._slots[kind] = slots_of(kind)
        for name in self._slots[kind]:
            try:
                held = object.__getattribute__(value, name)
            except AttributeError:  # nothing yet
                continue
            object.__setattr__(double, name, self.of(held))

    def _own_buffers(self, buffers: dict[str, Any]) -> None:
        """Copies of what a pass writes from inside: a norm's statistics, a counter."""
        for name, buffer in buffers.items():
            if buffer is None or buffer.is_meta or nn.parameter.is_lazy(buffer):
                continue
            if self._real or (self._training and buffer.numel() == 1):
                if id(buffer) not in self._known:
                    self._known[id(buffer)] = (buffer, buffer.detach().clone())
                buffers[name] = self._known[id(buffer)][1]

    def of(self, value: Any) -> Any:
        """What stands for a value in a double: itself, where a pass cannot change it."""
        kind = type(value)
        if kind in PLAIN or isinstance(value, torch.Tensor | type | ModuleType | Enum):
            return value
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        if self._looked_into > MOST_LOOKED_INTO:
            return value
        self._looked_into += 1 + (len(value) if kind in MAPPINGS or kind in SEQUENCES else 0)
        double = self._new(value, kind)
        self._known[id(value)] = (value, double)
        return double

    def _new(self, value: Any, kind: type) -> Any:
        if isinstance(value, nn.Module):  # in no block: a list of modules, say
            self._double([module for module in value.modules() if id(module) not in self._known])
            return self._known[id(value)][1]
        if kind in MAPPINGS:
            return self._filled(value, value.copy())
        if kind in SEQUENCES:
            return self._refilled(value, value.copy())
        if isinstance(value, tuple):
            return self._tuple(value)
        if kind is MethodType:
            owner = self.of(value.__self__)
            return value if owner is value.__self__ else MethodType(value.__func__, owner)
        if kind is partial:
            return partial(self.of(value.func), *self.of(value.args), **self.of(value.keywords))
        if kind is FunctionType:
            return self._closure(value) if value.__closure__ else value
        holds = getattr(kind, "__dictoffset__", 0) != 0 or slots_of(kind)
        plain_object = is_the_users(kind) and holds and not hasattr(kind, "__del__")
        return self._object(value, kind) if plain_object or kind is SimpleNamespace else value

    def _filled(self, value: Any, double: Any) -> Any:
        self._known[id(value)] = (value, double)  # before what it holds, which may hold it
        by_module = any([isinstance(key, nn.Module | tuple) for key in value])
        if by_module:
            double.clear()
        for key, held in value.items():
            if by_module or type(held) not in PLAIN:
                double[self._key(key)] = self.of(held)
        return double

    def _key(self, key: Any) -> Any:
        """Modules are found by their doubles; whatever else is a key stays what it is."""
        if type(key) is tuple:
            return tuple(map(self._key, key))
        return self.of(key) if isinstance(key, nn.Module) else key

    def _refilled(self, value: Any, double: Any) -> Any:
        self._known[id(value)] = (value, double)
        items = [self.of(item) for item in value]
        double.clear()
        (double.update if isinstance(double, set) else double.extend)(items)
        return double

    def _tuple(self, value: Any) -> Any:
        items = [self.of(item) for item in value]
        if all(item is before for item, before in zip(items, value, strict=True)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)

    def _closure(self, function: FunctionType) -> FunctionType:
        """The function with cells of its own; one of torch's only where they hold something of the network's."""
        cells = [CellType() for _ in function.__closure__ or ()]
        double = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
        )
        double.__kwdefaults__, double.__dict__ = function.__kwdefaults__, {**function.__dict__}
        self._known[id(function)] = (function, double)
        changed = is_the_users(function)
        for cell, own in zip(function.__closure__ or (), cells, strict=True):
            try:
                held = cell.cell_contents
            except ValueError:  # nothing yet
                continue
            own.cell_contents = self.of(held)
            changed |= own.cell_contents is not held
        return double if changed else function

    def _object(self, value: Any, kind: type) -> Any:
        try:
            double: Any = object.__new__(kind)
        except TypeError:  # made in C, as what derives from a list is
            return value
        self._known[id(value)] = (value, double)
        if hasattr(value, "__dict__"):
            vars(double).update({name: self.of(held) for name, held in vars(value).items()})
        self._fill_slots(value, double)
        return double


def slots_of(kind: type) -> list[str]:
    """The attributes that a class has places for."""
    declaring = [vars(base) for base in kind.__mro__ if "__slots__" in vars(base)]
    return [name for held in declaring for name, value in held.items() if isinstance(value, MemberDescriptorType)]


def is_the_users(defined: type | FunctionType) -> bool:
    """A class or function of a user's or of a library's."""
    return (defined.__module__ or "").partition(".")[0] not in NOT_THE_USERS
