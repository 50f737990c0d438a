"""The pass that a report rests on: with the inputs that are given, the network's own, or what its first layer says."""

import copy
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archscope.cached import cached_property
from archscope.errors import ArchscopeError
from archscope.model.graph import Graph
from archscope.model.input_sizes import Input, Sizes, as_inputs
from archscope.targets import Built, Target, huggingface, keras
from archscope.targets.inputs import Expected, expected_by, expected_where, published, recorded, required_arguments

if TYPE_CHECKING:
    from archscope.tracing import Mode, TraceError

LARGEST_TRIED = 1024
"""Above it no smallest side is looked for: the input is not what is wrong."""
TOO_SMALL = re.compile(r"too small|kernel size can't be greater|output size|non-?negative|negative dimension", re.I)


def first_pass(
    found: Target, options: Mapping[str, Any], input_size: Sizes | None, inputs: Any, mode: "Mode", dtype: str = ""
) -> tuple[Graph, int | None]:
    """The Graph of one image, and the batch if one stood in front of its size. Raises ArchscopeError.

    With `dtype` the weights are stored in it, whatever the network's own.
    """
    if found.read is not None:
        return _read(found, {**found.options, **options}, input_size, inputs, mode)
    from archscope.tracing import NeedsValues

    built = _stored_as(found.on_meta(**options), dtype)
    with found.running():
        try:
            return _traced(FirstPass(built, found, mode), input_size, inputs)
        except NeedsValues:  # the pass branches on what a tensor holds: on meta it holds nothing
            pass
    built = _stored_as(found.on_cpu(**options), dtype)
    with found.running():
        return _traced(FirstPass(built, found, mode), input_size, inputs)


def _read(
    found: Target, options: Mapping[str, Any], input_size: Sizes | None, inputs: Any, mode: "Mode"
) -> tuple[Graph, int | None]:
    """The Graph that a file holds. Raises ArchscopeError for what would change it."""
    assert found.read is not None
    if options:
        raise ArchscopeError(f"{found.name} is built already: it takes no options ({', '.join(options)})")
    if mode != "eval":
        raise ArchscopeError(f"{found.name} is a file, which holds one mode: --mode {mode} does not apply")
    if inputs is not None:
        raise ArchscopeError(f"{found.name} is a file, which is counted, not run: give input sizes, not tensors")
    return found.read([] if input_size is None else as_inputs(input_size))


def _stored_as(built: Built, dtype: str) -> Built:
    """With weights of this type, so that memory is predicted for what will run; a copy where it differs."""
    import torch

    from archscope.tracing.arguments import stored_as

    if not dtype:
        return built
    wanted = getattr(torch, dtype)
    stored = [tensor for tensor in built.module.parameters() if tensor.dtype.is_floating_point]
    if all(tensor.dtype == wanted for tensor in stored):
        return built
    return replace(built, module=stored_as(copy.deepcopy(built.module), wanted))


def _traced(first: "FirstPass", input_size: Sizes | None, inputs: Any) -> tuple[Graph, int | None]:
    images = None
    if inputs is not None:
        graph = first.trace(inputs=inputs)
    elif input_size is None:
        graph = first.assumed()
    else:
        graph, images = first.typed(as_inputs(input_size))
    return replace(graph, notes=(*first.built.notes, *graph.notes)), images


def broken_off(error: BaseException) -> Graph | None:
    """What a pass ran until the error ended it, if a pass did."""
    from archscope.tracing import TraceError

    if isinstance(error, TraceError) and error.partial is not None:
        return error.partial()
    return broken_off(error.__cause__) if error.__cause__ else None


