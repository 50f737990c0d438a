"""Arithmetic as it is written on a blackboard: `floor((299 + 2·0 - 3) / 2) + 1`, to its value and to LaTeX.

Numbers (`22,855,952`), `+`, `-`, `·`, `/`, powers as raised digits, brackets, and the functions below: nothing else is
an expression, so that a text from anywhere can be evaluated. All arithmetic is exact until a logarithm is taken.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import ceil, floor, log2, prod
from typing import Any

from archscope.errors import ArchscopeError

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = {character: str(digit) for digit, character in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
TOKEN = re.compile(r"\s*(\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|[a-z]+\d*|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[-+·/(),])")

Number = int | float
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "floor": floor, "ceil": ceil, "round": round, "log2": log2,
    "max": lambda *values: max(values), "min": lambda *values: min(values),
}  # fmt: skip

Tree = tuple[Any, ...]
"""An operation's name and what it is of: `("+", a, b)`; a number is `("number", text)`."""

MOST_NESTED = 50
"""Brackets within brackets."""


@lru_cache(maxsize=4096)  # layers of a network have many formulas in common
def evaluate(text: str) -> Number:
    """The value of an expression, an integer where it is one. Raises ArchscopeError for anything else.

    >>> evaluate("floor((299 + 2·0 - 3) / 2) + 1")
    149
    """
    try:
        value: Number | Fraction = _value(parse(text))
    except (ZeroDivisionError, OverflowError, ValueError, TypeError) as error:
        raise ArchscopeError(f"'{text}' has no value: {error}") from None
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return value


def _value(tree: Tree) -> Any:
    kind, *parts = tree
    if kind == "number":
        text = parts[0].replace(",", "")
        return Fraction(text) if "." in text else int(text)
    values = [_value(part) for part in parts]
    return FUNCTIONS[kind](*values) if kind in FUNCTIONS else OPERATORS[kind](*values)


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda *terms: sum(terms),
    "minus": lambda term: -term,
    "·": lambda a, b: a * b,
    "/": lambda a, b: Fraction(a, b) if isinstance(a, int) and isinstance(b, int) else a / b,
    "power": lambda base, power: base ** int(power),
    "brackets": lambda inner: inner,
}


# ---- reading -------------------------------------------------------------------------------------------------------


def parse(text: str) -> Tree:
    """The tree of an expression. Raises ArchscopeError for what is none."""
    tokens, at = [], 0
    whole = text.rstrip()
    while at < len(whole):
        found = TOKEN.match(text, at)
        if found is None:
            raise ArchscopeError(f"'{text}' is no expression: what is {text[at:].strip()[0]}?")
        tokens.append(found[1])
        at = found.end()
    reader = _Reader(text, tokens)
    tree = reader.sum()
    if reader.tokens:
        reader.fail()
    return tree


class _Reader:
    """What is left of an expression's tokens, read from the left."""

    def __init__(self, text: str, tokens: Sequence[str]) -> None:
        self.text = text
        self.tokens = list(tokens[::-1])
        self.nested = 0

    def fail(self) -> Any:
        where = f"before {self.tokens[-1]}" if self.tokens else "at its end"
        raise ArchscopeError(f"'{self.text}' is no expression: something is missing {where}")

    def take(self, *which: str) -> str:
        """The next token where it is one of these; empty where it is not."""
        return self.tokens.pop() if self.tokens and self.tokens[-1] in which else ""

    def sum(self) -> Tree:
        self.nested += 1
        if self.nested > MOST_NESTED:
            raise ArchscopeError("an expression has too many brackets within brackets")
        sign, terms = self.take("-"), []
        while True:  # in one piece: a block's sum may have as many terms as it has parts
            terms.append(("minus", self.product()) if sign == "-" else self.product())
            sign = self.take("+", "-")
            if not sign:
                break
        self.nested -= 1
        return terms[0] if len(terms) == 1 else ("+", *terms)

    def product(self) -> Tree:
        tree = self.power()
        while sign := self.take("·", "/"):
            tree = (sign, tree, self.power())
        return tree

    def power(self) -> Tree:
        tree = self.atom()
        if self.tokens and self.tokens[-1][0] in LOWERED:
            return "power", tree, ("number", "".join(LOWERED[digit] for digit in self.tokens.pop()))
        return tree

    def atom(self) -> Tree:
        if not self.tokens:
            self.fail()
        token = self.tokens.pop()
        if token[0].isdecimal() and token[0] not in LOWERED:
            return "number", token
        name = token if token in FUNCTIONS and self.take("(") else ""
        if not name and token != "(":
            self.tokens.append(token)
            self.fail()
        parts = [self.sum()]
        while name and self.take(","):
            parts.append(self.sum())
        if not self.take(")"):
            self.fail()
        return (name, *parts) if name else ("brackets", *parts)


