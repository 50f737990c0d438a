"""The generated parts of table3.md, from the raw reports in cuda.zip and cpu/: text in, text out, no torch.

A part stands between `<!-- NAME -->` and `<!-- end of NAME -->`; what is around it is written by hand.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from archscope.latency.fitting import predicted_bytes
from archscope.measures.workspace import Library
from archscope.model.graph import Layer, is_depthwise, is_pointwise
from archscope.model.report import Report

HERE = Path(__file__).parent
NETWORKS = ("xception", "inception_v3")
PAPER = {"xception": 28, "inception_v3": 31}
"""Training steps a second on 60 K80 GPUs, Table 3 of arXiv:1610.02357."""

LIMITS = {"layers": 5, "memory": 10, "peers": 3}
"""How many percent two numbers for one thing may differ (issue 5)."""


@dataclass(frozen=True, order=True)
class Row:
    """What is compared between the networks: one setting, and how it ran."""

    train: bool
    batch: int
    dtype: str
    channels_last: bool
    run: str


def raw_files(folder: Path) -> dict[str, str]:
    """What lies in the folder or, where there is one, in the archive beside it: texts by name."""
    archive = folder.with_suffix(".zip")
    if archive.exists():
        with ZipFile(archive) as zipped:
            return {name: zipped.read(name).decode() for name in sorted(zipped.namelist())}
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


def load(folder: Path) -> list[Report]:
    """Every report in the folder, whether alone in its file or in a comparison; not those that only try the device."""
    reports = []
    for name, text in raw_files(folder).items():
        if name.endswith(".json") and not name.startswith("smoke-"):
            data = json.loads(text)
            for entry in data.get("networks", [data] if "layers" in data else []):
                reports.append(Report.from_json(json.dumps(entry), name))
    return reports


def timings(report: Report) -> Iterator[tuple[Row, float]]:
    """Milliseconds of a step: as a user's loop sees it, and as the device does."""
    setting, totals = report.setting, report.totals
    how = "compiled" if setting["compile"] else "eager"
    row = (setting["train"], report.graph.batch, setting["dtype"], setting["channels_last"])
    if "wall_ms" in totals:
        yield Row(*row, how), totals["wall_ms"]["median"]
    if "device_ms" in totals:
        yield Row(*row, f"{how}, graph replay"), totals["device_ms"]["median"]


def by_row(reports: Iterable[Report]) -> dict[Row, dict[str, float]]:
    """Milliseconds by setting and network, where both networks were measured."""
    found: dict[Row, dict[str, float]] = {}
    for report in reports:
        for row, ms in timings(report):
            found.setdefault(row, {})[report.graph.name] = ms
    return {row: times for row, times in sorted(found.items()) if set(NETWORKS) <= set(times)}


# ---- Table 3 ---------------------------------------------------------------------------------------------------


def table3(reports: Sequence[Report], nothing: str) -> str:
    """Both networks in every setting, the ratio beside the paper's, and what it says of the paper's expectation."""
    rows = by_row(reports)
    if not rows:
        return nothing
    parts = [_devices(reports)]
    for train, group in groupby(rows.items(), key=lambda item: item[0].train):
        heading = "Training: forward, backward, SGD" if train else "Inference"
        parts.append(f"### {heading}\n\n{_table(list(group), train)}")
    return "\n".join([*parts, _answer(rows)])


def _devices(reports: Sequence[Report]) -> str:
    dates = sorted(report.setting["date"][:10] for report in reports)
    span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    known = sorted({_device(report.setting) for report in reports})
    return "\n".join(f"Measured on {device}, {span}." for device in known) + "\n"


def _device(setting: Mapping[str, Any]) -> str:
    releases = [
        f"{key} {setting[key]}" for key in ("driver", "cuda", "cudnn", "torch", "archscope") if setting.get(key)
    ]
    threads = [f"{setting['threads']} threads"] if setting["device"] == "cpu" else []
    return ", ".join([setting["device_name"], *threads, *releases])


