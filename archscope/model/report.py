"""A Graph with its measured columns and the setting they hold for; written to JSON and read back. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any, Literal

from archscope.cached import cached_property
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.claims import Claim
from archscope.model.graph import Graph
from archscope.model.results import Tabulated
from archscope.model.rows import layer_of, operands_of, output_of, row_as, row_of_layer, rows_of, tensors_of
from archscope.model.saved import checked, parsed
from archscope.model.schema import SAVED_REPORT
from archscope.model.text import one_line

Number = int | float
Reduce = Literal["sum", "max", "last", "ratio", "heaviest"]
Columns = str | Sequence[str]
"""Names of columns, or as on the command line: "params,macs", "all"."""


@dataclass(frozen=True)
class Column:
    """One quantity: a value per layer and a total.

    A value of None means that archscope does not know it for this kind of layer; it is never counted as zero.
    `reduce` says how a block's value follows from its layers'; a ratio is that of the sums of two other columns,
    `ratio_of`, times 100 where the unit is %, times 1000 where it is by second, since times are in ms; of words the
    heaviest is taken, weighed by the column `weighed_by`.
    A column without values has a total only.
    """

    name: str
    unit: str
    total: Any = field(repr=False)  # it may be all the steps that were timed
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    reduce: Reduce = "sum"
    ratio_of: tuple[str, str] | None = None
    weighed_by: str = ""


def scale_of(unit: str) -> int:
    """What a ratio in this unit is multiplied by."""
    return 100 if unit == "%" else 1000 if unit.endswith("/s") else 1


def names_of(columns: Columns) -> tuple[str, ...]:
    """`params,macs` as names."""
    listed = columns.split(",") if isinstance(columns, str) else columns
    return tuple(name.strip() for name in listed if name.strip())


def summed(name: str, unit: str, values: Mapping[str, Number | None]) -> Column:
    """A column whose total is the sum of what is known."""
    return Column(name, unit, sum(value for value in values.values() if value is not None), values)


def ratio(name: str, unit: str, over: Column, under: Column) -> Column:
    """A column that is the ratio of two others, layer by layer and of their totals; None where there is none."""
    scale = scale_of(unit)

    def of(one: Number | None, other: Number | None) -> float | None:
        return scale * one / other if one is not None and other else None

    values = {layer: of(value, under.values.get(layer)) for layer, value in over.values.items()}
    return Column(name, unit, of(over.total, under.total), values, "ratio", (over.name, under.name))


def heaviest(words: Iterable[tuple[str | None, Number | None]]) -> str | None:
    """Of words with their weights the one that weighs most in all; None where there is none."""
    sums: dict[str, Number] = {}
    for word, weight in words:
        if word is not None:
            sums[word] = sums.get(word, 0) + (weight or 0)
    return max(sums, key=sums.__getitem__, default=None)


@dataclass(frozen=True, repr=False)
class Report(Tabulated):
    """What `archscope summary` knows. `claims` are the paper's numbers that apply to the network as built.

    What a reader may choose of its tables: the `columns` (by default the usual ones), so many levels of the module
    tree (`depth`, 0 for all), whether equal neighbours are one row (`fold`), and to list the parts instead by a
    column, the largest first (`sort`). What is not there raises ArchscopeError.
    """

    KIND = "report"

    graph: Graph
    columns: Mapping[str, Column]
    setting: Mapping[str, Any]
    target: str
    title: str = ""
    claims: tuple[Claim, ...] = ()

    @cached_property
    def totals(self) -> Mapping[str, Any]:
        """What each column says of the whole network, by name."""
        return {name: column.total for name, column in self.columns.items()}

    @cached_property
    def table_columns(self) -> tuple[str, ...]:
        """Names of the columns that have a value per layer."""
        return tuple(name for name, column in self.columns.items() if column.values)

    def value(self, column: str, layers: Iterable[str]) -> Any:
        """The column's value for a block of these layers; None where nothing of it is known."""
        entry = self.columns[column]
        layers = list(layers)
        if len(layers) == 1:
            return entry.values.get(layers[0])
        if entry.ratio_of:
            over, under = (self.value(name, layers) for name in entry.ratio_of)
            return scale_of(entry.unit) * over / under if over is not None and under else None
        values = [entry.values.get(name) for name in layers]
        if entry.reduce == "heaviest":
            weights = self.columns[entry.weighed_by].values
            return heaviest(zip(values, map(weights.get, layers), strict=True))
        known = [value for value in values if value is not None]
        if not known:
            return None
        if entry.reduce == "last":
            return values[-1]
        return max(known) if entry.reduce == "max" else sum(known)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data; docs/report-schema.md describes it."""
        graph = self.graph
        table = [self.columns[name] for name in self.table_columns]
        shapes = [list(tensor.shape) for tensor in graph.inputs.values()]
        return {
            "schema": SAVED_REPORT.written,
            "network": graph.name,
            "title": self.title,
            "target": self.target,
            "setting": dict(self.setting),
            "input_shape": shapes[0] if len(shapes) == 1 else shapes,
            "layers": [
                row_of_layer(layer) | {column.name: column.values.get(layer.name) for column in table}
                for layer in graph.layers
            ],
            "totals": dict(self.totals),
            "columns": {
                column.name: {"unit": column.unit, "reduce": column.reduce, "ratio_of": column.ratio_of}
                | ({"weighed_by": column.weighed_by} if column.weighed_by else {})
                | {"by_layer": bool(column.values)}
                for column in self.columns.values()
            },
            "claims": [asdict(claim) for claim in self.claims],
            "inputs": rows_of(graph.inputs),
            "outputs": list(graph.outputs),
            "named_outputs": [asdict(output) for output in graph.named_outputs],
            "results": [operand._asdict() for operand in graph.results],
            "blocks": dict(graph.blocks),
            "parameters": rows_of(graph.parameters),
            "buffers": rows_of(graph.buffers),
            "constants": rows_of(graph.constants),
            "bases": dict(graph.bases),
            **({"names": dict(graph.names)} if graph.names else {}),
            "unseen": list(graph.unseen),
            "untold": list(graph.untold),
            "notes": list(graph.notes),
        }

    def _about(self) -> str:
        inputs = ", ".join(units.shape(tensor.shape) for tensor in self.graph.inputs.values())
        params, macs = (units.count(self.columns[name].total) for name in ("params", "macs"))
        layers = units.counted(len(self.graph.layers), "layer")
        said = f"{one_line(self.graph.name)}, {inputs}: {params} parameters, {macs} MACs, {layers}"
        timed = self.columns.get("wall_ms")
        return f"{said}, {units.milliseconds(timed.total['median'])} on {self.setting['device']}" if timed else said

    def to_text(self, *, columns: Columns = (), depth: int = 3, fold: bool = True, sort: str = "") -> str:
        """The table that the command line shows, as wide as it needs."""
        return self._table("table", columns, depth, fold, sort)

    def to_markdown(self, *, columns: Columns = (), depth: int = 3, fold: bool = True, sort: str = "") -> str:
        """The table for a README or an issue."""
        return self._table("markdown", columns, depth, fold, sort)

    def to_latex(self, *, columns: Columns = (), depth: int = 3, fold: bool = True, sort: str = "") -> str:
        """The table for a paper; its first line says which packages it needs."""
        return self._table("latex", columns, depth, fold, sort)

    def to_html(self) -> str:
        """A page to walk through the network with, that of `archscope explore`. A notebook shows the table alone."""
        return str(self._render("page"))

    def _repr_html_(self) -> str:
        """The table: one fragment, no script, nothing from elsewhere."""
        return str(self._render("html"))

    def save(
        self, path: str | PathLike[str], *, columns: Columns = (), depth: int = 3, fold: bool = True, sort: str = ""
    ) -> None:
        """Write to a file: .json and .csv hold everything, .html is the page of `to_html`, and .txt, .md and .tex have
        the table of these choices."""
        self._save(path, columns=names_of(columns), depth=depth, fold=fold, sort=sort)

    def _table(self, name: str, columns: Columns, depth: int, fold: bool, sort: str) -> str:
        return str(self._render(name, columns=names_of(columns), depth=depth, fold=fold, sort=sort))

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one row a layer. Raises ArchscopeError where pandas is not installed."""
        try:
            import pandas
        except ImportError as error:
            raise ArchscopeError("to_pandas needs pandas: pip install pandas") from error
        return pandas.DataFrame(self.to_dict()["layers"]).set_index("name")

    @classmethod
    def from_json(cls, text: str, source: str = "report") -> "Report":
        """Read back what `to_json` wrote. Raises ArchscopeError for anything else, naming `source`."""
        return cls.of_checked(parsed(text, (SAVED_REPORT,), source))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str = "report") -> "Report":
        """Read back what `to_dict` made. Raises ArchscopeError where something is missing or broken."""
        return cls.of_checked(checked(data, (SAVED_REPORT,), source))

    @classmethod
    def of_checked(cls, data: Mapping[str, Any]) -> "Report":
        """Of data that keeps the rules of `saved`."""
        columns = {}
        for name, meta in data["columns"].items():
            values = {layer["name"]: layer[name] for layer in data["layers"]} if meta["by_layer"] else {}
            ratio_of = tuple(meta["ratio_of"]) if meta["ratio_of"] else None
            rule = (meta["reduce"], ratio_of, meta.get("weighed_by", ""))
            columns[name] = Column(name, meta["unit"], data["totals"][name], values, *rule)
        graph = Graph(
            name=data["network"],
            inputs=tensors_of(data["inputs"]),
            layers=tuple(layer_of(layer) for layer in data["layers"]),
            outputs=tuple(data["outputs"]),
            blocks=data["blocks"],
            parameters=tensors_of(data["parameters"]),
            buffers=tensors_of(data["buffers"]),
            batch=data["setting"]["batch"],
            notes=tuple(data["notes"]),
            named_outputs=tuple(output_of(output) for output in data.get("named_outputs", ())),
            constants=tensors_of(data.get("constants", [])),
            results=operands_of(data.get("results", [])),
            unseen=tuple(data.get("unseen", [])),
            untold=_untold(data),
            bases=data.get("bases", {}),
            names=data.get("names", {}),
        )
        claims = tuple(row_as(Claim, claim) for claim in data["claims"])
        return cls(graph, columns, data["setting"], data["target"], data["title"], claims)


def _untold(data: Mapping[str, Any]) -> tuple[str, ...]:
    if "results" in data:
        return tuple(data.get("untold", []))
    return (f"all arguments, constants and selected outputs of {data['target']}, which {data['schema']} does not hold",)
