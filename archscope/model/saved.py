"""What archscope reads back: the rules of every saved result, in one place, and the one reader that applies them.

docs/saved.schema.json says the same as JSON Schema, docs/report-schema.md in words. What a rule of one value cannot
say (that an input is an earlier layer, that a total has its column) is checked after them, by `_fits_together`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import LARGEST_SIZE, MOST_LEVELS
from archscope.model.rules import (
    Broken,
    ListOf,
    MapOf,
    Maybe,
    Nothing,
    OneOf,
    Or,
    Plain,
    Real,
    Record,
    Rule,
    Schema,
    Sizes,
    Text,
    Truth,
    Whole,
)
from archscope.model.text import shown

LARGEST = 10**100
"""No count that means anything is larger, and a float holds every one below it."""

# ---- values ----------------------------------------------------------------------------------------------------

WORD = Text(500)
TEXT = Text(20_000)
PATH = Text(5_000, MOST_LEVELS)
SHAPE = Sizes(64)
COUNT = Whole(0, LARGEST, "count")
NUMBER = Real(-float(LARGEST), float(LARGEST))
AMOUNT = Real(0, float(LARGEST), "amount")
POSITIVE = Real(1e-100, float(LARGEST), "positive number")
SETTINGS = MapOf(WORD, Plain(8, TEXT))
WINDOW = Record(
    {"kernel_size": Sizes(8, 1), "stride": Sizes(8, 1), "padding": Sizes(8), "dilation": Sizes(8, 1)}, name="window"
)
TENSOR = Record(
    {"name": PATH, "shape": SHAPE, "dtype": WORD, "trainable": Truth()},
    {"digest": WORD, "values": ListOf(Or((NUMBER, OneOf(("nan", "inf", "-inf")))), most=16), "shares": PATH},
    name="tensor",
)
OPERAND = Record(
    {
        "argument": WORD,
        "kind": OneOf(("layer", "input", "parameter", "buffer", "constant")),
        "source": PATH,
        "shape": SHAPE,
        "output": Whole(0, 2**31, "output"),
        "views": ListOf(TEXT),
    },
    name="operand",
)
OUTPUT = Record({"name": PATH, "layer": PATH, "shape": SHAPE}, name="output")
TIMES = Record(
    {"median": AMOUNT, "p95": AMOUNT, "iqr": AMOUNT, "min": AMOUNT, "repeats": COUNT, "warmup": COUNT},
    {"median_low": AMOUNT, "median_high": AMOUNT, "p99": AMOUNT},  # of older reports they are not told
    needs={"median_low": ["median_high"]},
    name="times",
)
AT_BATCH: dict[str, Rule] = {
    "wall_ms": TIMES,
    "device_ms": TIMES,
    "images_per_s": AMOUNT,
    "first_step_ms": AMOUNT,
    "training_steps_per_s": AMOUNT,
    "measured_peak_memory_bytes": COUNT,
}
CEILINGS: dict[str, Rule] = {
    "device": WORD,
    "bytes_per_second": POSITIVE,
    "operations_per_second": MapOf(WORD, POSITIVE),
    "launch_ms": AMOUNT,
    "origin": OneOf(("published", "measured")),
}
WHEN_MEASURED: dict[str, Rule] = {"date": TEXT, "load": AMOUNT}
BOUND = Record(
    {
        **CEILINGS,
        "bound_ms": AMOUNT,
        "fused_bound_ms": AMOUNT,
        "due_to_ms": MapOf(WORD, AMOUNT),
        "unknown": COUNT,
    },
    WHEN_MEASURED,
    name="bound",
)

# ---- columns ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A column that every report has, or, where it is not `always` there, some: what a layer's value and its total are.

    Without a rule for `values` it has a total only.
    """

    total: Rule
    values: Rule | None = None
    reduce: str = "sum"
    always: bool = True


