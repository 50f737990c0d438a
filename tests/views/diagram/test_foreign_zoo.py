"""Networks of pytorchcv, written by others and unknown to archscope, at three levels."""

import importlib

import pytest

import archscope
from archscope.graph import Graph
from archscope.report import Report
from archscope.skeleton import Skeleton
from archscope.views.diagram.drawing import DiagramOptions, draw
from tests.views.diagram.checker import faults, misfits
from tests.views.diagram.rebuild import differences

pytest.importorskip("pytorchcv", reason="networks of others; `make lint` installs it")

NETWORKS = """
    airnet airnet50_1x64d_r2
    alexnet alexnet
    bagnet bagnet9
    bamresnet bam_resnet18
    bisenet bisenet_resnet18_celebamaskhq 3x640x480
    bninception bninception
    cbamresnet cbam_resnet18
    centernet centernet_resnet18_voc 3x512x512
    cgnet cgnet_cityscapes 3x512x512
    channelnet channelnet
    condensenet condensenet74_c4_g4
    contextnet ctxnet_cityscapes 3x512x512
    dabnet dabnet_cityscapes 3x512x512
    danet danet_resnetd50b_cityscapes 3x480x480
    darknet53 darknet53
    darts darts
    densenet densenet121
    densenet_cifar densenet40_k12_cifar10 3x32x32
    diapreresnet diapreresnet10
    dicenet dicenet_w1
    diracnetv2 diracnet18v2
    dla dla34
    dpn dpn68
    edanet edanet_cityscapes 3x512x512
    efficientnet efficientnet_b0
    enet enet_cityscapes 3x512x512
    erfnet erfnet_cityscapes 3x512x512
    espcnet espcnet_cityscapes 3x512x512
    espnetv2 espnetv2_w1
    fbnet fbnet_cb
    fishnet fishnet99
    fpenet fpenet_cityscapes 3x512x512
    fractalnet_cifar fractalnet_cifar10 3x32x32
    ghostnet ghostnet
    hardnet hardnet39ds
    hrnet hrnet_w18_small_v1
    icnet icnet_resnetd50b_cityscapes 3x480x480
    inceptionresnetv2 inceptionresnetv2 3x299x299
    inceptionv4 inceptionv4 3x299x299
    lednet lednet_cityscapes 3x512x512
    lffd lffd20x5s320v2_widerface 3x640x640
    linknet linknet_cityscapes 3x512x512
    lwopenpose_cmupan lwopenpose2d_mobilenet_cmupan_coco 3x368x368
    menet menet108_8x1_g3
    mixnet mixnet_s
    mnasnet mnasnet_a1
    mobilenet mobilenet_w1
    mobilenetv2 mobilenetv2_w1
    msdnet msdnet22
    nasnet nasnet_4a1056
    nin_cifar nin_cifar10 3x32x32
    octresnet octresnet10_ad2
    peleenet peleenet
    pnasnet pnasnet5large 3x331x331
    polynet polynet 3x331x331
    preresnet preresnet10
    proxylessnas proxylessnas_cpu
    pyramidnet_cifar pyramidnet110_a48_cifar10 3x32x32
    regnet regnetx002
    resattnet resattnet56
    resnet resnet18
    resnext resnext26_16x4d
    revnet revnet38
    ror_cifar ror3_56_cifar10 3x32x32
    scnet scnet50
    segnet segnet_cityscapes 3x512x512
    selecsls selecsls42
    senet senet16
    shakeshakeresnet_cifar shakeshakeresnet20_2x16d_cifar10 3x32x32
    sharesnet sharesnet18
    shufflenet shufflenet_g3_w1
    shufflenetv2 shufflenetv2_w1
    sinet sinet_cityscapes 3x512x512
    sknet sknet50
    sparsenet sparsenet121
    sqnet sqnet_cityscapes 3x512x512
    squeezenet squeezenet_v1_0
    squeezenext sqnxt23_w1
    tresnet tresnet_m
    unet unet_cityscapes 3x512x512
    vgg vgg16
    vovnet vovnet39
    wrn1bit_cifar wrn20_10_1bit_cifar10 3x32x32
    xception xception 3x299x299
    xdensenet xdensenet121_2
"""
"""Its file, the function that builds it, and its input where that is not 3x224x224."""

SMALL = 200
"""So many layers are drawn at layer level too: more would take long to check."""


def report_of(line: str) -> Report:
    file, function, *size = line.split()
    channels, height, width = map(int, (size or ["3x224x224"])[0].split("x"))
    with Skeleton():
        module = getattr(importlib.import_module(f"pytorchcv.models.{file}"), function)()
    return archscope.summarize(module, (channels, height, width))


def levels_of(graph: Graph) -> list[str]:
    return ["network", "flow", *(["layer"] if len(graph.layers) <= SMALL else [])]


@pytest.mark.parametrize("line", NETWORKS.strip().splitlines(), ids=lambda line: line.split()[1])
def test_the_picture_is_the_network_without_overlaps_and_fits_a_page(line: str) -> None:
    report = report_of(line)
    for level in levels_of(report.graph):
        made = draw(report, DiagramOptions(level=level))
        assert differences(made) == [], level
        assert sorted(name for op in made.drawing.ops for name in op.layers) == sorted(report.graph.layer), level
        assert faults(made.drawing.piece) == [], level
        if level != "layer":
            assert misfits(made) == [], level
