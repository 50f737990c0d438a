"""Classes of transformers as targets: built of a configuration, its own or a local config.json's. Nothing is fetched,
no code of a configuration's folder runs, nobody is asked anything. No torch."""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.model.files import check_can_be_read
from archscope.model.input_sizes import Input, parameters_of
from archscope.model.text import shown
from archscope.reading.kinds import LARGEST_CONFIG
from archscope.registry import unknown
from archscope.targets.inputs import SAMPLES, TOKENS, Expected
from archscope.targets.target import Target
from archscope.targets.usercode import UserCode

if TYPE_CHECKING:
    from torch import nn

NAME = "transformers"
DEFAULT_LABELS = "as many labels as the configuration has by default, mostly 2: ImageNet's are --set num_labels=1000"
SECOND = 16_000
"""Samples of a second of sound."""


def of_transformers(name: str) -> Target:
    """`ResNetForImageClassification`, or a config.json, by its path or that of its folder."""
    target = f"{NAME}:{name}"
    path = Path(name)
    if path.is_dir() and (path / "adapter_config.json").is_file() and not (path / "config.json").is_file():
        raise ArchscopeError(f"{target} is an adapter, a part of a network: name the network's config.json")
    path = path / "config.json" if path.is_dir() else path
    if path.suffix == ".json":
        given = _read(path)
        named = path.absolute().parent.name
    elif "/" in name:
        raise ArchscopeError(f"{target}: archscope downloads nothing: give the path of its config.json, or the class")
    else:
        given, named = {}, name

    def build(**options: Any) -> "nn.Module":
        with _offline():
            return _built(target, "" if given else name, {**given, **options})

    def notes(options: Mapping[str, Any]) -> tuple[str, ...]:
        said = bool(given) or {"num_labels", "id2label"} & options.keys()
        return () if said or "Classification" not in name else (DEFAULT_LABELS,)

    libraries = None if given else ("torch", NAME)
    return Target(named, build, running=UserCode.of_module(NAME).running, libraries=libraries, notes=notes)


def _read(path: Path) -> dict[str, Any]:
    check_can_be_read(str(path))
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ArchscopeError(f"{path} holds more than {LARGEST_CONFIG:,} bytes: it is no config.json")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArchscopeError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ArchscopeError(f"{path} is no JSON") from None
    if isinstance(found, dict) and "pretrained_cfg" in found:
        raise ArchscopeError(
            f"{path} is a configuration of timm: name the network, timm:{shown(found.get('architecture'))}"
        )
    if not isinstance(found, dict) or not isinstance(found.get("model_type"), str):
        raise ArchscopeError(f"{path} names no model_type: it is no config.json of transformers")
    return found


def _built(target: str, name: str, given: dict[str, Any]) -> "nn.Module":
    """Of the installed package's own classes, whatever code the configuration names."""
    library = _installed(target)
    if not name:
        listed = given.get("architectures") or []
        name = given.pop("architecture", listed[0] if isinstance(listed, list) and listed else "")
        if not name:
            raise ArchscopeError(f"{target} names no architecture: give its class, --set architecture=BertModel")
    kind = _class_of(library, str(name), target)
    config_class = kind.config_class
    if config_class.model_type != given.get("model_type", config_class.model_type):
        raise ArchscopeError(f"{target}: {name} is no {given['model_type']} but a {config_class.model_type}")
    fields = {key: value for key, value in given.items() if key not in NO_FIELDS}
    if not given.get("model_type"):
        _check_options(config_class, fields, target)
    config = config_class(**fields)
    for part in (config, *_parts(config)):
        for field, value in LEAN.items():
            if hasattr(part, field):
                setattr(part, field, value)
    model: nn.Module = kind(config)
    return model


NO_FIELDS = frozenset({"auto_map", "architectures", "quantization_config", "transformers_version", "model_type"})
"""What a configuration says besides: where code lies that is not run, and how weights are stored."""

LEAN = {"use_cache": False, "use_pretrained_backbone": False, "use_mamba_kernels": False}
"""A pass for its layers keeps nothing for a next token, and no backbone's weights are fetched."""


def _parts(config: Any) -> list[Any]:
    """The configurations in a configuration: of an image encoder and a text encoder, say."""
    return [part for part in vars(config).values() if hasattr(part, "model_type") and hasattr(part, "to_dict")]


