"""The list in every format: fitted to a terminal, exact for programs."""

import csv
import json
from io import StringIO

import pytest

from archscope.networks import catalogue
from archscope.papers.zoo import zoo
from archscope.views import Options, formats, render


@pytest.mark.parametrize("width", [0, 80, 100, 160])
def test_the_table_fits_and_names_every_network(width: int) -> None:
    lines = str(render(zoo(), "table", Options(width=width))).splitlines()
    assert [line.split()[0] for line in lines] == ["Network", *catalogue()]
    assert not width or max(map(len, lines)) <= width
    (xception,) = [line for line in lines if line.startswith("xception ")]
    assert xception.split()[1:8] == ["3x299x299", "22.86", "M", "8.357", "G", "79.0", "%"]
    assert "2017" in xception


def test_programs_get_everything() -> None:
    found = zoo(where="name=xception")
    (told,) = json.loads(found.to_json())["networks"]
    (row,) = csv.DictReader(StringIO(found.to_csv()))
    assert (told["params"], told["top1"], told["arxiv"]) == (22_855_952, 79.0, "1610.02357")
    assert (row["params"], row["top1"], row["input_shape"]) == ("22855952", "79.0", "3x299x299")


@pytest.mark.parametrize("name", formats("zoo"))
def test_every_format_names_what_is_asked_for_and_no_other(name: str) -> None:
    made = str(render(zoo(where="params<5M and year=2017"), name))
    assert "mobilenet" in made
    assert "xception" not in made
