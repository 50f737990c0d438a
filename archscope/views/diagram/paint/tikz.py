r"""A picture as TikZ, from its SVG: lines are paths, text is LaTeX's own. The file is a document, or goes into one."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from archscope.views.diagram.paint.painter import number
from archscope.views.latex_text import LETTER, as_latex

SVG = "{http://www.w3.org/2000/svg}"
PIXEL = 0.75
"""Points of a pixel, in which pictures without a size of their own are."""

BEGIN = r"""% A document of its own, and a picture for \input{...} in another one, which needs \usepackage{tikz}.
% It was laid out for Helvetica; \newcommand\archscopefont{\sffamily} before it takes the other document's font. Where
% letters that are not Latin are U+4E2D, \newcommand\archscopeletter[2]{#2} sets them as the document does (kotex, CJK).
\expandafter\ifx\csname @nodocument\endcsname\relax\else
\documentclass[border=2pt]{standalone}
\usepackage[T1]{fontenc}
\usepackage{tikz}
\def\archscopeend{\end{document}}
\begin{document}
\fi
\providecommand\texttimes{\ensuremath{\times}}%
\providecommand\archscopefont{\fontencoding{T1}\fontfamily{phv}\selectfont}%
\providecommand\archscopefit[2]{\sbox0{#2}\ifdim\wd0>#1 \resizebox{#1}{\height}{\usebox0}\else\usebox0\fi}%
\providecommand\archscopeunicode[1]{\ifdefined\Umathchar{\fontencoding{TU}\fontfamily{\sfdefault}\selectfont#1}\else#1\fi}%
"""
END = r"\ifdefined\archscopeend\expandafter\archscopeend\fi"

ANCHORS = {"start": "base west", "end": "base east", "middle": "base"}


def to_tikz(svg: str) -> str:
    """The same picture in the same size."""
    root = ElementTree.fromstring(svg)
    width, height = (float(size) for size in root.get("viewBox", "").split()[2:])
    unit = _unit(root.get("width", ""), width)
    drawn = list(_drawn(root, unit, (width, height)))
    colors = sorted(set(re.findall(r"\barchscope([0-9A-F]{6})\b", "\n".join(drawn))))
    return "\n".join([
        BEGIN + LETTER,
        *(rf"\definecolor{{archscope{color}}}{{HTML}}{{{color}}}%" for color in colors),
        rf"\begin{{tikzpicture}}[x={unit:.5f}bp,y=-{unit:.5f}bp,inner sep=0pt,outer sep=0pt]",
        rf"\useasboundingbox (0,0) rectangle ({number(width)},{number(height)});",
        *drawn,
        r"\end{tikzpicture}%",
        END,
    ]) + "\n"  # fmt: skip


def _unit(width: str, units: float) -> float:
    """Points of one of the picture's units."""
    return float(width.removesuffix("mm")) * 72 / 25.4 / units if width.endswith("mm") else PIXEL


def _drawn(element: ElementTree.Element, unit: float, page: tuple[float, float]) -> Iterator[str]:
    """The commands of an element and all within."""
    tag = element.tag.removeprefix(SVG)
    moved = re.fullmatch(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", ""))
    turned = re.fullmatch(r"rotate\(-90 ([-\d.]+) ([-\d.]+)\)", element.get("transform", ""))
    if moved:
        yield rf"\begin{{scope}}[shift={{({moved[1]},{moved[2]})}}]"
    if turned:
        yield rf"\begin{{scope}}[rotate around={{90:({turned[1]},{turned[2]})}},transform shape]"
    if tag == "g" and (title := element.findtext(f"{SVG}title")):
        yield f"% {title.splitlines()[0]}"
    if tag == "text" and element.text:
        yield _text(element, unit)
    elif tag in SHAPES and (painted := _painted(element, unit)):
        yield rf"\path[{painted}] {SHAPES[tag](element, unit, page)};"
    for child in element:
        yield from _drawn(child, unit, page)
    if moved or turned:
        yield r"\end{scope}"


def _painted(element: ElementTree.Element, unit: float) -> str:
    """Fill, line, its width and dashes; nothing for what is not seen, as the white ground of a page."""
    fill, line = element.get("fill", "none"), element.get("stroke", "none")
    if element.get("width") == "100%" and fill.upper() == "#FFFFFF":
        return ""
    said = [] if fill == "none" else [f"fill=archscope{fill[1:].upper()}"]
    if line != "none":
        width = number(unit * _value(element, "stroke-width", 1))
        said += [f"draw=archscope{line[1:].upper()}", f"line width={width}bp"]
    if opacity := element.get("fill-opacity"):
        said.append(f"fill opacity={opacity}")
    if dashes := element.get("stroke-dasharray"):
        on, off = (number(unit * float(part)) for part in dashes.replace(",", " ").split())
        said.append(f"dash pattern=on {on}bp off {off}bp")
    if element.get("stroke-linecap") == "round":
        said.append("line cap=round")
    if radius := _value(element, "rx", 0):
        said.append(f"rounded corners={number(unit * radius)}bp")
    return ",".join(said)


def _value(element: ElementTree.Element, name: str, usual: float) -> float:
    return float(element.get(name, usual))


def _rect(element: ElementTree.Element, unit: float, page: tuple[float, float]) -> str:
    if element.get("width") == "100%":
        return f"(0,0) rectangle ({number(page[0])},{number(page[1])})"
    x, y, width, height = (_value(element, name, 0) for name in ("x", "y", "width", "height"))
    return f"({number(x)},{number(y)}) rectangle ({number(x + width)},{number(y + height)})"


def _circle(element: ElementTree.Element, unit: float, page: tuple[float, float]) -> str:
    return f"({element.get('cx')},{element.get('cy')}) circle[radius={number(unit * _value(element, 'r', 0))}bp]"


def _path(element: ElementTree.Element, unit: float, page: tuple[float, float]) -> str:
    """The commands that pictures use: M L H V h v C Q Z; a quadratic Bézier as the cubic that it is."""
    out: list[str] = []
    at = (0.0, 0.0)
    for command, text in re.findall(r"([MLHVhvCQZ])([^MLHVhvCQZ]*)", element.get("d", "")):
        values = [float(part) for part in re.findall(r"-?[\d.]+", text)]
        points = list(zip(values[::2], values[1::2], strict=False))
        if command == "Z":
            out.append("-- cycle")
            continue
        if command in "HVhv":
            (length,) = values
            x, y = at if command.islower() else (0.0, 0.0)
            points = [(x + length, at[1])] if command in "Hh" else [(at[0], y + length)]
        if command == "Q":
            middle, end = points
            points = [*(_between(one, middle) for one in (at, end)), end]
        joint = {"M": "", "C": "..", "Q": ".."}.get(command, "--")
        out.append(_curve(points) if joint == ".." else " ".join(f"{joint} {_point(point)}" for point in points))
        at = points[-1]
    return " ".join(out).strip()


def _curve(points: list[tuple[float, float]]) -> str:
    threes = [points[i : i + 3] for i in range(0, len(points), 3)]
    return " ".join(f".. controls {_point(a)} and {_point(b)} .. {_point(c)}" for a, b, c in threes)


def _between(end: tuple[float, float], middle: tuple[float, float]) -> tuple[float, float]:
    return end[0] + (middle[0] - end[0]) * 2 / 3, end[1] + (middle[1] - end[1]) * 2 / 3


def _point(point: tuple[float, float]) -> str:
    return f"({number(point[0])},{number(point[1])})"


SHAPES = {"rect": _rect, "circle": _circle, "path": _path}


def _text(element: ElementTree.Element, unit: float) -> str:
    size = number(unit * _value(element, "font-size", 11))
    weight = r"\bfseries" if element.get("font-weight") == "700" else ""
    font = rf"\archscopefont\fontsize{{{size}bp}}{{{size}bp}}\selectfont{weight}"
    anchor = ANCHORS[element.get("text-anchor", "start")]
    color = f"archscope{element.get('fill', '#000000')[1:].upper()}"
    at = f"({element.get('x')},{element.get('y')})"
    text = _latex(element.text or "")
    if length := _value(element, "textLength", 0):  # whatever the font, it does not leave its box
        text = rf"\archscopefit{{{number(unit * length)}bp}}{{{text}}}"
    return rf"\node[anchor={anchor},text={color},font={{{font}}}] at {at} {{{text}}};"


def _latex(text: str) -> str:
    """As in a table, but that Helvetica has a sign of its own, and in no font letters of all scripts."""
    said = as_latex(text).replace(r"$\times$", r"\texttimes{}")
    return re.sub(r"((?:\\archscopeletter\{\w+\}\{.\}|[^\0-\x7f])+)", r"\\archscopeunicode{\1}", said)
