"""A module whose graph torch.fx or torch.export recorded: it runs node by node, each in the module that it came from,
so that functions have that module's path."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx

from archscope.errors import ArchscopeError
from archscope.tracing.records import ModuleCall
from archscope.tracing.watcher import Tracer

STACK = "nn_module_stack"
"""Where a node says the modules around it: path and class of each, the innermost last."""


def run_by_nodes(module: torch.nn.Module, tracer: Tracer) -> None:
    """Have a double that holds a recorded graph tell the tracer where each of its functions comes from."""
    if isinstance(module, fx.GraphModule) and any(STACK in node.meta for node in module.graph.nodes):
        vars(module)["forward"] = NodeByNode(module, tracer).forward


GUARDED = "the program was exported for other sizes"
ADVICE = "export it for these, or name the code, net.py:Net"


class NodeByNode(fx.Interpreter):
    def __init__(self, module: fx.GraphModule, tracer: Tracer) -> None:
        super().__init__(module)
        self.extra_traceback = False  # which it would write into every error
        self.tracer = tracer
        self.own = tracer.running.path_of(module)
        self.taken = [str(node.target) for node in module.graph.nodes if node.op == "placeholder"]
        stacks = [self._around(node) for node in module.graph.nodes]
        self.classes = {path: kind for stack in stacks for path, kind in stack}
        within = {path.rpartition(".")[0] for path in (*self.classes, *tracer.running.paths)}
        self.leaves = self.classes.keys() - within
        self.call = ModuleCall("", "")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        self.tracer.running.classes |= self.classes
        self.call = ModuleCall("", "")
        if kwargs:  # an interpreter takes what it is given in order
            next_ones = self.taken[len(args) : len(args) + len(kwargs)]
            if set(kwargs) != set(next_ones):
                return type(self.module).forward(self.module, *args, **kwargs)
            args = (*args, *[kwargs[name] for name in next_ones])
        return self.run(*args)

    def run_node(self, n: fx.Node) -> Any:
        with self._in_its_module(n):
            try:
                return super().run_node(n)
            except AssertionError as error:
                raise ArchscopeError(f"{GUARDED} ({error}): {ADVICE}") from None

    @contextmanager
    def _in_its_module(self, node: fx.Node) -> Iterator[None]:
        stack = self._around(node) if node.op in ("call_function", "call_method") else []
        if not stack or stack[-1][0] == self.own:
            yield
            return
        path, kind = stack[-1]
        if self.call.path != path:
            self.call = ModuleCall(path, kind, leaf=path in self.leaves)
        self.tracer.running.stack.append(self.call)
        try:
            yield
        finally:
            while self.tracer.running.stack.pop() is not self.call:
                pass  # what failed within, and was caught

    def _around(self, node: fx.Node) -> list[tuple[str, str]]:
        front = f"{self.own}." if self.own else ""
        found = (node.meta.get(STACK) or {}).values()
        return [
            (front + path if path else self.own, (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2])
            for path, kind in found
        ]
