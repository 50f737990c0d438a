"""Popular ports of the zoo's networks, each against ours: docs/benchmarks/ports.md.

make world, and then python -m tests.benchmarks.ports in its environment
"""

import warnings
from pathlib import Path

import torch

import archscope
from archscope.errors import ArchscopeError
from archscope.networks import catalogue
from archscope.tracing.meta_build import Skeleton
from tests.world.torchvision import import_torchvision

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "ports.md"

TORCHVISION = {
    "alexnet": "alexnet", "googlenet": "googlenet", "inception_v3": "inception_v3",
    "efficientnet_b0": "efficientnet_b0",
    "efficientnet_b4": "efficientnet_b4", "resnext50_32x4d": "resnext50_32x4d", "resnext101_64x4d": "resnext101_64x4d",
    **{name: name for name in ("vgg11", "vgg13", "vgg16", "vgg19", "resnet18", "resnet34", "resnet50", "resnet101",
                               "resnet152", "densenet121", "densenet161", "densenet169", "densenet201")},
}  # fmt: skip
"""Its name of each of ours."""

TIMM = {
    "inception_v3": "inception_v3", "inception_v4": "inception_v4",
    "inception_resnet_v2_released": "inception_resnet_v2", "xception": "legacy_xception",
    "mobilenet_v1": "mobilenetv1_100", "senet154": "senet154", "seresnet50": "seresnet50",
    "seresnext50_32x4d": "seresnext50_32x4d", "seresnet101": "legacy_seresnet101", "seresnet152": "legacy_seresnet152",
    "efficientnet_b0": "tf_efficientnet_b0", "efficientnet_b3": "tf_efficientnet_b3",
    "resnext50_32x4d": "resnext50_32x4d", "resnet50": "resnet50", "resnet18": "resnet18", "densenet121": "densenet121",
    "densenet169": "densenet169", "vgg16": "vgg16", "vgg19": "vgg19", "resnet101": "resnet101",
    "nasnet_a_large": "nasnetalarge", "pnasnet5_large": "pnasnet5large",
}  # fmt: skip

PRETRAINED = {
    "xception": "xception", "inception_v4": "inceptionv4", "inception_resnet_v2_released": "inceptionresnetv2",
    "bn_inception": "bninception", "senet154": "senet154", "seresnet50": "se_resnet50", "seresnet101": "se_resnet101",
    "seresnet152": "se_resnet152", "seresnext50_32x4d": "se_resnext50_32x4d", "resnext101_64x4d": "resnext101_64x4d",
}  # fmt: skip

EFFICIENTNETS = {f"efficientnet_b{i}": f"efficientnet-b{i}" for i in range(8)}


def built(library: str, name: str) -> torch.nn.Module | str:
    if library in {"torchvision", "timm"}:
        return f"{library}:{name}"
    with Skeleton():
        if library == "pretrainedmodels":
            import pretrainedmodels

            return pretrainedmodels.__dict__[name](num_classes=1000, pretrained=None)  # type: ignore[no-any-return]
        from efficientnet_pytorch import EfficientNet

        return EfficientNet.from_name(name)  # type: ignore[no-any-return]


def row(library: str, name: str, ours: str) -> str:
    try:
        found = archscope.diff(built(library, name), ours)
    except ArchscopeError as error:
        return f"| {library} {name} | {ours} | cannot be traced | {error} | |"
    said = "; ".join(each.what for each in found.differences if each.kind != "consequence")
    fewer = (
        f"`{' '.join(f'{k}={v}' for k, v in found.fewer.options.items())}`: {found.fewer.left or 'none'}"
        if found.fewer
        else ""
    )
    return f"| {library} {name} | {ours} | {found.verdict} | {said or 'none'} | {fewer} |"


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    import_torchvision()
    lines = []
    for library, names in (("torchvision", TORCHVISION), ("timm", TIMM), ("pretrainedmodels", PRETRAINED),
                           ("efficientnet_pytorch", EFFICIENTNETS)):  # fmt: skip
        for ours, theirs in names.items():
            if ours in catalogue():
                lines.append(row(library, theirs, ours))
                print(lines[-1], flush=True)
    PAGE.write_text("\n".join([*HEAD, *lines, ""]), encoding="utf-8")


HEAD = [
    "# Ports of the networks", "",
    "What `archscope diff` says of networks of other packages against those of the papers, by",
    "`python -m tests.benchmarks.ports`: differences in order, less what follows from others;",
    "and the options of ours with which fewer are left.",
    "pytorchcv's are in the tests, each identical but for dropout.", "",
    "| port | ours | verdict | differences | fewer with |", "| :--- | :--- | :--- | :--- | :--- |",
]  # fmt: skip

if __name__ == "__main__":
    main()
