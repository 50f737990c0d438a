"""The page itself: one file, which asks nothing of any network, and says so to the browser."""

import base64
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from archscope.version import __version__
from archscope.views.data import to_json
from archscope.views.diagram.paint.palette import DARK, LIGHT, Theme
from archscope.views.diagram.place.legend import LEGEND
from archscope.views.templates import fill, verbatim

POLICY = "default-src 'none'; img-src data: blob:; base-uri 'none'; form-action 'none'"
"""Nothing from elsewhere; of scripts and styles only those of this page, known by their digests."""


def page(title: str, data: Mapping[str, Any], name: str, scripts: Sequence[str]) -> str:
    """The page of the templates of this name, a body and a style, with scripts and the data that they read."""
    body = fill(f"explorer/{name}.html")
    script = "".join(['"use strict";\n', *(verbatim(f"explorer/{one}.js") for one in scripts)])
    style = fill(f"explorer/{name}.css", light_rules=_rules(LIGHT), dark_rules=_rules(DARK, '[data-theme="dark"] '))
    policy = f"{POLICY}; script-src {_digest(script)}; style-src {_digest(style)}"
    return fill(
        "explorer/page.html", title=title, version=__version__, policy=policy, body=body, script=script, style=style,
        data=packed(data),
    )  # fmt: skip


def packed(data: Mapping[str, Any]) -> str:
    """JSON as base64 of gzip, the same on every machine: letters alone, so that nothing in it can end its element."""
    return base64.b64encode(gzip.compress(to_json(data).encode(), 9, mtime=0)).decode()


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _rules(theme: Theme, within: str = "") -> str:
    """The colours of a theme, by the classes that pictures are painted with, and those of the legend."""
    plain = ("ink", "muted", "edge", "leader", "ground", "panel", "panel-border", "badge", "badge-ink", "mark")
    names = [*plain, *(f"{kind}-{part}" for kind in LEGEND for part in ("fill", "line"))]
    used = [(f".f-{name}", "fill", name) for name in names] + [(f".s-{name}", "stroke", name) for name in names]
    used += [(f".swatch.{kind}", "background", f"{kind}-fill") for kind in LEGEND]
    used += [(f".swatch.{kind}", "border-color", f"{kind}-line") for kind in LEGEND]
    return "".join(f"{within}{chosen}{{{how}:{theme.color(name)}}}" for chosen, how, name in used)
