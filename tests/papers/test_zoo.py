"""The list to choose from: what is stored is what is counted, and what is asked for is what is listed."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from archscope.errors import ArchscopeError
from archscope.networks import catalogue, find
from archscope.papers.zoo import COUNTED, NUMBERS, WORDS, Entry, counted, counts_of, zoo

STORED = Path(__file__).parents[2] / "archscope" / "networks" / "counts.toml"
EXPECTED = tomllib.loads((Path(__file__).parents[1] / "networks" / "expected.toml").read_text(encoding="utf-8"))
"""Not measured with archscope, and held against a pass by tests/networks/test_expected.py."""
HEAD = "# What archscope counts of each network at its own input, for `archscope list`; `make snapshots` writes it.\n"


def names(**asked: str) -> list[str]:
    return [entry.network.name for entry in zoo(**asked).entries]


def test_what_is_stored_is_what_each_network_must_have(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-snapshots"):
        found = {name: counted(network) for name, network in catalogue().items()}
        tables = [f"\n[{name}]\n" + "".join(f"{key} = {value:_}\n" for key, value in counts.items())
                  for name, counts in found.items()]  # fmt: skip
        STORED.write_text(HEAD + "".join(tables), encoding="utf-8")
    stored = tomllib.loads(STORED.read_text(encoding="utf-8"))
    wanted = {name: {key: EXPECTED[name][key] for key in COUNTED} for name in catalogue()}
    assert stored == wanted, "`make snapshots` writes networks/counts.toml"


def test_a_network_that_is_not_stored_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archscope.papers.zoo._stored", dict)
    network = find("lenet5")
    assert counts_of(network) == {"params": 60_000, "macs": EXPECTED["lenet5"]["macs"]}


def test_all_of_them_the_oldest_first() -> None:
    assert names() == list(catalogue())


@pytest.mark.parametrize(
    ("where", "meets"),
    [
        ("params<10M and top1>75", lambda f: f["params"] < 10e6 and (f["top1"] or 0) > 75),
        ("year>=2018 or family=lenet", lambda f: f["year"] >= 2018 or f["family"] == "lenet"),
        ("macs <= 1.5 G, input=224", lambda f: f["macs"] <= 1.5e9 and f["input"] == 224),
        ("venue!=CVPR and name!=vgg16", lambda f: f["venue"] != "CVPR" and f["name"] != "vgg16"),
    ],
)
def test_conditions(where: str, meets: Callable[[dict[str, float]], bool]) -> None:
    wanted = [entry.network.name for entry in zoo().entries if meets(entry.fields)]
    assert 0 < len(wanted) < len(zoo().entries)
    assert names(where=where) == wanted


def test_accuracies_are_of_imagenet_and_do_not_depend_on_who_is_asked_for() -> None:
    everyone = {entry.network.name: entry for entry in zoo().entries}
    assert everyone["xception"].fields["top1"] == 79.0
    assert everyone["nin_cifar10"].fields["top1"] is None  # its paper has one, of CIFAR-10
    assert [everyone[entry.network.name].fields for entry in zoo(family="senet").entries] == [
        entry.fields for entry in zoo(family="senet").entries
    ]


@pytest.mark.parametrize("field", [*NUMBERS, *WORDS])
def test_the_best_comes_first_and_what_is_not_known_last(field: str) -> None:
    found = [entry.fields[field] for entry in zoo(sort=field).entries]
    known = [value for value in found if value is not None]
    assert found == [*sorted(known, reverse=field.startswith("top")), *[None] * (len(found) - len(known))]
    assert len(found) == len(catalogue())


def test_everything_is_said_of_an_entry() -> None:
    (entry,) = [entry for entry in zoo().entries if entry.network.name == "xception"]
    assert isinstance(entry, Entry)
    said = entry.to_dict()
    assert said["top1_source"] == "its paper's Table 1 (ImageNet, single crop, single model)"
    assert (said["flops"], said["input_shape"]) == (2 * 8_357_403_496, [3, 299, 299])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"where": "parms<3"}, "no field named 'parms'; did you mean params"),
        ({"where": "params"}, "'params': write comparisons such as params<10M and top1>75"),
        ({"where": "params<ten"}, "params<ten: 'ten' is no number"),
        ({"where": "name<x"}, "name<x: name is a word, which = and != compare"),
        ({"sort": "parms"}, "no field to sort by named 'parms'; did you mean params"),
        ({"family": "resnot"}, "no family named 'resnot'; did you mean"),
    ],
)
def test_mistakes(asked: dict[str, str], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        zoo(**asked)
