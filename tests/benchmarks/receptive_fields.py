"""Receptive fields of networks that nobody here wrote against the extent of torch's gradient, layer by layer.

    python tests/benchmarks/receptive_fields.py            pytorchcv, and timm and torchvision where they are installed

writes docs/benchmarks/receptive-fields.md. Takes a quarter of an hour on two cores.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import archscope  # noqa: E402
from tests.foreign import NETWORKS  # noqa: E402
from tests.measures.gradients import Comparison, compared  # noqa: E402
from tests.world.torchvision import import_torchvision  # noqa: E402

PAGE = ROOT / "docs/benchmarks/receptive-fields.md"
MOST_MACS = 1e9
LAYERS = 3
SIDE = 224
MOST_SIDE = 331
TIMM = """convnext_atto convnextv2_atto edgenext_xx_small poolformer_s12 regnety_002 resnet10t hardcorenas_a lcnet_050
    mobilenetv3_small_050 mobilenetv4_conv_small mobileone_s0 repvgg_a0 repghostnet_050 ghostnet_050 tinynet_e
    starnet_s1 fasternet_t0 vit_tiny_patch16_224 swin_tiny_patch4_window7_224 mixer_s32_224 resmlp_12_224
    pit_ti_224 levit_128s efficientvit_b0 mobilevit_xxs xcit_nano_12_p16_224 maxvit_rmlp_pico_rw_256 cs3darknet_s
    cspdarknet53 dla34 hrnet_w18_small res2net50_14w_8s selecsls42 skresnet18 eca_resnet33ts gcresnet33ts
    volo_d1_224 coat_tiny twins_svt_small inception_next_atto""".split()
TORCHVISION = """alexnet squeezenet1_1 shufflenet_v2_x0_5 mnasnet0_5 mobilenet_v2 mobilenet_v3_small regnet_x_400mf
    resnet18 googlenet densenet121 efficientnet_b0""".split()

HEAD = """# Receptive fields against the gradient

Each line is a network that nobody here wrote. Of {layers} layers, evenly spaced from the last to the first, two places
are tried: the first and the last pixel that archscope says a place sees, against those for which the place has a
gradient (float64, positive weights that average, averages for maxima; of a field beyond the image its border).
*Global* and *unknown* layers have no number. Nothing else was found, unless the last column says so.

    {command}

pytorchcv {pytorchcv}, torch {torch}. Networks of more than {macs:.1f} G MACs are left out, and those of which torch
has no gradient because they write over what it needs.

| Network | Said | Equal | Global | Unknown | Other |
|---|---|---|---|---|---|
"""


def networks() -> Iterator[tuple[str, Callable[[], nn.Module], int]]:
    for name, (target, size) in NETWORKS.items():
        module, function = target.split(":")
        make, side = getattr(import_module(module), function), int(size.split("x")[1])
        if side > MOST_SIDE:  # for segmentation, at any multiple of 64
            make, side = partial(make, in_size=(256, 256)), 256
        yield f"pytorchcv {name}", make, side
    if find_spec("timm") and find_spec("torchvision"):
        import_torchvision()  # timm imports it
        for name in TIMM:
            find = import_module("timm").create_model
            yield f"timm {name}", partial(find, name), 256 if "256" in name else SIDE
        for name in TORCHVISION:
            yield f"torchvision {name}", partial(import_module("torchvision").models.get_model, name), SIDE


def said(module: nn.Module, side: int) -> str:
    """The total, in a word where there is no number; nothing for a network that is too large."""
    report = archscope.summarize(module, (3, side, side))
    if report.totals["macs"] > MOST_MACS:
        return ""
    total, scope = report.totals["receptive_field"], report.totals["receptive_field_scope"]["is"]
    return "x".join(map(str, total["size"])) if total else str(scope)


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    rows: list[tuple[str, str, Comparison]] = []
    for name, make, side in networks():
        try:
            module = make().eval()
            total = said(module, side)
            if total:
                rows.append((name, total, compared(module, (3, side, side), LAYERS)))
                print(name, total, rows[-1][2], flush=True)
                PAGE.write_text(page(rows), encoding="utf-8")
        except (RuntimeError, archscope.ArchscopeError) as error:
            print(name, "left out:", str(error).partition("\n")[0][:100], flush=True)


def page(rows: Sequence[tuple[str, str, Comparison]]) -> str:
    head = HEAD.format(
        layers=LAYERS, command="python tests/benchmarks/receptive_fields.py", macs=MOST_MACS / 1e9,
        pytorchcv=version("pytorchcv"), torch=torch.__version__,
    )  # fmt: skip
    lines = [
        f"| {name} | {total} | {found.equal} | {found.whole} | {found.unknown} | {'; '.join(found.wrong)} |"
        for name, total, found in rows
    ]
    sums = [sum(getattr(found, kind) for _, _, found in rows) for kind in ("equal", "whole", "unknown")]
    wrong = sum(len(found.wrong) for _, _, found in rows)
    lines.append(f"| **{len(rows)} networks** | | **{sums[0]}** | **{sums[1]}** | **{sums[2]}** | **{wrong}** |")
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
