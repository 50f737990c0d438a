"""Every claim of the catalogue is accounted for; the verdicts themselves on claims made by hand."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archscope import cli
from archscope.model.claims import Claim, table
from archscope.model.report import Report
from archscope.networks import Network, catalogue, find
from archscope.papers import explanations, verify
from archscope.papers.conventions import CONVENTIONS, COUNTED, CUT, Part
from archscope.papers.verdicts import Explanation, Verdict, judge
from archscope.papers.verification import Verification
from archscope.summary import summarize
from archscope.views.verdicts import closing
from tests.conftest import EVERYTHING
from tests.zoo import NETWORKS

WEIGHTS = "weights only, no biases and no normalisation"
NO_SCALE = "batch normalisation without scale, its statistics counted"
ENTERS = "height and width as they enter"

ROOT = Path(__file__).parents[2]
EXPLANATIONS = [path.stem for path in Path(explanations.__file__).parent.glob("*.py") if path.stem != "__init__"]
SLOW = {"mobilenet_v1", "mobilenet_v2", "res2net50", "senet154", "seresnet50", "shufflenet_v1", "wrn28_10"}
"""A second each: their claims are of many widths and groups."""
VERIFIED = [name for name in NETWORKS if EVERYTHING or name not in SLOW]
every_network = pytest.mark.parametrize("network", catalogue().values(), ids=lambda network: network.name)


@cache
def report(network: str) -> Report:
    return summarize(network)


def verdict(network: str, claim: Claim, **explained: Any) -> Verdict:
    return judge(network, claim, report(network), **explained)


# ---- the catalogue --------------------------------------------------------------------------------------------


@every_network
def test_catalogue_is_well_formed(network: Network) -> None:
    for claim in network.claims:
        assert claim.source
        assert not (claim.explanation and claim.dispute)
        assert not claim.explanation or claim.explanation in EXPLANATIONS
        if claim.counting:
            assert claim.quantity in CONVENTIONS[claim.counting]


def test_every_explanation_explains_a_claim() -> None:
    named = {claim.explanation for network in catalogue().values() for claim in network.claims}
    assert named - {""} == set(EXPLANATIONS)


def test_every_unexplained_difference_is_one() -> None:
    """A dispute is asked last: it does not stand where a convention gives the number."""
    disputed = Claim("macs", 15.3, "x", unit=1e9, dispute="nobody knows")
    assert verdict("vgg16", disputed).said == "holds under convention: convolutions only"


def test_every_claim_is_accounted_for_and_the_page_is_current(request: pytest.FixtureRequest) -> None:
    page = ROOT / "docs" / "papers.md"
    update = request.config.getoption("--update-snapshots")
    found = verify.verify(map(find, catalogue() if update else VERIFIED))
    failed = [verdict for verdict in found.verdicts if verdict.outcome == "fails"]
    assert not failed, Verification(tuple(failed)).to_text()
    made = found.to_markdown()
    if update:
        page.write_text(made, encoding="utf-8")
    heading, *written = page.read_text(encoding="utf-8").split("\n## ")
    sections = map(str.strip, made.split("\n## ")[1:])
    assert set(sections) <= set(map(str.strip, written)), "docs/papers.md is old: make snapshots"
    assert [section.split("\n")[0].replace("\\", "") for section in written] == list(catalogue())
    assert f"\n{sum(len(network.claims) for network in catalogue().values())} claims: " in heading


def test_every_convention_is_documented() -> None:
    docs = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    for name in [*CONVENTIONS, CUT]:
        assert f"* {name}" in docs


# ---- what is counted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "quantity", "block", "counting", "expected"),
    [
        ("xception", "params", "", "", 22_855_952),
        ("xception", "params", "", "batch normalisation's statistics counted", 22_910_480),
        ("xception", "conv_layers", "", "", 74),
        ("xception", "conv_layers", "", "on the longest path, a separable convolution as one", 36),
        ("vgg16", "macs", "", "", 15_470_264_320),
        ("vgg16", "macs", "", "convolutions only", 15_346_630_656),
        ("vgg16", "macs", "classifier", "", 25_088 * 4096 + 4096 * 4096 + 4096 * 1000),
        ("vgg16", "macs", "-classifier", "", 15_346_630_656),
        ("vgg16", "output_shape", "conv5", "", (512, 14, 14)),
        ("googlenet", "params", "inception_3a", WEIGHTS, 163_328),
        ("inception_v3", "params", "-classifier", NO_SCALE, 21_802_784),
        ("seresnet50", "macs", "", "squeezing and scaling counted", 3_860_488_192 + 2 * 5_519_360),
        ("resnet18", "output_shape", "conv3_x", ENTERS, (128, 56, 56)),
        ("alexnet", "neurons", "", "", 659_272),
        ("lenet5", "connections", "", "", 340_908),
        ("lenet5", "connections", "output", "", 840),
    ],
)  # fmt: skip
def test_counts(network: str, quantity: str, block: str, counting: str, expected: Any) -> None:
    count = CONVENTIONS[counting][quantity] if counting else COUNTED[quantity]
    assert count(Part(report(network), block)) == expected


def test_shares_sum_to_the_whole() -> None:
    kinds = ("1x1 convolutions", "depthwise convolutions", "other convolutions", "linear layers")
    shares = [COUNTED["macs_share"](Part(report("mobilenet_v1"), kind)) for kind in kinds]
    assert sum(shares) == pytest.approx(1)  # type: ignore[arg-type]


def test_normalisation_and_activation_are_counted_as_formulas_say() -> None:
    resnet18 = report("resnet18").graph.layers
    normalised = sum(layer.output_elements for layer in resnet18 if layer.operation == "batch_norm")
    activated = sum(layer.output_elements for layer in resnet18 if layer.operation == "relu")
    counted = CONVENTIONS["normalisation and activation counted"]["macs"](Part(report("resnet18")))
    assert counted == report("resnet18").totals["macs"] + 2 * normalised + activated


def test_a_block_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="nothing in 'conv9'"):
        verdict("vgg16", Claim("params", 1, "x", block="conv9"))


# ---- verdicts -------------------------------------------------------------------------------------------------

PARAMS = 138_357_544  # of VGG-16


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (Claim("params", PARAMS, "x"), "holds"),
        (Claim("params", 138e6, "x", digits=3), "holds"),
        (Claim("params", 138.4, "x", unit=1e6), "holds"),
        (Claim("params", 139e6, "x", relation="<"), "holds"),
        (Claim("output_shape", [512, 7, 7], "x", block="pool5"), "holds"),
        (Claim("macs", 15.3, "x", unit=1e9), "holds under convention: convolutions only"),
        (Claim("params", 138.3, "x", unit=1e6), f"holds under convention: {WEIGHTS}, or {CUT}"),
        (Claim("output_shape", [512, 14, 14], "x", block="pool5"), f"holds under convention: {ENTERS}"),
        (Claim("params", PARAMS + 1, "x"), "fails"),
        (Claim("params", 138e6, "x", relation="<"), "fails"),
        (Claim("output_shape", [512, 8, 8], "x", block="pool5"), "fails"),
        (Claim("params", PARAMS + 1, "x", dispute="nobody knows"), "differs"),
        (Claim("top1_error", 28.5, "x"), "not recomputable"),
        (Claim("training_steps_per_second", 28, "x"), "not recomputable"),
    ],
)  # fmt: skip
def test_verdicts(claim: Claim, said: str) -> None:
    assert verdict("vgg16", claim).said == said


def test_a_claim_that_says_how_it_counts_is_counted_so_only() -> None:
    only = Claim("macs", 15.3, "x", unit=1e9, counting="convolutions only")
    assert verdict("vgg16", only).said == "holds under convention: convolutions only"
    assert verdict("vgg16", replace(only, value=15.5)).outcome == "fails"


def test_an_unknown_quantity_is_a_defect() -> None:
    with pytest.raises(ValueError, match="no quantity named 'parms'"):
        verdict("vgg16", Claim("parms", 1, "x"))


def test_an_explanation_must_give_the_number() -> None:
    steps = [("all of it is AlexNet", report("alexnet"))]
    claim = Claim("params", 60_965_224, "x", explanation="hand-made")

    found = verdict("vgg16", claim, explained=lambda: Explanation("it counts AlexNet", steps))
    assert (found.outcome, found.reason) == ("differs", "because it counts AlexNet")
    assert [step.amount for step in found.differences] == [60_965_224 - PARAMS]

    other = verdict("vgg16", replace(claim, value=1), explained=lambda: Explanation("it counts AlexNet", steps))
    assert other.outcome == "fails"


def test_a_table_is_a_claim_a_cell() -> None:
    columns = [{"quantity": "params", "unit": 1024}, {"quantity": "macs"}]
    rows = [["conv1", 2.7, ""], ["conv2", {"value": 112, "dispute": "why"}, 360]]
    assert list(table(columns, rows, source="Table 1")) == [
        Claim("params", 2.7, "Table 1", block="conv1", unit=1024),
        Claim("params", 112, "Table 1", block="conv2", unit=1024, dispute="why"),
        Claim("macs", 360, "Table 1", block="conv2"),
    ]


@pytest.mark.parametrize(
    ("measured", "claim", "rounded", "cut"),
    [
        (3_857_973_248, Claim("macs", 3.8e9, "x", digits=2), False, True),
        (68_155_210, Claim("params", 68.1, "x", unit=1e6), False, True),
        (163_328, Claim("params", 159, "x", unit=1024), False, True),
        (163_328, Claim("params", 160, "x", unit=1024), True, False),
        (9_996, Claim("params", 1e4, "x", digits=3), True, False),
        (0.94856, Claim("macs_share", 94.86, "x", unit=0.01), True, False),
        (5_713_216_096, Claim("macs", 5e9, "x", digits=1), False, False),
        (28, Claim("depth", 28, "x"), True, True),
    ],
)
def test_rounded_and_cut(measured: float, claim: Claim, rounded: bool, cut: bool) -> None:
    assert (claim.holds(measured), claim.holds(measured, cut=True)) == (rounded, cut)


# ---- the command ----------------------------------------------------------------------------------------------


def altered(name: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """The catalogue's first claim about a network, changed."""
    entry = find(name)
    wrong = replace(entry)
    vars(wrong)["claims"] = (replace(entry.claims[0], **changes), *entry.claims[1:])
    monkeypatch.setattr("archscope.commands.verify.find", lambda asked: wrong)


