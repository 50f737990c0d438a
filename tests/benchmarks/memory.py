"""How near is the predicted peak memory to the measured one? Writes docs/benchmarks/memory.md.

python tests/benchmarks/memory.py [NAME...]   on the CPU, about five minutes; memory does not depend on how busy it is
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from archscope.latency import Options
from archscope.latency.device import cpu_name
from archscope.latency.fitting import predicted_bytes
from archscope.latency.runner import Runner
from archscope.summary import job_of
from archscope.tracing import Mode

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "memory.md"
CASES = [
    ("alexnet", 227, 4), ("vgg16", 224, 1), ("googlenet", 128, 4), ("inception_v3", 139, 2), ("inception_v4", 139, 1),
    ("resnet18", 96, 4), ("resnet50", 96, 2), ("resnext50_32x4d", 96, 2), ("seresnet50", 96, 2), ("senet154", 64, 1),
    ("densenet121", 96, 2), ("mobilenet", 128, 4), ("xception", 139, 2), ("efficientnet_b0", 128, 4),
    ("vit_b_16", 224, 2),
]  # fmt: skip
"""Network, side of the image, batch."""


class Tagger(nn.Module):
    """A word a place: embedded, read by recurrent layers, and scored."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5000, 128)
        self.recurrent = kind(128, 256, 2, batch_first=True)
        self.score = nn.Linear(256, 20)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.score(self.recurrent(self.embedding(words))[0])
        return scores


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True)  # which drops a tenth
    return nn.TransformerEncoder(layer, 4)


SEQUENCES: dict[str, tuple[nn.Module, str, int]] = {
    "an LSTM of two layers, 200 words, batch 8": (Tagger(nn.LSTM), "200:int64", 8),
    "a GRU of two layers, 200 words, batch 8": (Tagger(nn.GRU), "200:int64", 8),
    "nn.TransformerEncoder of four layers, 128 places, batch 4": (encoder(), "128x256", 4),
}
"""Module, input, batch."""

