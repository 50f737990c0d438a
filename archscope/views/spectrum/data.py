"""A spectrum for programs and spreadsheets: exact numbers."""

import csv
import json
from io import StringIO

from archscope.continuum.points import Spectrum
from archscope.views import Options


def as_json(spectrum: Spectrum, options: Options) -> str:
    """Everything that is known, whatever the options; read back by `archscope spectrum FILE`."""
    return json.dumps(spectrum.to_dict(), indent=1, ensure_ascii=False) + "\n"


def as_csv(spectrum: Spectrum, options: Options) -> str:
    """One line a point; an unknown value is empty."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["segments", "name", "partition", *spectrum.columns])
    for point in spectrum.points:
        values = [point.values.get(name) for name in spectrum.columns]
        sizes = " ".join(map(str, point.partition))
        writer.writerow([point.segments, point.name, sizes, *["" if value is None else value for value in values]])
    return out.getvalue()