def _class_of(library: Any, name: str, target: str) -> Any:
    try:
        base, kind = library.PreTrainedModel, getattr(library, name)
    except AttributeError:
        raise unknown("class of transformers", name, [each for each in dir(library) if _names_a_model(each)]) from None
    except (ImportError, RuntimeError) as error:  # of what the class needs, which transformers tells as its own
        raise ArchscopeError(f"{target}: {error.__cause__ or error}".partition("\n")[0]) from None
    is_model = isinstance(kind, type) and issubclass(kind, base) and getattr(kind, "config_class", None) is not None
    if not is_model:
        raise ArchscopeError(f"{target} is no class of a model with a configuration, such as {NAME}:ResNetModel")
    return kind


def _names_a_model(name: str) -> bool:
    return name.endswith("Model") or "For" in name[1:]


def _check_options(config_class: Any, options: Mapping[str, Any], target: str) -> None:
    """A configuration takes any field, and says nothing of those that it does not know."""
    default = config_class()
    known = ["num_labels", *vars(default), *getattr(config_class, "attribute_map", {})]
    for option in options:
        if option not in known and not hasattr(default, option):
            raise unknown(f"field of {config_class.__name__}", option, [key for key in known if key[0] != "_"])


def _installed(target: str) -> Any:
    try:
        return importlib.import_module(NAME)
    except ImportError as error:
        if error.name != NAME and sys.modules.get(NAME):
            raise ArchscopeError(f"{target} needs {error.name}: {error}") from None
        raise ArchscopeError(f"{target} needs transformers: pip install transformers") from None


@contextmanager
def _offline() -> Iterator[None]:
    """Whatever a constructor asks for, nothing is fetched."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants = sys.modules.get("huggingface_hub.constants")
    online = getattr(constants, "HF_HUB_OFFLINE", None)
    if constants is not None:
        constants.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        loaded = sys.modules.get("huggingface_hub.constants")
        if loaded is not None:
            loaded.HF_HUB_OFFLINE = bool(online) if constants else before in {"1", "true", "True"}  # type: ignore[attr-defined]
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before


# ---- inputs -----------------------------------------------------------------------------------------------------


def expected(module: Any) -> Expected | None:
    """What a model of transformers takes, by its configuration; None of another module, or where that does not say."""
    library = sys.modules.get(NAME)
    if library is None or not isinstance(module, library.PreTrainedModel):
        return None
    config, main = module.config, module.main_input_name
    takes = {parameter.name for parameter in parameters_of(module.forward)}
    names = [main]
    if main == "input_ids" and "pixel_values" in takes and hasattr(config, "vision_config"):
        names.append("pixel_values")
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in takes:
        names.append("decoder_input_ids")
    found = [_input(name, config) for name in names]
    inputs = tuple(each for each in found if each is not None)
    return Expected(inputs, any_length=inputs[0].name != "pixel_values") if len(inputs) == len(found) else None


def _input(name: str, config: Any) -> Input | None:
    vision, text = (getattr(config, part, None) or config for part in ("vision_config", "text_config"))
    if name in {"input_ids", "decoder_input_ids"}:
        longest = getattr(text, "max_position_embeddings", None)
        return Input((min(TOKENS, longest) if isinstance(longest, int) and longest > 0 else TOKENS,), "int64", name)
    if name == "pixel_values":
        sides = _sides(getattr(vision, "image_size", None) or 224)
        channels = getattr(vision, "num_channels", None) or 3
        frames = getattr(vision, "num_frames", None)
        return Input((frames, channels, *sides) if frames else (channels, *sides), "", name)
    if name == "input_values":
        bins, longest = getattr(config, "num_mel_bins", None), getattr(config, "max_length", None)
        return Input((longest, bins) if bins and longest else (SECOND,), "", name)
    if name == "input_features":
        bins, positions = getattr(config, "num_mel_bins", None), getattr(config, "max_source_positions", None)
        return Input((bins, 2 * positions) if bins and positions else (SAMPLES, bins or 80), "", name)
    return None


def _sides(size: Any) -> tuple[int, int]:
    if isinstance(size, Mapping):
        return int(size["height"]), int(size["width"])
    return (int(size), int(size)) if isinstance(size, int) else (int(size[0]), int(size[1]))