def _table(rows: Sequence[tuple[Row, Mapping[str, float]]], train: bool) -> str:
    unit = "steps/s" if train else "images/s"
    lines = [
        f"| batch | type | layout | run | Xception, ms | Inception-v3, ms | Xception, {unit} | Inception-v3, {unit} "
        "| Xception / Inception-v3 |",
        "| ---: | :--- | :--- | :--- | ---: | ---: | ---: | ---: | ---: |",
    ]
    if train:
        steps = [PAPER[name] for name in NETWORKS]
        lines.append(f"| ? | float32 | ? | *the paper, 60 K80* | | | {steps[0]} | {steps[1]} | {_ratio(*steps)} |")
    for row, times in rows:
        xception, inception = (times[name] for name in NETWORKS)
        rates = [1000 * (1 if train else row.batch) / ms for ms in (xception, inception)]
        layout = "channels last" if row.channels_last else "channels first"
        cells = [str(row.batch), row.dtype, layout, row.run, f"{xception:.2f}", f"{inception:.2f}"]
        lines.append(f"| {' | '.join([*cells, *(f'{rate:,.1f}' for rate in rates), _ratio(*rates)])} |")
    return "\n".join(lines) + "\n"


def _ratio(a: float, b: float) -> str:
    return f"{a / b:.2f}"


def _answer(rows: Mapping[Row, Mapping[str, float]]) -> str:
    """The paper expected Xception to overtake: in how many settings of training it does."""
    ratios = {row: times[NETWORKS[1]] / times[NETWORKS[0]] for row, times in rows.items() if row.train}
    if not ratios:
        return "### The answer\n\nTraining was not measured yet.\n"
    loops = _came_true([ratio for row, ratio in ratios.items() if not row.run.endswith("replay")])
    alone = _came_true([ratio for row, ratio in ratios.items() if row.run.endswith("replay")])
    on_device = f", and on the device alone, by graph replay, {alone}" if alone else ""
    return (
        f"### The answer\n\nThe paper saw Xception train at {_ratio(*PAPER.values())} times the speed of Inception-v3, "
        f"and expected that it would be the faster one. Here it is as a user's loop sees it {loops}{on_device}.\n"
    )


def _came_true(ratios: Sequence[float]) -> str:
    """`0.55 to 1.56 times as fast, the faster one in 2 of 6 settings`."""
    if not ratios:
        return ""
    faster = sum(ratio > 1 for ratio in ratios)
    many = "all" if faster == len(ratios) else faster or "none"
    ends = sorted({f"{ratio:.2f}" for ratio in (min(ratios), max(ratios))})
    where = f"in {many} of {len(ratios)} settings" if len(ratios) > 1 else "in the one setting" * (faster > 0)
    return f"{' to '.join(ends)} times as fast" + f", the faster one {where}" * bool(where)


# ---- where the time of a depthwise convolution goes -----------------------------------------------------------


def part_of(layer: Layer) -> str:
    return "depthwise" if is_depthwise(layer) else "pointwise" if is_pointwise(layer) else "all else"


