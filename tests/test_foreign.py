"""What archscope says of networks that others wrote, against torch's own counts."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.targets import resolve
from tests.foreign import NETWORKS

pytest.importorskip("pytorchcv", reason="networks of others; `make lint` installs it")

NOT_ON_META = {"danet_resnetd50b_cityscapes", "xdensenet121_2"}
"""Torch's own counter does not run them on meta; their parameters are checked below."""


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in NOT_ON_META])
def test_counts_are_those_of_torch(name: str) -> None:
    target, size = NETWORKS[name]
    report = archscope.summarize(target, size)
    module = resolve(target).on_meta().module.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.empty(1, *map(int, size.split("x")), device="meta"))
    assert report.totals["params"] == sum(parameter.numel() for parameter in module.parameters())
    assert report.totals["flops"] == counter.get_total_flops()
    assert not report.totals["operations"]["unknown"]


@pytest.mark.filterwarnings("ignore")  # of their own code
@pytest.mark.parametrize(
    ("target", "inputs", "noted"),
    [
        ("pytorchcv.models.superpointnet:superpointnet", None, "real pass on the CPU"),
        ("pytorchcv.models.danet:danet_resnetd50b_cityscapes", "3x480x480", ""),
        ("pytorchcv.models.xdensenet:xdensenet121_2", None, "assumed"),
        ("pytorchcv.models.simplepose_coco:simplepose_resnet18_coco", "3x256x192", ""),
    ],
)
def test_networks_that_torch_does_not_run_on_meta(target: str, inputs: object, noted: str) -> None:
    report = archscope.summarize(target, inputs)
    assert report.totals["params"] == sum(parameter.numel() for parameter in resolve(target).build().parameters())
    assert noted in " ".join(report.graph.notes)
