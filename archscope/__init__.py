"""archscope: what a convolutional network is made of, what it costs, and how it stands to its paper.

    archscope.networks()                               the networks that it knows
    archscope.build("xception")                        one of them, an nn.Module
    archscope.trace("xception")                        its Graph: every layer, shape and edge
    archscope.summarize("xception")                    its Report: str(), to_json(), to_markdown(), save() ...
    archscope.compare("xception", "inception_v3")      their Comparison: what each costs, in ratio to the first
    archscope.explain("xception", "classifier")        the working of each number of a layer
    archscope.worksheet("lenet5", blank="params")      a table to fill in, and its key
    archscope.diagram("xception")                      its figure: str() is SVG, and notebooks show it
    archscope.explore("xception")                      its page to walk through: save("xception.html")
    archscope.diff(my_network, "xception")             its Diff: is it that network, and where is it not?
    archscope.fit("net.safetensors", "resnet50")       its Fit: have these weights a place there, and under which names
    archscope.verify("xception")                       what its paper claims, recomputed
    archscope.audit("xception")                        why other counters give other numbers
    archscope.sweep("xception", {"middle_blocks": [4]}) what it costs over a grid of its options
    archscope.spectrum("xception")                     its points between regular and depthwise convolutions

A target is a network's name ("xception", "xception?num_classes=10"), code ("net.py:Net", "package.module:Net"),
"timm:NAME", "torchvision:NAME", an nn.Module, a Report, or the path of a saved report.json or of a file such as
net.onnx. Sizes are without the batch, channels x height x width in pixels: (3, 299, 299), "3x299x299", or one side,
299; a batch may stand in front, (1, 3, 299, 299). Several inputs are a list of sizes, by name and with a dtype where
need be: ["image=3x64x64", "ids=16:int64"]. Where a size goes, an example may: a tensor, or a list, tuple or dict of
them, batch included. What holds of one image holds of it then, and several images are counted as they were passed.

Nothing here prints, and nothing imports torch before it is needed.
"""

import sys
from importlib import import_module

TYPE_CHECKING = False  # that of typing takes longer to import than all of this

if TYPE_CHECKING:
    from archscope.errors import ArchscopeError, EnvironmentFailure
    from archscope.library import (
        audit,
        build,
        compare,
        diagram,
        diff,
        explain,
        explore,
        fit,
        lineage,
        networks,
        spectrum,
        summarize,
        sweep,
        trace,
        verify,
        worksheet,
    )
    from archscope.measures.costs import Cost, cost
    from archscope.model.graph import Graph, Layer, Tensor, Window
    from archscope.model.report import Column, Report
    from archscope.networks import Network
    from archscope.version import __version__

__all__ = [
    "ArchscopeError",
    "Column",
    "Cost",
    "EnvironmentFailure",
    "Graph",
    "Layer",
    "Network",
    "Report",
    "Tensor",
    "Window",
    "__version__",
    "audit",
    "build",
    "compare",
    "cost",
    "diagram",
    "diff",
    "explain",
    "explore",
    "fit",
    "lineage",
    "networks",
    "spectrum",
    "summarize",
    "sweep",
    "trace",
    "verify",
    "worksheet",
]
if not TYPE_CHECKING:  # a checker would take every name for known
    _MODULES = {
        "errors": "ArchscopeError EnvironmentFailure",
        "measures.costs": "Cost cost",
        "model.graph": "Graph Layer Tensor Window",
        "model.report": "Column Report",
        "networks": "Network",
        "version": "__version__",
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        """A public name, imported when it is asked for: the command line, which asks for none, starts at once."""
        if name in __all__:
            return getattr(import_module(f"archscope.{_MODULE_OF.get(name, 'library')}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    class _Package(type(sys)):
        def __setattr__(self, name: str, value: object) -> None:
            """The function `networks` hides the package of its name, also where that is imported later."""
            if name != "networks" or not isinstance(value, type(sys)):
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _Package
