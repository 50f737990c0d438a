"""One page of the atlas: a network, what it costs, what its paper claims of it, and where others differ."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import archscope
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.report import Report
from archscope.networks import Network, catalogue, papers
from archscope.networks.options import SCALES
from archscope.papers.accuracy import published

ELSEWHERE = Path(__file__).with_name("elsewhere.json")
LIBRARIES = {"timm": "timm", "torchvision": "torchvision", "keras": "Keras", "pytorchcv": "pytorchcv"}
VERDICTS = {
    "identical": "identical",
    "same_function": "the same function; only training differs",
    "same_parameters": "the same parameters, another function",
    "different": "different",
    "not_compared": "no difference found; not everything could be compared",
}


def write(name: str, folder: Path, built: frozenset[str]) -> None:
    """The page of a network with its figures, and its explorer beside them. `built` are those that have a page."""
    network, report = catalogue()[name], archscope.summarize(name)
    for level in ("flow", "plate"):
        svg = str(archscope.diagram(name, level=level, show_title=False))
        (folder / f"{name}-{level}.svg").write_text(svg, encoding="utf-8")
    archscope.explore(name).save(folder / f"{name}-explorer.html")
    (folder / f"{name}.md").write_text("\n\n".join(sections(network, report, built)) + "\n", encoding="utf-8")


def sections(network: Network, report: Report, built: frozenset[str]) -> Iterator[str]:
    yield f"# {network.label}"
    yield _about(network)
    yield cards(facts(network, report))
    yield f'<a class="button" href="{network.name}-explorer.html">Walk through it</a>'
    yield _figure(network, "flow", "From the input above to the classes below. What repeats is drawn once.")
    yield "## Stages\n\n" + _table(report.to_markdown(depth=1))
    yield _folded("One level deeper", _table(report.to_markdown(depth=2)))
    yield "## In all\n\n" + "\n".join(re.findall(r"^- \*\*.*", report.to_markdown(depth=1), re.M))
    yield "## On one page\n\n" + _figure(network, "plate", "The schema, and each distinct module once.")
    yield from _claims(network)
    yield from _options(network, report)
    yield from _elsewhere(network)
    yield "## How to get it\n\n" + _how(network)
    yield "## How to cite it\n\n```bibtex\n" + network.paper.bibtex.strip() + "\n```"
    yield from _relatives(network, built)


def _about(network: Network) -> str:
    paper = network.paper
    title = f"[{paper.title}](https://arxiv.org/abs/{paper.arxiv})" if paper.arxiv else f"*{paper.title}*"
    published = f"{paper.venue} {paper.year}".strip()
    said = f"{paper.authors}. {title}. {published}. Built as in {network.source}."
    aliases = f"\n\nAlso called {', '.join(f'`{alias}`' for alias in network.aliases)}." if network.aliases else ""
    return said + (f"\n\n{network.note}" if network.note else "") + aliases


def facts(network: Network, report: Report) -> dict[str, str]:
    """What is asked of a network first."""
    totals = report.totals
    field, (accuracy,) = totals["receptive_field"], published([report], 1)
    found = {
        "Parameters": units.count(totals["params"]),
        "MACs": units.count(totals["macs"]),
        "Memory": units.size(totals["peak_memory_bytes"]),
        "Receptive field": f"{max(field['size'])} px" if isinstance(field, dict) and "size" in field else "whole image",
        "Depth": f"{totals['depth_separable_as_one']} layers",
        "Input": units.shape(network.input_size),
    }
    return found | ({"Top-1": f"{accuracy.percent:.1f} %"} if accuracy else {})


def cards(found: dict[str, str]) -> str:
    inner = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in found.items())
    return f'<dl class="facts">{inner}</dl>'


def _figure(network: Network, level: str, caption: str) -> str:
    about = f":alt: {network.label}, {level}\n:figclass: {level}"
    return f"```{{figure}} {network.name}-{level}.svg\n{about}\n\n{caption}\n```"


def _table(markdown: str) -> str:
    """The first table of a page."""
    return "\n".join(line for line in markdown.splitlines() if line.startswith("|"))


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


# ---- claims, options -----------------------------------------------------------------------------------------------


def _claims(network: Network) -> Iterator[str]:
    """Those of the whole network, and folded those of its parts."""
    if network.claims:
        head, rule, *rows = _table(archscope.verify(network.name).to_markdown()).splitlines()
        of_parts = [row for row in rows if " of " in row.split("|")[1]]
        whole = [row for row in rows if row not in of_parts]
        yield "## What is claimed of it\n\nEach published number, recomputed ([how to read it](../verify.md))."
        yield "\n".join([head, rule, *whole])
        if of_parts:
            yield _folded(
                f"And {units.counted(len(of_parts), 'claim')} of its parts", "\n".join([head, rule, *of_parts])
            )


def _options(network: Network, report: Report) -> Iterator[str]:
    rows = [row for option, said in network.options.items() for row in _tried(network, report, option, said)]
    if rows:
        head = "| Option | Default | Tried | Parameters | MACs | Memory |\n| :--- | :--- | :--- | ---: | ---: | ---: |"
        yield (
            "## Options, and what they do\n\n`--set OPTION=VALUE`, or `archscope.build(name, OPTION=VALUE)`.\n\n"
            + "\n".join([head, *rows])
        )


def _tried(network: Network, report: Report, option: str, said: str) -> Iterator[str]:
    for value in trials(option, said):
        try:
            totals = archscope.summarize(network.name, options={option: value}).totals
        except ArchscopeError:
            continue  # not with the others as they are
        costs = (
            _changed(totals["params"], report.totals["params"], units.count),
            _changed(totals["macs"], report.totals["macs"], units.count),
            _changed(totals["peak_memory_bytes"], report.totals["peak_memory_bytes"], units.size),
        )
        yield f"| `{option}` | {_default(said)} | {value} | {' | '.join(costs)} |"


def _default(said: str) -> str:
    return said.rpartition(" = ")[2].strip("'")


def trials(option: str, said: str) -> list[Any]:
    """A few values besides the default, by the type and default of an option as the catalogue says them."""
    annotation, _, written = said.rpartition(" = ")
    default = ast.literal_eval(written)
    words = [word for word in re.findall(r"'([^']*)'", annotation) if word != default]
    if option == "num_classes":
        return [10] if default != 10 else [100]
    if option == "segments":
        return [*words, 1, 4]
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, int) and "int" in annotation:
        return [*words, *([default // 2] if default > 1 else []), default * 2]
    if isinstance(default, float):
        return [0.5, 0.75] if option in SCALES else [default / 2 or 0.5]
    return [*words]


def _changed(new: float, old: float, said: Any) -> str:
    if new == old:
        return "unchanged"
    return f"{said(new)} ({100 * (new - old) / old:+.0f} %)" if old else str(said(new))


# ---- elsewhere -----------------------------------------------------------------------------------------------------


@cache
def elsewhere() -> dict[str, dict[str, Any]]:
    """By network and library what `diff` said, as elsewhere.py wrote it down."""
    found: dict[str, dict[str, Any]] = json.loads(ELSEWHERE.read_text(encoding="utf-8"))
    return found


def _elsewhere(network: Network) -> Iterator[str]:
    known = elsewhere().get(network.name)
    if not known:
        return
    yield (
        "## In other libraries\n\nWhat `archscope diff` says of theirs against this one, in evaluation and training "
        "([how to read it](../diff.md))."
    )
    for library, found in known.items():
        yield f"**{LIBRARIES[library]}**, `{found['name']}`: {VERDICTS[found['verdict']]}."
        if found["rows"]:
            yield "\n".join(_row(row) for row in found["rows"])
        if found["fewer"]:
            said = " ".join(f"--set {option}={value}" for option, value in found["fewer"]["options"].items())
            yield f"Fewer differences against `{network.name} {said}`: {found['fewer']['left'] or 'none'}."


def _row(row: dict[str, Any]) -> str:
    """`params` and `macs` are what ours has more."""
    costs = [
        f"{units.count(abs(row[name]))} {said} {'fewer' if row[name] > 0 else 'more'}"
        for name, said in (("params", "parameters"), ("macs", "MACs"))
        if row[name]
    ]
    return f"- {row['what']}" + (f" ({', '.join(costs)})" if costs else "")


def _how(network: Network) -> str:
    lines = [f'archscope.build("{network.name}")', "import archscope"]
    console = [f"archscope {command} {network.name}" for command in ("summary", "diagram", "explore", "verify")]
    theirs = [f"{library}:{found['name']}" for library, found in elsewhere().get(network.name, {}).items()]
    named = [f"archscope diff {target} {network.name}" for target in theirs if not target.startswith("pytorchcv")]
    return (
        f"```py\n{lines[1]}\n\nnetwork = {lines[0]}  # a torch.nn.Module\n```\n\n```text\n"
        + "\n".join([*console, *named])
        + "\n```\n\n"
        + f"The code that follows the paper is `archscope/networks/{network.paper.file}.py`."
    )


# ---- relatives -----------------------------------------------------------------------------------------------------


def _relatives(network: Network, built: frozenset[str]) -> Iterator[str]:
    paper = network.paper
    siblings = [each for each in catalogue().values() if each.paper.file == paper.file and each is not network]
    later = {file: debt for file, other in papers().items() for debt in other.builds_on if debt.paper == paper.file}
    if not (siblings or paper.builds_on or later):
        return
    yield "## Relatives"
    if siblings:
        yield "Of the same paper: " + ", ".join(link(each, built) for each in siblings) + "."
    if paper.builds_on:
        yield "It builds on\n\n" + "\n".join(
            f"- {link(first_of(debt.paper), built)}: {debt.idea} ({debt.section})" for debt in paper.builds_on
        )
    if later:
        yield "On it build\n\n" + "\n".join(
            f"- {link(first_of(file), built)}: {debt.idea}" for file, debt in later.items()
        )


def link(network: Network, built: frozenset[str]) -> str:
    return f"[{network.label}]({network.name}.md)" if network.name in built else network.label


def first_of(file: str) -> Network:
    """The first network of a paper."""
    return next(network for network in catalogue().values() if network.paper.file == file)
