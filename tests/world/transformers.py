"""The networks of transformers: each kind that has a default configuration, with random weights.

What a default configuration leaves open, or what only fits another one, is filled in by rule. A network is tried in a
few ways, from the shortest to the whole: the first that its own code runs is the one that is measured.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from archscope.tracing.meta_build import Skeleton

Made = tuple[nn.Module, dict[str, torch.Tensor]]

AFFORDED = 400_000_000
"""Parameters that memory is spent on, where the meta device cannot answer what a network asks."""

TOKENS = 16
LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "encoder_layers", "decoder_layers")
STAGES = ("depths", "hidden_sizes", "embed_dims", "block_sizes", "num_stages")
"""Of a network in stages all stay: their widths would no longer fit."""


def names() -> list[str]:
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    return sorted(kind for kind, config in CONFIG_MAPPING.items() if config in MODEL_MAPPING)


def ways(name: str) -> Iterator[Callable[[], Made]]:
    """From what is usual to what is rare: few layers on meta, masks that need no values, all layers, values."""
    given = {"short": True, "real": False, "attention": None}
    for inputs in (main_input, required_inputs, all_inputs):
        yield partial(network, name, inputs, **given)
    for other in ({"attention": "eager"}, {"short": False}, {"real": True}, {"real": True, "attention": "eager"}):
        for inputs in (required_inputs, all_inputs):
            yield partial(network, name, inputs, **given | other)


def network(
    name: str, given: Callable[[nn.Module], list[str]], *, short: bool, real: bool, attention: str | None
) -> Made:
    from transformers import CONFIG_MAPPING, AutoModel
    from transformers.initialization import no_init_weights

    config = CONFIG_MAPPING[name](**OPTIONS.get(name, {}))
    settle(config, short)
    options = {"attn_implementation": attention} if attention else {}
    with Skeleton():
        module = AutoModel.from_config(config, **options).eval()
    if real:
        if sum(parameter.numel() for parameter in module.parameters()) > AFFORDED:
            raise NotImplementedError("it asks for values, and has too many weights to give them")
        with no_init_weights():  # whatever the memory holds
            module = AutoModel.from_config(config, **options).eval()
    return module, {word: INPUTS[word](config) for word in given(module)}


# ---- configurations ------------------------------------------------------------------------------------------------


OPTIONS: dict[str, dict[str, Any]] = {
    "chameleon": {"vocabulary_map": {"<image>": 4}},
    "emu3": {"vocabulary_map": {"<image>": 4}},
    "esm": {"vocab_size": 33, "pad_token_id": 1},
    "aya_vision": {"vision_config": {"model_type": "siglip_vision_model"}},
    **{kind: {"prediction_length": 8} for kind in ("autoformer", "informer", "time_series_transformer")},
}
"""What a kind has no default for."""


def settle(config: Any, short: bool) -> None:
    """A configuration and those within it: two layers, products of experts that need no values, what is left open."""
    if short and not any(getattr(config, word, None) for word in STAGES):
        for word in LAYERS:
            if isinstance(getattr(config, word, None), int):
                setattr(config, word, min(2, getattr(config, word)))
    config._experts_implementation = "batched_mm"
    said = vars(config)
    heads, width = said.get("num_attention_heads"), said.get("hidden_size")
    if isinstance(heads, int) and isinstance(width, int):
        left_open = {"num_key_value_heads": heads, "head_dim": width // heads, "num_experts_per_tok": 2}
        for word, value in left_open.items():
            if said.get(word, value) is None:
                setattr(config, word, value)
        turned(config, said.get("head_dim", width // heads))
    for inner in vars(config).values():
        if hasattr(inner, "model_type"):
            settle(inner, short)


def turned(config: Any, size: int) -> None:
    """Rotary embeddings of time, height and width share a head: three eighths each for the last two."""
    rotation = getattr(config, "rope_parameters", None)
    if config.model_type.startswith("glm") and isinstance(rotation, dict):
        half = int(size * rotation.get("partial_rotary_factor", 1)) // 2
        rotation.setdefault("mrope_section", [half - 2 * (3 * half // 8), 3 * half // 8, 3 * half // 8])


# ---- inputs --------------------------------------------------------------------------------------------------------


def main_input(module: nn.Module) -> list[str]:
    return [module.main_input_name]


def required_inputs(module: nn.Module) -> list[str]:
    """With what has no default, and what a decoder starts from."""
    taken = inspect.signature(module.forward).parameters
    needed = [word for word, parameter in taken.items() if parameter.default is parameter.empty and word in INPUTS]
    return list(dict.fromkeys([module.main_input_name, *needed, *[w for w in taken if w == "decoder_input_ids"]]))


def all_inputs(module: nn.Module) -> list[str]:
    """Whatever it takes of what is known here."""
    return [word for word in inspect.signature(module.forward).parameters if word in INPUTS]


def image(*size: int) -> torch.Tensor:
    return torch.empty(1, *size, device="meta")


def indices(*size: int) -> torch.Tensor:
    return torch.zeros(1, *size, dtype=torch.long, device="meta")


def within(config: Any, word: str, otherwise: Any = None) -> Any:
    """What a configuration, or one within it, says."""
    inner = [each for each in vars(config).values() if hasattr(each, "model_type")]
    found = [getattr(config, word, None), *[within(each, word) for each in inner]]
    return next((value for value in found if value is not None), otherwise)


def sides(config: Any) -> tuple[int, int]:
    side = within(config, "image_size", 224)
    if hasattr(config, "scaled_images_ratios"):  # an image and smaller ones, cut into patches
        side = int(config.patch_size / min(config.scaled_images_ratios))
    return tuple(side[-2:]) if isinstance(side, list | tuple) else (side, side)


def picture(config: Any) -> torch.Tensor:
    channels = within(config, "num_channels", within(config, "in_channels", 3))
    if "keypoint_detector_config" in vars(config) or config.model_type == "efficientloftr":
        return image(2, channels, 480, 640)  # two to be matched
    return image(channels, *sides(config))


def clip(config: Any) -> torch.Tensor:
    return image(within(config, "num_frames", 8), 3, *sides(config))


def waveform(config: Any) -> torch.Tensor:
    """Mel bands over time where a network takes them under this name; one channel where it codes sound."""
    bands, length = getattr(config, "num_mel_bins", None), getattr(config, "max_length", None)
    if bands and length:
        return image(length, bands)
    coder = within(config, "sampling_rate") and (within(config, "codebook_size") or within(config, "codebook_dim"))
    return image(1, 19_200) if coder else image(16_000)


def spectrogram(config: Any) -> torch.Tensor:
    """Mel bands first where there is a position for each frame, as in Whisper."""
    bands = within(config, "num_mel_bins", within(config, "input_feat_size", 80))
    positions = within(config, "max_source_positions", 0)
    if hasattr(config, "audio_config") and within(config, "spec_size"):  # CLAP: an image of a spectrogram
        return image(1, 1001, bands)
    return image(bands, 2 * positions) if 0 < positions < 4000 else image(200, bands)


GRID = (1, 8, 8)
"""Patches of an image: time, height, width."""


def patches(config: Any) -> torch.Tensor:
    side, time = within(config, "patch_size", 14), within(config, "temporal_patch_size", 1)
    side = side[0] if isinstance(side, list | tuple) else side
    channels = within(config, "in_channels", within(config, "in_chans", within(config, "num_channels", 3)))
    return torch.empty(GRID[0] * GRID[1] * GRID[2], channels * time * side**2, device="meta")


def series(config: Any) -> torch.Tensor:
    return image(config.context_length, config.num_input_channels)


INPUTS: dict[str, Callable[[Any], torch.Tensor]] = {
    "pixel_values": picture,
    "pixel_values_videos": clip,
    "input_ids": lambda config: indices(TOKENS),
    "decoder_input_ids": lambda config: indices(TOKENS),
    "qformer_input_ids": lambda config: indices(TOKENS),
    "input_values": waveform,
    "input_features": spectrogram,
    "input_features_mask": lambda config: torch.ones(1, 200, dtype=torch.bool, device="meta"),
    "bbox": lambda config: indices(TOKENS, 4),
    "hidden_states": patches,
    "grid_thw": lambda config: torch.tensor([GRID]),
    "image_grid_thw": lambda config: torch.tensor([GRID]),
    "query_embeds": lambda config: image(32, config.hidden_size),
    "past_values": series,
    "visual_feats": lambda config: image(10, config.visual_feat_dim),
    "visual_pos": lambda config: image(10, config.visual_pos_dim),
    "task_inputs": lambda config: indices(within(config, "task_seq_len", 77)),
}
