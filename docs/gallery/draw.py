"""Draw the gallery anew: `python docs/gallery/draw.py`. Every picture is a command's output."""

from pathlib import Path

import archscope

PICTURES = {
    "xception-flow": ("xception", {}),
    "inception_resnet_v2-network": ("inception_resnet_v2", {"level": "network"}),
    "inception_v4-flow": ("inception_v4", {}),
    "inception_v4-stem": ("inception_v4", {"block": "stem"}),
    "inception_v4-inception_c": ("inception_v4", {"block": "inception_c"}),
    "inception_resnet_v2-inception_resnet_a": ("inception_resnet_v2", {"block": "inception_resnet_a"}),
    "inception_resnet_v2-reduction_b": ("inception_resnet_v2", {"block": "reduction_b"}),
    "googlenet-inception_3a": ("googlenet", {"block": "inception_3a"}),
    "resnet50-flow": ("resnet50", {}),
    "densenet121-left-to-right": ("densenet121", {"direction": "LR"}),
    "seresnet50-block": ("seresnet50", {"block": "conv3_x.block2"}),
    "mobilenet_v1-macs": ("mobilenet_v1", {"color": "macs"}),
}


def main() -> None:
    for file, (name, options) in PICTURES.items():
        Path(__file__).with_name(f"{file}.svg").write_text(str(archscope.diagram(name, **options)), encoding="utf-8")


if __name__ == "__main__":
    main()
