"""How near is the predicted peak memory to the measured one? Writes docs/benchmarks/memory.md.

python tests/benchmarks/memory.py      on the CPU, about five minutes; memory does not depend on how busy the machine is
"""

from pathlib import Path

import torch

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
]  # fmt: skip
"""Network, side of the image, batch."""

HEAD = """# Predicted and measured memory

`python tests/benchmarks/memory.py` runs each network on the CPU and holds the highest memory of a step, by the
profiler's record of every allocation, against what is predicted from shapes alone (`peak_memory_bytes`, and in training
`training_peak_bytes`). The aim is 15 %. What a prediction leaves out is torch's own: oneDNN copies the weights of a
convolution into its layout while it runs, which small images cannot hide; in training a prediction takes all that is
kept to be there at once, although the backward pass frees it layer by layer while the gradients come.

"""


def measured_and_predicted(name: str, side: int, batch: int, train: bool) -> tuple[int, int]:
    mode: Mode = "train" if train else "eval"
    options = Options(train=train, threads=1)
    runner = Runner(job_of(name, (3, side, side), None, [batch], mode, "float32", {}), batch, options)
    runner.load()
    for _ in range(2):  # the optimizer makes its states in the first step
        runner.network.step()
    runner.measure_memory()
    return runner.measured_peak_memory_bytes or 0, predicted_bytes(runner.graph, train)


def main() -> None:
    rows = []
    for name, side, batch in CASES:
        cells = [f"{name}, {side} x {side}, batch {batch}"]
        for train in (False, True):
            measured, predicted = measured_and_predicted(name, side, batch, train)
            cells += [f"{measured / 2**20:,.0f}", f"{predicted / measured:.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    heading = "| Network | Inference, MiB | predicted / measured | Training, MiB | predicted / measured |"
    setting = (
        f"Measured with torch {torch.__version__} on one thread of an {cpu_name()}; training by SGD with momentum."
    )
    table = "\n".join([heading, "| :--- | ---: | ---: | ---: | ---: |", *rows])
    PAGE.write_text(f"{HEAD}{setting}\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
