"""Networks that nobody here wrote: every name of timm and torchvision, and a choice from other libraries.

A network is built on the meta device where its library allows it. `names()` are the distinct architectures first.
"""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

import torch
from torch import nn

from archscope.targets import Target, resolve
from tests.foreign import NETWORKS as PYTORCHCV
from tests.world import transformers
from tests.world.torchvision import import_torchvision

Made = tuple[nn.Module, Any]
"""A module in evaluation, on meta or on the CPU, and the `inputs` that `archscope.trace` takes."""

ENCODERS = ("resnet18", "vgg11_bn", "densenet121", "mobilenet_v2", "efficientnet-b0", "mit_b0", "timm-regnetx_002")


def image(*size: int) -> torch.Tensor:
    return torch.empty(1, *size, device="meta")


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Without memory where the constructor asks for no numbers; what constants hold is known of either."""
    return Target("", build).on_meta().module.eval()


def round_robin(families: Sequence[Sequence[str]]) -> list[str]:
    """The first of each family, then the second of each."""
    return [name for turn in zip_longest(*families) for name in turn if name is not None]


# ---- timm and torchvision ----------------------------------------------------------------------------------------


def timm_names() -> list[str]:
    import timm

    families: dict[str, list[str]] = defaultdict(list)
    for name in timm.list_models():
        families[timm.models._registry._model_to_module[name]].append(name)
    return round_robin(list(families.values()))


def timm_network(name: str) -> Made:
    module = resolve(f"timm:{name}").on_meta().module.eval()
    size = module.pretrained_cfg.get("input_size", (3, 224, 224))
    return module, (image(*size),)


def torchvision_names() -> list[str]:
    import_torchvision()
    from torchvision.models import list_models

    families: dict[str, list[str]] = defaultdict(list)
    for name in list_models():
        families[name.partition("_")[0].rstrip("0123456789")].append(name)
    return round_robin(list(families.values()))


def torchvision_network(name: str) -> Made:
    import_torchvision()
    from torchvision import models

    if "rcnn" in name or name.startswith(("retinanet", "fcos", "ssd")):  # they choose boxes by their scores
        sides = {} if name.startswith("ssd") else {"min_size": 128, "max_size": 128}
        sides |= {"rpn_post_nms_top_n_test": 20} if "rcnn" in name else {}  # all their heads are run on
        module = models.get_model(name, weights=None, weights_backbone=None, **sides).eval()
        return module, ([torch.rand(3, 128, 128)],)
    options = {"weights_backbone": None} if name.startswith(("deeplab", "fcn", "lraspp")) else {}
    module = resolve(f"torchvision:{name}").on_meta(**options).module.eval()
    if name.startswith("raft"):
        return module, (image(3, 128, 256), image(3, 128, 256))
    if name in models.list_models(models.video):
        return module, (
            image(3, 16, 224, 224) if name.startswith(("swin3d", "mvit", "s3d")) else image(3, 16, 112, 112),
        )
    transforms = getattr(models.get_model_weights(name)["DEFAULT"].transforms, "keywords", {})
    side = getattr(module, "image_size", None) or transforms.get("crop_size", transforms.get("resize_size", 224))
    return module, (image(3, side, side),)


# ---- libraries of parts --------------------------------------------------------------------------------------------


def segmentation_names() -> list[str]:
    import segmentation_models_pytorch as smp

    kinds = [name for name, kind in vars(smp).items() if isinstance(kind, type) and issubclass(kind, nn.Module)]
    return round_robin([[f"{kind}/{encoder}" for encoder in ENCODERS] for kind in kinds])


def segmentation_network(name: str) -> Made:
    import segmentation_models_pytorch as smp

    kind, encoder = name.split("/")
    if kind == "DPT":
        encoder = "tu-vit_tiny_patch16_224"
    return on_meta(partial(getattr(smp, kind), encoder, encoder_weights=None)), (image(3, 224, 224),)


def vit_pytorch_names() -> list[str]:
    import vit_pytorch

    return [module.name for module in pkgutil.iter_modules(vit_pytorch.__path__)]


VIT = {
    "image_size": 64, "patch_size": 16, "num_classes": 10, "dim": 64, "depth": 2, "heads": 4, "mlp_dim": 128,
    "channels": 3, "frames": 4, "frame_patch_size": 2, "image_patch_size": 16, "seq_len": 256, "spatial_depth": 2,
    "temporal_depth": 2, "cls_depth": 1, "num_register_tokens": 2, "window_size": 2, "patch_num": 2,
    "sm_dim": 64, "lg_dim": 64, "mlp_mult": 2, "num_residual_streams": 2, "max_tokens_per_depth": (8, 4),
    "freq_patch_size": 8, "max_frames": 4,
}  # fmt: skip


def vit_pytorch_network(name: str) -> Made:
    """The last class of the file that says what it needs in the words above."""
    import inspect

    file = importlib.import_module(f"vit_pytorch.{name}")
    own = [kind for kind in vars(file).values() if isinstance(kind, type) and kind.__module__ == file.__name__]
    kind = [kind for kind in own if issubclass(kind, nn.Module)][-1]
    parameters = inspect.signature(kind.__init__).parameters
    module = on_meta(partial(kind, **{word: value for word, value in VIT.items() if word in parameters}))
    if "seq_len" in parameters:
        return module, (image(3, 256),)
    return module, (image(3, 4, 64, 64) if "frames" in parameters else image(3, 64, 64),)


MONAI: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "AHNet": ({"spatial_dims": 2, "out_channels": 2, "upsample_mode": "nearest"}, (1, 64, 64)),
    "AttentionUnet": ({"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "channels": (8, 16, 32),
                       "strides": (2, 2)}, (3, 64, 64)),
    "AutoEncoder": ({"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "channels": (8, 16), "strides": (2, 2)},
                    (3, 64, 64)),
    "AutoencoderKL": ({"spatial_dims": 2, "in_channels": 3, "channels": (32, 64), "num_res_blocks": (1, 1),
                       "attention_levels": (False, True)}, (3, 32, 32)),
    "BasicUNet": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2}, (1, 32, 32, 32)),
    "BasicUNetPlusPlus": ({"spatial_dims": 2, "in_channels": 3, "out_channels": 2}, (3, 64, 64)),
    "DenseNet121": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2}, (1, 64, 64, 64)),
    "DynUNet": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2, "kernel_size": [3, 3, 3],
                 "strides": [1, 2, 2], "upsample_kernel_size": [2, 2]}, (1, 32, 32, 32)),
    "EfficientNetBN": ({"model_name": "efficientnet-b0", "pretrained": False}, (3, 64, 64)),
    "FlexibleUNet": ({"in_channels": 3, "out_channels": 2, "backbone": "efficientnet-b0"}, (3, 64, 64)),
    "HighResNet": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2}, (1, 32, 32, 32)),
    "HoVerNet": ({}, (3, 256, 256)),
    "MedNeXtS": ({"spatial_dims": 3}, (1, 32, 32, 32)),
    "ResNetFeatures": ({"model_name": "resnet18", "pretrained": False}, (1, 64, 64, 64)),
    "SEResNet50": ({"spatial_dims": 3, "in_channels": 1}, (1, 64, 64, 64)),
    "SegResNet": ({"in_channels": 1}, (1, 32, 32, 32)),
    "SegResNetDS": ({"in_channels": 1}, (1, 32, 32, 32)),
    "SwinUNETR": ({"in_channels": 1, "out_channels": 2, "feature_size": 12}, (1, 64, 64, 64)),
    "UNETR": ({"in_channels": 1, "out_channels": 2, "img_size": 32}, (1, 32, 32, 32)),
    "UNet": ({"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "channels": (8, 16, 32), "strides": (2, 2)},
             (3, 64, 64)),
    "VNet": ({}, (1, 64, 64, 64)),
    "VQVAE": ({"spatial_dims": 2, "in_channels": 3, "out_channels": 3}, (3, 64, 64)),
    "ViT": ({"in_channels": 1, "img_size": 32, "patch_size": 16}, (1, 32, 32, 32)),
}  # fmt: skip


def monai_network(name: str) -> Made:
    from monai.networks import nets

    options, size = MONAI[name]
    return on_meta(partial(getattr(nets, name), **options)), (image(*size),)


DIFFUSERS: dict[str, tuple[dict[str, Any], Callable[[], dict[str, torch.Tensor]]]] = {
    "UNet2DModel": ({"sample_size": 32}, lambda: {"sample": image(3, 32, 32), "timestep": step()}),
    "UNet2DConditionModel": (
        {"sample_size": 32, "cross_attention_dim": 64, "block_out_channels": (32, 64, 64, 64)},
        lambda: {"sample": image(4, 32, 32), "timestep": step(), "encoder_hidden_states": image(7, 64)},
    ),
    "AutoencoderKL": ({"block_out_channels": (64,)}, lambda: {"sample": image(3, 32, 32)}),
    "VQModel": ({"block_out_channels": (64,)}, lambda: {"sample": image(3, 32, 32)}),
    "AutoencoderTiny": ({}, lambda: {"sample": image(3, 32, 32)}),
    "DiTTransformer2DModel": (
        {"num_layers": 2, "sample_size": 16},
        lambda: {"hidden_states": image(4, 16, 16), "timestep": step(), "class_labels": step()},
    ),
    "UViT2DModel": (
        {"hidden_size": 64, "encoder_hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
         "cond_embed_dim": 64, "micro_cond_encode_dim": 8, "micro_cond_embed_dim": 104, "block_out_channels": 64,
         "intermediate_size": 128},
        lambda: {"input_ids": torch.zeros(1, 16, 16, dtype=torch.long, device="meta"),
                 "encoder_hidden_states": image(7, 64), "pooled_text_emb": image(64),
                 "micro_conds": image(5)},
    ),
}  # fmt: skip


def step() -> torch.Tensor:
    return torch.zeros(1, dtype=torch.long, device="meta")


def diffusers_network(name: str) -> Made:
    import diffusers

    options, inputs = DIFFUSERS[name]
    return on_meta(partial(getattr(diffusers, name), **options)), inputs()


def pytorchcv_network(name: str) -> Made:
    target, size = PYTORCHCV[name]
    return resolve(target).on_meta().module.eval(), (image(*map(int, size.split("x"))),)


LIBRARIES: dict[str, tuple[Callable[[], list[str]], Callable[[str], Any]]] = {
    "torchvision": (torchvision_names, torchvision_network),
    "pytorchcv": (lambda: list(PYTORCHCV), pytorchcv_network),
    "segmentation_models_pytorch": (segmentation_names, segmentation_network),
    "monai": (lambda: list(MONAI), monai_network),
    "diffusers": (lambda: list(DIFFUSERS), diffusers_network),
    "vit_pytorch": (vit_pytorch_names, vit_pytorch_network),
    "transformers": (transformers.names, transformers.ways),
    "timm": (timm_names, timm_network),
}
"""Names of each library, and what builds one; in the case of transformers, the ways to do so."""


def ways(library: str, name: str) -> Iterator[Callable[[], Made]]:
    """How a network may be built, the first way that its own code runs is the one."""
    build = LIBRARIES[library][1]
    return build(name) if library == "transformers" else iter([partial(build, name)])
