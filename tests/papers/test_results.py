"""Accuracies from files of results as timm and torchvision write them, and which networks no other beats."""

from pathlib import Path

import pytest

from archscope import ArchscopeError
from archscope.papers.results import on_front, read_results

TIMM = """model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation
resnet50.fb_swsl_ig1b_ft_in1k,224,81.172,18.828,95.986,4.014,25.56,0.875,bilinear
resnet50.a1_in1k,288,81.214,18.786,95.112,4.888,25.56,1.000,bicubic
resnet50.tv_in1k,224,76.128,23.872,92.858,7.142,25.56,0.875,bilinear
inception_v3.tv_in1k,299,77.434,22.566,93.476,6.524,23.83,0.875,bicubic
broken,224,-,,,,,,
"""
TORCHVISION = """**Weight**,**Acc@1**,**Acc@5**,**Params**,**GFLOPS**,**Recipe**
Inception_V3_Weights.IMAGENET1K_V1,77.294,93.45,27.2M,5.71,link
:class:`ResNet50_Weights.IMAGENET1K_V2 <torchvision.models.ResNet50_Weights>`,80.858,95.434,25.6M,4.09,link
"""

RESNET50 = 25_557_032


def file(folder: Path, text: str) -> str:
    path = folder / "results.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_timms_file(tmp_path: Path) -> None:
    results = read_results(file(tmp_path, TIMM))
    first = results.of("resnet50", "resnet50", RESNET50, rank=1)
    assert first is not None and first.percent == 81.214  # the file's first that saw no other images
    assert first.said() == "results.csv, resnet50.a1_in1k (ImageNet, 288 pixels, crop 1.000, bicubic)"
    named = results.of("timm:resnet50.tv_in1k", "resnet50", RESNET50, rank=5)
    assert named is not None and named.percent == 92.858
    variant = results.of("inception-v3?dropout=0", "inception_v3?dropout=0", 23_834_568, rank=1)
    assert variant is not None and variant.percent == 77.434
    more = results.of("timm:resnet50.fb_swsl_ig1b_ft_in1k", "resnet50", RESNET50, rank=1)
    assert more is not None and more.percent == 81.172
    assert results.of("xception", "xception", 22_855_952, rank=1) is None
    assert results.of("broken", "broken", 1, rank=1) is None


def test_a_model_of_another_number_of_parameters_is_another_network(tmp_path: Path) -> None:
    rows = "inception_resnet_v2.tf_in1k,80.45,55.84\nxception.a_in1k,79.1,22.86\n"
    results = read_results(file(tmp_path, f"model,top1,param_count\n{rows}"))
    figures, released = ("inception_resnet_v2",) * 2, ("inception_resnet_v2_released",) * 2
    assert results.of(*figures, 32_432_720, rank=1) is None
    said = "inception_resnet_v2.tf_in1k is of another network: 55.84 M parameters instead of 32.43 M"
    assert results.refused(*figures, 32_432_720) == f"results.csv, {said}"
    found = results.of(*released, 55_843_464, rank=1)
    assert found is not None and found.percent == 80.45 and results.refused(*released, 55_843_464) == ""
    half = ("xception?width_multiplier=0.5",) * 2
    assert results.of(*half, 6_292_444, rank=1) is None
    assert results.refused("vgg16", "vgg16", 1) == ""


def test_without_parameters_a_file_is_of_networks_as_they_come(tmp_path: Path) -> None:
    results = read_results(file(tmp_path, "model,top1\nxception,79.1\n"))
    half = ("xception?width_multiplier=0.5",) * 2
    assert results.of("xception", "xception", 1, rank=1) is not None
    assert results.of(*half, 6_292_444, rank=1) is None
    assert results.refused(*half, 6_292_444) == "results.csv, xception is of the network as it comes, without options"


def test_a_port_stands_in_where_nothing_nearer_is(tmp_path: Path) -> None:
    rows = "tf_efficientnet_b6.ns_jft_in1k,86.4\ntf_efficientnet_b6.aa_in1k,84.1\nlegacy_xception.tf_in1k,79.0\n"
    own = "tf_efficientnet_b0.aa_in1k,76.8\nefficientnet_b0.ra_in1k,77.7\n"
    results = read_results(file(tmp_path, f"model,top1\n{rows}{own}"))
    found = {name: results.of(name, name, 1, rank=1) for name in ("efficientnet_b6", "xception", "efficientnet_b0")}
    assert [each and each.percent for each in found.values()] == [84.1, 79.0, 77.7]
    said = [each.said() for each in found.values() if each]
    assert "results.csv, tf_efficientnet_b6.aa_in1k (ImageNet, a port: padding or epsilon may differ)" in said
    assert ["a port" in each for each in said] == [True, True, False]


@pytest.mark.parametrize(
    ("weights", "other"),
    [
        ("a.in21k_ft_in1k", True), ("a.sw_in12k", True), ("a.clip_ft_in1k", True), ("a.ft_in1k", True),
        ("a.laion2b_ft_in1k", True), ("a.fb_ssl_yfcc100m_ft_in1k", True), ("a.fb_wsl_ig1b_ft_in1k", True),
        ("A_Weights.IMAGENET1K_SWAG_E2E_V1", True), ("A_Weights.IMAGENET1K_V2", False), ("a.fcmae_ft_in1k", False),
        ("a.mae_in1k_ft_in1k", False), ("a.in1k_ft_in1k", False), ("a.ra4_e3600_r224_in1k", False), ("a", False),
    ],
)  # fmt: skip
def test_weights_that_saw_other_data(tmp_path: Path, weights: str, other: bool) -> None:
    accuracy = read_results(file(tmp_path, f"model,top1\n{weights},80\n")).of("a", "a", 1, rank=1)
    assert accuracy is not None and accuracy.saw_other_data is other


def test_what_was_tested_on(tmp_path: Path) -> None:
    said = {
        "results-imagenet": "ImageNet", "results-imagenetv2-matched-frequency": "ImageNet-v2-matched-frequency",
        "results-sketch": "ImageNet-sketch", "results-imagenet-a-clean": "ImageNet-a-clean", "mine": "ImageNet",
    }  # fmt: skip
    for name, data in said.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(TIMM, encoding="utf-8")
        found = read_results(str(path)).of("resnet50", "resnet50", RESNET50, rank=1)
        assert found is not None and found.dataset == data


def test_torchvisions_table(tmp_path: Path) -> None:
    results = read_results(file(tmp_path, TORCHVISION))
    found = [results.of(name, name.rpartition(":")[2], 1, rank=1) for name in ("inception_v3", "torchvision:resnet50")]
    assert [each and each.percent for each in found] == [77.294, 80.858]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "has columns model and top1"), ("a,b\n1,2\n", "has columns"), ("model,top1\nx,high\n", "no row has a model")],
)
def test_files_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        read_results(file(tmp_path, text))
    with pytest.raises(ArchscopeError, match=r"cannot read none\.csv: No such file"):
        read_results("none.csv")


def test_the_front() -> None:
    costs, gains = [5, 3, 3, 8, 1, None], [80.0, 75, 74, 80, None, 99]
    assert on_front(costs, gains) == (True, True, False, False, False, False)
    assert on_front([2, 2], [70, 70]) == (True, True)
