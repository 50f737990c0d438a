"""What the page knows of a network, as plain data: columns of layers, the module tree in order, pictures, claims."""

import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archscope.differences import Diff
from archscope.differences.rows import Difference
from archscope.model import units
from archscope.model.report import Column, Report
from archscope.model.text import shown
from archscope.model.tree import Node, tree_of
from archscope.papers.verdicts import Verdict, judge_saved
from archscope.views.explorer.pages import Paging
from archscope.views.explorer.pictures import Pictures, ranges
from archscope.views.explorer.workings import workings
from archscope.views.tables.footer import footer
from archscope.views.verdicts import number

COLUMNS = (
    "params", "macs", "activations", "output_bytes", "training_memory_bytes", "latency_ms", "intensity", "bound",
    "bound_ms", "bound_percent", "elementwise_ops", "bytes_moved", "arithmetic_ops", "receptive_field",
)  # fmt: skip
"""Those of a report's columns that the page shows, where they are there, in the order of its choice."""


class Strings:
    """Texts that many have in common, each told once."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}

    def at(self, text: str) -> int:
        return self.place.setdefault(shown(text), len(self.place))


def network_data(report: Report, title: str) -> dict[str, Any]:
    """Everything that the page shows of a network."""
    pictures, strings, parts = Pictures(report.graph), Strings(), Strings()
    layers = report.graph.layers
    return {
        "title": shown(title),
        "target": shown(report.target),
        "paper": shown(report.title),
        "input": [units.shape(tensor.shape) for tensor in report.graph.inputs.values()],
        "setting": {name: shown(report.setting.get(name, "")) for name in ("device", "dtype", "batch", "mode")},
        "totals": {name: report.totals[name] for name in ("params", "macs", "unused_params", "depth_separable_as_one")},
        "facts": [[heading, shown(said)] for heading, said in footer(report)],
        "claims": [_claim(judged(report, claim)) for claim in report.claims],
        "columns": [_column(report.columns[name], report) for name in COLUMNS if name in report.table_columns],
        "workings": workings(report),
        "nodes": _nodes(report, pictures, strings),
        "shapes": {
            "in": [strings.at(", ".join(map(units.shape, layer.input_shapes))) for layer in layers],
            "out": [strings.at(", ".join(map(units.shape, layer.output_shapes))) for layer in layers],
        },
        "strings": list(strings.place),
        "pictures": [
            [picture.width, picture.height, [parts.at(part) for part in _parts(picture.svg)], int(picture.column)]
            for picture in pictures.drawn
        ],
        "parts": list(parts.place),
    }


def _parts(svg: str) -> list[str]:
    """A picture in pieces, each to the end of a group: sisters share most, farther apart than gzip looks back."""
    return re.split("(?<=</g>)", svg)


def judged(report: Report, claim: Any) -> Verdict:
    """A claim beside the report's own number. Why one differs that has an explanation, `archscope verify` tells."""
    verdict = judge_saved(report, claim)
    if verdict.outcome == "fails" and claim.explanation:
        return replace(verdict, outcome="differs", reason=f"archscope verify {report.graph.name} explains it")
    return verdict


def _claim(verdict: Verdict) -> dict[str, str]:
    claim = verdict.claim
    return {
        "about": claim.about(),
        "claimed": claim.printed(),
        "recomputed": number(verdict.recomputed, claim.unit),
        "outcome": verdict.outcome,
        "why": ", ".join(filter(None, [verdict.counting, verdict.reason])),
        "source": claim.origin(),
    }


def _column(column: Column, report: Report) -> dict[str, Any]:
    """A column with a value for each layer; null is unknown."""
    return {
        "name": column.name,
        "unit": column.unit,
        "reduce": column.reduce,
        "of": [*(column.ratio_of or ()), *filter(None, [column.weighed_by])],
        "total": column.total if isinstance(column.total, int | float) else None,
        "values": [column.values.get(layer.name) for layer in report.graph.layers],
    }


