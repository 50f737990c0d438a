"""What `archscope check` found: a line a broken limit, for a terminal, a program or a pull request. No torch."""

from collections.abc import Mapping
from itertools import groupby
from textwrap import wrap

from archscope.comparison.limits import Finding, Findings
from archscope.model import units
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page), "github": as_github}


def as_table(found: Findings, options: Options) -> str:
    """One line a broken limit; of a target that keeps to all of its own, one line that says so."""
    lines = []
    for target, group in groupby(found.findings, key=lambda finding: finding.target):
        findings = list(group)
        broken = [said(finding) for finding in findings if not finding.holds]
        kept = f"{target}: {len(findings)} limit{'s' if len(findings) > 1 else ''} kept"
        for line in broken or [kept]:
            lines += wrap(line, options.width, subsequent_indent="  ") if options.width else [line]
    return "".join(f"{line}\n" for line in lines)


def as_csv(found: Findings, options: Options) -> str:
    """One line a limit."""
    headings = ["target", "quantity", "unit", "side", "limit", "found", "holds"]
    rows = [
        [
            each.target,
            each.limit.name,
            each.limit.quantity.unit,
            each.limit.side,
            each.limit.value,
            each.found,
            each.holds,
        ]
        for each in found.findings
    ]
    return to_csv([headings, *rows])


def page(found: Findings, options: Options) -> Page:
    """Every limit with what was found: a job's summary."""
    lines = [
        Line([each.target, each.limit.name, _found(each), _limit(each), "kept" if each.holds else "broken"])
        for each in found.findings
    ]
    table = Table(["Target", "Quantity", "Found", "Limit", ""], lines, (0, 1, 4))
    broken, all_limits = len(found.broken), len(found.findings)
    said = f"{broken} of {all_limits} limit{'s' * (all_limits != 1)} {'is' if broken == 1 else 'are'} broken"
    return Page("archscope check", said, [table])


def as_github(found: Findings, options: Options) -> str:
    """Workflow commands: an annotation for each broken limit, at the file that the network is in."""
    return "".join(
        f"::error {_place(finding.target)}title=archscope::{_escaped(said(finding))}\n" for finding in found.broken
    )


def said(finding: Finding) -> str:
    """`net.py:Net: params 22,855,952, over the limit of 5,000,000 (4.57 x)`."""
    limit = finding.limit
    what = f"{finding.target}: {limit.name.replace('_', ' ')}"
    if finding.found is None:
        return f"{what} unknown, {_limit(finding)} asked for"
    if finding.found == "global":
        return f"{what} global: the whole of any image, {_limit(finding)} asked for"
    if finding.found <= limit.value and limit.side == "max":
        return (
            f"{what} {_found(finding)} or more, operations of unknown cost besides: not known to keep {_limit(finding)}"
        )
    side = "over" if limit.side == "max" else "under"
    times = f" ({finding.found / limit.value:.3g} x)" if limit.value else ""
    times = f": {limit.why}" if limit.why else times
    return f"{what} {_found(finding)}, {side} the limit of {_number(limit.value, limit.quantity.unit)}{times}"


def _found(finding: Finding) -> str:
    if finding.found is None or finding.found == "global":
        return finding.found or "?"
    return _number(finding.found, finding.limit.quantity.unit)


def _limit(finding: Finding) -> str:
    side = "at most" if finding.limit.side == "max" else "at least"
    return f"{side} {_number(finding.limit.value, finding.limit.quantity.unit)}"


def _number(value: float, unit: str) -> str:
    return units.size(value) if unit == "bytes" else f"{value:,.6g}" if value % 1 else f"{int(value):,}"


def _place(target: str) -> str:
    """The file of a target that is in one."""
    file, dot, _ = target.partition(".py")
    return f"file={_escaped(file + dot, ':,')}," if dot else ""


def _escaped(text: str, further: str = "") -> str:
    """As a workflow command's text; of its properties `:` and `,` too."""
    for character in f"%\r\n{further}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
