"""archscope: what a convolutional network is made of, what it costs, and how it stands to its paper.

    archscope.build("xception")                        the network, an nn.Module
    archscope.trace(module, input_size=(3, 299, 299))  its Graph: every layer, shape and edge
    archscope.summarize("xception")                    its Report: str(), to_json(), to_markdown(), ...
    archscope.compare("xception", "inception_v3")      their Comparison: what each costs, in ratio to the first
    archscope.audit("xception")                        why other counters give other numbers
    archscope.diagram("xception")                      its figure: str() is SVG, and notebooks show it
    archscope.spectrum("xception")                     its points between regular and depthwise convolutions
    archscope.diff(my_network, "xception")             its Diff: is it that network, and where is it not?

Nothing here prints, and nothing imports torch before it is needed.
"""

from typing import TYPE_CHECKING, Any, Literal

from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.model.graph import Graph, Layer, Tensor, Window
from archscope.model.report import Column, Report
from archscope.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from archscope.auditing import Audit
    from archscope.comparison.report import Comparison
    from archscope.continuum.points import Spectrum
    from archscope.differences import Diff
    from archscope.views.diagram.drawing import Diagram

__all__ = [
    "ArchscopeError",
    "Column",
    "EnvironmentFailure",
    "Graph",
    "Layer",
    "Report",
    "Tensor",
    "Window",
    "__version__",
    "audit",
    "build",
    "compare",
    "diagram",
    "diff",
    "spectrum",
    "summarize",
    "trace",
]


def build(target: str, /, **options: Any) -> "nn.Module":
    """The network of this name, or file.py:Name, with its options and weights, on torch's default device.

    `archscope.targets.resolve` says what can be named, `archscope show NAME` which options a network has.
    """
    from archscope.targets import resolve

    return resolve(target).build(**options)


def trace(module: "nn.Module", input_size: Any = None, **options: Any) -> Graph:
    """The module's Graph. See `archscope.tracing.trace` for the arguments."""
    from archscope import tracing

    return tracing.trace(module, input_size, **options)


def summarize(target: "str | nn.Module", input_size: Any = None, **options: Any) -> Report:
    """The Report of a network's name, file.py:Name, an nn.Module or a report.json: `archscope.summary.summarize`."""
    from archscope import summary

    return summary.summarize(target, input_size, **options)


def audit(target: str, input_size: Any = None, *, options: "Mapping[str, Any] | None" = None) -> "Audit":
    """The Audit of a network's name or file.py:Name: what every installed counter says of it, and why.

    `options` go to the network's builder. Each tool runs in a process of its own, which builds the target anew.
    """
    from archscope import auditing

    return auditing.audit(summarize(target, input_size, options=options), options or {})


def compare(*targets: "str | nn.Module | Report", input_size: Any = None, **settings: Any) -> "Comparison":
    """The Comparison of networks, modules, Reports and saved reports. See `archscope.comparison.compare`."""
    from archscope import comparison

    return comparison.compare(*targets, input_size=input_size, **settings)


def diagram(
    target: "str | nn.Module",
    input_size: Any = None,
    *,
    options: "Mapping[str, Any] | None" = None,
    **choices: Any,
) -> "Diagram":
    """The Diagram of a network's name, file.py:Name, an nn.Module or a report.json.

    `options` go to the network's builder, `choices` are the fields of
    `archscope.views.diagram.options.DiagramOptions`: level, block, direction, theme ...
    """
    from archscope.networks import catalogue, find
    from archscope.views.diagram.drawing import DiagramOptions, draw

    report = summarize(target, input_size, options=options)
    if report.graph.name in catalogue():
        choices.setdefault("title", find(report.graph.name).label)
    return draw(report, DiagramOptions(**choices))


def spectrum(
    target: str = "",
    segments: Any = None,
    *,
    batch: int | None = None,
    hold: Literal["", "params"] = "",
    input_size: Any = None,
    **options: Any,
) -> "Spectrum":
    """The Spectrum of a network by name, or of a block without one.

    `segments` are counts, "depthwise", or the sizes of a block's segments as a tuple. `hold` as in
    `archscope.continuum`. `options` go to the network's builder, or are the fields of
    `archscope.continuum.points.Block`: channels, kernel_size ...
    """
    from archscope import continuum
    from archscope.continuum.points import Block

    if target:
        return continuum.of_network(target, segments, input_size=input_size, batch=batch, hold=hold, options=options)
    return continuum.of_block(Block(input_size=input_size or (), **options), segments, batch=batch, hold=hold)


def diff(
    a: "str | nn.Module | Report", b: "str | nn.Module | Report", input_size: Any = None, **options: Any
) -> "Diff":
    """How `a` differs from the reference `b`. See `archscope.differences.measured.diff` for the arguments."""
    from archscope.differences import measured

    return measured.diff(a, b, input_size, **options)
