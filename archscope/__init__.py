"""archscope: what a convolutional network is made of, what it costs, and how it stands to its paper.

    archscope.build("xception")                        the network, an nn.Module
    archscope.trace(module, input_size=(3, 299, 299))  its Graph: every layer, shape and edge
    archscope.summarize("xception")                    its Report: str(), to_json(), to_markdown(), ...

Nothing here prints, and nothing imports torch before it is needed.
"""

from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.graph import Graph, Layer, Tensor, Window
from archscope.report import Column, Report

if TYPE_CHECKING:
    from torch import nn

__version__ = "0.1.0"
__all__ = [
    "ArchscopeError",
    "Column",
    "EnvironmentFailure",
    "Graph",
    "Layer",
    "Report",
    "Tensor",
    "Window",
    "build",
    "summarize",
    "trace",
]


def build(name: str, **options: Any) -> "nn.Module":
    """The network of this name with its options (`archscope show NAME` lists them), on torch's default device."""
    from archscope.networks import find

    return find(name).build(**options)


def trace(module: "nn.Module", input_size: Any = None, **options: Any) -> Graph:
    """The module's Graph. See `archscope.tracing.trace` for the arguments."""
    from archscope import tracing

    return tracing.trace(module, input_size, **options)


def summarize(target: "str | nn.Module", input_size: Any = None, **options: Any) -> Report:
    """The Report of a network's name, an nn.Module or a report.json. See `archscope.summary.summarize`."""
    from archscope import summary

    return summary.summarize(target, input_size, **options)
