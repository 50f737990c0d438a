"""A network ready to be timed: the module on its device, inputs to take turns, and what one step is."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import cycle
from typing import Any

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.latency import Optimizer, Options, backends
from archscope.model.graph import Graph, Tensor, bytes_of
from archscope.model.input_sizes import parameters_of
from archscope.tracing import Mode
from archscope.tracing.arguments import stored_as
from archscope.tracing.records import map_tensors, tensors_in

ROTATED_BYTES = 128 * 2**20
"""Inputs take turns until so many bytes have passed: more than a cache holds."""
MOST_INPUTS = 64
LEARNING_RATE = 1e-4
"""Small, so that no weight leaves its range while measured."""

OPTIMIZERS: Mapping[Optimizer, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}

Arguments = tuple[tuple[Any, ...], Mapping[str, Any]]


class Network:
    """A module with inputs on a device. `step()` runs it once, on the next input.

    `module` is moved there and changed as the options say; `mode` is that of its pass. `inputs` as in `trace`; by
    default random ones of the graph's sizes, at its batch.
    """

    def __init__(self, module: nn.Module, graph: Graph, options: Options, mode: Mode, inputs: Any = None) -> None:
        dtype = getattr(torch, options.stored_dtype)
        if any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
            raise ArchscopeError("a network on the meta device has no weights to run with: build it on the CPU")
        self.module = stored_as(module.to(options.device), dtype).train(mode == "train")
        takes = [parameter.name for parameter in parameters_of(module.forward)]
        self.inputs = _inputs(graph, inputs, takes, options.device, dtype)
        if options.channels_last:
            self._lay_channels_last()
        self.forward: Callable[..., Any] = self.module
        if options.compile_mode:
            self.forward = torch.compile(self.module, dynamic=False, mode=options.compile_mode)
        self._next = cycle(self.inputs)
        self._options, self._optimizer = options, None
        if options.train:
            self._optimizer = OPTIMIZERS[options.optimizer](self.module.parameters(), lr=LEARNING_RATE)
        scaled = options.train and options.amp == "float16"
        self._scaler = torch.amp.GradScaler(torch.device(options.device).type, enabled=scaled)
        if mode == "eval":
            with torch.no_grad(), self._cast():
                settle(self.module, *self.inputs[0])
        if options.backend != "eager":
            self.forward = backends.forward_of(self.module, self.inputs[0], options)

    def _lay_channels_last(self) -> None:
        def lay(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor

        for tensor in (*self.module.parameters(), *self.module.buffers()):
            tensor.data = lay(tensor.data)
        self.inputs = [map_tensors(arguments, lay) for arguments in self.inputs]

    def step(self, forward: Callable[..., Any] | None = None) -> None:
        """One pass on the next input; in training with its backward pass and a step of the optimizer."""
        self.step_on(next(self._next), forward)

    def step_on(self, arguments: Arguments, forward: Callable[..., Any] | None = None) -> None:
        args, kwargs = arguments
        forward = forward or self.forward
        if self._optimizer is None:
            with torch.no_grad(), self._cast():
                forward(*args, **kwargs)
            return
        self._optimizer.zero_grad(set_to_none=True)
        with self._cast():
            loss = loss_of(forward(*args, **kwargs))
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._optimizer)
        self._scaler.update()

    def _cast(self) -> AbstractContextManager[Any]:
        """Autocast, if asked for. While a CUDA graph is captured no cast weight may be kept for later."""
        if self._options.amp is None:
            return nullcontext()
        keep = not (self._options.on_cuda and torch.cuda.is_current_stream_capturing())
        kind = torch.device(self._options.device).type
        return torch.autocast(kind, getattr(torch, self._options.amp), cache_enabled=keep)

    def differences(self) -> backends.Differences | None:
        """Between what another backend or a compiled network returns and torch; None of a network that runs as it is
        written, or trains, where dropout draws anew."""
        if self.forward is self.module or self.module.training:
            return None
        args, kwargs = self.inputs[0]
        with torch.no_grad(), self._cast():
            found, expected = self.forward(*args, **kwargs), self.module(*args, **kwargs)
        return backends.differences(tensors_in(found) if self._options.compile else found, expected)

    def forget_gradients(self) -> None:
        if self._optimizer is not None:
            self._optimizer.zero_grad(set_to_none=True)

    @property
    def resident_bytes(self) -> int:
        """Weights, buffers, gradients, momenta and one input: what lies on the device now. What shares its memory with
        another, as the views of one buffer do, counts once."""
        held: list[torch.Tensor] = [*self.module.parameters(), *self.module.buffers(), *tensors_in(self.inputs[0])]
        held += [weight.grad for weight in self.module.parameters() if weight.grad is not None]
        if self._optimizer is not None:
            held += tensors_in([dict(state) for state in self._optimizer.state.values()])
        parts = [part for tensor in held for part in _dense(tensor)]
        storages = {storage.data_ptr(): storage.nbytes() for storage in (part.untyped_storage() for part in parts)}
        return sum(storages.values())


def _dense(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What a tensor lies in: a sparse one, such as the gradient of a large embedding, in its places and its values."""
    return (tensor._indices(), tensor._values()) if tensor.layout == torch.sparse_coo else (tensor,)


