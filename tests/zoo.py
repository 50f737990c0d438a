"""Which networks a test takes whose statement is about any of them: one a builder, all of them in `make everything`.

The rows of a table have one builder and differ in numbers alone: what holds for a picture of ResNet-50 holds for
ResNet-101. Parameters of every network are held by tests/networks/test_expected.py whatever is taken here.
"""

from functools import partial
from importlib import import_module

from archscope.networks import catalogue
from tests.conftest import EVERYTHING


def _first_of_each_builder() -> list[str]:
    package = import_module("archscope.networks")
    found: dict[object, str] = {}
    for name, network in catalogue().items():
        import_module(f"archscope.networks.{network.paper.file}")  # registers the builders
        builder = package._builders[name]
        found.setdefault(builder.func if isinstance(builder, partial) else builder, name)
    return list(found.values())


SAMPLE = _first_of_each_builder()
LARGE = {"nasnet_a_mobile", "pnasnet5_mobile", "polynet"}
"""A thousand operations each, of which a picture, a table or a formula says what it says of others."""

NETWORKS = list(catalogue()) if EVERYTHING else [name for name in SAMPLE if name not in LARGE]
COUNTED = NETWORKS if EVERYTHING else [*NETWORKS, "nasnet_a_mobile"]
"""Of the large ones one, whose counts and function are held with the others'."""
