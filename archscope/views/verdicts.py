"""What `archscope verify` found, in every format. No torch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.text import Text

from archscope.model import units
from archscope.model.claims import Quantity
from archscope.papers.verdicts import Verdict
from archscope.papers.verification import Verification
from archscope.views import Options, View
from archscope.views.data import to_csv, to_json
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import to_text, wrapped
from archscope.views.templates import fill

TITLE = "What the papers claim, and what archscope recomputes"
WIDTH = 80
"""Of the table where no terminal says otherwise."""

COLORS = {"holds": "green", "holds under convention": "cyan", "differs": "yellow", "fails": "bold red"}
SHORT = {"holds under convention": "holds under", "fails": "FAILS"}
IN_UNIT = {0.01, 1024, 2**20}
"""Units that nobody converts in the head: recomputed numbers are shown in them too."""


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page), "markdown": as_markdown}


# ---- words ----------------------------------------------------------------------------------------------------


def number(value: Quantity | None, unit: float = 1) -> str:
    """`22,855,952`, `159.50 K`, `64x112x112`; `-` where nothing is recomputed."""
    if value is None:
        return "-"
    if not isinstance(value, int | float):
        return units.shape(value)
    if unit in IN_UNIT:
        return f"{value / unit:,.2f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def details(verdict: Verdict) -> str:
    """The convention that it holds under, or why it differs."""
    if verdict.outcome == "holds under convention":
        return f"convention: {verdict.counting}"
    return verdict.reason if verdict.outcome in {"differs", "fails"} else ""


def steps(verdict: Verdict) -> list[tuple[str, str]]:
    """The way from what is recomputed to what is published: amounts that sum up, and what each is."""
    if not verdict.differences or not isinstance(verdict.recomputed, int | float):
        return []
    end = verdict.recomputed + sum(step.amount for step in verdict.differences)
    return [
        (number(verdict.recomputed), "the network as it is"),
        *((f"{step.amount:+,}", step.what) for step in verdict.differences),
        (number(end), "the network that the number is of"),
    ]


def closing(found: Verification) -> str:
    """How many there are of each."""
    count = Counter(found.counts)
    explained = sum(bool(verdict.differences) for verdict in found.verdicts if verdict.outcome == "differs")
    known = f" ({explained} explained, {count['differs'] - explained} unexplained)" if count["differs"] else ""
    parts = [
        f"{count['holds']} hold",
        f"{count['holds under convention']} hold under a convention",
        f"{count['differs']} differ{known}",
        f"{count['fails']} fail",
        f"{count['not recomputable']} cannot be recomputed",
    ]
    return f"{len(found.verdicts)} claims: {', '.join(parts)}"


# ---- table ----------------------------------------------------------------------------------------------------


def as_table(found: Verification, options: Options) -> str:
    """Network by network, source by source: claimed, recomputed, verdict; what is said of it below."""
    lines: list[Text] = []
    for network, verdicts in by_network(found).items():
        lines += [Text(network, "bold"), *_network(verdicts, options.width or WIDTH), Text("")]
    lines += wrapped("", closing(found), 0, options.width or WIDTH)
    return to_text(lines, options)


def _network(verdicts: Sequence[Verdict], width: int) -> Iterator[Text]:
    by_origin: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_origin.setdefault(verdict.claim.origin(), []).append(verdict)
    rows = {id(verdict): _row(verdict) for verdict in verdicts}
    shared = _widths([*rows.values()], width)
    for origin, group in by_origin.items():
        yield from _indented(origin, 2, width)
        named = [rows[id(verdict)] for verdict in group]
        widths = shared if all(len(row[0]) <= shared[0] for row in named) else _widths(named, width)
        for said, alike in groupby(group, key=lambda verdict: (details(verdict), steps(verdict))):
            for verdict in alike:
                yield from _lines(rows[id(verdict)], widths, verdict)
            yield from _said(*said, width) if said[0] else ()


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [min(widths[0], width - sum(widths[1:]) - 10), *widths[1:]]


def _row(verdict: Verdict) -> tuple[str, ...]:
    claim = verdict.claim
    about = f"{claim.where()} {claim.quantity}".strip()
    outcome = SHORT.get(verdict.outcome, verdict.outcome)
    return about, claim.printed(), number(verdict.recomputed, claim.unit), outcome


def _lines(row: Sequence[str], widths: Sequence[int], verdict: Verdict) -> Iterator[Text]:
    """A line; two where its name leaves the numbers no room."""
    about, claimed, recomputed, outcome = row
    if len(about) > widths[0]:
        yield Text(f"    {about}")
        about = ""
    numbers = f"    {about.ljust(widths[0])}  {claimed.rjust(widths[1])}  {recomputed.rjust(widths[2])}  "
    yield Text(numbers).append(outcome, COLORS.get(verdict.outcome, "dim"))


def _said(text: str, listed: Sequence[tuple[str, str]], width: int) -> Iterator[Text]:
    yield from _indented(text, 8, width)
    amounts = max((len(amount) for amount, _ in listed), default=0)
    for amount, what in listed:
        first, *rest = wrapped("", what, 0, width - amounts - 12)
        yield Text(f"          {amount.rjust(amounts)}  ").append(first)
        yield from (Text(" " * (amounts + 12)).append(line) for line in rest)


def _indented(text: str, indent: int, width: int) -> Iterator[Text]:
    for line in wrapped("", text, 0, width - indent):
        yield Text(" " * indent).append(line.plain, "dim")


# ---- for programs and pages -----------------------------------------------------------------------------------


def as_json(found: Verification, options: Options) -> str:
    """Every claim; `verdicts` counts them."""
    return to_json(found.to_dict())


def as_csv(found: Verification, options: Options) -> str:
    """One line a claim."""
    keys = (
        "network",
        "quantity",
        "block",
        "claimed",
        "printed",
        "source",
        "recomputed",
        "verdict",
        "counting",
        "reason",
    )
    return to_csv([keys, *([verdict.to_dict()[key] for key in keys] for verdict in found.verdicts)])


def as_markdown(found: Verification, options: Options) -> str:
    """A page with a section a network, a row a claim."""
    return fill("verify.md", networks=by_network(found), number=number, steps=steps, closing=closing(found))


def page(found: Verification, options: Options) -> Page:
    """A table a network; below a claim the way to its number."""
    headings = ("Quantity", "Source", "Verdict", "Claimed", "Recomputed")
    tables = [
        Table(
            headings,
            [line for verdict in verdicts for line in _page_lines(verdict)],
            range(3),
            title=network,
            prose=True,
        )
        for network, verdicts in by_network(found).items()
    ]
    return Page(TITLE, closing(found), tables)


def _page_lines(verdict: Verdict) -> Iterator[Line]:
    claim, why = verdict.claim, details(verdict) if verdict.outcome in {"differs", "fails"} else ""
    outcome = ", ".join(filter(None, [verdict.said, why]))
    yield Line((claim.about(), claim.origin(), outcome, claim.printed(), number(verdict.recomputed, claim.unit)))
    for amount, what in steps(verdict):
        yield Line(("", "", what, "", amount))


def by_network(found: Verification) -> dict[str, list[Verdict]]:
    return {name: list(group) for name, group in groupby(found.verdicts, key=lambda verdict: verdict.network)}