def loss_of(outputs: Any) -> torch.Tensor:
    """A loss to train on: cross entropy with class 0 for scores, else the mean; several outputs are added."""
    losses = [
        nn.functional.cross_entropy(output.float(), torch.zeros_like(output[:, 0], dtype=torch.int64))
        if output.dim() == 2
        else output.float().mean()
        for output in tensors_in(outputs)
        if output.requires_grad
    ]
    if not losses:
        raise ArchscopeError("this network has no trainable parameters: leave --train out")
    return torch.stack(losses).sum()


def _inputs(graph: Graph, given: Any, takes: Collection[str], device: str, dtype: torch.dtype) -> list[Arguments]:
    if given is not None:
        moved = map_tensors(given, lambda tensor: _converted(tensor, device, dtype))
        return [((), moved) if isinstance(moved, dict) else (moved if isinstance(moved, tuple) else (moved,), {})]
    each = sum(bytes_of(tensor.shape, tensor.dtype) for tensor in graph.inputs.values()) * graph.batch
    count = max(2, min(MOST_INPUTS, -(-ROTATED_BYTES // max(each, 1))))
    return [_arguments(graph, takes, device, dtype) for _ in range(count)]


def _arguments(graph: Graph, takes: Collection[str], device: str, dtype: torch.dtype) -> Arguments:
    """Random inputs, by name where the graph's names are those of `forward`."""
    made = {name: _random(tensor, graph.batch, device, dtype) for name, tensor in graph.inputs.items()}
    return ((), made) if made.keys() <= set(takes) else (tuple(made.values()), {})


def _converted(tensor: torch.Tensor, device: str, dtype: torch.dtype) -> torch.Tensor:
    if tensor.is_meta:
        tensor = torch.zeros(tensor.shape, dtype=tensor.dtype)
    return tensor.to(device, dtype if tensor.dtype.is_floating_point else tensor.dtype)


def _random(tensor: Tensor, batch: int, device: str, dtype: torch.dtype) -> torch.Tensor:
    kind: torch.dtype = getattr(torch, tensor.dtype)
    if kind.is_floating_point:
        return torch.randn((batch, *tensor.shape), device=device, dtype=dtype)
    return torch.zeros((batch, *tensor.shape), device=device, dtype=kind)  # an index that every table has


def settle(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Give batch normalisations that were never trained the statistics of one pass.

    With those of a fresh network (0 and 1) the activations of a deep one shrink from layer to layer until they are
    denormal numbers, which a CPU computes many times slower.
    """

    def take(part: Any, args: Any, kwargs: Any) -> None:
        if not part.track_running_stats or part.running_mean is None or part.num_batches_tracked:
            return
        image = next(iter((*args, *kwargs.values())))
        axes = [axis for axis in range(image.dim()) if axis != 1]
        variance, mean = torch.var_mean(image.float(), axes, correction=0)
        part.running_mean.copy_(mean)
        part.running_var.copy_(torch.where(variance > 0, variance, 1.0))

    parts = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    handles = [part.register_forward_pre_hook(take, with_kwargs=True) for part in parts]
    try:
        module(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
