"""One pass over a Keras model: watched, in its own settings, called with what it takes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from archscope.tracing.keras import is_keras
from archscope.tracing.keras.layers import rule_for
from archscope.tracing.keras.layouts import ChannelsFirst, firsts, last, returned
from archscope.tracing.keras.sequences import check_steps
from archscope.tracing.records import map_tensors, tensors_in
from archscope.tracing.watcher import Tracer


def watched(
    blocks: Mapping[str, nn.Module], tracer: Tracer, training: bool, watch: Callable[[nn.Module], None]
) -> Callable[..., Any]:
    """Have all doubles tell the tracer of their calls, torch's own modules by `watch`; what runs the model."""
    layout = ChannelsFirst(tracer)
    for module in blocks.values():
        if is_keras(module):
            _watch(module, tracer, layout)
        else:
            watch(module)

    def run(*args: Any, **kwargs: Any) -> Any:
        model = blocks[""]
        images = {rank for tensor in tensors_in((args, kwargs)) if channels_last(model, rank := tensor.dim())}
        with layout:
            return map_tensors(call(model, args, kwargs, training), lambda made: returned(layout, made, images))

    return run


def _watch(layer: nn.Module, tracer: Tracer, layout: ChannelsFirst) -> None:
    """Have a double tell the tracer of its calls, and do as one torch function what it does as one layer."""
    rule = rule_for(layer)
    call: Callable[..., Any] = layer._call_impl

    def watched(*args: Any, **kwargs: Any) -> Any:
        tracer.running.enter(layer, firsts(args))
        if rule is not None and "inputs" in kwargs:
            args = (kwargs.pop("inputs"), *args)
        check_steps(layer, args)
        output = NotImplemented if rule is None else rule(layout, layer, *args, **kwargs)
        if output is NotImplemented:
            output = call(*args, **kwargs)
        replaced = tracer.running.leave(layer, firsts(args), firsts(kwargs), firsts(output))
        if replaced is None:
            return output
        return replaced if firsts(output) is output else last(replaced)

    vars(layer)["_compiled_call_impl"] = watched


@contextmanager
def running(model: nn.Module) -> Iterator[None]:
    """Keras makes its tensors where the weights are, and its errors are one line."""
    import keras

    weights = [variable._value for variable in model.weights]  # type: ignore[union-attr]
    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        with keras.device(str(weights[0].device) if weights else "cpu"):
            yield
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()


def call(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], training: bool) -> Any:
    """What the model makes of tensors that are channels first."""
    given: Any = {name: _shown(model, value) for name, value in kwargs.items()}
    if not given:
        each = [_shown(model, value) for value in args]
        given = each[0] if len(each) == 1 else each
    elif isinstance(getattr(model, "_inputs_struct", None), list | tuple) and given.keys() == {*input_names(model)}:
        given = [given[name] for name in input_names(model)]  # it takes them by their places
    return model(given, training=training)


def input_names(model: Any) -> list[str]:
    """Of a functional model, in order."""
    return [tensor._keras_history.operation.name for tensor in model.inputs]


def channels_first(model: nn.Module, inputs: Any) -> Any:
    """A user's own tensors, as Keras takes them, as a trace says them."""
    return map_tensors(inputs, lambda each: each.movedim(-1, 1) if channels_last(model, each.dim()) else each)


def _shown(model: nn.Module, value: Any) -> Any:
    return map_tensors(value, lambda each: last(each) if channels_last(model, each.dim()) else each)


def channels_last(model: nn.Module, rank: int) -> bool:
    """Is an input of so many axes, the batch included, an image, a video or a signal whose channels come last?

    Says the first layer that has a format; of three axes only where nothing else reads them before.
    """
    import keras

    if rank < 3:
        return False
    for layer in model._flatten_layers(include_self=False):  # type: ignore[operator]
        data_format = getattr(layer, "data_format", None)
        if data_format and (rank > 3 or type(layer).__name__.endswith("1D")):
            return bool(data_format == "channels_last")
        if rank == 3 and (layer._trainable_variables or layer._non_trainable_variables):
            return False
    return rank > 3 and bool(keras.config.image_data_format() == "channels_last")
