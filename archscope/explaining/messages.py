"""What is said around the numbers, in several languages: one catalogue, messages.toml, and no text elsewhere."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from archscope.registry import unknown

LANGUAGES = ("en", "ko")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Each message by its key, in each language."""
    text = files("archscope.explaining").joinpath("messages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def said(key: str, language: str, **values: object) -> str:
    """The message of this key, with values put in."""
    return catalogue()[key][language].format(**values)


def check_language(language: str) -> None:
    """Raises ArchscopeError for one that there is not."""
    if language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES)