COUNTED = Known(COUNT, Maybe(COUNT))
TOTAL = Known(COUNT)
SOMETIMES: dict[str, Rule] = {
    **AT_BATCH,
    "optimizer_ms": AMOUNT,
    "unattributed_ms": NUMBER,
    "overhead_ms": NUMBER,
    "by_batch": ListOf(Record({"batch": Whole(1, LARGEST, "batch")}, AT_BATCH)),
    "wall_times_ms": ListOf(AMOUNT),
    "fits": ListOf(
        Record({"memory_bytes": COUNT, "dtype": WORD, "train": Truth(), "images": COUNT}, {"optimizer": WORD})
    ),
    "roofline": ListOf(BOUND),
}

COLUMNS: dict[str, Known] = {
    **dict.fromkeys(
        """elementwise_ops macs flops activations weight_bytes output_bytes params frozen_params buffers bytes_moved
        arithmetic_ops training_memory_bytes""".split(),
        COUNTED,
    ),
    **dict.fromkeys(
        "trainable_params unused_params depth depth_separable_as_one conv_layers linear_layers".split(), TOTAL
    ),
    "peak_memory_bytes": Known(COUNT, Maybe(COUNT), "max"),
    "training_peak_bytes": Known(Maybe(COUNT), always=False),
    "operations": Known(Record({"known": COUNT, "total": COUNT, "unknown": ListOf(WORD)})),
    "receptive_field": Known(
        Maybe(Record({"size": ListOf(NUMBER, 1, 8), "stride": ListOf(AMOUNT, 1, 8)})),
        Or((Nothing(), ListOf(NUMBER, 1, 8), OneOf(("global", "unknown")))),
        "last",
    ),
    "receptive_field_scope": Known(
        Record({"is": OneOf(("local", "global", "unknown", "none")), "since": Maybe(PATH)}), always=False
    ),
    "intensity": Known(Maybe(AMOUNT), Maybe(AMOUNT), "ratio"),
    "latency_ms": Known(AMOUNT, Maybe(NUMBER), always=False),
    "bound_ms": Known(AMOUNT, Maybe(AMOUNT), always=False),
    "bound": Known(Maybe(WORD), Maybe(WORD), "heaviest", always=False),
    "bound_percent": Known(Maybe(AMOUNT), Maybe(AMOUNT), "ratio", always=False),
    "operations_per_s": Known(Maybe(AMOUNT), Maybe(AMOUNT), "ratio", always=False),
    "bytes_per_s": Known(Maybe(AMOUNT), Maybe(AMOUNT), "ratio", always=False),
    **{name: Known(rule, always=False) for name, rule in SOMETIMES.items()},
}
"""Of a column that does not stand here the values are numbers, words or lists of numbers."""

VALUE: Rule = Or((Nothing(), NUMBER, WORD, ListOf(NUMBER, most=64)))
TOTALS = Record(
    {name: known.total for name, known in COLUMNS.items() if known.always},
    {name: known.total for name, known in COLUMNS.items() if not known.always},
    others=VALUE,
    needs={"latency_ms": ("unattributed_ms", "overhead_ms"), "wall_ms": ("images_per_s",), "bound_ms": ("roofline",)},
    name="totals",
)
COLUMN = Record(
    {
        "unit": WORD,
        "reduce": OneOf(("sum", "max", "last", "ratio", "heaviest")),
        "ratio_of": Maybe(ListOf(WORD, 2, 2)),
        "by_layer": Truth(),
    },
    {"weighed_by": WORD},
)

# ---- results ---------------------------------------------------------------------------------------------------

