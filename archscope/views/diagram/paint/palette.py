"""Colours by kind of operation. Text passes WCAG AA on every fill, borders pass 3:1; a label always says the same."""

from colorsys import hls_to_rgb
from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """`kinds`: fill and border of each kind of box; `heat`: from nothing to the most costly box, its border and ink.
    `hues`: lightness and saturation of fills and borders in colours around the circle, which there are as many of as
    are asked for: one lightness, so that none stands out. Borders stand off their fill by 3.9 and more."""

    ink: str
    muted: str
    edge: str
    leader: str
    ground: str
    panel: str
    panel_border: str
    badge: str
    badge_ink: str
    mark: str
    kinds: dict[str, tuple[str, str]]
    hues: tuple[tuple[float, float], tuple[float, float]] = ((0.89, 0.55), (0.28, 0.65))
    heat: tuple[str, ...] = ("#FFFFFF", "#FDEBD8", "#FBD3AC", "#F6B47E", "#EF9458")
    heat_line: str = "#8A4513"
    heat_ink: str = "#1B1F24"  # on the darkest its contrast is 7.4; paler text would be too near that colour

    def color(self, name: str) -> str:
        """`ink`, `conv-fill`, `conv-line`, `hue-250-line` a quarter of the circle on; a colour itself stays."""
        kind, _, part = name.rpartition("-")
        if kind.startswith("hue-"):
            parts = hls_to_rgb(int(kind[4:]) / 1000, *self.hues[part == "line"])
            return "#" + "".join(f"{round(255 * part):02X}" for part in parts)
        if part in {"fill", "line"} and kind in self.kinds:
            return self.kinds[kind][part == "line"]
        fixed = name.startswith("#") or name == "none"
        return name if fixed else str(getattr(self, name.replace("-", "_")))

    def heated(self, share: float) -> str:
        """The colour of a box that costs `share` of the most costly one."""
        steps = len(self.heat) - 1
        at = min(max(share, 0.0), 1.0) ** 0.5 * steps
        low = min(int(at), steps - 1)
        one, two = (tuple(int(self.heat[i][j : j + 2], 16) for j in (1, 3, 5)) for i in (low, low + 1))
        mixed = (round(a + (b - a) * (at - low)) for a, b in zip(one, two, strict=True))
        return "#" + "".join(f"{part:02X}" for part in mixed)


LIGHT = Theme(
    ink="#1B1F24", muted="#4A5461", edge="#3D4650", leader="#8A94A0", ground="#FFFFFF", panel="#F6F8FA",
    panel_border="#AEB9C4", badge="#0F6480", badge_ink="#FFFFFF", mark="#B4006E",
    kinds={
        "conv": ("#DCE8F8", "#1F5A9E"), "depthwise": ("#D3EFE4", "#0B6B4F"), "pool": ("#FCE9C2", "#8A5A00"),
        "concat": ("#E9DFF6", "#64399B"), "add": ("#FBDDE1", "#A3202F"), "other": ("#ECEFF3", "#5A6572"),
        "linear": ("#F4E2D3", "#8A4513"), "module": ("#DFF1F7", "#0F6480"),
        "agree": ("#F3F4F6", "#7B858F"), "tensor": ("#FFFFFF", "#3D4650"),
    },
)  # fmt: skip

DARK = Theme(
    ink="#F0F3F6", muted="#C3CBD4", edge="#A9B4C0", leader="#7B8794", ground="#14181D", panel="#1C2229",
    panel_border="#4B5763", badge="#8FD3E8", badge_ink="#10222A", mark="#FF7AC6",
    kinds={
        "conv": ("#17324F", "#7FB2EC"), "depthwise": ("#123A2E", "#63C9A4"), "pool": ("#43330B", "#E0B04A"),
        "concat": ("#35244F", "#BD9BEA"), "add": ("#4A1B22", "#F08A97"), "other": ("#2B323A", "#A3AFBB"),
        "linear": ("#45290F", "#E0A06B"), "module": ("#103744", "#6CC4DF"),
        "agree": ("#20262C", "#7F8B96"), "tensor": ("#14181D", "#A9B4C0"),
    },
    hues=((0.22, 0.38), (0.68, 0.55)),
)  # fmt: skip

PRINT = Theme(
    ink="#000000", muted="#333333", edge="#000000", leader="#777777", ground="#FFFFFF", panel="#FFFFFF",
    panel_border="#777777", badge="#000000", badge_ink="#FFFFFF", mark="#000000",
    kinds={
        "conv": ("#E6E6E6", "#000000"), "depthwise": ("#D2D2D2", "#000000"), "pool": ("#F4F4F4", "#000000"),
        "concat": ("#DCDCDC", "#000000"), "add": ("#FFFFFF", "#000000"), "other": ("#FFFFFF", "#555555"),
        "linear": ("#EEEEEE", "#000000"), "module": ("#F0F0F0", "#000000"),
        "agree": ("#FFFFFF", "#8A8A8A"), "tensor": ("#FFFFFF", "#000000"),
    },
    hues=((0.9, 0.0), (0.0, 0.0)),
    heat=("#FFFFFF", "#EBEBEB", "#D6D6D6", "#C0C0C0", "#A8A8A8"), heat_line="#000000", heat_ink="#000000",
)  # fmt: skip

THEMES = {"light": LIGHT, "dark": DARK, "print": PRINT}
