"""A report as a page of its own: the one to walk through its network with."""

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view


@view("page")
def as_page(report: Report, options: Options) -> str:
    """All that is known, whatever the options."""
    from archscope.views.explorer import Explorer  # which brings all pictures with it: a table needs none

    return Explorer((report,)).to_html()
