"""From what the user named to a module that can be built, or to a Graph that a file holds. Torch-free until then."""

import importlib
import inspect
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError, UnknownName
from archscope.networks import find
from archscope.reading.kinds import is_configuration
from archscope.targets import keras, variants
from archscope.targets.candidates import named_in, only_network
from archscope.targets.configured import said_of_missing, with_configurations
from archscope.targets.files import SUFFIXES, is_program, of_file, of_program, said_of_folder
from archscope.targets.huggingface import of_transformers
from archscope.targets.inputs import CLIP
from archscope.targets.revisions import file_at
from archscope.targets.target import Built, Target
from archscope.targets.usercode import UserCode

if TYPE_CHECKING:
    from torch import nn

    from archscope.targets.target import Named

__all__ = ["Built", "Target", "resolve"]


def resolve(target: "Named") -> Target:
    """The Target of what a user names, or of a module that is built already. Raises ArchscopeError.

    A catalogue network's name, `file.py`, `file.py:Name`, `package.module:Name`, `timm:name`, `torchvision:name`,
    `REV:file.py:Name` for a file as it was at a git revision, each with options for its builder where it is followed by
    them: `xception?middle_blocks=4&num_classes=10`; or a file that describes a network.
    """
    if not isinstance(target, str):
        if is_program(target):
            return of_program(target)
        _check_built(target)
        return Target(called(target), lambda **options: _made(target, options, "the module"))
    bare, options = variants.split(target)
    if options:
        return replace(resolve(bare), options=options)
    if target.endswith(SUFFIXES):
        return of_file(target)
    if target.endswith(".json") and is_configuration(target):
        return of_transformers(target.removeprefix("transformers:"))
    place, colon, name = target.rpartition(":")  # the last colon: a path may have one too, C:\nets\net.py:Net
    if colon and not (place and name):
        raise ArchscopeError(f"{target} is half a name: write file.py:Name or package.module:Name")
    if colon and place in LIBRARIES:
        return LIBRARIES[place](name)
    if target.endswith(".py"):
        place, name = target, ""
    if place.endswith(".py"):
        return _of_code(target, _file(place), name)
    if colon:
        return _of_code(target, UserCode.of_module(place), name)
    try:
        network = find(target)
    except UnknownName:
        if os.path.isfile(target):  # whatever its name ends with
            return of_file(target)
        if os.path.exists(target):  # nearer to what was meant than a network's name
            raise UnknownName(said_of_folder(target)) from None
        if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", target):
            raise UnknownName(f"no network and no file is named {target}; {OF_THE_HUB}") from None
        raise
    return Target(network.name, network.build, network.input_size, network, libraries=("torch",))


OF_THE_HUB = (
    "of a model of the Hugging Face hub, which is not asked, name the class, "
    "transformers:ResNetForImageClassification, or its config.json"
)
"""What stands for `microsoft/resnet-50`."""


def called(target: object) -> str:
    """What a module, its class or a function that makes it goes by."""
    return target.__name__ if isinstance(target, type) or inspect.isroutine(target) else type(target).__name__


def _file(path: str) -> UserCode:
    if os.path.isfile(path):
        return UserCode.of_file(Path(path))
    if ":" in path and not os.path.isabs(path):
        return UserCode.of_file(*file_at(path))
    raise ArchscopeError(f"cannot read {path}: no such file")


def _of_code(target: str, code: UserCode, name: str) -> Target:
    told: list[str] = []

    def build(**options: Any) -> "nn.Module":
        from archscope.tracing.left_out import WEIGHTS

        with keras.made_where_torch_does(target, code.source):
            found = named_in(code.module, name, target) if name else only_network(code.module, target)
            WEIGHTS.renewed()  # the file has imported its libraries
            if inspect.isclass(found) or inspect.isroutine(found):
                options, told[:] = with_configurations(found, options)
            return _made(found, options, target)

    return Target(name, build, running=code.running, notes=lambda options: tuple(told))


def _made(found: Any, options: Mapping[str, Any], target: str) -> "nn.Module":
    """The module that `found` is, or makes of the options."""
    from torch import nn

    if isinstance(found, nn.Module) or is_program(found):
        if options:
            raise ArchscopeError(f"{target} is built already: it takes no options ({', '.join(options)})")
        module: nn.Module = _as_module(found)
        return module
    if not callable(found):
        raise ArchscopeError(f"{target} is of type {type(found).__name__}, not an nn.Module, its class or a function")
    _check_options(found, options, target)
    made = _as_module(found(**options))
    if not isinstance(made, nn.Module):
        raise ArchscopeError(f"{target} returns {type(made).__name__}, not an nn.Module")
    return made


