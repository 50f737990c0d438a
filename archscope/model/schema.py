"""The rules of every saved result, in one place: what a report, a comparison, a spectrum, a sweep holds.

docs/saved.schema.json says the same as JSON Schema, docs/report-schema.md in words; `saved` reads by them.
"""

from dataclasses import dataclass

from archscope.model.graph import LARGEST_SIZE, MOST_LEVELS
from archscope.model.rules import (
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
GROUPS = Whole(1, LARGEST_SIZE, "number of groups")
TENSOR = Record(
    {"name": PATH, "shape": SHAPE, "dtype": WORD, "trainable": Truth()},
    {
        "digest": WORD,
        "values": ListOf(Or((NUMBER, OneOf(("nan", "inf", "-inf")))), most=16),
        "shares": PATH,
        "storage_elements": COUNT,
    },
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
    "build_ms": AMOUNT,
    "compile_ms": AMOUNT,
    "max_abs_difference": AMOUNT,
    "max_rel_difference": AMOUNT,
    "energy_per_image_j": AMOUNT,
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
    "by_threads": ListOf(Record({"batch": Whole(1, LARGEST, "batch"), "threads": COUNT}, AT_BATCH)),
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
        "groups": GROUPS,
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
MEANWHILE = Record(
    {
        "clock_mhz": ListOf(AMOUNT, 3, 3),
        "slowed_by": MapOf(WORD, Real(0, 1, "part")),
        "temperature_c": Maybe(NUMBER),
        "power_w": Maybe(AMOUNT),
        "looks": COUNT,
    },
    name="meanwhile",
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
        "compile_mode": Maybe(WORD),
        "backend": WORD,
        "cudnn_benchmark": Truth(),
        "train": Truth(),
        "optimizer": Maybe(OneOf(("sgd", "momentum", "adam", "adamw"))),
        "amp": Maybe(OneOf(("bfloat16", "float16"))),
        "cores": Maybe(COUNT),
        "seconds": Maybe(AMOUNT),
        "load": Maybe(ListOf(AMOUNT, 1, 3)),
        "turns": WORD,
        "meanwhile": MEANWHILE,
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
        "input_shape": Or((ListOf(SHAPE), SHAPE)),
        "named_outputs": ListOf(OUTPUT),
        "constants": ListOf(TENSOR),
        "results": ListOf(OPERAND),
        "unseen": ListOf(PATH),
        "bases": MapOf(PATH, WORD),
        "names": MapOf(PATH, Whole(2, LARGEST, "number of names")),
        "untold": ListOf(TEXT),
    },
    name="report",
)
COMPARISON = Record({"schema": WORD, "networks": ListOf(REPORT, 1)}, {"failures": ListOf(TEXT)}, name="comparison")
MOST_DIVIDED = 2**20
"""Each channel of the commonest convolution may be a segment, and is worked out: so many are no memory worth naming."""
BLOCK: dict[str, Rule] = {
    "channels": Whole(1, 2**31, "number of channels"),
    "input_size": Sizes(3, 1),
    "kernel_size": Whole(3, 2**31, "kernel"),
    "stride": Whole(1, 2**31, "stride"),
    "depth_multiplier": Whole(1, 2**31, "depth multiplier"),
    "order": WORD,
    "activation": WORD,
}
COMMONEST = Record(
    {
        **BLOCK,
        "channels": Whole(1, MOST_DIVIDED, "number of channels"),
        "times": Whole(1, LARGEST_SIZE, "number of times"),
    }
)
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
        "block": Maybe(Record(BLOCK)),
        "options": SETTINGS,
        "hold": Maybe(OneOf(("params",))),
        "held": Maybe(Whole(1, LARGEST, "count")),
        "setting": SETTING,
        "points": ListOf(POINT, 1),
    },
    {"commonest": Maybe(COMMONEST)},
    needs={"hold": ("held",), "held": ("hold",)},
    name="spectrum",
)

PLACE = Or((Nothing(), Truth(), TEXT, NUMBER))
AT: Rule = Or((ListOf(Or((ListOf(PLACE), PLACE))), PLACE))
"""A value of an option that is swept over."""
SWEPT = Record(
    {"at": MapOf(WORD, AT), "at_least": ListOf(WORD), "failure": Maybe(TEXT)},
    others=Maybe(Or((ListOf(Or((OneOf(("global",)), COUNT)), 1, 3), OneOf(("unknown", "global")), AMOUNT))),
    name="swept",
)
SWEEP = Record(
    {
        "schema": WORD,
        "target": TEXT,
        "axes": MapOf(WORD, ListOf(AT, 1)),
        "setting": Record({"batch": Whole(1, LARGEST, "batch")}, {"measured": SETTING}),
        "limits": ListOf(Record({"quantity": WORD}, {"max": NUMBER, "min": NUMBER})),
        "maximized": Maybe(WORD),
        "largest": ListOf(Record({"at": MapOf(WORD, AT), "beyond": AT})),
        "hold": Maybe(WORD),
        "held": Maybe(POSITIVE),
        "scaled": Maybe(WORD),
        "points": ListOf(SWEPT, 1),
    },
    {"left_out": COUNT, "asked": COUNT},
    needs={"hold": ("held", "scaled")},
    name="sweep",
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
SAVED_SWEEP = Saved("archscope.sweep", 1, SWEEP)

# ---- as JSON Schema --------------------------------------------------------------------------------------------


def json_schema() -> Schema:
    """The rules of every saved result as JSON Schema (draft 2020-12)."""
    named: dict[str, Schema] = {}
    kinds = (SAVED_REPORT, SAVED_COMPARISON, SAVED_SPECTRUM, SAVED_SWEEP)
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
