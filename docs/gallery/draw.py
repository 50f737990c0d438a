"""Draw the gallery anew: `python docs/gallery/draw.py`. Every picture is a command's output."""

from collections.abc import Iterator
from pathlib import Path

import archscope
from archscope.continuum import read_spectrum
from archscope.continuum.paper_figures import paper_figures
from archscope.networks import family

HERE = Path(__file__).parent
PICTURES = {
    "xception-flow": ("xception", {}),
    "inception_resnet_v2-network": ("inception_resnet_v2", {"level": "network"}),
    "inception_v4-flow": ("inception_v4", {}),
    "inception_v4-stem": ("inception_v4", {"block": "stem"}),
    "inception_v4-inception_c": ("inception_v4", {"block": "inception_c"}),
    "inception_resnet_v2-inception_resnet_a": ("inception_resnet_v2", {"block": "inception_resnet_a"}),
    "inception_resnet_v2-reduction_b": ("inception_resnet_v2", {"block": "reduction_b"}),
    "googlenet-inception_3a": ("googlenet", {"block": "inception_3a"}),
    "unet-flow": (f"{HERE / 'unet.py'}:UNet", {"input_size": (3, 256, 256), "title": "U-Net"}),
    **{
        f"{title.lower()}-lanes": (f"{HERE / 'resolutions.py'}:{name}", {"input_size": (3, 256, 256), "title": title})
        for name, title in (("HRNet", "HRNet"), ("FPN", "FPN"), ("UNetPlusPlus", "UNet++"))
    },
    **{
        f"{name.lower()}-plate": (f"{HERE / 'modern.py'}:{name}", {"level": "plate", "title": f"{name}-T"})
        for name in ("ConvNeXt", "Swin")
    },
    "resnext50-form-a": ("resnext50_32x4d", {"options": {"form": "a"}, "block": "conv3.block2"}),
    "seresnet50-flow": ("seresnet50", {}),
    "resnet50-flow": ("resnet50", {}),
    "densenet121-left-to-right": ("densenet121", {"direction": "LR"}),
    "xception-left-to-right": ("xception", {"direction": "LR"}),
    "seresnet50-block": ("seresnet50", {"block": "conv3_x.block2"}),
    **{
        f"{name}-plate": (name, {"level": "plate"})
        for name in (
            "inception_v3",
            "inception_v4",
            "inception_resnet_v2",
            "googlenet",
            "resnet50",
            "xception",
            "efficientnet_b0",
        )
    },
    "alexnet-volume": ("alexnet", {"level": "volume"}),
    "vgg16-volume": ("vgg16", {"level": "volume"}),
    "unet-volume": (f"{HERE / 'unet.py'}:UNet", {"input_size": (3, 256, 256), "title": "U-Net", "level": "volume"}),
    "inception-family": (["inception_v1", "inception_v3", "inception_v4", "xception"], {"level": "network"}),
    "mobilenet_v1-macs": ("mobilenet_v1", {"color": "macs"}),
}

PLOTS = {
    "xception-inception_v3-bars": ["xception", "inception_v3"],
    "inception-tradeoff": ["xception", *(network.name for network in family("inception"))],
}

DIFFS = [("resnet34", "resnet50"), ("inception_v3", "inception_v4")]

SPECTRA = {
    "spectrum-panels": {"channels": 12, "segments": [1, 3, 4, 12]},
    "spectrum-panels-256": {"segments": [1, 3, (64, 128, 32, 32), 32, 256]},
}

MEASURED = sorted((HERE.parent / "benchmarks").glob("*/spectrum-*.json"))
"""Saved spectra with latencies, on the CPU and, after `make bench-cuda`, on a CUDA device."""


def drawn() -> Iterator[tuple[str, str]]:
    """Every picture's file name and SVG."""
    for file, (name, options) in PICTURES.items():
        yield file, str(archscope.diagram(name, **options))
    for name, reference in DIFFS:
        yield f"{name}-{reference}-diff", archscope.diff(name, reference).to_svg()
    for file, names in PLOTS.items():
        yield file, archscope.compare(*names).to_svg(plot=file.rpartition("-")[2])
    for file, options in SPECTRA.items():
        yield file, archscope.spectrum(**options).to_svg(plot="panels")
    yield "lineage", archscope.lineage().to_svg()
    yield "spectrum-figures", paper_figures().to_svg()
    yield "spectrum-xception", archscope.spectrum("xception", [1, 2, 4, 16, 64, "depthwise"]).to_svg(plot="curve")
    for path in MEASURED:
        yield f"{path.stem}-{path.parent.name}", read_spectrum(str(path)).to_svg(plot="curve")


def main() -> None:
    for file, svg in drawn():
        (HERE / f"{file}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
