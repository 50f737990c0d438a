"""Keras models as targets: on the torch backend, made where torch makes its tensors, without weights. No torch."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.model.input_sizes import Input
from archscope.reading import documents
from archscope.reading.kinds import BROKEN_ARCHIVE
from archscope.registry import unknown
from archscope.targets.inputs import SIDES, Expected
from archscope.targets.target import Target
from archscope.targets.usercode import UserCode

if TYPE_CHECKING:
    from torch import nn

INSTALL = "pip install 'archscope[keras]'"
LARGEST_CONFIG = 20_000_000
"""Bytes of the architecture in a file."""
MOST = {"values": (",", 500_000), "objects": ('"class_name"', 20_000)}
"""The largest of Keras' own has 1 MB, 44,000 and 5,200."""
MOST_IN_A_ROW = 300
"""Layers of a Sequential, which Keras builds anew as it adds each: 13 s for so many."""
NUMBERS = "object_name_uids"
"""Where Keras counts layers of a class, to name the next one."""
CHANNELS = (1, 3, 4)
"""Of an image whose network does not say how many it takes."""


# ---- Keras itself -----------------------------------------------------------------------------------------------


def imported(wanted: str) -> Any:
    """Keras, on its torch backend. Raises ArchscopeError where it is missing, or runs on another one."""
    loaded = sys.modules.get("keras") is not None
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        with _settings_untouched():
            import keras
    except ImportError as error:
        if not loaded and error.name == "keras":
            raise ArchscopeError(f"{wanted} needs Keras: {INSTALL}") from None
        raise ArchscopeError(f"{wanted} needs Keras on its torch backend, KERAS_BACKEND=torch: {error}") from None
    if keras.config.backend() != "torch":
        raise ArchscopeError(
            f"Keras runs on {keras.config.backend()} here; archscope reads its models on torch: KERAS_BACKEND=torch"
        )
    return keras


@contextmanager
def _settings_untouched() -> Iterator[None]:
    """Where the user has no file of settings for Keras, it would write one as it is imported."""
    home = Path.home() / ".keras"
    if "keras" in sys.modules or "KERAS_HOME" in os.environ or (home / "keras.json").exists():
        yield
        return
    os.environ["KERAS_HOME"] = os.devnull
    try:
        yield
        sys.modules["keras.src.backend.config"]._KERAS_DIR = str(home)  # type: ignore[attr-defined]
    finally:
        del os.environ["KERAS_HOME"]


@contextmanager
def made_where_torch_does(wanted: str, source: str = "") -> Iterator[None]:
    """Keras names a device for each tensor: the one that torch would take, meta say. `source`: code that may use it."""
    if "keras" not in sys.modules and "keras" not in source:
        yield
        return
    try:
        keras = imported(wanted)
    except ArchscopeError:
        if "keras" in sys.modules and "keras.src" in sys.modules:
            raise
        yield  # the code's own import says it, if it comes to that
        return
    import torch
    from keras.src.backend.common import global_state

    counted = global_state.get_global_attribute(NUMBERS)
    global_state.set_global_attribute(NUMBERS, defaultdict(int))  # names do not tell what was built before
    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        with keras.device(str(torch.empty(0).device)):
            yield
    finally:
        global_state.set_global_attribute(NUMBERS, counted)
        if filtering:
            keras.config.enable_traceback_filtering()


# ---- models -----------------------------------------------------------------------------------------------------


def application(name: str) -> Callable[..., "nn.Module"]:
    """What makes one of `keras.applications`. Raises ArchscopeError for an unknown name."""
    applications = imported(f"keras:{name}").applications
    known = {each: made for each, made in vars(applications).items() if each[:1].isupper() and callable(made)}
    if name not in known:
        raise unknown("Keras application", name, known)
    function: Callable[..., nn.Module] = known[name]
    return function


