"""The proofs of `archscope verify --equivalences`, in every format. No torch."""

from collections.abc import Mapping

from rich.text import Text

from archscope.model.claims import Equivalence
from archscope.papers.verification import Equivalences
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import to_text, wrapped
from archscope.views.verdicts import WIDTH


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def closing(found: Equivalences) -> str:
    """How many hold, and what that takes."""
    holding = sum(proof.holds for proof in found.proofs)
    return (
        f"{holding} of {len(found.proofs)} equivalences hold: largest difference relative to the largest value, "
        f"in float64, below {Equivalence.TOLERANCE:.0e}, and "
        f"above {Equivalence.NOTICEABLE:.0e} for every twin broken on purpose"
    )


def as_table(found: Equivalences, options: Options) -> str:
    """Each statement, its difference, and those of its broken twins."""
    width = options.width or WIDTH
    lines: list[Text] = []
    for proof in found.proofs:
        lines += [Text(proof.name, "bold"), *wrapped("", proof.statement, 0, width)]
        lines += [_line(proof.difference, proof.agrees, "equal", "NOT EQUAL", "")]
        lines += [_line(off, proof.shows(off), "differs", "DOES NOT SHOW", what) for what, off in proof.twins.items()]
        lines += [Text("")]
    return to_text([*lines, *wrapped("", closing(found), 0, width)], options)


def _line(difference: float, right: bool, yes: str, no: str, what: str) -> Text:
    line = Text(f"    {difference:8.1e}  ").append(yes if right else no, "green" if right else "bold red")
    return line.append(f": {what}" if what else "")


def as_csv(found: Equivalences, options: Options) -> str:
    """A line a proof, and one a broken twin."""
    lines = (
        (proof.name, what, difference)
        for proof in found.proofs
        for what, difference in (("", proof.difference), *proof.twins.items())
    )
    return to_csv([("equivalence", "broken_twin", "difference"), *lines])


def page(found: Equivalences, options: Options) -> Page:
    lines = []
    for proof in found.proofs:
        lines.append(Line((proof.statement, f"{proof.difference:.1e}"), 0))
        lines += [Line((what, f"{difference:.1e}"), 1) for what, difference in proof.twins.items()]
    headings = ("Equivalence, and its broken twins", "Largest relative difference")
    return Page("Equivalences", "", [Table(headings, lines, prose=True)], [("", closing(found))])
