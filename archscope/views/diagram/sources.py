"""Diagrams as text for other tools: DOT for Graphviz, Mermaid for pages that render it."""

from collections.abc import Sequence

from archscope.views.diagram.ops import Op
from archscope.views.diagram.palette import LIGHT
from archscope.views.diagram.style import label


def _lines(op: Op) -> list[str]:
    title, detail = label(op, one_line=False)
    return [title, detail] if detail else [title]


def to_dot(ops: Sequence[Op], title: str, direction: str) -> str:
    """The Ops of the level, every one of them, to be edited or placed by Graphviz."""
    out = [
        f"digraph {_quoted(title)} {{",
        f"  graph [rankdir={direction}, label={_quoted(title)}, labelloc=t, fontname=Helvetica]",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12, margin="0.14,0.06"]',
        '  edge [color="#3D4650", arrowsize=0.7]',
    ]
    for op in ops:
        fill, line = LIGHT.kinds[op.kind]
        text = "\\n".join(_escaped(part) for part in _lines(op))
        out.append(
            f'  {_quoted(op.name)} [label="{text}", fillcolor="{fill}", color="{line}", tooltip={_quoted(op.path)}]'
        )
    out += [f"  {_quoted(source)} -> {_quoted(op.name)}" for op in ops for source in op.inputs]
    return "\n".join([*out, "}"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def to_mermaid(ops: Sequence[Op], title: str, direction: str) -> str:
    """A flowchart of the same Ops."""
    number = {op.name: f"n{i}" for i, op in enumerate(ops)}
    out = ["---", f"title: {_entities(title)}", "---", f"flowchart {direction}"]
    for op in ops:
        text = "<br/>".join(_entities(part) for part in _lines(op))
        out.append(f'  {number[op.name]}["{text}"]:::{op.kind}')
    out += [f"  {number[source]} --> {number[op.name]}" for op in ops for source in op.inputs]
    for kind in dict.fromkeys(op.kind for op in ops):
        fill, line = LIGHT.kinds[kind]
        out.append(f"  classDef {kind} fill:{fill},stroke:{line},color:{LIGHT.ink}")
    return "\n".join(out) + "\n"


def _entities(text: str) -> str:
    """Mermaid reads #…; as a character, and quotes, angles and the like as its own."""
    return "".join(
        character if character.isalnum() or character in " ×,.+-_/÷−()…" else f"#{ord(character)};"
        for character in text
    )  # fmt: skip