LAYER = Record(
    {
        "name": PATH,
        "kind": WORD,
        "operation": WORD,
        "inputs": ListOf(PATH),
        "input_shapes": ListOf(SHAPE),
        "output_shapes": ListOf(SHAPE),
        "dtypes": ListOf(WORD),
        "window": Maybe(WINDOW),
        "groups": Whole(1, LARGEST_SIZE, "number of groups"),
        "settings": SETTINGS,
        "parameter_names": ListOf(PATH),
        "buffer_names": ListOf(PATH),
        "memory": OneOf(("new", "view", "in_place")),
    },
    {
        "output_shape": SHAPE,
        "operands": ListOf(OPERAND),
        "function": WORD,
        **{n: c.values for n, c in COLUMNS.items() if c.values},
    },
    others=VALUE,
    name="layer",
)
CLAIM = Record(
    {
        "quantity": WORD,
        "value": Or((ListOf(Whole(0, LARGEST_SIZE, "size"), most=8), NUMBER)),
        "source": TEXT,
    },
    {
        "convention": TEXT,
        "digits": Whole(0, 100, "number of digits"),
        "relation": OneOf(("=", "<")),
        "block": PATH,
        "unit": POSITIVE,
        "options": SETTINGS,
        "input_size": ListOf(Whole(1, LARGEST_SIZE, "size"), most=8),
        "counting": TEXT,
        "explanation": WORD,
        "dispute": TEXT,
    },
    name="claim",
)
SETTING = Record(
    {
        "device": WORD,
        "dtype": WORD,
        "batch": Whole(1, LARGEST_SIZE, "batch"),
        "mode": WORD,
    },
    {
        "archscope": WORD,
        "torch": WORD,
        "date": WORD,
        "device_name": WORD,
        "threads": COUNT,
        "tf32": Truth(),
        "channels_last": Truth(),
        "compile": Truth(),
        "train": Truth(),
        "optimizer": Maybe(OneOf(("sgd", "momentum", "adam", "adamw"))),
        "amp": Maybe(OneOf(("bfloat16", "float16"))),
        "cores": Maybe(COUNT),
        "seconds": Maybe(AMOUNT),
        "load": Maybe(ListOf(AMOUNT, 1, 3)),
        "turns": WORD,
        "clocks": Maybe(
            Record({"sm_mhz": Maybe(AMOUNT), "max_sm_mhz": Maybe(AMOUNT), "utilization_percent": Maybe(AMOUNT)})
        ),
    },
    others=Plain(8, TEXT),
    name="setting",
)
MEASURED = ("device_name", "torch", "date", "threads", "channels_last", "compile", "train", "load")
"""What the setting says besides where something was timed."""

REPORT = Record(
    {
        "schema": WORD,
        "network": WORD,
        "title": TEXT,
        "target": TEXT,
        "setting": SETTING,
        "columns": MapOf(WORD, COLUMN),
        "totals": TOTALS,
        "layers": ListOf(LAYER),
        "claims": ListOf(CLAIM),
        "inputs": ListOf(TENSOR),
        "outputs": ListOf(PATH),
        "blocks": MapOf(PATH, WORD),
        "parameters": ListOf(TENSOR),
        "buffers": ListOf(TENSOR),
        "notes": ListOf(TEXT),
    },
    {
        "named_outputs": ListOf(OUTPUT),
        "constants": ListOf(TENSOR),
        "results": ListOf(OPERAND),
        "unseen": ListOf(PATH),
        "bases": MapOf(PATH, WORD),
        "untold": ListOf(TEXT),
    },
    name="report",
)
COMPARISON = Record({"schema": WORD, "networks": ListOf(REPORT, 1)}, {"failures": ListOf(TEXT)}, name="comparison")
POINT = Record(
    {
        "segments": Or((WORD, ListOf(COUNT), COUNT)),
        "name": WORD,
        "partition": ListOf(Whole(1, LARGEST_SIZE, "size")),
        "params": AMOUNT,
        "macs": AMOUNT,
        "spatial_params": AMOUNT,
    },
    others=Maybe(AMOUNT),
    name="point",
)
SPECTRUM = Record(
    {
        "schema": WORD,
        "target": TEXT,
        "title": TEXT,
        "block": Maybe(
            Record(
                {
                    "channels": Whole(1, 2**31, "number of channels"),
                    "input_size": Sizes(3, 1),
                    "kernel_size": Whole(3, 2**31, "kernel"),
                    "stride": Whole(1, 2**31, "stride"),
                    "depth_multiplier": Whole(1, 2**31, "depth multiplier"),
                    "order": WORD,
                    "activation": WORD,
                }
            )
        ),
        "options": SETTINGS,
        "hold": Maybe(OneOf(("params",))),
        "held": Maybe(Whole(1, LARGEST, "count")),
        "setting": SETTING,
        "points": ListOf(POINT, 1),
    },
    needs={"hold": ("held",), "held": ("hold",)},
    name="spectrum",
)


@dataclass(frozen=True)
class Saved:
    """A kind of saved result: its schema's name, the newest version that is read, and its rules."""

    schema: str
    version: int
    rule: Record

    @property
    def written(self) -> str:
        return f"{self.schema}/{self.version}"