HEAD = """# Predicted and measured memory

`python tests/benchmarks/memory.py` runs each network on the CPU and holds the highest memory of a step, by the
profiler's record of every allocation, against what is predicted from shapes alone (`peak_memory_bytes`, and in
training `training_peak_bytes`). The aim is 15 %. A prediction of inference adds what is torch's own: what a module
was given lives until its call returns, and oneDNN copies a convolution's weights and images into its layout, and its
result out of it, while it runs (`peak_memory_bytes` itself is any device's, and without both). A recurrent layer
holds the gates of all its steps while it runs. In training the backward pass is followed layer by layer: what a layer
kept goes as the gradients of its weights come, with oneDNN's copies, and the gradients that wait for a skip
connection or are added up in a weight that is used twice; an LSTM's workspace is oneDNN's, as it was found to grow
with its sizes.

On CUDA (an NVIDIA H200, torch 2.11.0, cuDNN 9.19; raw reports in cuda.zip, the table in [table3.md](table3.md))
Xception and Inception-v3 were measured with 1 and 32 images in float32, tf32 and bfloat16, channels first and last:
of 32 predictions 31 are within 10 % of what torch's allocator says, and 23 within 1.1 %. cuDNN copies what a
convolution reads and returns into the layout that its kernel wants, where that is another: with tf32 and half
precision channels last, with float32 channels first. What is off is in float32, where cuDNN transforms some 3x3
convolutions first (Winograd), in as much memory as its own tables say: Inception-v3 in training 0.90. LeNet-5, or an
LSTM of a few hundred KiB, take up to 8 MiB of cuDNN's besides.

Of twenty further networks of timm and torchvision, in training with a batch of 2, seventeen were within 10 %; the
others: ConvNeXt Atto, VGG-11 0.83 (a 7x7 convolution of 7x7 pixels copies its weights twice), DeepLabv3 0.85
(dilations of 12 and more take another kernel). Of another twenty eighteen were within 3 % (ConvNeXt Atto 0.87,
EdgeNeXt 0.83). In inference 23 of 26 others were within 6 % (StarNet 0.89, VoVNet 0.85, PVT-v2 1.20: a convolution of
transposed tokens is not copied); with only what is still read counted, 9 were.

Of 56 small networks of other kinds (one storage for several weights, forms of embeddings, frozen parts, every
optimizer, recurrent and attention layers, checkpoints, writing in place, tied and complex weights, Fourier
transforms, half precision) the training step was within 15 % on all but a packed LSTM (0.80) and a short-time Fourier
transform (0.70), mended since, as below; what `forward` takes out of training, by `torch.no_grad` or `detach`, is
predicted as if it were trained (1.65 and 1.17). Of 69 single operations it was on all but `atan2` (0.50), gathering
by an expanded index (0.58), a mean taken off (0.68), `addcmul` of one tensor (1.40) and `lerp` (1.65, as if both ends
were kept). In inference 45 of the 56 were within 15 %; what is left out shows in small networks: values that a name
in `forward` keeps when they are read no more (0.71 for a U-Net whose levels are names to its end). Of 14 others since
(volumes, recurrent and transposed layers, weights that are shared, what is written in place) eleven are within 10 %;
names in `forward` are the other three (0.77 to 0.81).

Which convolutions oneDNN runs torch decides by sizes, images and threads, and so does the prediction: a plain 1x1
convolution is a product of matrices on one thread and of fewer than 16 images, a single small image is laid out as all
its windows. Of 20 convolutions in five settings each, all are within 5 % in inference, and in training all but three
within 10 %: volumes dilated or of one pixel (0.80 to 1.20), and a strided 1x1 one (0.86). Larger strided 1x1 ones of
several images have 0.83, and so have kernels of even size padded to "same", which is a copy.

Recurrent layers alone, which the networks below have beside much else, were between 0.36 and 0.97: what is copied so
that steps come first, the gradients of gates, and what passes while the forward pass keeps were left out. Of 24
(LSTM, GRU and RNN, of one to three layers, in one direction and both, packed with sequences of several lengths or
not) 22 are within 15 % since; an RNN packed in both directions has 0.78, a GRU of three layers in both 1.18.
Sequences of equal length that are packed all the same torch gives to oneDNN since 2.13, which shapes do not tell (an
LSTM 0.60 to 0.76). Short-time Fourier transforms and their inverse, of six settings, are within 11 % (0.58 to 0.77
before), in inference within 10 % but the inverse (0.69).

With bfloat16 and float16 on the CPU a network of many layers is near (ResNet-18 and MobileNet of 2 images: 0.92 to
1.10), a single layer need not be: what torch and oneDNN hold besides in these types is not predicted. Of eleven layers
nine are within 12 % in inference with bfloat16 and seven with float16: convolutions have 0.29 to 1.44, in training
0.38 to 1.00, a batch normalisation there 0.50, a softmax 2.00.

"""


def measured_and_predicted(
    target: str | nn.Module, size: Any, batch: int, train: bool, threads: int = 1
) -> tuple[int, int]:
    mode: Mode = "train" if train else "eval"
    options = Options(train=train, threads=threads)
    runner = Runner(job_of(target, size, None, [batch], mode, "float32", {}), batch, options)
    runner.load()
    for _ in range(2):  # the optimizer makes its states in the first step
        runner.network.step()
    runner.measure_memory()
    return runner.measured_peak_memory_bytes or 0, predicted_bytes(runner.graph, train, library=options.library)


def main() -> None:
    rows = []
    cases: dict[str, tuple[str | nn.Module, Any, int]] = {
        f"{name}, {side} x {side}, batch {batch}": (name, (3, side, side), batch) for name, side, batch in CASES
    }
    chosen = {name: case for name, case in {**cases, **SEQUENCES}.items() if not sys.argv[1:] or any(
        name.startswith(word) for word in sys.argv[1:])}  # fmt: skip
    for name, case in chosen.items():
        cells = [name]
        for train in (False, True):
            measured, predicted = measured_and_predicted(*case, train)
            cells += [f"{measured / 2**20:,.0f}", f"{predicted / measured:.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    if sys.argv[1:]:
        return
    heading = "| Network | Inference, MiB | predicted / measured | Training, MiB | predicted / measured |"
    setting = (
        f"Measured with torch {torch.__version__} on one thread of an {cpu_name()}; training by SGD with momentum."
    )
    table = "\n".join([heading, "| :--- | ---: | ---: | ---: | ---: |", *rows])
    PAGE.write_text(f"{HEAD}{setting}\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