def run(*arguments: str) -> int:
    code: int = cli.app(["verify", *arguments], standalone_mode=False)
    return code


def test_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("LeNet-5") == 0
    assert "0 fail" in capsys.readouterr().out

    altered("lenet5", monkeypatch, value=60_001)
    assert run("lenet5") == 1
    assert "FAILS" in capsys.readouterr().out


def test_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = {"network", "quantity", "claimed", "recomputed", "verdict", "source", "reason"}
    found = verify.verify([find("googlenet")])

    assert run("googlenet", "-o", str(tmp_path / "claims.json")) == 0
    data = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert data["schema"] == "archscope.verify/1"
    assert all(keys <= claim.keys() for claim in data["claims"])
    assert [claim["verdict"] for claim in data["claims"]] == [each.outcome for each in found.verdicts]
    assert found.to_json() == (tmp_path / "claims.json").read_text(encoding="utf-8")

    assert run("googlenet", "--format", "markdown") == 0
    assert capsys.readouterr().out == found.to_markdown()
    assert run("googlenet") == 0
    assert capsys.readouterr() == (str(found), "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lenet5", "--format", "svg"], "no format named 'svg'"),
        (["lenet5", "-o", "claims.svg"], "no format for 'claims.svg': this command writes table, json, csv, markdown"),
        (["no_network"], "no network named"),
        (["lenet5", "--equivalences"], "leave out lenet5"),
    ],
)
def test_mistakes(arguments: list[str], said: str) -> None:
    with pytest.raises(cli.ArchscopeError, match=said):
        run(*arguments)


def test_no_line_of_a_table_is_wider_than_80() -> None:
    found = verify.verify(catalogue()[name] for name in ("googlenet", "bn_inception", "nin_cifar10"))
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 80
    assert closing(found) in " ".join(lines)


@pytest.mark.parametrize(
    ("claim", "number"),
    [
        (Claim("params", 138.4, "x", unit=1e6), 138_400_000),
        (Claim("params", 2.7, "x", unit=1024), 2764.8),
        (Claim("params", 159, "x", unit=1024), 162_816),
        (Claim("top1_error", 28.5, "x"), 28.5),
        (Claim("output_shape", [512, 7, 7], "x"), [512, 7, 7]),
    ],
)
def test_json_has_plain_numbers(claim: Claim, number: Any) -> None:
    assert Verdict("vgg16", claim, "holds").to_dict()["claimed"] == number