def _as_module(found: Any) -> Any:
    """Of an exported program the module that runs it."""
    return found.module() if is_program(found) else found


OBJECTS = "for what is no number, word or list, name a function of yours that returns the network"
"""What is said where an argument may be a configuration, a class or a module."""


def _check_options(function: Callable[..., Any], options: Mapping[str, Any], target: str) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # written in C
        return
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes = ", ".join(name if p.default is p.empty else f"{name}={_shown(p.default)}" for name, p in named.items())
    for option in options:
        if option not in named and all(p.kind is not p.VAR_KEYWORD for p in parameters):
            raise ArchscopeError(f"{target} takes no {option}; it takes {takes or 'nothing'}")
    # Said before the call, whose own TypeError would not say how to give an option on this command line.
    missing = [name for name, p in named.items() if p.default is p.empty and name not in options]
    if missing:
        needs = ", ".join(f"--set {name}=..." for name in missing)
        configurations = [said for said in (said_of_missing(function, name) for name in missing) if said]
        raise ArchscopeError("; ".join([f"{target} needs {needs}; it takes {takes}", *(configurations or [OBJECTS])]))


def _shown(default: Any) -> str:
    """A default as the author wrote it, functions and classes by their names."""
    return default.__name__ if isinstance(default, type) or inspect.isroutine(default) else repr(default)


# ---- other zoos ----------------------------------------------------------------------------------------------


def _of_timm(name: str) -> Target:
    def build(**options: Any) -> "nn.Module":
        return _made(_installed("timm").create_model(name, pretrained=False, **options), {}, f"timm:{name}")

    def size(module: "nn.Module") -> tuple[int, ...] | None:
        given = (getattr(module, "pretrained_cfg", None) or {}).get("input_size")
        return tuple(given) if given else None

    return Target(
        name, build, running=UserCode.of_module("timm").running, published_size=size, libraries=("torch", "timm")
    )


def _of_torchvision(name: str) -> Target:
    def build(**options: Any) -> "nn.Module":
        models = _installed("torchvision.models")
        nothing = {"weights": None}
        if (
            name in models.list_models()
            and "weights_backbone" in inspect.signature(models.get_model_builder(name)).parameters
        ):
            nothing["weights_backbone"] = None  # or a backbone's would be downloaded
        return _made(models.get_model(name, **{**nothing, **options}), {}, f"torchvision:{name}")

    def size(module: "nn.Module") -> tuple[int, ...] | None:
        weights = _installed("torchvision.models").get_model_weights(name)
        if not len(weights):
            return None
        shown = weights.DEFAULT.transforms()
        sides = getattr(shown, "crop_size", None) or getattr(shown, "resize_size", None)
        if not sides:
            return None
        height, width = (*sides, *sides)[:2] if len(sides) == 1 else sides
        return (3, CLIP[0], height, width) if type(shown).__name__ == "VideoClassification" else (3, height, width)

    return Target(
        name,
        build,
        running=UserCode.of_module("torchvision").running,
        published_size=size,
        libraries=("torch", "torchvision"),
    )


def _of_keras(name: str) -> Target:
    target = f"keras:{name}"

    def build(**options: Any) -> "nn.Module":
        function, given = keras.application(name), keras.without_weights(options, target)
        _check_options(function, given, target)
        with keras.made_where_torch_does(target):
            return function(**given)

    return Target(name, build, running=UserCode.of_module("keras").running, libraries=("torch", "keras"))


def _check_built(module: Any) -> None:
    """Raises ArchscopeError for a Keras model of the user's that a trace would have to build, and so change."""
    from archscope.tracing.keras import is_keras

    if is_keras(module) and keras.is_unbuilt(module):
        raise ArchscopeError(f"{type(module).__name__} is not built: call it once, or name its code, net.py:model")


def _installed(library: str) -> Any:
    """An optional library. Raises ArchscopeError where it is missing."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        package = library.partition(".")[0]
        raise ArchscopeError(f"{package}:NAME needs {package}: pip install {package} ({error})") from None


LIBRARIES = {"timm": _of_timm, "torchvision": _of_torchvision, "keras": _of_keras, "transformers": of_transformers}
"""Other zoos by the prefix that their networks' names take."""