def depthwise(reports: Sequence[Report]) -> str:
    """Xception's time by part against its bytes, in each setting of eager inference."""
    timed = [report for report in reports if report.graph.name == NETWORKS[0] and _has_layers(report)]
    if not timed:
        return "Not measured yet: `make bench-cuda`.\n"
    lines = [
        "| batch | type | layout | part | ms | of the layers | MiB moved | GB/s | of the bound |",
        "| ---: | :--- | :--- | :--- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for report in sorted(timed, key=lambda report: next(timings(report))[0]):
        layout = "channels last" if report.setting["channels_last"] else "channels first"
        where = f"{report.graph.batch} | {report.setting['dtype']} | {layout}"
        lines += [f"| {where} | {line} |" for line in _parts(report)]
    return "\n".join(lines) + "\n"


def _parts(report: Report) -> Iterator[str]:
    for part in ("depthwise", "pointwise", "all else"):
        names = [layer.name for layer in report.graph.layers if part_of(layer) == part]
        ms, moved = report.value("latency_ms", names), report.value("bytes_moved", names)
        reached = report.value("bound_percent", names) if "bound_percent" in report.columns else None
        share = 100 * ms / report.totals["latency_ms"]
        rate = f"{moved / ms / 1e6:,.1f}" if ms else "-"
        bound = "-" if reached is None else f"{reached:.0f} %"
        yield f"{part} | {ms:.3f} | {share:.0f} % | {moved / 2**20:,.1f} | {rate} | {bound}"


def _has_layers(report: Report) -> bool:
    return "latency_ms" in report.columns and not report.setting["train"]


# ---- agreement -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """Two numbers for one thing; they agree if they differ by no more than the limit."""

    what: str
    measured: float
    reference: float
    limit_percent: float

    @property
    def difference_percent(self) -> float:
        return 100 * (self.measured / self.reference - 1)


def checks(reports: Sequence[Report], peers: Sequence[Mapping[str, Any]]) -> list[Check]:
    """The sum over layers against the replayed graph (of several images: what lies between kernels is no layer's, and
    much of the time where they are short), predicted against measured memory, and archscope's median
    against those of its peers: `peers` are dicts of a Check's first three fields."""
    found = []
    for report in reports:
        totals, setting = report.totals, report.setting
        layout = "channels last" if setting["channels_last"] else "channels first"
        what = f"{report.graph.name}, batch {report.graph.batch}, {setting['dtype']}, {layout}"
        if _has_layers(report) and "device_ms" in totals and report.graph.batch > 1:
            layers, replayed = totals["latency_ms"] + totals["unattributed_ms"], totals["device_ms"]["median"]
            found.append(Check(f"{what}: layers, graph replay, ms", layers, replayed, LIMITS["layers"]))
        if "measured_peak_memory_bytes" in totals and not setting["compile"]:
            step = "training" if setting["train"] else "inference"
            library = Library.of(setting["device"], setting["dtype"], setting["channels_last"])
            sizes = (
                predicted_bytes(report.graph, setting["train"], setting.get("optimizer") or "momentum", library),
                totals["measured_peak_memory_bytes"],
            )
            mib = [size / 2**20 for size in sizes]
            found.append(Check(f"{what}: peak memory of {step}, predicted, measured, MiB", *mib, LIMITS["memory"]))
    return [*found, *(Check(**peer, limit_percent=LIMITS["peers"]) for peer in peers)]


def agreement(made: Sequence[Check]) -> str:
    if not made:
        return "Not measured yet: `make bench-cuda`.\n"
    lines = ["| what | archscope | reference | difference | allowed | |", "| :--- | ---: | ---: | ---: | ---: | :--- |"]
    for check in made:
        holds = "holds" if abs(check.difference_percent) <= check.limit_percent else "**fails**"
        numbers = f"{check.measured:,.3f} | {check.reference:,.3f} | {check.difference_percent:+.1f} %"
        lines.append(f"| {check.what} | {numbers} | {check.limit_percent} % | {holds} |")
    held = sum(abs(check.difference_percent) <= check.limit_percent for check in made)
    return "\n".join(lines) + f"\n\n{held} of {len(made)} hold.\n"


# ---- pages -----------------------------------------------------------------------------------------------------


def replaced(page: str, name: str, made: str) -> str:
    """The page with its part of this name made anew. Raises ValueError where it has none."""
    part = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.S)
    if not part.search(page):
        raise ValueError(f"the page has no part named {name}")
    return part.sub(lambda found: f"{found[1]}\n{made}\n{found[2]}", page)


def renewed(page: str, folder: Path = HERE) -> str:
    """table3.md with all its parts made from the raw reports in the folder's cuda.zip and cpu/."""
    reports, beside = load(folder / "cuda"), raw_files(folder / "cuda").get("peers.json")
    peers = json.loads(beside)["peers"] if beside else []
    page = replaced(page, "cuda", table3(reports, "No CUDA figures yet: no device was at hand. `make bench-cuda`.\n"))
    page = replaced(page, "cpu", table3(load(folder / "cpu"), "No CPU figures yet: no idle machine was at hand.\n"))
    page = replaced(page, "depthwise", depthwise(reports))
    return replaced(page, "agreement", agreement(checks(reports, peers)))


if __name__ == "__main__":
    target = HERE / "table3.md"
    target.write_text(renewed(target.read_text(encoding="utf-8")), encoding="utf-8")
