"""The section of a model card: what a network is and costs, from its Report. No torch."""

from dataclasses import dataclass
from typing import Any, ClassVar

from archscope.comparison.quantities import receptive_field
from archscope.model.report import Report
from archscope.model.results import Drawn

SCHEMA = "archscope.card/1"


@dataclass(frozen=True, repr=False)
class Card(Drawn):
    """A network as a section of a model card (Markdown), and as a badge: `to_svg`, `to_png`."""

    KIND: ClassVar[str] = "card"

    report: Report

    def to_markdown(self) -> str:
        """The section, whose heading is of the second level."""
        return str(self._render("markdown"))

    def to_json(self) -> str:
        """`to_dict` as text."""
        return str(self._render("json"))

    def to_dict(self) -> dict[str, Any]:
        """The numbers of the card."""
        totals = self.report.totals
        names = ("params", "macs", "flops", "weight_bytes", "peak_memory_bytes", "training_memory_bytes", "activations")
        inputs = [list(tensor.shape) for tensor in self.report.graph.inputs.values()]
        counted = {name: totals[name] for name in names} | {"depth": totals["depth_separable_as_one"]}
        about = {"schema": SCHEMA, "network": self.report.graph.name, "inputs": inputs}
        return about | counted | {"receptive_field": receptive_field(self.report), "setting": dict(self.report.setting)}

    def _about(self) -> str:
        return self.report._about()

    def __str__(self) -> str:
        return self.to_markdown()
