"""What a network computes of nothing that flows through it: masks, positions. Their values are real."""

from math import prod
from typing import Any

import torch

from archscope.tracing import calls
from archscope.tracing.effects import stay_on_meta
from archscope.tracing.elsewhere import asked
from archscope.tracing.questions import MAKERS
from archscope.tracing.records import META, map_tensors, tensors_in
from archscope.tracing.sources import Sources
from archscope.tracing.untouched import drawn_alone
from archscope.tracing.values import MOST_COMPUTED, note_drawn, note_value


class Constants:
    """Makes the constants of a pass. `device` is where tensors on meta say that they lie; None where they say meta."""

    def __init__(
        self, sources: Sources, real: bool, generator: torch.Generator | None, device: torch.device | None
    ) -> None:
        self._sources, self._real, self._generator, self._device = sources, real, generator, device

    def made(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function gives that reads no tensor of the network's."""
        if args and calls.operation_name(function)[1] and isinstance(args[0], torch.Tensor):
            self._sources.keep_value(args[0])  # it may have been there before
        wanted = asked(getattr(function, "__name__", ""), args, kwargs)
        elsewhere = not self._real and wanted is not None and wanted.type != "cpu"
        moved = function is torch.Tensor.cuda or (function is torch.Tensor.to and len(args) + len(kwargs) == 2)
        if elsewhere and moved and not args[0].is_floating_point():
            return args[0]  # numbers, such as the order of sequences, that a shape may depend on
        if elsewhere and function is torch.Tensor.cuda:
            function, args, kwargs = torch.Tensor.to, (args[0], META), {}
        on_meta = any([tensor.is_meta for tensor in tensors_in((args, kwargs))])
        if (elsewhere or on_meta) and self._device is not None:  # no memory of a GPU's, nor its random numbers
            result = self._on_meta(function, args, kwargs)
        elif self._device is not None and self._is_large(function, args, kwargs):
            result = self._on_meta(function, args, {**kwargs, "device": META})
        else:
            result = function(*args, **drawn_alone(function, args, kwargs, self._generator))
        note_value(function, args, kwargs, result)
        note_drawn(function, args, kwargs, result)
        return result

    def _on_meta(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name, twin = getattr(function, "__name__", ""), self._sources.twin
        return function(*stay_on_meta(name, map_tensors(args, twin)), **stay_on_meta(name, map_tensors(kwargs, twin)))

    def _is_large(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Would this make more elements than are computed? Its shape is enough then."""
        if getattr(function, "__name__", "") not in MAKERS:
            return False
        given = [value if isinstance(value, list | tuple) else (value,) for value in (*args, *kwargs.values())]
        if prod([number for numbers in given for number in numbers if type(number) is int and number]) <= MOST_COMPUTED:
            return False  # whatever of these are sizes
        return bool(self._on_meta(function, args, {**kwargs, "device": META}).numel() > MOST_COMPUTED)
