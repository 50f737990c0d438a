"""A small language of rules for plain data, as JSON holds it.

A rule checks a value, and says what is wrong with it and where; and it says itself as JSON Schema.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import isfinite
from operator import mul
from typing import Any, Protocol

from archscope.model.graph import LARGEST_SIZE
from archscope.model.text import HIDDEN, UNSHOWN, shown

Schema = dict[str, Any]
LISTS = (list, tuple)
"""What JSON writes as a list."""
LONGEST_SHOWN = 40
"""A broken value is shown up to so many characters."""


class Broken(ValueError):
    """What is wrong, and the place of it, which grows from the inside out: `layers[12].output_shapes`."""

    def __init__(self, said: str, place: str = "") -> None:
        super().__init__(said)
        self.said, self.place = said, place

    def __str__(self) -> str:
        return f"{self.place.removeprefix('.')}: {self.said}" if self.place else self.said

    def under(self, place: str) -> "Broken":
        self.place = place + self.place
        return self


def key(name: str) -> str:
    """The place of a key: `.layers`, and `['a.b']` for what is no word."""
    return f".{name}" if name.isidentifier() else f"[{said(name)}]"


def said(value: Any) -> str:
    """A value as an error shows it."""
    if isinstance(value, int) and abs(value) >= 10**LONGEST_SHOWN:
        return "so large a number"  # Python does not even print the largest
    if isinstance(value, list | tuple | dict):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value) if value is None or type(value) is bool else shown(repr(value))
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


class Rule(Protocol):
    def check(self, value: Any) -> None:
        """Raises Broken."""

    def schema(self, named: dict[str, Schema]) -> Schema:
        """As JSON Schema; records with a name go to `named`."""


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int
    high: int
    word: str

    def check(self, value: Any) -> None:
        if type(value) is not int or not self.low <= value <= self.high:
            raise Broken(f"{said(value)} is no {self.word}")

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Real:
    """A finite number from `low` to `high`."""

    low: float
    high: float
    word: str = "number"

    def check(self, value: Any) -> None:
        if type(value) not in (int, float) or not self.low <= value <= self.high:
            raise Broken(f"{said(value)} is no {self.word}")

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Truth:
    """true or false."""

    def check(self, value: Any) -> None:
        if type(value) is not bool:
            raise Broken(f"{said(value)} is neither true nor false")

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Text:
    """Text without control characters and the like; a path of at most `levels` names, where that is given."""

    longest: int
    levels: int = 0

    def check(self, value: Any) -> None:
        if type(value) is not str:
            raise Broken(f"{said(value)} is no text")
        if len(value) > self.longest:
            raise Broken(f"text of {len(value)} characters, more than {self.longest}")
        if UNSHOWN.search(value):
            raise Broken(f"{said(value)} holds a character that cannot be shown")
        if self.levels and value.count(".") >= self.levels:
            raise Broken(f"a path of {value.count('.') + 1} levels, more than {self.levels}")

    def schema(self, named: dict[str, Schema]) -> Schema:
        pattern = f"^[^{_escaped(HIDDEN)}]*$"
        if self.levels:
            pattern = f"^(?!([^.]*\\.){{{self.levels}}})[^{_escaped(HIDDEN)}]*$"
        return {"type": "string", "maxLength": self.longest, "pattern": pattern}


def _escaped(characters: str) -> str:
    return "".join(one if one == "-" else f"\\u{ord(one):04x}" for one in characters)


@dataclass(frozen=True)
class OneOf:
    """One of these words."""

    words: tuple[str, ...]

    def check(self, value: Any) -> None:
        if type(value) is not str or value not in self.words:
            raise Broken(f"{said(value)} is none of {', '.join(self.words)}")

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Nothing:
    """null alone."""

    def check(self, value: Any) -> None:
        if value is not None:
            raise Broken(f"{said(value)} instead of null")

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"type": "null"}


@dataclass(frozen=True)
class Or:
    """What one of these takes; of what none takes one says what is wrong: that which came furthest into it, or the
    last."""

    rules: tuple[Rule, ...]

    def check(self, value: Any) -> None:
        found: Broken | None = None
        for rule in self.rules:
            try:
                return rule.check(value)
            except Broken as broken:
                found = found if found and len(found.place) > len(broken.place) else broken
        if found:
            raise found

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"anyOf": [rule.schema(named) for rule in self.rules]}


@dataclass(frozen=True)
class Maybe:
    """null, or what the rule takes."""

    rule: Rule

    def check(self, value: Any) -> None:
        if value is not None:
            self.rule.check(value)

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {"anyOf": [{"type": "null"}, self.rule.schema(named)]}


@dataclass(frozen=True)
class Sizes:
    """A tensor's shape: at most `axes` sizes from `low` up, and together no more elements than torch can count."""

    axes: int
    low: int = 0

    def check(self, value: Any) -> None:
        if type(value) not in LISTS:
            raise Broken(f"{said(value)} is no list of sizes")
        if len(value) > self.axes:
            raise Broken(f"{len(value)} sizes, more than {self.axes}")
        for size in value:
            if type(size) is not int or not self.low <= size <= LARGEST_SIZE:
                raise Broken(f"{said(size)} is no size")
        if len(value) > 1 and max(accumulate(value, mul)) > LARGEST_SIZE:
            raise Broken("more elements than a tensor can have")

    def schema(self, named: dict[str, Schema]) -> Schema:
        size = {"type": "integer", "minimum": self.low, "maximum": LARGEST_SIZE}
        return {"type": "array", "items": size, "maxItems": self.axes}


