"""Are archscope's times those of torch.utils.benchmark and, on a GPU, of triton's do_bench? Ratios within one run.

python tests/benchmarks/latency.py                   on the CPU, about three minutes
python tests/benchmarks/latency.py --device cuda     on a GPU too: exit code 0 with a line where there is none
"""

import argparse
import time
from collections.abc import Sequence
from statistics import median

import torch
from torch.utils.benchmark import Timer

from archscope.latency import Job, Options, device, marks
from archscope.latency.attribution import Profile, attribute
from archscope.latency.fitting import predicted_bytes
from archscope.latency.measuring import measure
from archscope.latency.runner import Runner
from archscope.model.report import Report
from archscope.summary import job_of

CASES = [("mobilenet", 128, False), ("resnet18", 64, False), ("inception_v3", 149, False), ("resnet18", 64, True)]
"""Network, side of the image, training."""
PAIR = ("mobilenet", "resnet18")
SECONDS = 20
"""Of turns in each case."""
PROFILED = 5
"""A profile every so many turns."""


def job(name: str, side: int, train: bool, batch: int) -> Job:
    return job_of(name, (3, side, side), None, [batch], "train" if train else "eval", "float32", {})


def loaded(case: tuple[str, int, bool], options: Options, batch: int) -> Runner:
    runner = Runner(job(*case, batch), batch, options)
    runner.load()
    runner.warm_up()
    return runner


def summed(profile: Profile) -> float:
    return sum(profile.layers_ms.values()) + profile.optimizer_ms + profile.unattributed_ms


def profile_sums(runner: Runner) -> tuple[float, float]:
    """Milliseconds in all operations of a step, with the layers marked and without."""
    runner.profile()
    with device.set_up(runner.options):
        plain = attribute(marks.profiled(runner.network.step, runner.options.on_cuda))
    return summed(runner.profiles[-1]), summed(plain)


def against_timer(case: tuple[str, int, bool], options: Options, batch: int) -> list[str]:
    """One step of each in turn: ours, torch's, now and then a profile."""
    runner = loaded(case, options, batch)
    timer = Timer("step()", globals={"step": runner.network.step}, num_threads=runner.setting["threads"])
    ours, theirs, marked, unmarked = [], [], [], []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(ours) < PROFILED:
        ours.append(runner.sample())
        with device.set_up(options):
            theirs.append(1000 * timer.timeit(1).median)
        if len(ours) % PROFILED == 1:
            sums = profile_sums(runner)
            marked.append(sums[0])
            unmarked.append(sums[1])
    whole = median(ours)
    name, side, train = case
    return [
        f"{name} {side}, {'training' if train else 'inference'}",
        f"{whole:.2f} ms",
        f"{whole / median(theirs):.3f}",
        f"{min(ours) / min(theirs):.3f}",
        f"{median(marked) / whole:.3f}",
        f"{median(marked) / median(unmarked):.3f}",
        *(on_gpu(runner) if options.on_cuda else []),
    ]


def on_gpu(runner: Runner) -> list[str]:
    """Against triton's do_bench; the layers against graph replay; peak memory against its prediction."""
    from triton.testing import do_bench

    with device.set_up(runner.options):
        triton_ms = do_bench(runner.network.step, return_mode="median")
    runner.replay()
    runner.measure_memory()
    replayed = median(runner.device_times_ms) if runner.device_times_ms else float("nan")
    measured = runner.measured_peak_memory_bytes or 0
    return [
        f"{median(runner.times_ms) / triton_ms:.3f}",
        f"{median([summed(profile) for profile in runner.profiles]) / replayed:.3f}",
        f"{measured / predicted_bytes(runner.graph, runner.options.train, runner.options.optimizer):.3f}",
    ]


def ratio_of_pair(options: Options, batch: int) -> float:
    """Median of the one by median of the other, measured in turns."""
    found = measure([job(name, 64, False, batch) for name in PAIR], options, [batch])
    first, second = (report.totals["wall_ms"]["median"] for report in found if isinstance(report, Report))
    return float(first / second)


def show(row: Sequence[str]) -> None:
    """At once: the next row takes a while."""
    print("  ".join(text.ljust(20) for text in row), flush=True)


def main(arguments: argparse.Namespace) -> None:
    options = Options(arguments.device, seconds=5, threads=arguments.threads)
    if options.on_cuda and not torch.cuda.is_available():
        print("no CUDA device: nothing measured")
        return
    heading = ["network", "archscope", "/ torch Timer", "fastest / fastest", "layers / whole", "marked / unmarked"]
    heading += ["/ do_bench", "layers / replay", "memory / predicted"] if options.on_cuda else []
    print(f"batch {arguments.batch}, one step of each in turn for {SECONDS} s")
    show(heading)
    for case in CASES:
        train = Options(arguments.device, train=case[2], seconds=5, threads=arguments.threads)
        show(against_timer(case, train, arguments.batch))
    once, again = ratio_of_pair(options, arguments.batch), ratio_of_pair(options, arguments.batch)
    print(f"{' / '.join(PAIR)}: {once:.3f}, in a second run {again:.3f}, the latter {again / once:.3f} of the former")
    setting = device.described(options)
    print(
        f"\n{setting['device_name']}, {setting['threads']} threads, load {setting['load']}, torch {torch.__version__}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int)
    main(parser.parse_args())
