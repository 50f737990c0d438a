"""Who builds on whom: nobody on what comes later, nobody but LeNet-5 on nothing."""

import re

import pytest

from archscope.errors import ArchscopeError
from archscope.networks import papers
from archscope.papers.lineage import lineage


def test_every_paper_but_the_first_builds_on_earlier_ones() -> None:
    everyone = list(lineage())
    assert [member.file for member in everyone if not member.builds_on] == ["lenet"]
    assert {member.file for member in everyone} == set(papers())
    known: set[str] = set()
    for member in everyone:
        taken = [debt.paper for debt in member.builds_on]
        assert set(taken) <= known, f"{member.file} comes before what it builds on"
        assert len(set(taken)) == len(taken)
        assert all(re.match(r"sections? \d|abstract$|the release, ", debt.section) for debt in member.builds_on)
        known.add(member.file)


def test_those_of_one_year_come_by_generation() -> None:
    of_2017 = {member.file: member.generation for member in lineage() if member.year == 2017}
    assert (of_2017["xception"], of_2017["mobilenet"]) == (0, 1)


def test_of_one_network_its_ancestors_and_descendants() -> None:
    assert [member.label for member in lineage("ZFNet")] == [
        "LeNet-5", "AlexNet", "ZFNet", *[member.label for member in lineage("vgg") if member.year >= 2015],
    ]  # fmt: skip
    related = {member.file for member in lineage("mobilenet_v2")}
    assert {"lenet", "mobilenet", "mobilenet_v2", "convnext"} <= related
    assert not related & {"dpn", "wide_resnet", "densenet"}
    assert list(lineage("mobilenetv2_100")) == list(lineage("mobilenet_v2"))


def test_an_unknown_name() -> None:
    with pytest.raises(ArchscopeError, match="no paper or network named 'mobilnet_v2'; did you mean mobilenet_v2"):
        lineage("mobilnet_v2")
