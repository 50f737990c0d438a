"""The one reader of saved results: JSON text, checked by the rules of `schema`.

What a rule of one value cannot say (that an input is an earlier layer, that a total has its column) is checked after
them, by `_fits_together`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.operations import CATEGORY
from archscope.model.rules import Broken, Maybe
from archscope.model.schema import (
    COLUMNS,
    MEASURED,
    NUMBER,
    SAVED_REPORT,
    SAVED_SPECTRUM,
    SAVED_SWEEP,
    WINDOW,
    Known,
    Saved,
)
from archscope.model.text import shown


def parsed(text: str, kinds: tuple[Saved, ...], source: str) -> Any:
    """JSON text of one of these kinds, checked. Raises ArchscopeError for anything else, naming `source`."""
    try:
        data = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ArchscopeError(
            f"{shown(source)} is no complete JSON ({error}); write it again with --format json"
        ) from None
    return checked(data, kinds, source)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def checked(data: Any, kinds: tuple[Saved, ...], source: str) -> Any:
    """Plain data of one of these kinds, which keeps all their rules. Raises ArchscopeError, with the place."""
    kind = _kind_of(data, kinds, shown(source))
    try:
        kind.rule.check(data)
        for report, place in _reports_in(data, kind):
            _fits_together(report, place)
        if kind is SAVED_SPECTRUM:
            _check_setting(data["setting"], data["setting"]["device"] != "meta")
        if kind is SAVED_SWEEP and (measured := data["setting"].get("measured")) is not None:
            _check_setting(measured, timed=True)
    except Broken as broken:
        raise ArchscopeError(f"{shown(source)} is a broken archscope {kind.rule.name}: {broken}") from None
    return data


def _kind_of(data: Any, kinds: tuple[Saved, ...], source: str) -> Saved:
    named = data.get("schema") if isinstance(data, dict) else None
    schema, _, version = named.partition("/") if isinstance(named, str) else ("", "", "")
    found = next((kind for kind in kinds if kind.schema == schema), None)
    if found is None or not re.fullmatch("[1-9][0-9]{0,8}", version):
        known = " or ".join(kind.written for kind in kinds)
        what = (
            f"holds {shown(schema)}/{shown(version)}" if schema.startswith("archscope.") else "is no archscope report"
        )
        raise ArchscopeError(f"{source} {what}: what is read here is {known}")
    if int(version) > found.version:
        newer = f"schema {schema}/{version}, newer than the {found.version} that this archscope reads"
        raise ArchscopeError(f"{source} has {newer}: upgrade archscope")
    return found


def _reports_in(data: Mapping[str, Any], kind: Saved) -> list[tuple[Mapping[str, Any], str]]:
    if kind is SAVED_REPORT:
        return [(data, "")]
    return [(report, f"networks[{i}]") for i, report in enumerate(data.get("networks", ()))]


def _fits_together(report: Mapping[str, Any], place: str) -> None:
    """Raises Broken where two places of a report do not agree."""
    try:
        _check_setting(report["setting"], "wall_ms" in report["totals"])
        _check_columns(report)
        _check_graph(report)
    except Broken as broken:
        raise broken.under(place) from None


def _check_setting(setting: Mapping[str, Any], timed: bool) -> None:
    missing = [name for name in MEASURED if name not in setting]
    if missing and timed:
        raise Broken(f"something was timed, but there is no '{missing[0]}'", ".setting")


def _check_columns(report: Mapping[str, Any]) -> None:
    """Each total has its column, each column its values; a ratio is of two sums, words are weighed by one."""
    columns, layers = report["columns"], report["layers"]
    if columns.keys() != report["totals"].keys():
        odd = next(iter(columns.keys() ^ report["totals"].keys()))
        raise Broken(f"'{odd}' is in only one of columns and totals")
    added = {name for name, column in columns.items() if column["reduce"] == "sum" and column["by_layer"]}
    sums = {name for name in added if not columns[name]["ratio_of"]}
    for name, column in columns.items():
        known, under = COLUMNS.get(name), f".columns[{name!r}]"
        if known and (column["reduce"] != known.reduce or (known.always and layers and _by_layer(known, column))):
            raise Broken(f"is no column '{name}' as archscope writes it", under)
        if column["ratio_of"] or column["reduce"] in ("ratio", "heaviest"):
            named = column["ratio_of"] or ((column.get("weighed_by", ""),) if column["reduce"] == "heaviest" else ())
            if not named or not sums.issuperset(named):
                raise Broken("does not say which columns it is of", under)
        if column["by_layer"]:
            _check_values(name, column["reduce"], known, layers)
    scope = report["totals"].get("receptive_field_scope")
    if scope and (scope["is"] == "local") is not (report["totals"]["receptive_field"] is not None):
        raise Broken(f"'{scope['is']}' does not go with the receptive_field", ".totals.receptive_field_scope")


def _by_layer(known: Known, column: Mapping[str, Any]) -> bool:
    """Does a column have values although its kind has none, or none although its kind has some?"""
    return (known.values is not None) is not column["by_layer"]


def _check_values(name: str, reduce: str, known: Known | None, layers: list[dict[str, Any]]) -> None:
    rule = Maybe(NUMBER) if known is None and reduce in ("sum", "max") else None
    for i, layer in enumerate(layers):
        if name not in layer:
            raise Broken(f"there is no '{name}'", f".layers[{i}]")
        if rule:
            try:
                rule.check(layer[name])
            except Broken as broken:
                raise broken.under(f".layers[{i}][{name!r}]") from None


def _check_graph(report: Mapping[str, Any]) -> None:
    """Each name stands for one thing, and what is named is there: an input is a graph's input or an earlier layer."""
    stored = {}
    for kind in ("inputs", "parameters", "buffers", "constants"):
        stored[kind] = _names(report.get(kind, []), kind)
    kept = [tensor for kind in ("parameters", "buffers") for tensor in report[kind]]
    borrowers = {tensor["name"] for tensor in kept if tensor.get("shares")}
    for kind in ("parameters", "buffers"):
        for i, tensor in enumerate(report.get(kind, [])):
            owner = tensor.get("shares", "")
            if owner and owner not in stored["parameters"] and owner not in stored["buffers"]:
                raise Broken(f"'{owner}' is neither a parameter nor a buffer", f".{kind}[{i}].shares")
            if owner in borrowers:
                raise Broken(f"'{owner}' lies in another's memory itself", f".{kind}[{i}].shares")
    known = dict.fromkeys(stored["inputs"], 1)
    for i, layer in enumerate(report["layers"]):
        try:
            _check_layer(layer, known, stored)
        except Broken as broken:
            raise broken.under(f".layers[{i}]") from None
        known[layer["name"]] = len(layer["output_shapes"])
    _check_operands(report.get("results", []), "results", known, stored)
    for i, name in enumerate(report["outputs"]):
        if name not in known:
            raise Broken(f"'{name}' is neither a layer nor an input", f".outputs[{i}]")
    for i, output in enumerate(report.get("named_outputs", ())):
        if output["layer"] not in known:
            raise Broken(f"'{output['layer']}' is neither a layer nor an input", f".named_outputs[{i}]")
    for i, name in enumerate(report.get("unseen", ())):
        if name not in known:
            raise Broken(f"'{name}' is no layer", f".unseen[{i}]")
    for table in ("bases", "names"):
        for path in report.get(table, ()):
            if path not in report["blocks"]:
                raise Broken(f"'{path}' is none of the blocks", f".{table}")


