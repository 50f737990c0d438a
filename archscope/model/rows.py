"""What a Graph is made of as rows of plain data, as JSON holds them, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import isfinite
from typing import Any, TypeVar

from archscope.model.graph import Layer, Operand, Output, Tensor, Window

T = TypeVar("T")


def output_of(data: Mapping[str, Any]) -> Output:
    return row_as(Output, {**data, "shape": tuple(data["shape"])})


def rows_of(tensors: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Content is told of what has some, which inputs and parameters have not; an owner of memory likewise."""
    rows = [tensor._asdict() for tensor in tensors.values()]
    told = {name: name for name in ("digest", "shares", "storage_elements")} | {"values": "digest"}  # by what each is
    return [{k: _plain(v) for k, v in row.items() if k not in told or row[told[k]]} for row in rows]


def tensors_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Tensor]:
    return {row["name"]: _tensor(row) for row in rows}


def _tensor(row: Mapping[str, Any]) -> Tensor:
    values = tuple(float(value) if isinstance(value, str) else value for value in row.get("values", ()))
    return row_as(Tensor, {**row, "shape": tuple(row["shape"]), "values": values})


def operands_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Operand, ...]:
    return tuple(row_as(Operand, {**row, "shape": tuple(row["shape"]), "views": tuple(row["views"])}) for row in rows)


def row_as(kind: type[T], row: Mapping[str, Any]) -> T:
    """An object of this kind, of what it knows of a row: a later archscope may write more."""
    names: tuple[str, ...] = kind.__match_args__  # type: ignore[attr-defined]
    return kind(**{name: row[name] for name in names if name in row})


WINDOW_KEYS = [entry.name for entry in fields(Window)]
LAYER_KEYS = {entry.name: entry.name for entry in fields(Layer)}
LAYER_KEYS |= {"parameters": "parameter_names", "buffers": "buffer_names"}  # `buffers` is a column, a number
"""Where a field of Layer stands in the JSON."""


def row_of_window(window: Window) -> dict[str, Any]:
    return {name: getattr(window, name) for name in WINDOW_KEYS}


def row_of_layer(layer: Layer) -> dict[str, Any]:
    data = {key: getattr(layer, name) for name, key in LAYER_KEYS.items()}
    data["operands"] = [operand._asdict() for operand in layer.operands]
    data["settings"] = {name: _plain(value) for name, value in layer.settings.items()}
    data["window"] = layer.window and row_of_window(layer.window)
    data["output_shape"] = layer.output_shape
    return data


def _plain(value: Any) -> Any:
    """JSON has no infinity: it is written as a word."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def layer_of(row: Mapping[str, Any]) -> Layer:
    data = {name: row[key] for name, key in LAYER_KEYS.items() if key in row}
    data["operands"] = operands_of(row.get("operands", []))
    for name in ("inputs", "dtypes", "parameters", "buffers"):
        data[name] = tuple(data[name])
    for name in ("input_shapes", "output_shapes"):
        data[name] = tuple(tuple(shape) for shape in data[name])
    if data["window"]:
        data["window"] = row_as(Window, {name: tuple(value) for name, value in data["window"].items()})
    return Layer(**data)
