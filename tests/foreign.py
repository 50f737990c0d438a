"""Networks of pytorchcv: of many kinds, written by others, unknown to archscope."""

ROWS = """
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
    darknet darknet19
    darknet53 darknet53
    darts darts
    densenet densenet121
    densenet_cifar densenet40_k12_cifar10 3x32x32
    diapreresnet diapreresnet10
    diaresnet diaresnet10
    dicenet dicenet_w1
    diracnetv2 diracnet18v2
    dla dla34
    dpn dpn68
    edanet edanet_cityscapes 3x512x512
    efficientnet efficientnet_b0
    efficientnetedge efficientnet_edge_small_b
    enet enet_cityscapes 3x512x512
    erfnet erfnet_cityscapes 3x512x512
    espcnet espcnet_cityscapes 3x512x512
    espnetv2 espnetv2_w1
    fbnet fbnet_cb
    fcn8sd fcn8sd_resnetd50b_voc 3x480x480
    fishnet fishnet99
    fpenet fpenet_cityscapes 3x512x512
    fractalnet_cifar fractalnet_cifar10 3x32x32
    ghostnet ghostnet
    hardnet hardnet39ds
    hrnet hrnet_w18_small_v1
    icnet icnet_resnetd50b_cityscapes 3x480x480
    inceptionresnetv2 inceptionresnetv2 3x299x299
    inceptionv3 inceptionv3 3x299x299
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
"""The file of each, the function that builds it, and its input where that is not 3x224x224."""


def _networks() -> dict[str, tuple[str, str]]:
    found = {}
    for row in ROWS.strip().splitlines():
        file, function, *size = row.split()
        found[function] = (f"pytorchcv.models.{file}:{function}", size[0] if size else "3x224x224")
    return found


NETWORKS = _networks()
"""Target and input by name."""
