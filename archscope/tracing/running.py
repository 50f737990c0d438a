"""Who is running: the calls of modules that a pass is within, and what they made without a torch function."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.tracing.ledger import Ledger
from archscope.tracing.names import second_paths
from archscope.tracing.records import Effect, ModuleCall, Said, tensors_in
from archscope.tracing.sources import shown_again
from archscope.tracing.values import has_value


class Running:
    """The `stack` of module calls, the innermost last, of a pass over `blocks` (modules by path). `classes` are those
    of modules that are there no more, in a graph that was recorded of them. `real`: the pass computes values."""

    def __init__(self, blocks: Mapping[str, nn.Module], real: bool, ledger: Ledger) -> None:
        self._real, self._ledger, self._source = real, ledger, ledger.sources.of
        self.stack = [ModuleCall("", type(blocks[""]).__name__, id(blocks[""]))]
        self._paths = {id(module): path for path, module in blocks.items()}
        self.second_paths = second_paths(blocks)
        self.classes = {path: type(blocks[self._paths[id_]]).__name__ for (_, id_), path in self.second_paths.items()}

    @property
    def paths(self) -> Collection[str]:
        """Of all modules."""
        return self._paths.values()

    def path_of(self, module: nn.Module) -> str:
        return self._paths[id(module)]

    def enter(self, module: nn.Module, args: Any) -> None:
        """Before a module runs."""
        caller = self.stack[-1]
        path = self._paths[id(module)]
        if self.second_paths:
            path = self.second_paths.get((caller.path, id(module)), path)
        if torch._C._get_tracing_state() is not None:  # where sizes are tensors
            raise ArchscopeError(f"{path or type(module).__name__}: torch.jit.trace runs it, and hides what it does")
        if caller.lost:
            self._found_again(caller, args)
        if path:
            caller.leaf = False
            self.stack.append(ModuleCall(path, type(module).__name__, id(module)))

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        """After a module has run. The result, if any, replaces the module's."""
        path = self._paths[id(module)]
        while self.stack[-1].module != id(module):  # a module below failed, and its caller caught the error
            self.stack.pop()
        call = self.stack.pop() if path else self.stack[-1]
        if call.lost:
            self._found_again(call, output)
        elif call.leaf and not call.ran:
            with torch._C.DisableTorchFunction():  # what is asked here is no operation, and answered as it is
                return self._unseen(call, module, tensors_in((args, kwargs)), output)
        return None

    def _found_again(self, call: ModuleCall, value: Any) -> None:
        """Tensors of unknown origin, after some have left torch: numpy made these of those."""
        found = [tensor for tensor in tensors_in(value) if self._source(tensor) is None]
        if found:
            with torch._C.DisableTorchFunction():
                self._ledger.add_unseen(call, "numpy", call.lost, found)
            call.lost = []

    def _unseen(self, call: ModuleCall, module: nn.Module, given: list[torch.Tensor], output: Any) -> Any:
        """A row for a module in which no torch function was seen to make its output."""
        if isinstance(output, torch.Tensor) and any(output is tensor for tensor in given):
            if self._source(output) is None or not call.path:
                return None
            alias = shown_again(output)  # so that other readers of `output` keep their edge
            said = Said(settings=_own_settings(module), arguments=["input"], shapes=[tuple(output.shape)])
            self._ledger.add(call, Effect("identity", [output], "view", said=said), [output], [alias])
            return alias
        made = [one for one in tensors_in(output) if self._source(one) is None and not has_value(one)]
        unseen = [one for one in made if self._real or one.is_meta]  # with values in a pass without: a constant
        if unseen and not call.constants:  # compiled or foreign code
            self._ledger.add_unseen(call, call.kind, [*given, *module.parameters(), *module.buffers()], unseen)
        return None


def _own_settings(module: nn.Module) -> dict[str, Any]:
    """The numbers and words of a module that did nothing: at which rate it would in training, say."""
    plain = {name: value for name, value in vars(module).items() if type(value) in (bool, int, float, str)}
    return {name: value for name, value in plain.items() if name[0] != "_" and name != "training"}