@dataclass(frozen=True)
class ListOf:
    """A list of what the rule takes."""

    rule: Rule
    least: int = 0
    most: int = 0  # 0: as many as there are

    def check(self, value: Any) -> None:
        if type(value) not in LISTS:
            raise Broken(f"{said(value)} is no list")
        if len(value) < self.least or (self.most and len(value) > self.most):
            bounds = f"{self.least} or more" if len(value) < self.least else f"{self.most} or fewer"
            raise Broken(f"{len(value)} entries instead of {bounds}")
        place = -1
        try:
            for place, item in enumerate(value):  # noqa: B007  the place of what is broken
                self.rule.check(item)
        except Broken as broken:
            raise broken.under(f"[{place}]") from None

    def schema(self, named: dict[str, Schema]) -> Schema:
        bounds = {"minItems": self.least} | ({"maxItems": self.most} if self.most else {})
        return {"type": "array", "items": self.rule.schema(named), **bounds}


@dataclass(frozen=True)
class MapOf:
    """Names, and what the rule takes for each."""

    names: Text
    rule: Rule

    def check(self, value: Any) -> None:
        if type(value) is not dict:
            raise Broken(f"{said(value)} is no object")
        for name, item in value.items():
            try:
                self.names.check(name)
                self.rule.check(item)
            except Broken as broken:
                raise broken.under(key(name)) from None

    def schema(self, named: dict[str, Schema]) -> Schema:
        names = self.names.schema(named)
        return {"type": "object", "propertyNames": names, "additionalProperties": self.rule.schema(named)}


NAME = Text(500)
"""What a key may be."""


@dataclass(frozen=True)
class Record:
    """An object with these keys; of the `optional` some. `needs`: where the first is, the others are too.

    What has another key is taken by `others`, or left unread. One with a `name` stands once in a schema.
    """

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule] = field(default_factory=dict)
    others: Rule | None = None
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str = ""

    def check(self, value: Any) -> None:
        if type(value) is not dict:
            raise Broken(f"{said(value)} is no object")
        name = ""
        try:
            for name, rule in self.required.items():
                rule.check(value[name])
            for name, item in value.items() if self.optional or self.others else ():
                if name not in self.required and (rest := self.optional.get(name, self.others)):
                    NAME.check(name)
                    rest.check(item)
        except KeyError:
            raise Broken(f"there is no '{name}'") from None
        except Broken as broken:
            raise broken.under(key(name)) from None
        for name, others in self.needs.items():
            if value.get(name) is not None and (missing := [other for other in others if value.get(other) is None]):
                raise Broken(f"there is '{name}' but no '{missing[0]}'")

    def schema(self, named: dict[str, Schema]) -> Schema:
        known = {name: rule.schema(named) for name, rule in {**self.required, **self.optional}.items()}
        made: Schema = {"type": "object", "properties": known, "required": list(self.required)}
        if self.others:
            made["additionalProperties"] = self.others.schema(named)
        if not self.name:
            return made
        named[self.name] = made
        return {"$ref": f"#/$defs/{self.name}"}


@dataclass(frozen=True)
class Plain:
    """Any value of JSON: numbers are finite, lists and objects nest at most `depth` deep, text can be shown."""

    depth: int
    text: Text

    def check(self, value: Any) -> None:
        self._check(value, self.depth)

    def _check(self, value: Any, depth: int) -> None:
        if value is None or type(value) is bool:
            return
        if type(value) is str:
            self.text.check(value)
        elif type(value) in (int, float):
            if not (isfinite(value) if type(value) is float else abs(value) <= 10**100):
                raise Broken(f"{said(value)} is no number in bounds")
        elif not depth:
            raise Broken(f"lists and objects more than {self.depth} deep")
        else:
            for item in value.values() if type(value) is dict else value:
                self._check(item, depth - 1)
            if type(value) is dict:
                for name in value:
                    self.text.check(name)

    def schema(self, named: dict[str, Schema]) -> Schema:
        return {}