def _check_operands(
    operands: list[dict[str, Any]], where: str, known: Mapping[str, int], stored: Mapping[str, set[str]]
) -> None:
    """`known`: how many outputs each earlier thing has."""
    for i, operand in enumerate(operands):
        kind, name = operand["kind"], operand["source"]
        there = name in known and name not in stored["inputs"] if kind == "layer" else name in stored[f"{kind}s"]
        if not there:
            raise Broken(f"'{name}' is not among the {kind}s", f".{where}[{i}]")
        if operand.get("output", 0) >= known.get(name, 1):
            raise Broken(f"'{name}' has no output {operand['output']}", f".{where}[{i}].output")


def _names(tensors: list[dict[str, Any]], kind: str) -> set[str]:
    names: set[str] = set()
    for i, tensor in enumerate(tensors):
        if tensor["name"] in names:
            raise Broken(f"a second '{tensor['name']}'", f".{kind}[{i}]")
        names.add(tensor["name"])
    return names


CONVOLUTIONS = {"convolution", "transposed convolution"}
PAIRED = (("input_shapes", "inputs"), ("dtypes", "output_shapes"))
"""Lists of a layer that run side by side."""


def _check_layer(layer: Mapping[str, Any], known: Mapping[str, int], stored: Mapping[str, set[str]]) -> None:
    if layer["name"] in known:
        raise Broken(f"a second '{layer['name']}'", ".name")
    for i, name in enumerate(layer["inputs"]):
        if name not in known:
            raise Broken(f"'{name}' is neither an input nor an earlier layer", f".inputs[{i}]")
        if not known[name]:
            raise Broken(f"'{name}' has no output", f".inputs[{i}]")
    for one, other in PAIRED:
        if len(layer[one]) != len(layer[other]):
            raise Broken(f"{len(layer[one])} entries, but {len(layer[other])} {other}", f".{one}")
    _check_operands(layer.get("operands", []), "operands", known, stored)
    for kind, there in (("parameter_names", "parameters"), ("buffer_names", "buffers")):
        for i, name in enumerate(layer[kind]):
            if name not in stored[there]:
                raise Broken(f"'{name}' is not among the {there}", f".{kind}[{i}]")
    if layer["window"] and len({len(sizes) for sizes in map(layer["window"].get, WINDOW.required)}) != 1:
        raise Broken("has not one number an axis", ".window")
    if CATEGORY.get(layer["operation"]) in CONVOLUTIONS and not (layer["output_shapes"] and layer["output_shapes"][0]):
        raise Broken("a convolution that has no channels", ".output_shapes")