SAVED_REPORT = Saved("archscope.report", 2, REPORT)
SAVED_COMPARISON = Saved("archscope.compare", 1, COMPARISON)
SAVED_SPECTRUM = Saved("archscope.spectrum", 1, SPECTRUM)

# ---- the reader ------------------------------------------------------------------------------------------------


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
    sums = {name for name, column in columns.items() if column["reduce"] == "sum" and column["by_layer"]}
    for name, column in columns.items():
        known, under = COLUMNS.get(name), f".columns[{name!r}]"
        if known and (column["reduce"] != known.reduce or (known.always and layers and _by_layer(known, column))):
            raise Broken(f"is no column '{name}' as archscope writes it", under)
        if column["reduce"] in ("ratio", "heaviest"):
            named = column["ratio_of"] or () if column["reduce"] == "ratio" else (column.get("weighed_by", ""),)
            if not named or not sums.issuperset(named):
                raise Broken("does not say which columns it is of", under)
        if column["by_layer"]:
            _check_values(name, column["reduce"], known, layers)


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
    for kind in ("parameters", "buffers"):
        for i, tensor in enumerate(report.get(kind, [])):
            owner = tensor.get("shares", "")
            if owner and owner not in stored["parameters"] | stored["buffers"]:
                raise Broken(f"'{owner}' is neither a parameter nor a buffer", f".{kind}[{i}].shares")
    known = set(stored["inputs"])
    for i, layer in enumerate(report["layers"]):
        try:
            _check_layer(layer, known, stored)
        except Broken as broken:
            raise broken.under(f".layers[{i}]") from None
        known.add(layer["name"])
    _check_operands(report.get("results", []), "results", known, stored)
    for i, name in enumerate(report["outputs"]):
        if name not in known:
            raise Broken(f"'{name}' is neither a layer nor an input", f".outputs[{i}]")
    for i, output in enumerate(report.get("named_outputs", ())):
        if output["layer"] not in known:
            raise Broken(f"'{output['layer']}' is neither a layer nor an input", f".named_outputs[{i}]")


def _check_operands(
    operands: list[dict[str, Any]], where: str, known: set[str], stored: Mapping[str, set[str]]
) -> None:
    for i, operand in enumerate(operands):
        kind, name = operand["kind"], operand["source"]
        there = known - stored["inputs"] if kind == "layer" else stored[f"{kind}s"]
        if name not in there:
            raise Broken(f"'{name}' is not among the {kind}s", f".{where}[{i}]")


def _names(tensors: list[dict[str, Any]], kind: str) -> set[str]:
    names: set[str] = set()
    for i, tensor in enumerate(tensors):
        if tensor["name"] in names:
            raise Broken(f"a second '{tensor['name']}'", f".{kind}[{i}]")
        names.add(tensor["name"])
    return names


PAIRED = (("input_shapes", "inputs"), ("dtypes", "output_shapes"))
"""Lists of a layer that run side by side."""


def _check_layer(layer: Mapping[str, Any], known: set[str], stored: Mapping[str, set[str]]) -> None:
    if layer["name"] in known:
        raise Broken(f"a second '{layer['name']}'", ".name")
    for i, name in enumerate(layer["inputs"]):
        if name not in known:
            raise Broken(f"'{name}' is neither an input nor an earlier layer", f".inputs[{i}]")
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


# ---- as JSON Schema --------------------------------------------------------------------------------------------


def json_schema() -> Schema:
    """The rules of every saved result as JSON Schema (draft 2020-12)."""
    named: dict[str, Schema] = {}
    kinds = (SAVED_REPORT, SAVED_COMPARISON, SAVED_SPECTRUM)
    for kind in kinds:
        kind.rule.schema(named)
        named[kind.rule.name]["properties"]["schema"] = {
            "enum": [f"{kind.schema}/{i + 1}" for i in range(kind.version)]
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What archscope saves and reads back",
        "oneOf": [{"$ref": f"#/$defs/{kind.rule.name}"} for kind in kinds],
        "$defs": dict(sorted(named.items())),
    }