# ---- writing -------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """`22,855,952`, `0.5`."""
    return f"{value:,}"


def raised(base: float | str, power: int) -> str:
    """`149²`; `149` where the power is 1."""
    text = base if isinstance(base, str) else number(base)
    return text if power == 1 else f"{text}{str(power).translate(RAISED)}"


@lru_cache(maxsize=4096, typed=True)  # as above
def times(*factors: float | str) -> str:
    """`3·3·3·32`: factors as they come, sums among them in brackets; `1` without any."""
    return "·".join(_bracketed(factor) if isinstance(factor, str) else number(factor) for factor in factors) or "1"


def plus(*terms: float | str) -> str:
    """`64 + 64`; neighbours that are equal are counted: `2·64`. Zeros are left out."""
    written = [term if isinstance(term, str) else number(term) for term in terms]
    runs = [(text, len(list(run))) for text, run in groupby(text for text in written if text != "0")]
    return " + ".join(text if count == 1 else times(count, text) for text, count in runs) or "0"


@lru_cache(maxsize=4096)  # as above
def _bracketed(text: str) -> str:
    """In brackets where it is a sum or a quotient."""
    kind, *_ = parse(text)
    return f"({text})" if kind in {"+", "/", "minus"} else text


def area(sizes: Iterable[int]) -> str:
    """`149²`, or `149·74`: the product of sizes, neighbours that are equal as a power; `1` without any."""
    return times(*[raised(size, len(list(run))) for size, run in groupby(sizes)])


def volume(shape: Sequence[int], axes: int = 2) -> str:
    """`32·149²`: elements of a tensor whose last `axes` are places, the ones left out."""
    first, places = shape[: len(shape) - axes], shape[len(shape) - axes :]
    factors = [number(size) for size in first if size != 1] + ([area(places)] if prod(places) != 1 else [])
    return times(*factors)


def to_latex(text: str) -> str:
    """An expression as LaTeX writes it in mathematics."""
    return _latex(parse(text))


def _latex(tree: Tree) -> str:
    kind, *parts = tree
    if kind == "number":
        return str(parts[0]).replace(",", "{,}")
    said = [_latex(part) for part in parts]
    if kind == "brackets":
        return rf"\left({said[0]}\right)"
    if kind in {"floor", "ceil"}:
        return rf"\left\l{kind} {said[0]} \right\r{kind}"
    if kind == "/":
        over, under = (_latex(part[1] if part[0] == "brackets" else part) for part in parts)
        return rf"\frac{{{over}}}{{{under}}}"
    if kind == "power":
        return f"{said[0]}^{{{said[1]}}}"
    if kind == "minus":
        return f"-{said[0]}"
    if kind == "+":
        return " + ".join(said).replace("+ -", "- ")
    if kind in FUNCTIONS:
        name = r"\log_2" if kind == "log2" else rf"\operatorname{{{kind}}}"
        return rf"{name}\left({', '.join(said)}\right)"
    return rf"{said[0]} \cdot {said[1]}"
