"""Diagrams as text for other tools: DOT for Graphviz, Mermaid for pages that render it. They say what is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.paint.palette import LIGHT
from archscope.views.diagram.place.picture import Box, Frame, Piece


@dataclass
class Cluster:
    """What stands in a frame, or, without one, on the page."""

    frame: Frame | None = None
    boxes: list[Box] = field(default_factory=list)
    inner: list["Cluster"] = field(default_factory=list)

    def holds(self, name: str) -> bool:
        return self.frame is None or any(op.name == name for op in self.frame.ops)

    @property
    def title(self) -> str:
        return _times(self.frame.title, self.frame.repeat) if self.frame else ""


def _times(text: str, repeat: int) -> str:
    return f"{text} ×{repeat}" if repeat > 1 else text


def _clusters(piece: Piece) -> Cluster:
    """The page with its frames and boxes, each in the smallest frame around it."""
    page = Cluster()
    made = [page]
    for frame in sorted(piece.frames, key=lambda frame: -len(frame.ops)):
        outer = [cluster for cluster in made if cluster.holds(frame.ops[0].name)][-1]
        made.append(Cluster(frame))
        outer.inner.append(made[-1])
    for box in _boxes(piece):
        [cluster for cluster in made if cluster.holds(box.name)][-1].boxes.append(box)
    return page


def _boxes(piece: Piece) -> list[Box]:
    """Boxes that stand for operations or inputs."""
    return [box for box in piece.boxes if box.op and (box.op.layers or box.op.path)]


def _edges(piece: Piece, ops: list[Op]) -> list[tuple[str, str]]:
    """The tensors between boxes, each once; from one copy of a folded module to the next there is none."""
    drawn = {op.name: box.name for box in _boxes(piece) for op in box.alike}
    place = {op.name: i for i, op in enumerate(ops)}
    pairs = [(drawn[source], drawn[op.name]) for op in ops for source in op.inputs]
    return [(a, b) for a, b in dict.fromkeys(pairs) if place[a] < place[b]]


def to_dot(piece: Piece, ops: list[Op], title: str, direction: str) -> str:
    """What the picture shows, to be edited or placed by Graphviz."""
    return "\n".join([
        f"digraph {_quoted(title)} {{",
        f"  graph [rankdir={direction}, label={_quoted(title)}, labelloc=t, fontname=Helvetica]",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12, margin="0.14,0.06"]',
        '  edge [color="#3D4650", arrowsize=0.7]',
        *_dot_cluster(_clusters(piece), "  "),
        *(f"  {_quoted(source)} -> {_quoted(target)}" for source, target in _edges(piece, ops)),
        "}",
    ]) + "\n"  # fmt: skip


def _dot_cluster(cluster: Cluster, indent: str) -> Iterator[str]:
    for inner in cluster.inner:
        assert inner.frame
        yield f"{indent}subgraph {_quoted(f'cluster_{inner.frame.name}')} {{"
        yield f'{indent}  graph [label={_quoted(inner.title)}, style=rounded, color="{LIGHT.panel_border}"]'
        yield from _dot_cluster(inner, f"{indent}  ")
        yield f"{indent}}}"
    for box in cluster.boxes:
        fill, line = LIGHT.kinds[box.kind]
        text = "\\n".join(_escaped(part) for part in _lines(box))
        path = box.op.path if box.op else ""
        color = f'fillcolor="{fill}", color="{line}"'
        yield f'{indent}{_quoted(box.name)} [label="{text}", {color}, tooltip={_quoted(path)}]'


def _lines(box: Box) -> list[str]:
    return [_times(box.title, box.repeat), *box.details]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def to_mermaid(piece: Piece, ops: list[Op], title: str, direction: str) -> str:
    """A flowchart of the same."""
    number = {box.name: f"n{i}" for i, box in enumerate(_boxes(piece))}
    out = ["---", f"title: {_entities(title)}", "---", f"flowchart {direction}"]
    out += _mermaid_cluster(_clusters(piece), number, "  ")
    out += [f"  {number[source]} --> {number[target]}" for source, target in _edges(piece, ops)]
    for kind in dict.fromkeys(box.kind for box in _boxes(piece)):
        fill, line = LIGHT.kinds[kind]
        out.append(f"  classDef {kind} fill:{fill},stroke:{line},color:{LIGHT.ink}")
    return "\n".join(out) + "\n"


def _mermaid_cluster(cluster: Cluster, number: dict[str, str], indent: str) -> Iterator[str]:
    for inner in cluster.inner:
        first = next(number[op.name] for op in inner.frame.ops if op.name in number) if inner.frame else ""
        yield f'{indent}subgraph g{len(indent)}{first}["{_entities(inner.title)}"]'
        yield from _mermaid_cluster(inner, number, f"{indent}  ")
        yield f"{indent}end"
    for box in cluster.boxes:
        text = "<br/>".join(_entities(part) for part in _lines(box))
        yield f'{indent}{number[box.name]}["{text}"]:::{box.kind}'


def _entities(text: str) -> str:
    """Mermaid reads #…; as a character, and quotes, angles and the like as its own."""
    return "".join(
        character if character.isalnum() or character in " ×,.-_/÷−()…" else f"#{ord(character)};"
        for character in text
    )  # fmt: skip
