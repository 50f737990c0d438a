"""Mutants by hand, of kinds that no generator makes."""

from tests.differences.bench.pairs import elements, layers, networks, tensors
from tests.differences.bench.pairs.made import PAIRS

__all__ = ["PAIRS", "elements", "layers", "networks", "tensors"]