def differences(diff: Diff) -> dict[str, Any]:
    """The verdict on two networks, and its rows, each with the layers that it is about in the one and the other:
    those that have a counterpart, those that have none, and those `beside` which the other's would stand."""
    places = [{layer.name: i for i, layer in enumerate(side.graph.layers)} for side in (diff.a, diff.b)]
    both = [
        (places[0][a.layer.name], places[1][b.layer.name]) for a, b in diff.pairs
        if a.layer and b.layer and a.layer.name in places[0] and b.layer.name in places[1]
    ]  # fmt: skip
    there_and_here = [sorted((b, a) for a, b in both), sorted(both)]

    def of(row: Difference, alone: bool) -> list[str]:
        pairs = [pair for pair in row.layers if (None in pair) == alone]
        return [ranges(places[i][pair[i] or ""] for pair in pairs if pair[i] in places[i]) for i in (0, 1)]

    def beside(row: Difference, side: int) -> str:
        there = [places[1 - side][pair[1 - side] or ""] for pair in row.layers if pair[1 - side] in places[1 - side]]
        known = there_and_here[side]
        after = [bisect(known, (place,)) for place in there]
        return ranges(here for at in after for _, here in known[max(at - 1, 0) : at + 1])

    rows = [
        {
            "what": shown(row.what), "kind": row.kind, "params": row.params, "macs": row.macs,
            "changed": of(row, False), "alone": of(row, True), "beside": [beside(row, 0), beside(row, 1)],
        }
        for row in diff.differences
    ]  # fmt: skip
    return {"verdict": diff.verdict.replace("_", " "), "rows": rows}


# ---- the module tree --------------------------------------------------------------------------------------


def _nodes(report: Report, pictures: Pictures, strings: Strings) -> dict[str, Any]:
    """The tree in the order of a walk, as columns: each node's name, the place of its parent, its layers ..."""
    place = {layer.name: i for i, layer in enumerate(report.graph.layers)}
    found: dict[str, Any] = {
        name: [] for name in ("name", "parent", "kind", "said", "layers", "picture", "pages", "unused")
    }
    for at, (node, path, parent, is_page) in enumerate(walk(tree_of(report.graph, fold=False), pictures.paging)):
        found["name"].append(shown(path.rpartition(".")[2]))
        found["parent"].append(parent)
        found["kind"].append(strings.at(node.kind))
        found["said"].append(strings.at("" if is_page else units.operation(node) or units.contents(node)))
        found["layers"].append(ranges(place[layer.name] for layer in node.layers))
        found["picture"].append(pictures.of.get(path, -1))
        found["pages"] += [at] if is_page else []
        if node.all_unused:
            unused = sum(report.graph.parameters[name].elements for name in node.all_unused)
            found["unused"].append([at, unused])
    return found


def walk(root: Node, paging: Paging) -> Iterator[tuple[Node, str, int, bool]]:
    """Each node with its path on the page, the place of its parent in this order, and whether it is a page."""
    waiting: list[tuple[Node, str, int, bool]] = [(root, "", -1, False)]
    at = -1
    while waiting:
        node, path, parent, is_page = waiting.pop()
        at += 1
        yield node, path, parent, is_page
        pages = paging.of.get(path)
        below = _paged(node, pages) if pages else [(child.name, child, False) for child in node.children]
        waiting += [
            (child, f"{path}.{name}" if path else name, at, turned) for name, child, turned in reversed(below)
        ]  # fmt: skip


def _paged(node: Node, pages: Mapping[str, list[str]]) -> list[tuple[str, Node, bool]]:
    """The children on their pages; what no page names stands on that of the one before it."""
    page_of = {name: page for page, names in pages.items() for name in names}
    held: dict[str, list[Node]] = {page: [] for page in pages}
    page = next(iter(pages))
    for child in node.children:
        page = page_of.get(child.name, page)
        held[page].append(child)
    return [(page, Node(page, children=children), True) for page, children in held.items()]
