"""What is typed, taken as it is where nothing has to be converted.

Typer imports pydantic to convert a value, text to text too, which takes as long as all else that `archscope list` does.
"""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from archscope.latency import CompileMode

MAY_LACK = {"--compile": get_args(CompileMode)}
"""Options whose value may be left out, and the values that may follow; the first is meant where none does."""


class TakesText:
    """Leaves to typer only what is other than text: numbers, choices, and what is missing."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        own: Any = super()
        args = list(_completed(args))
        for parameter in own.get_params(ctx):
            if hasattr(parameter, "type_descriptor"):  # releases without it do without pydantic
                parameter.process_value = _process(parameter, parameter.process_value)
        return own.parse_args(ctx, args)


def _completed(words: Sequence[str]) -> Iterator[str]:
    """The command line with the values that were left out."""
    rest = iter(words)
    word = next(rest, None)
    while word is not None:
        following = next(rest, None)
        if word in MAY_LACK and following in MAY_LACK[word]:
            word, following = f"{word}={following}", next(rest, None)
        yield f"{word}={MAY_LACK[word][0]}" if word in MAY_LACK else word
        word = following


def _process(parameter: Any, convert: Any) -> Any:
    several = parameter.nargs == -1 or parameter.multiple
    is_text = parameter.type_descriptor.annotation in (str, list[str])

    def process(context: Any, value: Any) -> Any:
        taken: Any = [*value] if several and value else value
        if value in (None, (), []):
            taken = () if several else None
            plain = not parameter.required
        else:
            plain = is_text or value is parameter.default
        if not plain:
            return convert(context, value)
        return parameter.callback(context, parameter, taken) if parameter.callback else taken

    return process
