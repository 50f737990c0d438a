"""The pass that a report rests on: with the inputs that are given, the network's own, or what its first layer says."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.model.graph import Graph
from archscope.model.input_sizes import Input, Sizes, as_inputs
from archscope.targets import Built, Target
from archscope.targets.inputs import Expected, expected_by, required_arguments

if TYPE_CHECKING:
    from archscope.tracing import Mode

LARGEST_TRIED = 1024
TOO_SMALL = re.compile(r"too small|kernel size can't be greater|output size|non-?negative|negative dimension", re.I)


def first_pass(
    found: Target, options: Mapping[str, Any], input_size: Sizes | None, inputs: Any, mode: "Mode", dtype: str = ""
) -> tuple[Graph, int | None]:
    """The Graph of one image, and the batch if one stood in front of its size. Raises ArchscopeError.

    With `dtype` the weights are stored in it, whatever the network's own.
    """
    from archscope.tracing import NeedsValues

    built = _stored_as(found.on_meta(**options), dtype)
    with found.running():
        try:
            return _traced(FirstPass(built, found.input_size, mode), input_size, inputs)
        except NeedsValues:
            pass
    built = _stored_as(found.on_cpu(**options), dtype)
    with found.running():
        return _traced(FirstPass(built, found.input_size, mode), input_size, inputs)


def _stored_as(built: Built, dtype: str) -> Built:
    """With weights of this type, so that memory is predicted for what will run; a copy where it differs."""
    import torch

    if not dtype:
        return built
    wanted = getattr(torch, dtype)
    stored = [tensor for tensor in built.module.parameters() if tensor.dtype.is_floating_point]
    if all(tensor.dtype == wanted for tensor in stored):
        return built
    return replace(built, module=copy.deepcopy(built.module).to(dtype=wanted))


def _traced(first: "FirstPass", input_size: Sizes | None, inputs: Any) -> tuple[Graph, int | None]:
    images = None
    if inputs is not None:
        graph = first.trace(inputs=inputs)
    elif input_size is None:
        graph = first.assumed()
    else:
        wanted = as_inputs(input_size)
        if first.expected and len(wanted) == 1:
            completed, images = first.expected.complete(wanted[0])
            wanted = [completed]
        graph = first.given(wanted)
    return replace(graph, notes=(*first.built.notes, *graph.notes)), images


@dataclass(frozen=True)
class FirstPass:
    """A module with the input that it is known to take, if one is, and the ways to pass something through it."""

    built: Built
    own_size: tuple[int, ...] | None
    mode: "Mode"

    @property
    def expected(self) -> Expected | None:
        return Expected((Input(self.own_size),)) if self.own_size else expected_by(self.built.module)

    def trace(self, wanted: list[Input] | None = None, inputs: Any = None) -> Graph:
        from archscope.tracing import trace

        return trace(self.built.module, wanted, inputs=inputs, mode=self.mode, name=self.built.name)

    def assumed(self) -> Graph:
        """With the network's own input, or the likeliest that goes through: the notes then say which, and why."""
        from archscope.tracing import NeedsValues, TraceError

        expected = self.expected
        if expected is None:
            raise ArchscopeError(self._what_to_give())
        if not expected.why:
            return self.given([*expected.inputs])
        likeliest, failures = expected.inputs[0], list[str]()
        for likely in expected.inputs:
            try:
                graph = self.trace([likely])
            except NeedsValues:
                raise
            except TraceError as error:
                if str(error) in failures:
                    break  # no matter of size
                failures.append(str(error))
                continue
            but = f"; {likeliest} does not go through" if failures else ""
            return replace(graph, notes=(f"input {likely} assumed: {expected.why}{but}", *graph.notes))
        raise ArchscopeError(f"{failures[0]}; input {likeliest} was assumed, as {expected.why}: else say --input")

    def _what_to_give(self) -> str:
        name, arguments = self.built.name, required_arguments(self.built.module)
        if len(arguments) > 1:
            each = " ".join(f"--input {argument}=..." for argument in arguments)
            return f"{name} takes {' and '.join(arguments)}: give {each}, such as 3x224x224 or 128:int64"
        return f"{name} needs an input size, such as --input 3x224x224: its first layer does not say which"

    def given(self, wanted: list[Input]) -> Graph:
        """With these inputs. Where they do not go through, the error says what would."""
        from archscope.tracing import NeedsValues, TraceError

        expected = self.expected if len(wanted) == 1 else None
        own = expected.inputs[0] if expected and not expected.why else None
        if own and own.size[0] != wanted[0].size[0]:
            raise ArchscopeError(f"{self.built.name} takes {own.size[0]} channels, as in its own input {own}")
        try:
            return self.trace(wanted)
        except NeedsValues:
            raise
        except TraceError as error:
            if len(wanted) == 1 and TOO_SMALL.search(str(error)):
                raise ArchscopeError(self._too_small(wanted[0], str(error), own)) from error
            if own and own != wanted[0]:
                raise ArchscopeError(f"{error}; {self.built.name}'s own input is {own}") from error
            if expected and expected.inputs[0].size[:1] != wanted[0].size[:1]:
                raise ArchscopeError(f"{error}; {expected.why}") from error
            raise

    def _too_small(self, given: Input, error: str, own: Input | None) -> str:
        """Which layer ran out of pixels, and the smallest square image that passes; where few do, the network's own."""
        said = f"input {given} is too small: {error}"
        if len(given.size) < 2:
            return said
        low, high = min(given.size[1:]), LARGEST_TRIED
        if not self._goes_through(_square(given, high)):
            return said + (f"; the network's own is {own}" if own else "")
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._goes_through(_square(given, middle)) else (middle, high)
        return f"{said}; the smallest square that works is {_square(given, high)}"

    def _goes_through(self, wanted: Input) -> bool:
        from archscope.tracing import TraceError

        try:
            self.trace([wanted])
        except TraceError:
            return False
        return True


def _square(given: Input, side: int) -> Input:
    return replace(given, size=(given.size[0], *[side] * (len(given.size) - 1)))
