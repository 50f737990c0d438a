"""How each operation becomes a step in normal form: functions that fill the step to be, or give another. No torch."""

from collections.abc import Mapping
from typing import Any

from archscope.differences.draft import Draft
from archscope.differences.steps import Step
from archscope.model.graph import Layer

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "batch_norm": {"eps": 1e-5}, "layer_norm": {"eps": 1e-5}, "group_norm": {"eps": 1e-5},
    "instance_norm": {"eps": 1e-5}, "local_response_norm": {"alpha": 1e-4, "beta": 0.75, "k": 1.0},
    "leaky_relu": {"negative_slope": 0.01}, "elu": {"alpha": 1.0}, "celu": {"alpha": 1.0},
    "gelu": {"approximate": "none"}, "hardtanh": {"min_val": -1, "max_val": 1}, "dropout": {"p": 0.5},
    "softplus": {"beta": 1, "threshold": 20}, "interpolate": {"mode": "nearest"},
    "avg_pool": {"ceil_mode": False, "count_include_pad": True}, "max_pool": {"ceil_mode": False},
}  # fmt: skip
"""What torch does where a call does not say it, by operation."""

NO_FUNCTION = frozenset("training momentum train use_input_stats operands input dtype recompute_scale_factor".split())
"""Settings that change no value in evaluation. BN's momentum is a matter of how the network is trained."""


def other(step: Step, layer: Layer, draft: Draft) -> Step:
    """An operation by its name with all its settings."""
    step.facts = {**DEFAULTS.get(layer.operation, {}), **settings_of(layer)}
    if "dim" in step.facts and isinstance(step.facts["dim"], int):
        step.facts = {**step.facts, "dim": step.facts["dim"] % (len(layer.input_shapes[0]) + 1)}
    if layer.window is not None:
        step.facts = {**step.facts, "kernel_size": layer.window.kernel_size, "stride": layer.window.stride}
    step.facts = {**step.facts, "parameters": len(layer.parameters)}
    return step


def settings_of(layer: Layer) -> dict[str, Any]:
    """The settings that change values in evaluation."""
    return {name: value for name, value in layer.settings.items() if name not in NO_FUNCTION}
