"""What papers call their networks. No torch."""

from archscope.model.report import Report
from archscope.networks import Network, catalogue


def network_of(report: Report) -> Network | None:
    """Which of the catalogue's it is, if any."""
    return catalogue().get(report.graph.name.partition("?")[0])


def in_its_paper(report: Report) -> str:
    """`Xception, width_multiplier=0.5`: a variant by its options. Empty for a network that is not the catalogue's."""
    network = network_of(report) if report.title else None
    options = report.graph.name.partition("?")[2].split("&")
    return ", ".join([network.label, *filter(None, options)]) if network else ""
