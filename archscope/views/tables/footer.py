"""The totals below a table, in words: both conventions, memory, coverage, and how they stand to the paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.auditing.counters import Counter, counter_names, find
from archscope.model import units
from archscope.model.report import Report
from archscope.papers.verdicts import Verdict, judge_saved
from archscope.views.tables.timing import timing


def footer(report: Report) -> list[tuple[str, str]]:
    """(heading, text) lines."""
    return [
        ("Parameters", _parameters(report)),
        ("MACs", _macs(report)),
        ("Elementwise", f"{units.count(report.totals['elementwise_ops'])} operations besides"),
        ("Memory", _memory(report)),
        ("Receptive field", _receptive_field(report)),
        ("Depth", _depth(report)),
        *[(f"As {name}", _counted_by(find(name), report)) for name in counter_names() if name in report.columns],
        *[("Lower bound", _bound(entry, report)) for entry in report.totals.get("roofline", ())],
        *_fits(report.totals.get("fits", ())),
        ("Coverage", _coverage(report)),
        *timing(report),
        *[("Note", note) for note in report.graph.notes],
    ]


def _parameters(report: Report) -> str:
    totals = report.totals
    parts = [f"{totals['params']:,} parameters{_published(report, 'params')}"]
    if totals["frozen_params"]:
        parts.append(f"{totals['frozen_params']:,} frozen")
    if totals["unused_params"]:
        parts.append(f"{totals['unused_params']:,} not used in this pass")
    if totals["buffers"]:
        parts.append(f"buffers {totals['buffers']:,}")
    return "; ".join(parts)


def _macs(report: Report) -> str:
    macs, flops = report.totals["macs"], report.totals["flops"]
    at_least = "at least " if report.totals["operations"]["unknown"] else ""
    short = f"{units.scaled(macs, 3)} MACs = {_gflops(flops)}"
    return f"{at_least}{macs:,} = {short}{_published(report, 'macs')}"


def _gflops(flops: float) -> str:
    number, _, prefix = units.scaled(flops, 4).partition(" ")
    return f"{number} {prefix}FLOPs"


def _published(report: Report, quantity: str) -> str:
    """`: as published (Table 3)`, or what is published instead. A number that is exact makes the rounded ones moot."""
    claims = [claim for claim in report.claims if claim.quantity == quantity and not claim.counting]
    exact = [claim for claim in claims if claim.is_exact and claim.holds(report.totals[quantity])]
    said: dict[bool, str] = {}
    for claim in exact or claims:  # the first that agrees and the first that does not: `archscope verify` has them all
        found = judge_saved(report, claim)
        if found.outcome == "not recomputable":
            continue
        said.setdefault(found.outcome in {"holds", "holds under convention"}, _standing(found))
    return ": " + "; ".join(said.values()) if said else ""


def _standing(found: Verdict) -> str:
    claim = found.claim
    if found.outcome == "holds" and claim.is_exact:
        return f"as published ({claim.source})"
    if found.outcome in {"holds", "holds under convention"}:
        return f"as published: {', '.join(filter(None, [claim.printed(), found.counting]))} ({claim.source})"
    return f"not the published {claim.printed()} ({claim.source})"


def _counted_by(tool: Counter, report: Report) -> str:
    counted = report.totals[tool.name]
    said = f"{counted:,}" if isinstance(counted, int | float) else "?"  # in a stranger's report it is anything
    return f"{said} {tool.unit}, {tool.parameters(report.graph):,} parameters"


def _memory(report: Report) -> str:
    totals, setting = report.totals, report.setting
    at_least = "at least " if None in report.columns["training_memory_bytes"].values.values() else ""
    return (
        f"weights {units.size(totals['weight_bytes'])}, inference peak {units.size(totals['peak_memory_bytes'])}, "
        f"training keeps {at_least}{units.size(totals['training_memory_bytes'])} (batch {setting['batch']})"
    )


NO_FIELD = {
    "global": "global: from {} on an element sees the whole input",
    "unknown": "unknown: from {} on archscope cannot tell what an element sees",
    "none": "none: no layer has elements with a place in an image",
}


def _receptive_field(report: Report) -> str:
    """In words where there is no number: a layer says from where on."""
    field = report.totals["receptive_field"]
    if field is None:
        scope = report.totals.get("receptive_field_scope") or {"is": "none", "since": None}
        return NO_FIELD[scope["is"]].format(scope["since"])
    pixels = "pixel" if field["size"] == [1] else "pixels"
    return f"{' x '.join(map(str, field['size']))} {pixels}, stride {units.shape(sorted(set(field['stride'])))}"


def _depth(report: Report) -> str:
    totals = report.totals
    said = f"{units.counted(totals['depth_separable_as_one'], 'weighted layer')} on the longest path"
    if totals["depth"] != totals["depth_separable_as_one"]:
        said += f", a separable convolution as one ({totals['depth']} as executed)"
    return f"{said}; {units.counted(totals['conv_layers'], 'convolution')}, {totals['linear_layers']} linear in all"


def _bound(entry: Mapping[str, Any], report: Report) -> str:
    """`4.59 ms on NVIDIA H200 SXM (tf32, batch 32) layer by layer: memory 82 %, compute 18 %; 1.07 ms if ...`."""
    whole, due_to, setting = entry["bound_ms"], entry["due_to_ms"], report.setting
    parts = [f"{cause} {100 * time / whole:.0f} %" for cause, time in due_to.items() if time and whole]
    at_least = "at least " if entry["unknown"] else ""
    where = f"on {entry['device']} ({setting['dtype']}, batch {setting['batch']})"
    said = [
        f"{at_least}{units.milliseconds(whole)} {where} layer by layer: {', '.join(parts)}",
        f"{units.milliseconds(entry['fused_bound_ms'])} if all were fused",
        f"{entry['origin']} peaks" + (f", {entry['date']}, load {entry['load']:.1f}" if entry.get("date") else ""),
    ]
    if report.totals.get("bound_percent"):
        said.insert(1, f"{report.totals['bound_percent']:.0f} % of the time in the layers")
    return "; ".join(said)


def _fits(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """`24.0 GiB hold: 1,022 images in inference, 87 in training with momentum (float32), by prediction`."""
    if not rows:
        return []
    said = [
        f"{units.counted(row['images'], 'image')} in "
        + (f"training with {row['optimizer']}" if row["train"] else "inference")
        for row in rows
    ]
    return [(f"{units.size(rows[0]['memory_bytes'])} hold", f"{', '.join(said)} ({rows[0]['dtype']}), by prediction")]


def _coverage(report: Report) -> str:
    operations = report.totals["operations"]
    said = f"{operations['known']} of {operations['total']} operations known"
    unknown = operations["unknown"]
    return f"{said}; unknown, and in no total: {', '.join(unknown)}" if unknown else said
