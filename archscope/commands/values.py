"""What is typed, taken as it is where nothing has to be converted.

Typer imports pydantic to convert a value, text to text too, which takes as long as all else that `archscope list` does.
"""

from typing import Any


class TakesText:
    """Leaves to typer only what is other than text: numbers, choices, and what is missing."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        own: Any = super()
        for parameter in own.get_params(ctx):
            if hasattr(parameter, "type_descriptor"):  # releases without it do without pydantic
                parameter.process_value = _process(parameter, parameter.process_value)
        return own.parse_args(ctx, args)


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
