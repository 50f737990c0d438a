"""A matplotlib figure in every format that has pictures. It is loaded when one is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archscope.views import Options, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_formats(figure_of: "Callable[[Any, Options], Figure]") -> dict[str, View]:
    """SVG, whose text stays text, PNG and PDF."""

    def view(name: str) -> View:
        def written(result: Any, options: Options) -> str | bytes:
            from archscope.views.comparison import plot_style

            write: Callable[[Figure], str | bytes] = getattr(plot_style, f"to_{name}")
            return write(figure_of(result, options))

        return written

    return {name: view(name) for name in ("svg", "png", "pdf")}
