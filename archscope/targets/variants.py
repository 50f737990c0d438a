"""Options in a target: `xception?width_multiplier=0.5` is a network of its own, and is named so. No torch."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.reading.kinds import is_configuration


def split(target: str) -> tuple[str, dict[str, Any]]:
    """`xception?width_multiplier=0.5` is `xception` and `{"width_multiplier": 0.5}`. Raises ArchscopeError."""
    bare, mark, written = target.partition("?")
    if not mark or Path(target).exists():
        return target, {}
    if bare.endswith(".json") and not is_configuration(bare):
        raise ArchscopeError(f"{bare} is measured already: the options {written} do not apply to it")
    return bare, dict(parse(item, f"{target}: after ?") for item in written.split("&"))


def parse(item: str, where: str) -> tuple[str, Any]:
    """`key=value`; the value is a Python literal, true or false, or else a plain word. Raises ArchscopeError."""
    key, equals, value = item.partition("=")
    if not equals or not key.strip():
        raise ArchscopeError(f"{where} write key=value, such as num_classes=10")
    return key.strip().replace("-", "_"), _literal(value.strip())


def _literal(value: str) -> Any:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # `{[]: 1}`, ten thousand brackets
        return value


def suffix(options: Mapping[str, Any]) -> str:
    """How a variant's name ends: as its options are typed."""
    return "?" + "&".join(f"{option}={value}" for option, value in options.items()) if options else ""
