from pathlib import Path

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from tests.graphs import six_layer_report, traced


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout())


def test_a_module() -> None:
    report = archscope.summarize(net(), (3, 8, 8))

    assert report.target == report.graph.name == "Sequential"
    assert report.totals["macs"] == (4 * 6 * 6) * (3 * 3 * 3)
    assert report.claims == ()


def test_inputs_may_be_tensors() -> None:
    assert archscope.summarize(net(), input_data=torch.zeros(1, 3, 8, 8)).totals == archscope.summarize(
        net(), (3, 8, 8)
    ).totals  # fmt: skip


def test_the_setting() -> None:
    setting = archscope.summarize(net().double(), (3, 8, 8), batch=4, mode="train").setting

    assert {key: setting[key] for key in ("dtype", "batch", "mode")} == {
        "dtype": "float64",
        "batch": 4,
        "mode": "train",
    }
    assert setting["torch"] == torch.__version__
    assert setting["archscope"] == archscope.__version__


def test_the_batch_grows_memory_and_no_count() -> None:
    one, four = (archscope.summarize(net(), (3, 8, 8), batch=batch).totals for batch in (1, 4))

    assert four["output_bytes"] == 4 * one["output_bytes"]
    assert four["training_memory_bytes"] == 4 * one["training_memory_bytes"]
    assert four["weight_bytes"] == one["weight_bytes"]
    assert [four[name] for name in ("params", "macs", "elementwise_ops", "activations")] == [
        one[name] for name in ("params", "macs", "elementwise_ops", "activations")
    ]


def test_a_report_read_back(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(six_layer_report().to_json(), encoding="utf-8")

    assert archscope.summarize(str(path)).graph == six_layer_report().graph


def test_claims_hold_for_the_network_as_published() -> None:
    published = traced("xception")
    smaller = archscope.summarize("xception", (3, 150, 150))
    other = archscope.summarize("xception", options={"num_classes": 10})

    assert {claim.quantity for claim in published.claims} >= {"params", "macs"}
    assert {claim.quantity for claim in smaller.claims} == {"params"}  # parameters do not depend on the input
    assert other.claims == ()
    assert (
        archscope.summarize("xception", options={"num_classes": 1000}).claims == published.claims
    )  # the default, said aloud


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: archscope.summarize("xception", batch=0), "1 or more"),
        (lambda: archscope.summarize(net(), (3, 8, 8), options={"num_classes": 10}), "built already"),
        (lambda: archscope.summarize("xception", (1, 299, 299)), "3 channels"),
        (lambda: archscope.summarize("no_network"), "no network named"),
        (lambda: archscope.summarize("no/such.json"), "cannot read no/such.json"),
    ],
)
def test_mistakes(call: object, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        call()  # type: ignore[operator]


class Inverse(nn.Module):
    """Of which archscope does not know what training keeps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.pinv(x)


def test_what_is_unknown_of_a_total_is_said() -> None:
    assert "training keeps at least " in str(
        archscope.summarize(nn.Sequential(nn.Conv2d(3, 4, 1), Inverse()), (3, 4, 4))
    )
