"""The page that says what was found: counts, every exception, and a line a network."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

Row = dict[str, Any]
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "world.md"

NETWORK_AND_WHAT = ("Network", "What")

HEAD = """# Networks that nobody here wrote

`make world` builds every network below with its own library, traces it, and asks torch the same: parameters by
`module.parameters()`, FLOPs by `torch.utils.flop_counter.FlopCounterMode` over a plain pass, on the meta device
wherever the network runs there. Attention and recurrent layers are written out for torch, which counts nothing in its
fused kernels. *Equal* means the same number, to the last digit; FLOPs are 2 x MACs. The time is archscope's (trace and
all measures) over that of the
network's first plain pass, just before it in the same process, on one thread; the median is given.

Networks of transformers have their default configuration with at most two layers and random weights; timm's are
taken in turn from each of its files, so that a run that was stopped has some of each. Rows
may be of several commits, as a run goes on.

{versions}.
"""


def page(rows: Sequence[Row]) -> str:
    rows = sorted(rows, key=lambda row: (row["library"], row["name"]))
    ran = [row for row in rows if not refused(row)]
    parts = [
        HEAD.format(versions=", ".join(versions(rows))), libraries(ran), exceptions(ran), coverage(ran), every(ran),
        not_run([row for row in rows if refused(row)]),
    ]  # fmt: skip
    return "\n".join(parts)


def refused(row: Row) -> str:
    """Why a network is none of those counted: its own code does not take what the script knows to give it."""
    if "not_built" in row:
        return f"not built: {said(row['not_built'])}"
    return said(row["torch_error"]) if "torch_error" in row and "error" in row else ""


def versions(rows: Sequence[Row]) -> list[str]:
    packages = sorted({row["library"] for row in rows})
    return [f"{package} {version(package)}" for package in ["torch", *packages]]


def table(heads: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    ruler = "| :--- |" + (" :--- |" if len(heads) == len(NETWORK_AND_WHAT) else " ---: |" * (len(heads) - 1))
    return "\n".join([f"| {' | '.join(heads)} |", ruler, *[f"| {' | '.join(map(str, line))} |" for line in lines], ""])


# ---- counts --------------------------------------------------------------------------------------------------------


def libraries(rows: Sequence[Row]) -> str:
    names = sorted({row["library"] for row in rows})
    lines = [counted(name, [row for row in rows if row["library"] == name]) for name in names]
    heads = ["Library", "Networks", "Summarised", "Torch counts", "Parameters equal", "FLOPs equal", "Time / torch's"]
    return table(heads, [*lines, counted("**all**", rows)])


def counted(name: str, rows: Sequence[Row]) -> list[object]:
    times = [row["ms"] / row["torch_ms"] for row in rows if "ms" in row and "torch_ms" in row]
    kinds: list[Callable[[Row], bool]] = [summarised, has_torchs, params_equal, flops_equal]
    return [name, len(rows), *[sum(map(kind, rows)) for kind in kinds], f"{median(times):.2f}" if times else ""]


def summarised(row: Row) -> bool:
    return "macs" in row


def has_torchs(row: Row) -> bool:
    return "macs" in row and "torch_flops" in row


def params_equal(row: Row) -> bool:
    return bool("macs" in row and row["params"] == row["torch_params"])


def flops_equal(row: Row) -> bool:
    return bool(has_torchs(row) and 2 * row["macs"] == row["torch_flops"])


# ---- exceptions ----------------------------------------------------------------------------------------------------


def exceptions(rows: Sequence[Row]) -> str:
    lines = [[full_name(row), excepted(row)] for row in rows if excepted(row)]
    return f"## Exceptions\n\n{table(NETWORK_AND_WHAT, lines)}" if lines else "## Exceptions\n\nNone.\n"


def full_name(row: Row) -> str:
    return f"{row['library']} {row['name']}"


def excepted(row: Row) -> str:
    """Why a network does not count as equal; nothing where it does."""
    if "lost" in row:
        return str(row["lost"])
    if "macs" not in row:
        return f"no summary: {said(row.get('error') or row['traceback'])}"
    found = []
    if not params_equal(row):
        found.append(f"{row['params']:,} parameters, not {row['torch_params']:,}")
    if "torch_flops" not in row:
        found.append(f"no count of torch's: {said(row['torch_error'])}")
    elif not flops_equal(row):
        found += [
            f"{name}: {flops:,} FLOPs that torch has no formula for" for name, flops in row["beyond_torch"].items()
        ]
        if row["rest"]:
            found.append(f"{row['rest']:+,} FLOPs; {row['by_operator']} here, {row['torch_by_operator']} there")
    return "; ".join(found)


def said(error: str) -> str:
    """An error without the place of a file on one machine, in a cell."""
    return re.split(r" \(/| from '/", error)[0].replace("|", "\\|")[:160]


def coverage(rows: Sequence[Row]) -> str:
    known = [row for row in rows if "macs" in row]
    missing = Counter(operation for row in known for operation in row["unknown"])
    lines = [[operation, count, f"{100 * count / len(known):.1f} %"] for operation, count in missing.most_common()]
    told = table(["Operation", "Networks", "Share"], lines) if lines else "No operation of any network is unknown.\n"
    return f"## Unknown operations\n\n{told}"


# ---- every network -------------------------------------------------------------------------------------------------


def every(rows: Sequence[Row]) -> str:
    lines = [
        [full_name(row), f"{row['params']:,}", f"{row['macs']:,}", row["layers"], "equal" if flops_equal(row) else ""]
        for row in rows if "macs" in row
    ]  # fmt: skip
    return f"## Every network\n\n{table(['Network', 'Parameters', 'MACs', 'Operations', 'FLOPs and torch'], lines)}"


def not_run(rows: Sequence[Row]) -> str:
    """Neither by torch nor here."""
    lines = [[full_name(row), refused(row)] for row in rows]
    return f"## Networks that do not run as the script gives them\n\n{table(NETWORK_AND_WHAT, lines)}"
