"""The family tree as text, data and picture."""

import csv
import json
from itertools import combinations, pairwise
from xml.etree import ElementTree

from archscope.papers.lineage import lineage
from archscope.views import Options, render
from archscope.views.lineage.layout import CARD, layout


def test_text_names_each_paper_once_and_each_idea_with_its_paper_and_section() -> None:
    text = str(lineage("vgg"))
    assert text.splitlines()[:3] == [
        "1998  LeNet-5",
        "2012  AlexNet",
        "      └ LeNet-5: convolutional networks, whose capacity their depth and breadth control (section 1)",
    ]
    narrow = str(render(lineage(), "table", Options(width=60)))
    assert max(map(len, narrow.splitlines())) <= 60
    assert "".join(narrow.split()).replace("│", "") == "".join(str(lineage()).split()).replace("│", "")


def test_data() -> None:
    found = lineage("zfnet")
    data = json.loads(found.to_json())
    assert data["schema"] == "archscope.lineage/1"
    edges = [(debt["paper"], paper["file"]) for paper in data["papers"] for debt in paper["builds_on"]]
    rows = list(csv.DictReader(found.to_csv().splitlines()))
    assert [(row["builds_on"], row["paper"]) for row in rows if row["builds_on"]] == edges
    assert ("alexnet", "zfnet") in edges
    assert "| 2014 | ZFNet | AlexNet |" in found.to_markdown()


def test_the_picture_has_every_paper_and_no_line_runs_behind_one() -> None:
    found = lineage()
    made = layout(found)
    assert set(made.cards) == {member.file for member in found}
    for one, other in combinations(made.cards.values(), 2):
        assert abs(one.x - other.x) >= CARD or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert len(made.lines) == sum(len(member.builds_on) for member in found)
    for points in made.lines.values():
        for (x, top), (next_x, bottom) in pairwise(points):
            assert top < bottom
            through = [card for card in made.cards.values() if card.y < bottom and top < card.y + card.height]
            assert not [card.member.file for card in through if x == next_x and card.x < x < card.x + CARD]
    written = "".join(ElementTree.fromstring(found.to_svg()).itertext())
    assert all(member.label in written for member in found)
    assert found.to_svg() == lineage().to_svg()
