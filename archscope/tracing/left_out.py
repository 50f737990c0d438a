"""Weights that a constructor would fetch or load. An architecture needs none, so that it is built without a network,
and before anything was downloaded; what was left out is told."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from threading import local
from typing import Any
from urllib.parse import urlparse

import torch
from torch import nn
from torch.nn.modules.module import _IncompatibleKeys

from archscope.tracing.detours import Detours

MOST_SAID = 3
"""Files that a note names."""


class Absent(dict[Any, Any]):
    """The weights that are not there, or a part of them: whatever is looked up or taken away."""

    def __missing__(self, key: Any) -> "Absent":
        return self

    def __delitem__(self, key: Any) -> None:
        pass

    def pop(self, key: Any, default: Any = None) -> Any:
        return self


class _Building(local):
    """What this thread has left out."""

    names: list[str] | None = None


BUILDING = _Building()


def _fetched(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Absent:
    """A function that downloads weights, or loads what another one did."""
    return _absent(next(iter((*args, *kwargs.values())), None))


def _absent(where: Any) -> Absent:
    """`where`: a file or an address; or a network whose library knows it."""
    if isinstance(where, nn.Module):
        where = f"{type(where).__name__}'s"
    if isinstance(where, str | os.PathLike) and BUILDING.names is not None:
        name = PurePath(urlparse(os.fspath(where)).path).name
        if name not in BUILDING.names:
            BUILDING.names.append(name)
    return Absent()


def _loaded(load: Callable[..., Any], file: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.load, of a file that may not be there."""
    if isinstance(file, str | os.PathLike) and not os.path.exists(file):
        return _absent(file)
    return load(file, *args, **kwargs)


def _filled(load_state_dict: Callable[..., Any], module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    """Once weights were left out, none are filled in: those that come later may be made of them."""
    return _IncompatibleKeys([], []) if BUILDING.names else load_state_dict(module, *args, **kwargs)


WEIGHTS = Detours(
    {
        ("torch.hub", "load_state_dict_from_url"): _fetched,
        ("torch.hub", "download_url_to_file"): _fetched,
        ("torch.utils.model_zoo", "load_url"): _fetched,
        ("timm.models._builder", "load_pretrained"): _fetched,
        ("segmentation_models_pytorch.encoders", "hf_hub_download"): _fetched,
        ("segmentation_models_pytorch.encoders", "load_file"): _fetched,
        (torch, "load"): _loaded,
        (nn.Module, "load_state_dict"): _filled,
    }
)


@contextmanager
def weights_left_out() -> Iterator[list[str]]:
    """Inside, constructors get no weights from elsewhere; the names of what they asked for."""
    before, BUILDING.names = BUILDING.names, []
    try:
        with WEIGHTS.taken():
            yield BUILDING.names
    finally:
        BUILDING.names = before


def said_of_left_out(names: list[str]) -> str:
    """In a note."""
    listed = ", ".join(names[:MOST_SAID]) + (" ..." if len(names) > MOST_SAID else "")
    return f"built without the weights that its constructor would load ({listed}): shapes and counts need none"
