"""The networks that are changed: small ones of timm, torchvision, transformers and others, with weights that keep alive
what flows."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Inputs = tuple[torch.Tensor, ...]


def timm(name: str, side: int = 64, **options: Any) -> Callable[[], tuple[nn.Module, Inputs]]:
    def make() -> tuple[nn.Module, Inputs]:
        import timm

        return timm.create_model(name, num_classes=10, **options), (image(3, side, side),)

    return make


def torchvision(name: str, *size: int, **options: Any) -> Callable[[], tuple[nn.Module, Inputs]]:
    def make() -> tuple[nn.Module, Inputs]:
        from torchvision.models import get_model

        return get_model(name, weights=None, **options), (image(*size),)

    return make


def transformers(kind: str, model: str = "AutoModel", **options: Any) -> Callable[[], tuple[nn.Module, Inputs]]:
    def make() -> tuple[nn.Module, Inputs]:
        import transformers as library

        config = library.CONFIG_MAPPING[kind](**options)
        module = getattr(library, model).from_config(config)
        return Tensors(module), (torch.arange(1, 25).reshape(2, 12),)

    return make


class Tensors(nn.Module):
    """A network of transformers that returns its first result, not an object with caches."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        found = self.net(words, use_cache=False, return_dict=False) if self._caches() else self.net(words)
        return found[0]  # type: ignore[no-any-return]

    def _caches(self) -> bool:
        return bool(getattr(self.net.config, "use_cache", False))


def segmentation() -> tuple[nn.Module, Inputs]:
    import segmentation_models_pytorch as smp

    return smp.Unet("resnet18", encoder_weights=None, decoder_channels=(64, 32, 16, 16, 16)), (image(3, 64, 64),)


def segresnet() -> tuple[nn.Module, Inputs]:
    from monai.networks.nets import SegResNet

    return SegResNet(spatial_dims=2, in_channels=3, blocks_down=(1, 2), blocks_up=(1,)), (image(3, 32, 32),)


def image(*size: int) -> torch.Tensor:
    return torch.randn(2, *size, generator=torch.Generator().manual_seed(1))


LAYERS: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 50
}  # fmt: skip

BASES: dict[str, Callable[[], tuple[nn.Module, Inputs]]] = {
    "timm vit": timm("vit_tiny_patch16_224", depth=2, img_size=64),
    "timm swin": timm("swin_tiny_patch4_window7_224", 56, img_size=56, window_size=7, embed_dim=32, depths=(2, 2),
                      num_heads=(2, 4)),
    "timm convnext": timm("convnext_atto", depths=(2, 2, 2, 2)),
    "timm regnety": timm("regnety_002"),
    "timm efficientnet": timm("efficientnet_b0"),
    "timm ghostnet": timm("ghostnet_100"),
    "timm nfnet": timm("nf_resnet26"),
    "timm poolformer": timm("poolformer_s12"),
    "timm xcit": timm("xcit_nano_12_p16_224", depth=2),
    "timm eva": timm("eva02_tiny_patch14_224", 56, img_size=56, depth=2),
    "timm mixer": timm("mixer_s32_224", img_size=64),
    "torchvision resnet": torchvision("resnet18", 3, 64, 64, num_classes=10),
    "torchvision shufflenet": torchvision("shufflenet_v2_x0_5", 3, 64, 64, num_classes=10),
    "torchvision googlenet": torchvision("googlenet", 3, 64, 64, num_classes=10, aux_logits=False, init_weights=False),
    "torchvision densenet": torchvision("densenet121", 3, 64, 64, num_classes=10),
    "torchvision mobilenet": torchvision("mobilenet_v3_large", 3, 64, 64, num_classes=10),
    "torchvision r3d": torchvision("r3d_18", 3, 4, 32, 32, num_classes=10),
    "transformers bert": transformers("bert", "AutoModelForSequenceClassification", **LAYERS),
    "transformers gpt2": transformers("gpt2", "AutoModelForCausalLM", n_embd=32, n_layer=2, n_head=4, vocab_size=50),
    "transformers llama": transformers("llama", "AutoModelForCausalLM", **LAYERS, num_key_value_heads=2),
    "smp unet": segmentation,
    "monai segresnet": segresnet,
}  # fmt: skip


def prepared(name: str) -> tuple[nn.Module, Inputs]:
    """A base in float64: weights of some size everywhere, statistics those of its images."""
    torch.manual_seed(0)
    module, inputs = BASES[name]()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for path, stored in module.named_parameters():
            if stored.dim() < 2:
                near = 1.0 if path.endswith("weight") or "gamma" in path else 0.0
                stored.normal_(near, 0.2, generator=generator)
            elif "conv" not in path:
                stored.normal_(0, max(stored[0].numel(), 4) ** -0.5, generator=generator)
        norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
        for norm in norms:
            norm.train()
            norm.momentum, kept = 1.0, norm.momentum
            norm.kept = kept
        module.double()
        inputs = tuple(given.double() if given.is_floating_point() else given for given in inputs)
        module.eval()
        for norm in norms:
            norm.train()
        module(*inputs)
        for norm in norms:
            norm.momentum = norm.kept
            del norm.kept
    return module.eval(), inputs
