"""What a user names, resolved: a module that can be built and traced, or a Graph that a file holds. No torch."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError, said_of
from archscope.model.graph import Graph
from archscope.model.input_sizes import Input
from archscope.networks import Network
from archscope.targets import variants

if TYPE_CHECKING:
    from os import PathLike

    from torch import nn

    from archscope.model.report import Report

    Named = str | PathLike[str] | nn.Module | Report
    """What a user names a network by. Behind the library's front door a path is its text."""

Reader = Callable[[Sequence[Input]], tuple[Graph, int | None]]
"""From the inputs that were typed, none where the file says them all, to the Graph of one image, and the batch if one
stood in front of its size. Raises ArchscopeError."""


@dataclass(frozen=True)
class Built:
    """A module for a trace, the name it goes by, and what a reader must know about how it was built."""

    module: "nn.Module"
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What can be built under a name; without one it is that of the module's class, the only one of a file.

    `input_size` is its own, where it has one; `network` its catalogue entry; `options` are those that the target names:
    they hold where a builder is given no others, and are part of the name.
    `published_size` tells, of the module that was built, the size that a library's weights take.

    `running` is entered wherever the target's code runs: while it is built, traced or timed.
    `libraries` are those whose releases say, with archscope's, what is built; None where it is code of somebody's own.
    `notes`: what a reader must know of what these options build.
    `read` is there where nothing can be built: a file holds the Graph, and is counted, not run.
    """

    name: str
    builder: "Callable[..., nn.Module]"
    input_size: tuple[int, ...] | None = None
    network: Network | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    running: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)
    published_size: "Callable[[nn.Module], tuple[int, ...] | None]" = field(default=lambda module: None)
    libraries: tuple[str, ...] | None = None
    notes: Callable[[Mapping[str, Any]], tuple[str, ...]] = field(default=lambda options: ())
    read: Reader | None = None

    @classmethod
    def of_graph(cls, name: str, what: str, read: Reader) -> "Target":
        """Of a file that holds a Graph: `what` is "an ONNX file", say. Whatever needs a module is refused."""

        def refuse(**options: Any) -> "nn.Module":
            raise ArchscopeError(f"{name} is {what}: it is counted, not run; name the code that builds it, net.py:Net")

        return cls(name, refuse, read=read)

    def check_runs(self) -> None:
        """Raises ArchscopeError where there is no module to run."""
        if self.read is not None:
            self.builder()

    def build(self, /, **options: Any) -> "nn.Module":
        """The module with its weights, on torch's default device. Raises ArchscopeError for an unknown option."""
        with self.running():
            return self._module(options)

    def on_meta(self, /, **options: Any) -> Built:
        """The module without memory, as a trace needs it; with memory where its constructor asks for numbers."""
        from archscope.tracing.elsewhere import cuda_idle
        from archscope.tracing.meta_build import Skeleton
        from archscope.tracing.untouched import DrawnAlone, random_states_kept

        with self.running(), random_states_kept(), cuda_idle():
            try:
                with Skeleton():  # whatever the constructor allocates has a shape and no memory
                    return self._without_weights(options)
            except ArchscopeError:
                raise
            except Exception as error:  # .item() in a constructor, say: stochastic depth's rates
                reason = f"built on the CPU, since its constructor needs numbers ({said_of(error)})"
                with DrawnAlone():
                    return self._without_weights(options, reason)

    def on_cpu(self, /, **options: Any) -> Built:
        """The module with weights, for a pass that needs them. Random states stay as they are."""
        from archscope.tracing.elsewhere import cuda_idle
        from archscope.tracing.untouched import DrawnAlone, random_states_kept

        with self.running(), random_states_kept(), DrawnAlone(), cuda_idle():
            return self._without_weights(options)

    def _without_weights(self, options: Mapping[str, Any], *said: str) -> Built:
        """Without those that its constructor would fetch or load, unless it cannot do without them."""
        from archscope.tracing.left_out import said_of_left_out, weights_left_out

        with weights_left_out() as names:
            try:
                module = self._module(options)
            except Exception:
                if not names:
                    raise
            else:
                left_out = [said_of_left_out(names)] if names else []
                return self._built(module, options, *left_out, *said)
        return self._built(self._module(options), options, *said)

    def _module(self, options: Mapping[str, Any]) -> "nn.Module":
        return self.builder(**{**self.options, **options})

    def _built(self, module: "nn.Module", options: Mapping[str, Any], *said: str) -> Built:
        notes = (*said, *self.notes({**self.options, **options}))
        variant = variants.suffix(self.options)
        if self.name:
            return Built(module, self.name + variant, notes)
        name = type(module).__name__
        return Built(module, name + variant, (f"{name} is the only network of the file", *notes))
