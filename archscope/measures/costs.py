"""What operators cost that are not torch's own: their authors say it."""

from collections.abc import Callable
from typing import NamedTuple

from archscope.errors import ArchscopeError
from archscope.model.graph import Layer
from archscope.registry import named_arguments


class Cost(NamedTuple):
    """Of one layer: multiply-accumulates, and elementwise operations besides."""

    macs: int
    elementwise: int = 0


Formula = Callable[[Layer], Cost | None]

_formulas: dict[str, Formula] = {}


@named_arguments
def cost(operator: str) -> Callable[[Formula], Formula]:
    """Decorator: what an operator of your own costs, as a function of the layer that runs it.

    `operator` is its name with its library, "mylib::scan", or the class of a module that torch does not see into. The
    layer says the whole shapes of what it is given, `operand_shapes`, of what it returns, `output_shapes`, and its
    `settings`. Without it such an operator is unknown, and in no total. A second formula takes the place of the
    first, so that a cell of a notebook can run again; None stands for a layer whose cost is not known. Raises
    ArchscopeError where no name is given, and later where a formula fails or returns no cost.

    >>> @archscope.cost("mylib::scan")
    ... def scan(layer):
    ...     return archscope.Cost(macs=16 * layer.output_elements)
    >>> archscope.Cost(macs=64)
    Cost(macs=64, elementwise=0)
    """
    if not isinstance(operator, str):  # the decorator without its argument
        raise ArchscopeError('cost is given an operator by name: @archscope.cost("mylib::scan")')

    def register(formula: Formula) -> Formula:
        _formulas[operator] = formula
        return formula

    return register


def is_said(layer: Layer) -> bool:
    """Has somebody said what a layer costs?"""
    return layer.operation in _formulas


def cost_of(layer: Layer) -> Cost | None:
    """What its author says that a layer costs; None where nobody did. Raises ArchscopeError for what is no cost."""
    if not is_said(layer):
        return None
    try:
        said = _formulas[layer.operation](layer)
    except Exception as error:
        raise ArchscopeError(f"the cost of {layer.operation}: {type(error).__name__}: {error}") from error
    counts: tuple[object, ...] = tuple(said) if isinstance(said, Cost) else ()
    if said is not None and (not counts or not all(isinstance(count, int) and count >= 0 for count in counts)):
        raise ArchscopeError(
            f"the cost of {layer.operation} is {said!r}: return archscope.Cost(macs, elementwise) of whole numbers, "
            "none below 0, or None where it is not known"
        )
    return said