def without_weights(options: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Options as typed: `none` is Python's, and weights are not downloaded."""
    said = {name: None if value == "none" else value for name, value in options.items()}
    if said.get("weights") is not None:
        raise ArchscopeError(f"{target}: archscope downloads nothing, and counts without weights: leave them out")
    return {"weights": None, **said}


def in_file(path: str) -> "nn.Module":
    """The model whose architecture a .keras file holds. Weights are not read, and no code of the file's runs."""
    import zipfile

    keras = imported(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > LARGEST_CONFIG:
                raise ArchscopeError(f"{path} holds an architecture of more than {LARGEST_CONFIG:,} bytes")
            config = documents.load(path, "its architecture", archive.read("config.json"), MOST)
    except (zipfile.BadZipFile, *BROKEN_ARCHIVE, KeyError, RecursionError):
        raise ArchscopeError(f"{path} is no Keras file that can be read: model.save('net.keras') writes one") from None
    try:
        if sum(length**2 for length in _sequentials(config)) > MOST_IN_A_ROW**2:
            raise ArchscopeError(f"{path}: Keras needs minutes for a Sequential of more than {MOST_IN_A_ROW} layers")
        model: nn.Module = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except RecursionError:
        raise ArchscopeError(f"{path} has more layers in a row than Keras can follow") from None
    return model


def _sequentials(config: Any) -> Iterator[int]:
    """How many layers each Sequential of an architecture has."""
    held = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    match config:
        case {"class_name": "Sequential", "config": {"layers": list(layers)}}:
            yield len(layers)
    for each in held:
        yield from _sequentials(each)


def of_file(path: str) -> Target:
    def build(**options: Any) -> "nn.Module":
        if options:
            raise ArchscopeError(f"{path} is built already: it takes no options ({', '.join(options)})")
        imported(path)
        with made_where_torch_does(path):
            return in_file(path)

    return Target(Path(path).stem, build, running=UserCode.of_module("keras").running)


def is_unbuilt(model: Any) -> bool:
    """Has it layers whose shapes are not known until it is called?"""
    return any(not layer.built for layer in model._flatten_layers())


def built_for(model: Any, wanted: list[Input]) -> None:
    """Call a model once, without arithmetic, so that its layers get their shapes. Raises ArchscopeError."""
    import keras
    import torch

    from archscope.tracing.keras.passes import channels_last

    def made(each: Input) -> torch.Tensor:
        size = each.size
        if channels_last(model, len(size) + 1):
            size = (*size[1:], size[0])
        dtype = getattr(torch, each.dtype) if each.dtype else torch.float32
        return torch.empty((1, *size), dtype=dtype, device="meta")

    tensors = [made(each) for each in wanted]
    named = {each.name: tensor for each, tensor in zip(wanted, tensors, strict=True) if each.name}
    with keras.device("meta"):
        model(named if len(named) == len(tensors) else tensors[0] if len(tensors) == 1 else tensors)


# ---- inputs -----------------------------------------------------------------------------------------------------


def expected(model: Any) -> Expected | None:
    """What a model says of its inputs, channels first; customary sizes where it takes any."""
    from archscope.tracing.keras.passes import input_names

    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None
    own = [_channels_first(model, tuple(tensor.shape[1:])) for tensor in inputs]
    if all(None not in size for size in own):
        dtypes = ["" if tensor.dtype.startswith(("float", "bfloat")) else tensor.dtype for tensor in inputs]
        names = input_names(model) if len(inputs) > 1 else [""]
        return Expected(tuple(map(Input, own, dtypes, names)))
    (size, *others) = own
    if others or len(size) < 2 or size[0] is None:
        return None
    said = " x ".join("?" if each is None else str(each) for each in size)
    sides = [Input(tuple(side if each is None else each for each in size)) for side in SIDES]
    return Expected(tuple(sides), f"it takes {said}")


def _channels_first(model: Any, size: tuple[Any, ...]) -> tuple[Any, ...]:
    from archscope.tracing.keras.passes import channels_last

    return (size[-1], *size[:-1]) if channels_last(model, len(size) + 1) else size


def typed(model: Any, given: Input) -> Input:
    """A size in either order, channels first. A batch may stand in front."""
    from archscope.tracing.keras.passes import channels_last

    own = expected(model)
    likely = own.inputs[0].size if own and (own.why or len(own.inputs) == 1) else ()  # guesses are of one image
    front, size = given.size[:0], given.size
    if likely and len(size) == len(likely) + 1:
        front, size = size[:1], size[1:]
    if len(size) < 2 or (likely and len(size) != len(likely)) or not channels_last(model, len(size) + 1):
        return given
    known = likely[:1] or CHANNELS
    turned = size[-1] in known and size[0] not in known
    return replace(given, size=(*front, size[-1], *size[:-1])) if turned else given
