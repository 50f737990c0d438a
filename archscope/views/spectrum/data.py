"""A spectrum for programs and spreadsheets: exact numbers."""

from archscope.continuum.points import Spectrum
from archscope.views import Options
from archscope.views.data import to_csv, to_json


def as_json(spectrum: Spectrum, options: Options) -> str:
    """Everything that is known, whatever the options; read back by `archscope spectrum FILE`."""
    return to_json(spectrum.to_dict())


def as_csv(spectrum: Spectrum, options: Options) -> str:
    """One line a point."""
    lines = (
        [point.segments, point.name, " ".join(map(str, point.partition)), *map(point.values.get, spectrum.columns)]
        for point in spectrum.points
    )
    return to_csv([["segments", "name", "partition", *spectrum.columns], *lines])
