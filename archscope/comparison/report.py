"""Several Reports side by side: every quantity of each network, and its ratio to the first. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from archscope.cached import cached_property
from archscope.comparison.breakdown import breakdown
from archscope.comparison.quantities import ACCURACY, Row, find_quantity, input_shape, rows_of
from archscope.model import units
from archscope.model.report import Report
from archscope.model.results import Pictured, Tabulated
from archscope.model.saved import parsed
from archscope.model.schema import SAVED_COMPARISON, SAVED_REPORT
from archscope.model.text import one_line, shown
from archscope.papers.accuracy import Accuracy, published
from archscope.papers.names import in_its_paper
from archscope.papers.results import Results, on_front

By = Literal["", "kind", "stage", "layer"]
Plot = Literal["", "bars", "tradeoff"]


@dataclass(frozen=True, repr=False)
class Comparison(Tabulated, Pictured):
    """Reports of several networks, or of one in several settings. What each says holds under its own setting.

    `failures` say which could not be built, traced or measured, and why. What a reader may choose: a further table of
    where the costs go, `by` kind of layer, stage or layer; and which `plot`, bars or the tradeoff of accuracy against
    cost, by default what suits so many networks. `quantities` are those to show, none is all. With `results`, a
    file's, accuracies are those instead of the published ones.
    """

    KIND = "comparison"

    reports: tuple[Report, ...]
    failures: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    results: Results | None = None

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each is called in data: the network's name as it is typed; where two have the same, what differs."""
        return self._told_apart([report.graph.name for report in self.reports])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each is called for readers: as in its paper, a variant by its options; where two have the same, what
        differs."""
        return self._told_apart([in_its_paper(report) or report.graph.name for report in self.reports])

    def _told_apart(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(shown(self._distinct(i, names)) for i in range(len(names)))

    def _distinct(self, i: int, names: Sequence[str]) -> str:
        """The name; of several with one name, or of one network, the target, or else the facts that differ."""
        report = self.reports[i]
        alike = [
            other
            for other, name in zip(self.reports, names, strict=True)
            if name == names[i] or other.graph.name == report.graph.name
        ]
        if len({other.target for other in alike}) == len(alike) > 1:
            return Path(report.target).stem if report.target.endswith(".json") else report.target
        facts = [_facts(other) for other in alike]
        differing = [own for own, *others in zip(_facts(report), *facts, strict=True) if len(set(others)) > 1]
        number = "" if facts.count(_facts(report)) == 1 else f"no. {[*map(id, alike)].index(id(report)) + 1}"
        return ", ".join([names[i], *differing, *filter(None, [number])])

    @cached_property
    def accuracies(self) -> Mapping[int, tuple[Accuracy | None, ...]]:
        """The top-1 and top-5 accuracy of each network: the published one, or that of a file of results."""
        if self.results is None:
            return {rank: published(self.reports, rank) for rank in ACCURACY}
        of = self.results.of
        return {rank: tuple(of(*_identity(each), rank=rank) for each in self.reports) for rank in ACCURACY}

    @cached_property
    def refused(self) -> tuple[str, ...]:
        """Why each network has no accuracy of the file of results though that has one of its name; else empty."""
        return tuple(self.results.refused(*_identity(each)) if self.results else "" for each in self.reports)

    @cached_property
    def front(self) -> tuple[bool, ...]:
        """Which networks no other beats in MACs and top-1 accuracy (Pareto); accuracies are compared on one dataset."""
        accuracies = self.accuracies[1]
        known = [accuracy.data for accuracy in accuracies if accuracy]
        data = max(known, key=known.count, default="")
        gains = [own.percent if own and own.data == data else None for own in accuracies]
        return on_front([report.totals["macs"] for report in self.reports], gains)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every quantity that one of the networks has, or those that were chosen, in their order."""
        rows = {row.quantity.name: row for row in rows_of(self.reports, self.accuracies)}
        return tuple(rows[name] for name in self.quantities or rows if name in rows)

    def chosen(self, quantities: Sequence[str] = (), sort: str = "") -> "Comparison":
        """With these quantities alone; the networks in the order of one, of an accuracy the highest first.

        Raises ArchscopeError for a quantity that none of them has.
        """
        every = {row.quantity.name: row for row in rows_of(self.reports, self.accuracies)}
        names = tuple(find_quantity(name, every) for name in quantities)
        if not sort:
            return replace(self, quantities=names)
        row = every[find_quantity(sort, every)]
        sign = -1 if row.quantity.group == "accuracy" else 1
        known = [i for i, value in enumerate(row.values) if isinstance(value, int | float)]
        order = sorted(known, key=lambda i: sign * row.values[i])
        order += [i for i in range(len(self.reports)) if i not in known]
        return replace(self, quantities=names, reports=tuple(self.reports[i] for i in order))

    def by_batch(self) -> tuple["Comparison", ...]:
        """One comparison a batch, where the same networks are compared at several."""
        batches: dict[int, list[Report]] = {}
        for report in self.reports:
            batches.setdefault(report.setting["batch"], []).append(report)
        names = {tuple(report.graph.name for report in reports) for reports in batches.values()}
        parts = tuple(replace(self, reports=tuple(reports), failures=()) for reports in batches.values())
        return parts if len(names) == 1 else (self,)

    def to_dict(self, by: By = "") -> dict[str, Any]:
        """Plain data; `by` adds where the costs go. docs/compare.md describes it."""
        data: dict[str, Any] = {
            "schema": SAVED_COMPARISON.written,
            "labels": list(self.labels),
            "quantities": [row.to_dict() for row in self.rows],
            "accuracy_sources": [
                {f"top{rank}": own and own.said() for rank, own in zip(ACCURACY, accuracies, strict=True)}
                for accuracies in zip(*self.accuracies.values(), strict=True)
            ],
            "front": [label for label, best in zip(self.labels, self.front, strict=True) if best],
            "failures": list(self.failures),
            "networks": [report.to_dict() for report in self.reports],
        }
        if by:
            parts = [[{"name": part.name, **part.values} for part in breakdown(report, by)] for report in self.reports]
            data["by"], data["parts"] = by, parts
        return data

    @classmethod
    def from_json(cls, text: str, source: str = "comparison") -> "Comparison":
        """Read back what `to_json` wrote; a saved report is a comparison of one. Raises ArchscopeError."""
        data = parsed(text, (SAVED_COMPARISON, SAVED_REPORT), source)
        return cls(tuple(map(Report.of_checked, data.get("networks", [data]))), tuple(data.get("failures", ())))

    def to_text(self, *, by: By = "") -> str:
        """The tables that the command line shows, as wide as they need."""
        return str(self._render("table", by=by))

    def to_json(self, *, by: By = "") -> str:
        """`to_dict` as text; `archscope.compare` reads it back."""
        return str(self._render("json", by=by))

    def to_csv(self, *, by: By = "") -> str:
        """One line a network, exact; with `by`, one a part of a network."""
        return str(self._render("csv", by=by))

    def to_markdown(self, *, by: By = "") -> str:
        """For a README or an issue."""
        return str(self._render("markdown", by=by))

    def to_latex(self, *, by: By = "") -> str:
        """For a paper; its first line says which packages it needs."""
        return str(self._render("latex", by=by))

    def to_html(self, *, by: By = "", plot: Plot = "") -> str:
        """For a web page: the plot above the tables, one fragment, no script, nothing from elsewhere."""
        return str(self._render("html", by=by, plot=plot))

    def to_svg(self, *, plot: Plot = "") -> str:
        """The plot as SVG."""
        return str(self._render("svg", plot=plot))

    def to_png(self, *, plot: Plot = "") -> bytes:
        """The plot as the bytes of a PNG file."""
        return bytes(self._render("png", plot=plot))

    def to_pdf(self, *, plot: Plot = "") -> bytes:
        """The plot as the bytes of a PDF file."""
        return bytes(self._render("pdf", plot=plot))

    def save(self, path: str | PathLike[str], *, by: By = "", plot: Plot = "") -> None:
        """Write to a file in the format that its suffix names: tables, data or the plot."""
        self._save(path, by=by, plot=plot)

    def _about(self) -> str:
        named = f"{units.counted(len(self.reports), 'network')}: " + ", ".join(map(one_line, self.names))
        return f"{named}; {len(self.failures)} failed" if self.failures else named


def _identity(report: Report) -> tuple[str, str, int]:
    """By what a file of results knows a network: what was typed, its name, its parameters."""
    typed = report.target if "?" in report.target or "?" not in report.graph.name else report.graph.name
    return typed, report.graph.name, report.totals["params"]


def _facts(report: Report) -> tuple[str, ...]:
    """What may tell two reports of one network apart."""
    setting = report.setting
    shape = "x".join(map(str, input_shape(report)))
    backend = setting.get("compile_mode") or setting.get("backend", "")
    backend = {"default": "compile"}.get(backend, backend)
    threads = units.counted(setting["threads"], "thread") if "threads" in setting else ""
    return shape, f"batch {setting['batch']}", setting["device"], setting["dtype"], setting["mode"], backend, threads
