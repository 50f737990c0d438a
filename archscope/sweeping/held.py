"""What a sweep walks along: so much of a quantity, or as much as another network has of it."""

from archscope.comparison.limits import LIMITED, find_limited
from archscope.errors import ArchscopeError
from archscope.model.units import NUMBER, parse_number

HELD = ("params", "macs", "flops", "activations")
"""What grows with the widths of a network as a power of them."""


def amount(text: str) -> tuple[str, float]:
    """`macs=4G` or `macs=resnet50` as a quantity and its amount. Raises ArchscopeError."""
    name, equals, of = (part.strip() for part in text.partition("="))
    if not equals or not of:
        raise ArchscopeError(f"--hold {text}: write quantity=amount or a network, such as macs=600M or macs=resnet50")
    quantity = find_limited(name)
    if quantity not in HELD:
        raise ArchscopeError(f"--hold {text}: what can be held is {', '.join(HELD)}")
    if NUMBER.fullmatch(of):
        value = parse_number(of, f"--hold {text}: ")
    else:
        from archscope.summary import summarize

        value = LIMITED[quantity].of(summarize(of))
    if not value or value < 0:
        raise ArchscopeError(f"--hold {text}: an amount above 0")
    return quantity, value
