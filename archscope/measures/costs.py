"""What operators cost that are not torch's own: their authors say it."""

from collections.abc import Callable
from typing import NamedTuple

from archscope.model.graph import Layer
from archscope.registry import Registry


class Cost(NamedTuple):
    """Of one layer: multiply-accumulates, and elementwise operations besides."""

    macs: int
    elementwise: int = 0


Formula = Callable[[Layer], Cost]

_formulas: Registry[Formula] = Registry("operator")


def cost(operator: str) -> Callable[[Formula], Formula]:
    """Decorator: what an operator of your own costs, as a function of the layer that runs it.

    `operator` is its name with its library, "mylib::scan", or the class of a module that torch does not see into. The
    layer says the whole shapes of what it is given, `operand_shapes`, of what it returns, `output_shapes`, and its
    `settings`. Without it such an operator is unknown, and in no total. Raises ValueError at a second formula for one.

    >>> @archscope.cost("mylib::scan")
    ... def scan(layer):
    ...     return archscope.Cost(macs=16 * layer.output_elements)
    >>> archscope.Cost(macs=64)
    Cost(macs=64, elementwise=0)
    """
    return _formulas.register(operator)


def cost_of(layer: Layer) -> Cost | None:
    """What its author says that a layer costs; None where nobody did."""
    return _formulas[layer.operation](layer) if layer.operation in _formulas else None
