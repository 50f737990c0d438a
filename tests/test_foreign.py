"""What archscope says of networks that others wrote, against torch's own counts: a sample of 60 that takes half a
minute. `make world` has many more, and docs/benchmarks/world.md is what it found."""

import pytest
import torch

import archscope
from archscope.targets import resolve
from tests.flops import counted_by_torch
from tests.foreign import NETWORKS

pytest.importorskip("pytorchcv", reason="networks of others; `make lint` installs it")

NOT_ON_META = {"danet_resnetd50b_cityscapes", "xdensenet121_2"}
"""Torch's own counter does not run them on meta; their parameters are checked below."""

LARGE = set("""
    airnet50_1x64d_r2 cgnet_cityscapes dabnet_cityscapes darts densenet121 dicenet_w1 dpn68 enet_cityscapes
    espnetv2_w1 fishnet99 icnet_resnetd50b_cityscapes inceptionresnetv2 inceptionv3 inceptionv4 msdnet22
    nasnet_4a1056 peleenet pnasnet5large polynet pyramidnet110_a48_cifar10 resattnet56 scnet50 shufflenet_g3_w1
    sinet_cityscapes sknet50 sparsenet121 sqnxt23_w1 tresnet_m
""".split())  # fmt: skip
"""Those of the most operations, which are left to `make world`."""


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in NOT_ON_META | LARGE])
def test_counts_are_those_of_torch(name: str) -> None:
    target, size = NETWORKS[name]
    module = resolve(target).on_meta().module.eval()
    image = torch.empty(1, *map(int, size.split("x")), device="meta")
    report = archscope.summarize(module, input_data=image)
    assert report.totals["params"] == sum(parameter.numel() for parameter in module.parameters())
    assert report.totals["flops"] == counted_by_torch(module, image)
    assert not report.totals["operations"]["unknown"]


@pytest.mark.filterwarnings("ignore")  # of their own code
@pytest.mark.parametrize(
    ("target", "inputs", "noted"),
    [
        ("pytorchcv.models.superpointnet:superpointnet", "1x48x64", "real pass on the CPU"),
        ("pytorchcv.models.danet:danet_resnetd50b_cityscapes", "3x480x480", ""),
        ("pytorchcv.models.xdensenet:xdensenet121_2", None, "assumed"),
        ("pytorchcv.models.simplepose_coco:simplepose_resnet18_coco", "3x256x192", ""),
    ],
)
def test_networks_that_torch_does_not_run_on_meta(target: str, inputs: object, noted: str) -> None:
    report = archscope.summarize(target, inputs)
    assert report.totals["params"] == sum(parameter.numel() for parameter in resolve(target).build().parameters())
    assert noted in " ".join(report.graph.notes)
