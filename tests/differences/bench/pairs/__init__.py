"""Mutants by hand, of kinds that no generator makes."""

from tests.differences.bench.pairs import elements, layers, networks, roles, tensors
from tests.differences.bench.pairs.made import PAIRS

__all__ = ["PAIRS", "elements", "layers", "networks", "roles", "tensors"]
