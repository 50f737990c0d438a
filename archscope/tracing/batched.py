"""torch.func inside a network: under vmap an operation is given batches that look like one of their items."""

from typing import Any

import torch

FUNC: Any = torch._C._functorch


def is_wrapped(tensor: torch.Tensor) -> bool:
    """Does it look like an item of a batch, or is it watched for its gradient?"""
    return bool(FUNC.is_functorch_wrapped_tensor(tensor))


def layers_of(tensor: torch.Tensor) -> list[torch.Tensor]:
    """The tensor and all that it wraps, the innermost last."""
    found = [tensor]
    while is_wrapped(found[-1]):
        found.append(FUNC.get_unwrapped(found[-1]))
    return found


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """With all its items, and the axes that vmap hides in front."""
    if not is_wrapped(tensor):
        return tensor
    inner = FUNC.get_unwrapped(tensor)
    if not FUNC.is_batchedtensor(tensor):
        return whole(inner)
    hidden = FUNC.maybe_get_bdim(tensor)
    deeper = whole(inner)
    axes = deeper.dim() - inner.dim()
    return deeper.movedim(axes + hidden, axes) if hidden else deeper


def settings_of_whole(settings: dict[str, Any]) -> dict[str, Any]:
    """What an equation says of one item, for all of them."""
    equation = settings.get("equation")
    if not isinstance(equation, str) or "..." in equation:
        return settings
    terms, arrow, result = equation.replace(" ", "").partition("->")
    said = ",".join("..." + term for term in terms.split(",")) + (arrow and f"->...{result}")
    return {**settings, "equation": said}
