"""The proofs of `archscope verify --equivalences`, as a table, JSON or Markdown. No torch."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from archscope.model.claims import Equivalence
from archscope.views import Options, View
from archscope.views.data import to_json
from archscope.views.tables.table import to_text, wrapped
from archscope.views.templates import fill
from archscope.views.verdicts import SCHEMA, WIDTH


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "markdown": as_markdown}


def closing(proofs: Sequence[Equivalence]) -> str:
    """How many hold, and what that takes."""
    holding = sum(proof.holds for proof in proofs)
    return (
        f"{holding} of {len(proofs)} equivalences hold: largest difference relative to the largest value, in float64, "
        f"below {Equivalence.TOLERANCE:.0e}, and above {Equivalence.NOTICEABLE:.0e} for every twin broken on purpose"
    )


def as_table(proofs: Sequence[Equivalence], options: Options) -> str:
    """Each statement, its difference, and those of its broken twins."""
    width = options.width or WIDTH
    lines: list[Text] = []
    for proof in proofs:
        lines += [Text(proof.name, "bold"), *wrapped("", proof.statement, 0, width)]
        lines += [_line(proof.difference, proof.agrees, "equal", "NOT EQUAL", "")]
        lines += [_line(off, proof.shows(off), "differs", "DOES NOT SHOW", what) for what, off in proof.twins.items()]
        lines += [Text("")]
    return to_text([*lines, *wrapped("", closing(proofs), 0, width)], options)


def _line(difference: float, right: bool, yes: str, no: str, what: str) -> Text:
    line = Text(f"    {difference:8.1e}  ").append(yes if right else no, "green" if right else "bold red")
    return line.append(f": {what}" if what else "")


def as_json(proofs: Sequence[Equivalence], options: Options) -> str:
    data = [
        {
            "name": proof.name,
            "statement": proof.statement,
            "difference": proof.difference,
            "broken_twins": [{"what": what, "difference": off} for what, off in proof.twins.items()],
            "holds": proof.holds,
        }
        for proof in proofs
    ]
    return to_json({"schema": SCHEMA, "equivalences": data})


def as_markdown(proofs: Sequence[Equivalence], options: Options) -> str:
    return fill("equivalences.md", proofs=proofs, closing=closing(proofs))
