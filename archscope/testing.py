"""Assertions for tests of networks, in pytest or any other: what a network costs, and that it is still the same.

    from archscope.testing import assert_costs, assert_same_network

    def test_backbone():
        assert_costs(Backbone(), (3, 224, 224), params=4_231_976, macs="570M", tolerance=0.01)
        assert_same_network(Backbone(), "mobilenet")

A failure says what differs, in the words of `archscope check` and `archscope diff`. Nothing runs but a trace on the
meta device, and no module is changed.
"""

from typing import TYPE_CHECKING, Any

from archscope.comparison.limits import Findings, Limit, find_limited, held_against
from archscope.errors import ArchscopeError
from archscope.model.units import parse_number

if TYPE_CHECKING:
    from archscope.targets.inputs import InputSize
    from archscope.targets.target import Named


def assert_costs(
    target: "Named",
    input_size: "InputSize | None" = None,
    *,
    tolerance: float = 0.0,
    batch: int | None = None,
    **quantities: float | str,
) -> None:
    """Raises AssertionError where a quantity is not what is given, up to the `tolerance`, a share: 0.01 is one percent.

    `params`, `macs`, `flops`, `activations`, `depth`, `receptive_field`, and in bytes `weights`, `peak_memory` and
    `training_memory`, as numbers or as `"570M"`. With `max_params` or `min_depth` it is a limit on one side. Memory is
    of `batch` images. Raises ArchscopeError for a quantity that there is not, and where the target cannot be traced.

    >>> assert_costs("lenet5", params=60_000, max_macs="1M")
    """
    __tracebackhide__ = True
    from archscope.summary import summarize

    if not quantities:
        raise ArchscopeError("assert_costs: say what is asserted, such as params=5_000_000")
    if tolerance < 0:
        raise ArchscopeError(f"tolerance={tolerance}: write a share, such as 0.01 for one percent")
    limits = [limit for name, value in quantities.items() for limit in _limits(name, value, tolerance)]
    report = summarize(target, input_size, batch=batch)
    name = target if isinstance(target, str) else report.graph.name
    found = Findings(tuple(held_against(report, limits, name)))
    if found.broken:
        raise AssertionError(f"\n{found.to_text()}")


def _limits(name: str, given: float | str, tolerance: float) -> list[Limit]:
    value = parse_number(given, f"{name}: ") if isinstance(given, str) else given
    if name.startswith("max_"):
        return [Limit("max", find_limited(name.removeprefix("max_")), value * (1 + tolerance))]
    if name.startswith("min_"):
        return [Limit("min", find_limited(name.removeprefix("min_")), value * (1 - tolerance))]
    quantity = find_limited(name)
    within = f", within {100 * tolerance:g} %" if tolerance else ""
    why = f"{value:,} expected{within}"
    return [
        Limit("max", quantity, value * (1 + tolerance), why), Limit("min", quantity, value * (1 - tolerance), why)
    ]  # fmt: skip


def assert_same_network(a: "Named", b: "Named", input_size: "InputSize | None" = None, **given: Any) -> None:
    """Raises AssertionError where `a` is not the network that `b`, the reference, is, with their diff as its text.

    `input_size` and what else is `given` (`options`, `reference_options`, `weights`) go to `archscope.diff`.

    >>> assert_same_network("lenet5", "lenet5")
    """
    __tracebackhide__ = True
    from archscope.differences.measured import diff

    found = diff(a, b, input_size, **given)
    if found.verdict != "identical":
        raise AssertionError(f"\n{found}")
