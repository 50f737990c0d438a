"""A spectrum for programs and spreadsheets: exact numbers."""

from collections.abc import Sequence

from archscope.continuum.points import Point, Spectrum
from archscope.views import Options
from archscope.views.data import to_csv, to_json


def as_json(spectrum: Spectrum, options: Options) -> str:
    """Everything that is known, whatever the options; read back by `archscope spectrum FILE`."""
    return to_json(spectrum.to_dict())


def as_csv(spectrum: Spectrum, options: Options) -> str:
    """One line a point; an unknown value is empty."""
    heading = ["segments", "name", "partition", *spectrum.columns]
    return to_csv([heading, *(_line(point, spectrum.columns) for point in spectrum.points)])


def _line(point: Point, columns: Sequence[str]) -> list[object]:
    sizes = " ".join(map(str, point.partition))
    return [point.segments, point.name, sizes, *map(point.values.get, columns)]