@dataclass(frozen=True)
class FirstPass:
    """A module with the input that it is known to take, if one is, and the ways to pass something through it."""

    built: Built
    found: Target
    mode: "Mode"

    @cached_property
    def expected(self) -> Expected | None:
        if self.found.input_size:
            return Expected((Input(self.found.input_size),))
        size = self.found.published_size(self.built.module)
        if not size:
            return self._guess
        return published(self.built.module, size, f"weights for {self.built.name}", self._goes_through)

    @cached_property
    def _guess(self) -> Expected | None:
        module = self.built.module
        own = keras.expected(module) if self._is_keras else huggingface.expected(module) or recorded(module)
        return own or (None if self._is_keras else expected_by(module))

    @property
    def _is_keras(self) -> bool:
        from archscope.tracing.keras import is_keras

        return is_keras(self.built.module)

    def trace(self, wanted: list[Input] | None = None, inputs: Any = None, real_pass: bool = True) -> Graph:
        from archscope.tracing import trace

        if wanted and self._is_keras and keras.is_unbuilt(self.built.module):
            keras.built_for(self.built.module, wanted)
        from archscope.networks.copies import ORIGINALS, unchanged_copies

        own = self.found.network is not None  # no forward of archscope's keeps anything
        return trace(
            self.built.module,
            wanted,
            inputs=inputs,
            mode=self.mode,
            name=self.built.name,
            real_pass=real_pass,
            copies=ORIGINALS if own else unchanged_copies(self.built.module),
            doubled=not own,
        )

    def typed(self, wanted: list[Input]) -> tuple[Graph, int | None]:
        """With what the user typed, as it stands if that goes through, or else completed; and the batch."""
        if self._is_keras:
            wanted = [keras.typed(self.built.module, each) for each in wanted]
        if self.expected is None or len(wanted) != 1 or wanted[0].values:
            return self.given(wanted), None
        (as_typed,) = wanted
        completed, images = self.expected.complete(as_typed)
        sides_of_image = len(as_typed.size) == 2 and len(completed.size) == 3  # or a layer would take it for an image
        if not self.expected.why or completed.size == as_typed.size:
            return self.given([completed]), images
        if sides_of_image and (image := self._attempt(completed)) is not None:
            return image, None
        as_it_stands = self._attempt(replace(as_typed, dtype=completed.dtype))
        if as_it_stands is not None:
            return as_it_stands, None
        graph = self.given([completed])
        if images is None:
            graph = replace(graph, notes=(f"input {as_typed} read as {completed}: {self.expected.why}", *graph.notes))
        return graph, images

    def _attempt(self, wanted: Input) -> Graph | None:
        from archscope.tracing import TraceError

        try:
            return self.trace([wanted])
        except TraceError:
            return None

    def assumed(self) -> Graph:
        """With the network's own input, or the likeliest that goes through: the notes then say which, and why."""
        from archscope.tracing import NeedsValues

        expected = self.expected
        if expected is None:
            raise ArchscopeError(self._what_to_give())
        if not expected.why:
            return self.given([*expected.inputs])
        found, failures = self._likeliest(expected, real_pass=False)
        if found is None and (better := self._where_it_failed(failures[0], expected.inputs[0])):
            expected = better
            found, failures = self._likeliest(expected, real_pass=False)
        if found is None and isinstance(failures[0], NeedsValues):
            raise failures[0]
        if found is None and not failures[0].certain:
            found, failures = self._likeliest(expected, real_pass=True)
        if found is not None:
            return found
        said = f"{failures[0]}; input {expected.inputs[0]} was assumed, as {expected.why}: else say --input"
        raise ArchscopeError(said) from failures[0]

    def _likeliest(self, expected: Expected, real_pass: bool) -> "tuple[Graph | None, list[TraceError]]":
        """The pass of the first input that goes through, and why those before it do not."""
        from archscope.tracing import TraceError

        failures: list[TraceError] = []
        for likely in expected.inputs:
            try:
                graph = self.trace([likely], real_pass=real_pass)
            except TraceError as error:
                if any(str(error) == str(failure) for failure in failures):
                    break  # no matter of size
                failures.append(error)
                continue
            but = f"; {expected.inputs[0]} does not go through" if failures else ""
            return replace(graph, notes=(f"input {likely} assumed: {expected.why}{but}", *graph.notes)), failures
        return None, failures

    def _where_it_failed(self, error: "TraceError", given: Input) -> Expected | None:
        """What the layer says at which a pass failed, if no other one ran before it."""
        if error.partial is None or any(layer.parameters for layer in error.partial().layers):
            return None
        return expected_where(self.built.module, error.layer, given, str(error))

    def _what_to_give(self) -> str:
        name, arguments = self.built.name, required_arguments(self.built.module)
        if len(arguments) > 1:
            each = " ".join(f"--input {argument}=..." for argument in arguments)
            such = "such as 3x224x224 or 128:int64, or as one number 7,:int64"
            return f"{name} takes {' and '.join(arguments)}: give {each}, {such}"
        return f"{name} needs an input size, such as --input 3x224x224: its first layer does not say which"

    def given(self, wanted: list[Input]) -> Graph:
        """With these inputs. Where they do not go through, the error says what would."""
        from archscope.tracing import NeedsValues, TraceError

        expected = self.expected if len(wanted) == 1 else None
        own = expected.inputs[0] if expected and not expected.why else None
        if own and own.size[0] != wanted[0].size[0] and not (expected and expected.any_length):
            channels = f"{own.size[0]} channels, as in its own input " if len(own.size) > 2 else ""
            raise ArchscopeError(f"{self.built.name} takes {channels}{own}")
        try:
            return self._beside_values(wanted)
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

    def _beside_values(self, wanted: list[Input]) -> Graph:
        """Lengths, say, are one for each item of a batch: where one item does not go through, as many are tried."""
        from archscope.tracing import TraceError

        counts = {len(each.values) for each in wanted if len(each.values) > 1}
        try:
            return self.trace(wanted)
        except TraceError:
            if len(counts) != 1 or len(wanted) == 1:
                raise
        (count,) = counts
        said = f"a batch of {count}, as many as there are values: counts are of all"
        if all(each.values or each.size[:1] == (count,) for each in wanted):  # their sizes may say the batch already
            within = [each if each.values else replace(each, size=each.size[1:], batch=count) for each in wanted]
            with suppress(TraceError):
                graph = self.trace(within)
                return replace(graph, notes=(said, *graph.notes))
        graph = self.trace([each if each.values else replace(each, batch=count) for each in wanted])
        return replace(graph, notes=(said, *graph.notes))

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
            self.trace([wanted], real_pass=False)
        except TraceError:
            return False
        return True


def _square(given: Input, side: int) -> Input:
    return replace(given, size=(given.size[0], *[side] * (len(given.size) - 1)))
