"""Are archscope's times those of torch.utils.benchmark and, on a GPU, of triton's do_bench? Ratios within one run.

python tests/benchmarks/latency.py                   on the CPU, about five minutes
python tests/benchmarks/latency.py --device cuda     on a GPU too: exit code 0 with a line where there is none

The checks are those of `archscope selfcheck`; then two networks are compared twice, and a profile with every layer
marked is held against one without.
"""

import argparse
from statistics import median

import torch

from archscope.latency import Job, Options, device, marks
from archscope.latency.attribution import attribute
from archscope.latency.measuring import measure
from archscope.latency.runner import Runner
from archscope.model.report import Report
from archscope.selfcheck import selfcheck
from archscope.summary import job_of

PAIR = ("mobilenet", "resnet18")
PROFILED = 5


def job(name: str, batch: int) -> Job:
    return job_of(name, (3, 64, 64), None, [batch], "eval", "float32", {})


def ratio_of_pair(options: Options, batch: int) -> float:
    """Median of the one by median of the other, measured in turns."""
    found = measure([job(name, batch) for name in PAIR], options, [batch])
    first, second = (report.totals["wall_ms"]["median"] for report in found if isinstance(report, Report))
    return float(first / second)


def marked_by_unmarked(name: str, options: Options, batch: int) -> float:
    """Time in all operations with the layers marked, by that without: does watching disturb what it watches?"""
    runner = Runner(job(name, batch), batch, options)
    runner.load()
    runner.warm_up()
    unmarked = []
    for _ in range(PROFILED):
        runner.profile()
        with device.set_up(options):
            unmarked.append(attribute(marks.profiled(runner.network.step, options.on_cuda)).total_ms)
    return median([profile.total_ms for profile in runner.profiles]) / median(unmarked)


def main(arguments: argparse.Namespace) -> None:
    options = Options(arguments.device, seconds=arguments.seconds, threads=arguments.threads)
    if options.on_cuda and not torch.cuda.is_available():
        print("no CUDA device: nothing measured")
        return
    print(f"batch {arguments.batch}, one step of each in turn for {options.seconds:g} s")
    once, again = (ratio_of_pair(options, arguments.batch) for _ in range(2))  # before anything is profiled
    print(f"{' / '.join(PAIR)}: {once:.3f}, in a second run {again:.3f}, the latter {again / once:.3f} of the former")
    for check in selfcheck(options, arguments.batch):
        ratio = f"{check.ratio:.3f}" if check.ratio else check.why
        print(f"{check.case:38}  {check.what:18}  {ratio}", flush=True)
    for name in PAIR:
        print(f"{name:38}  {'marked / unmarked':18}  {marked_by_unmarked(name, options, arguments.batch):.3f}")
    setting = device.described(options)
    print(f"{setting['device_name']}, {setting['threads']} threads, load {setting['load']}, torch {torch.__version__}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=20.0)
    main(parser.parse_args())
