"""Multiply-accumulates of torch.einsum, contracted as torch does."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from string import ascii_letters
from typing import Any

Term = dict[str, int]
"""Axes of an operand by letter, with their lengths. An axis of length 1 multiplies nothing, and is left out."""


def einsum(equation: Any, operands: Sequence[Sequence[int]]) -> int | None:
    """Pairs of operands from left to right; a pair that sums over nothing is no product. None without an equation.

    What stands in one operand alone is summed before it is multiplied.
    """
    return sum(map(prod, contractions(equation, operands))) if isinstance(equation, str) else None


def contractions(equation: Any, operands: Sequence[Sequence[int]]) -> list[list[int]]:
    """The lengths of all axes of each product that sums over one or more of them."""
    names, kept = letters(equation, [len(shape) for shape in operands])
    terms = [
        {letter: size for letter, size in zip(name, shape, strict=True) if size != 1}
        for name, shape in zip(names, operands, strict=True)
    ]
    remaining = Counter(letter for term in terms for letter in term)
    summed = remaining.keys() - set(kept)
    found, left = [], terms[0]
    for right in terms[1:]:
        both = left | right
        for letter in summed & (left.keys() ^ right.keys()):
            if remaining[letter] == 1:
                both.pop(letter)
        shared = left.keys() & right.keys()
        remaining.subtract(shared)
        contracted = {letter for letter in shared & summed if remaining[letter] == 1}
        if contracted:
            found.append(list(both.values()))
        left = {letter: size for letter, size in both.items() if letter not in contracted}
    return found


def letters(equation: Any, ranks: Sequence[int]) -> tuple[list[str], str]:
    """A letter for each axis of each operand, and those of the result: `...` stands for as many as an operand needs.
    Raises ValueError for what is no equation of such operands."""
    if not isinstance(equation, str):
        raise ValueError(f"{equation!r} is no equation")
    given, arrow, result = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    covered = [
        rank - len(term.replace("...", "")) if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)
    ]
    free = "".join(letter for letter in ascii_letters if letter not in equation)[: max(covered)]
    names = [
        term.replace("...", free[len(free) - axes :]) for term, axes in zip(terms, covered, strict=True)
    ]  # aligned at the right, as in broadcasting
    if not arrow:
        times = Counter("".join(term.replace("...", "") for term in terms))
        result = "..." + "".join(sorted(letter for letter, count in times.items() if count == 1))
    return names, result.replace("...", free)
