"""From two targets to their Diff: both measured at one input size."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from archscope.differences import Alternative, Diff, compare
from archscope.differences.alternatives import alternative
from archscope.differences.fit import Fit, fit_of
from archscope.differences.training import with_training
from archscope.errors import ArchscopeError
from archscope.model.graph import Tensor
from archscope.model.report import Report
from archscope.reading.kinds import is_saved
from archscope.reading.safetensors import tensors_of
from archscope.targets import called, resolve

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archscope.targets.inputs import InputSize
    from archscope.targets.target import Named


def diff(
    a: "Named",
    b: "Named",
    input_size: "InputSize | None" = None,
    *,
    options: Mapping[str, Any] | None = None,
    reference_options: Mapping[str, Any] | None = None,
    weights: bool = False,
) -> Diff:
    """Is `a` the network that `b` is, and if not, where and why? `archscope.diff` says what may be given."""
    reports = reports_of(a, b, input_size, options or {}, reference_options or {})
    if reports[0].graph is not reports[1].graph:
        reports = (_in_training(a, reports[0], options or {}), _in_training(b, reports[1], reference_options or {}))
    found = compare(*reports)
    if found.differences:
        found = replace(found, fewer=_fewer(found, a, b, reference_options or {}))
    if not weights:
        return found
    if any(isinstance(side, Report) or is_saved(side) for side in (a, b)):
        raise ArchscopeError("a saved report has no weights to compare: name the networks themselves")
    from archscope.differences.proof import prove
    from archscope.tracing.keras import is_keras

    if any(map(is_keras, (a, b))):  # of which there is no copy, and whose own weights would be changed
        raise ArchscopeError("weights are compared of a Keras model that is named, keras:Xception or net.py:model")

    modules = [_built(side, given) for side, given in ((a, options), (b, reference_options))]
    return found.proven(prove(found, *modules))


def fit(
    weights: "str | PathLike[str] | Mapping[str, torch.Tensor]",
    target: "Named",
    options: Mapping[str, Any] | None = None,
) -> Fit:
    """Do weights fit the network? `archscope.fit` says what may be given."""
    file = _described(weights) if isinstance(weights, Mapping) else tensors_of(fspath(weights))
    held, twins = _held(target, options or {})
    name = target if isinstance(target, str) else target.target if isinstance(target, Report) else called(target)
    return fit_of("the weights" if isinstance(weights, Mapping) else fspath(weights), name, file, held, twins)


def _described(tensors: "Mapping[str, torch.Tensor]") -> dict[str, Tensor]:
    from archscope.tracing.records import describe

    return {name: describe(name, tensor) for name, tensor in tensors.items() if hasattr(tensor, "dtype")}


def _held(target: Any, options: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What a network asks a checkpoint for, and which of it are names of one tensor."""
    found = None if isinstance(target, Report) or is_saved(target) else resolve(target)
    if found is None or found.read is not None:
        graph = _report(target, None, options).graph
        return {**graph.parameters, **graph.buffers}, {}
    module = found.on_meta(**options).module
    with found.running():
        stored = module.state_dict(keep_vars=True)
    first: dict[int, str] = {}
    twins = {name: first.setdefault(id(tensor), name) for name, tensor in stored.items()}
    return _described(stored), twins


def _fewer(found: Diff, a: Any, b: Any, given: Mapping[str, Any]) -> Alternative | None:
    """With other options of the reference, where it is one of the catalogue and the reader's is not the same one."""
    mine, theirs = (None if isinstance(side, Report) or is_saved(side) else resolve(side) for side in (a, b))
    if theirs is None or theirs.network is None or (mine and mine.network is theirs.network):
        return None
    size = _own_size(found.b)
    return alternative(found, theirs.network.options, {**theirs.options, **given}, lambda more: _report(b, size, more))


def _in_training(target: Any, report: Report, options: Mapping[str, Any]) -> Report:
    """With what a pass in training says of dropout, where there can be one."""
    if isinstance(target, Report) or is_saved(target) or resolve(target).read:
        return report
    from archscope.summary import graph_of

    try:
        return with_training(report, graph_of(target, _own_size(report), None, "train", options))
    except ArchscopeError:  # normalisation, say, of one value a channel
        return report


def _built(target: Any, options: Mapping[str, Any] | None) -> "nn.Module":
    return resolve(target).build(**(options or {}))


def reports_of(
    a: Any, b: Any, size: "InputSize | None", options: Mapping[str, Any], reference_options: Mapping[str, Any]
) -> tuple[Report, Report]:
    """Both at one input size: by default that of the reference, or else of `a`; each at its own where that fails."""
    same = options == reference_options and (a is b or (isinstance(a, str) and a == b))
    if size is None:
        opened = _opened(b)
        b, size = b if reference_options else opened, _own_size(opened)
    if size is None:
        opened = _opened(a)
        a, size = a if options else opened, _own_size(opened)
    reference = _report(b, size, reference_options)
    if same:
        return reference, reference
    try:
        return _report(a, _own_size(reference) if size is None else size, options), reference
    except ArchscopeError:
        own = _own_size(_opened(a))
        if size is None:  # the size is the reference's guess: with that of the reader's own
            mine = _report(a, None, options)
            return mine, _report(b, _own_size(mine), reference_options)
        if own in (None, size) or isinstance(a, Report):
            raise
        return _report(a, own, options), reference


def _opened(target: Any) -> Any:
    """What a file holds, so that it is read once; the target itself where its sizes are open, or it is to be built."""
    if is_saved(target):
        return _report(target, None, {})
    if isinstance(target, Report) or not resolve(target).read:
        return target
    try:
        return _report(target, None, {})
    except ArchscopeError:  # its sizes are open; or it is none, which is said in its turn
        return target


def _own_size(target: Any) -> Any:
    """Of a report the size that it was measured at, of a file the one that it fixes."""
    if isinstance(target, Report):
        sizes = [tensor.shape for tensor in target.graph.inputs.values()]
        return sizes[0] if len(sizes) == 1 else sizes
    return resolve(target).input_size


def _report(target: Any, size: "InputSize | None", options: Mapping[str, Any]) -> Report:
    from archscope.summary import summarize

    if isinstance(target, Report):
        return target
    if is_saved(target):
        return replace(summarize(target), target=target)  # so that a network and a report of it are told apart
    return summarize(target, size, options=options)
