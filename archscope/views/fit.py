"""Whether weights fit a network, for a terminal, a program or a page. No torch."""

from collections.abc import Mapping

from archscope.differences.fit import Fit, Misfit
from archscope.model import units
from archscope.model.text import shown
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats

FIRST = 20
"""Rows of a table at a terminal: of weights of another network all would differ."""


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def as_table(fit: Fit, options: Options) -> str:
    lines = [f"{fit.weights} for {fit.network}", verdict(fit), ""]
    lines += [said(misfit) for misfit in fit.misfits[:FIRST]]
    if len(fit.misfits) > FIRST:
        lines.append(f"and {len(fit.misfits) - FIRST:,} more")
    lines += [""] if fit.misfits else []
    if fit.verdict == "fits_renamed":
        mine, theirs = next((pair for pair in fit.rename.items() if pair[0] != pair[1]), next(iter(fit.rename.items())))
        lines.append(f"{mine} is {theirs}, and so on: -o rename.json writes the whole map")
    for prefix, count in fit.copies.items():
        named = f"as {prefix}..." if prefix else "without a prefix"
        lines.append(f"the file holds the same once more {named}: {units.counted(count, 'tensor')}")
    if fit.how == "module":
        lines.append(f"found by modules in natural order; {fit.certain:,} of them have one possible place alone")
    tensors = units.counted(fit.stored, "tensor")
    lines.append(f"{fit.weights}: {tensors}, {fit.params:,} parameters, {' and '.join(fit.dtypes) or 'none'}")
    return "".join(f"{shown(line)}\n" for line in lines)


def verdict(fit: Fit) -> str:
    """Names and shapes fit: that says nothing of what either computes."""
    if fit.verdict == "does_not_fit":
        return f"does not fit: {units.counted(len(fit.misfits), 'tensor')} of {fit.stored:,}"
    return "fits" if fit.verdict == "fits" else f"fits, renamed: {len(fit.rename):,} of {fit.stored:,} tensors"


def said(misfit: Misfit) -> str:
    if misfit.kind == "missing":
        return f"missing: {misfit.network}, {_size(misfit.expected)}"
    if misfit.kind == "unexpected":
        return f"unexpected: {misfit.file}, {_size(misfit.shape)}"
    named = misfit.file if misfit.file == misfit.network else f"{misfit.file} for {misfit.network}"
    why = ": another number of classes" if _is_last(misfit) else ""
    return f"other shape: {named}, {_size(misfit.shape)} instead of {_size(misfit.expected)}{why}"


def _is_last(misfit: Misfit) -> bool:
    name = f".{misfit.network}"
    return any(word in name for word in (".fc.", ".head.", ".classifier.", ".logits.", ".last_linear."))


def _size(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape or ())) or "1"


def as_csv(fit: Fit, options: Options) -> str:
    """One line a tensor: its names on both sides, and what does not fit."""
    rows = [[mine, theirs, "fits", "", ""] for mine, theirs in fit.rename.items()]
    rows += [
        [each.file or "", each.network or "", each.kind, _size(each.shape), _size(each.expected)]
        for each in fit.misfits
    ]  # fmt: skip
    return to_csv([["file", "network", "verdict", "shape", "expected"], *rows])


def page(fit: Fit, options: Options) -> Page:
    lines = [Line([each.kind, each.file or "", each.network or "", said(each)]) for each in fit.misfits]
    table = Table(["What", "File", "Network", ""], lines, range(4))
    return Page(f"{fit.weights} for {fit.network}", verdict(fit), [table] if lines else [])
