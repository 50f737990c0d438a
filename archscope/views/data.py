"""Results for programs: JSON that every reader takes, and CSV that no spreadsheet runs."""

import csv
import json
from collections.abc import Iterable, Mapping
from io import StringIO
from math import isfinite
from typing import Any

from archscope.model import units
from archscope.model.text import UNSHOWN_IN_LINES, shown_lines
from archscope.views import Options

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell of text that begins so is a formula to them; wide signs are where East Asian text is written."""


def to_json(data: Any) -> str:
    """JSON, a line for each key and for each row of a list of rows: a report of 900 layers is 1.3 MB, not 1.7.

    It has no word for what is no number: null. What would move a cursor is escaped.
    """
    try:
        text = _in_lines(data)
    except ValueError:
        text = _in_lines(_finite(data))
    return UNSHOWN_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def as_json(result: Any, options: Options) -> str:
    """All that a result knows, whatever was chosen."""
    return to_json(result.to_dict())


def _in_lines(data: Any) -> str:
    if not isinstance(data, Mapping):
        return _dumped(data)
    return "{\n" + ",\n".join(f" {_dumped(name)}: {_rows(value)}" for name, value in data.items()) + "\n}"


def _rows(value: Any) -> str:
    if not isinstance(value, list) or not any(isinstance(row, Mapping) for row in value):
        return _dumped(value)
    return "[\n" + ",\n".join(f"  {_dumped(row)}" for row in value) + "\n ]"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=float)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def to_csv(rows: Iterable[Iterable[object]]) -> str:
    """Exact numbers; an unknown value is empty. Text that a spreadsheet would run gets an apostrophe in front."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list | tuple):
        return units.shape(value)
    if not isinstance(value, str):
        return "" if value is None else value
    text = shown_lines(value)
    return f"'{text}" if text.lstrip().startswith(RUN_BY_SPREADSHEETS) else text
