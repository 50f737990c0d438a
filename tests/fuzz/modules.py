"""Classes that do what a network should not: raise, end the process, print, change what is not theirs, return oddly.

Each row is a class of the file `hostile.py`: its name, and what its `forward` does before it returns `self.conv(x)`;
`init:` rows do it in the constructor, after the layer is made.
"""

ROWS = r"""
Raises: raise ValueError("no")
RaisesNothing: raise Exception
RaisesLines: raise ValueError("one\ntwo\nthree")
RaisesEscapes: raise ValueError("\x1b[31mred\u202e\x07")
RaisesHuge: raise ValueError("x" * 10_000_000)
RaisesSurrogate: raise ValueError("\ud800")
RaisesBroken: raise type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})
RaisesNoText: raise type("Odd", (Exception,), {"__str__": lambda self: None})
RaisesBase: raise BaseException("base")
RaisesGeneratorExit: raise GeneratorExit
RaisesStop: raise StopIteration
RaisesMemory: raise MemoryError
RaisesRecursion: self.forward(x)
RaisesOS: raise OSError(28, "No space left on device")
RaisesSystemExit: raise SystemExit(3)
RaisesSystemExitText: raise SystemExit("bye")
RaisesArchscope: raise __import__("archscope").ArchscopeError("mine")
RaisesAssertion: assert False
RaisesSyntax: exec("a b")
RaisesUnicode: b"\xff".decode()
RaisesKey: {}["\x1b[2J"]
RaisesImport: import nothing_of_this_name
RaisesInGroup: raise ExceptionGroup("all", [ValueError("one"), TypeError("two")])
RaisesFromItself: error = ValueError("loop"); error.__cause__ = error; raise error
RaisesWarning: import warnings; warnings.warn("careful\x1b[31m")
Exits: sys.exit(0)
ExitsOfCode: exit()
Prints: print("printed" * 1000)
PrintsRaw: os.write(1, b"raw\x1b[2J")
PrintsChild: import subprocess; subprocess.run(["echo", "child"])
ClosesOut: sys.stdout.close()
ClosesErr: sys.stderr.close()
NoOut: sys.stdout = None
NoErr: sys.stderr = None
OddOut: sys.stdout = object()
Forks: pid = os.fork(); pid or os._exit(0); os.waitpid(pid, 0)
ForksOn: pid = os.fork(); pid and os.waitpid(pid, 0)
Threads: t = threading.Thread(target=lambda: self.conv(torch.zeros(1, 3, 8, 8))); t.start(); t.join()
Daemon: threading.Thread(target=lambda: [print("tick") or time.sleep(0.01) for _ in range(100)], daemon=True).start()
AtExit: import atexit; atexit.register(lambda: print("bye") or 1 / 0)
Chdir: os.chdir("/")
Umask: os.umask(0o777)
Environment: os.environ.clear()
Argv: sys.argv.clear()
Path: sys.path.clear()
Modules: sys.modules.pop("json", None)
Limit: sys.setrecursionlimit(150)
Trace: sys.settrace(lambda *a: None)
Hook: sys.excepthook = lambda *a: print("hook")
Alarm: signal.signal(signal.SIGINT, signal.SIG_IGN)
Collects: gc.enable(); gc.collect(); gc.set_threshold(1)
Seeds: torch.manual_seed(0); random.seed(0)
Dtype: torch.set_default_dtype(torch.float64)
Grad: torch.set_grad_enabled(True)
Threads1: torch.set_num_threads(3)
Deterministic: torch.use_deterministic_algorithms(True)
PatchesConv: torch.nn.functional.conv2d = lambda *a, **k: 1 / 0
PatchesTensor: torch.Tensor.__add__ = lambda self, other: 7
PatchesCall: nn.Module.__call__ = lambda self, *a: 5
PatchesJson: json.dumps = lambda *a, **k: "x"
PatchesOpen: builtins.open = lambda *a, **k: 1 / 0
PatchesPrint: builtins.print = lambda *a, **k: 1 / 0
PatchesLen: builtins.len = lambda value: 3
ReturnsNone: return None
ReturnsNumber: return 3
ReturnsText: return "done"
ReturnsSelf: return self
ReturnsInput: return x
ReturnsEmpty: return ()
ReturnsNested: return {"a": [self.conv(x), (self.conv(x), {"b": None})], "c": 3}
ReturnsLoop: out = []; out.append(out); out.append(self.conv(x)); return out
ReturnsGenerator: return (self.conv(x) for _ in range(2))
ReturnsCoroutine: return later(self.conv(x))
ReturnsMany: return [self.conv(x) for _ in range(500)]
ReturnsParameter: return self.conv.weight
ReturnsSparse: return torch.eye(3).to_sparse()
ReturnsNumpy: return self.conv(x).detach().cpu().numpy()
ReturnsHostile: return Hostile()
ReturnsSubclass: return x.as_subclass(Sub)
ReturnsEmptyTensor: return self.conv(x)[:0]
ReturnsScalar: return self.conv(x).sum()
ReturnsComplex: return torch.fft.fft2(x)
ReturnsInt: return self.conv(x).argmax(1)
AddsLayers: self.extra = nn.Linear(3, 3); return self.extra(self.conv(x).mean((2, 3))[:, :3])
RemovesLayers: made = self.conv(x); del self.conv; return made
ReplacesLayers: self.conv = nn.Conv2d(3, 4, 1)
ChangesWeights: self.conv.weight.data.zero_()
ChangesShape: self.conv.weight = nn.Parameter(torch.zeros(2, 3, 1, 1))
ChangesInput: x.add_(1)
ChangesMode: self.train()
ResizesInput: x.resize_(1, 3, 2, 2)
Branches: return self.conv(x) if x.sum() > 0 else x
Loops: [x := self.conv.weight[:3, :3].sum() * x for _ in range(int(x.abs().sum()) % 5)]
Items: x.flatten()[0].item()
Lists: x.tolist()
Huge: torch.empty(2**40, 2**20, device="meta") + 1
HugeReal: torch.zeros(2**44)
Overflow: torch.empty(2**62, 4, device="meta")
Zero: return self.conv(x) / 0
Backward: self.conv(torch.zeros(1, 3, 8, 8, requires_grad=True)).sum().backward()
Jit: return torch.jit.trace(self.conv, torch.zeros(1, 3, 8, 8))(x)
Compiled: return torch.compile(self.conv, backend="eager")(x)
Vmap: return torch.vmap(self.conv)(x[None])[0]
Checkpoint: from torch.utils.checkpoint import checkpoint; return checkpoint(self.conv, x, use_reentrant=False)
Inference: return torch.inference_mode()(self.conv)(x)
Hooks: self.conv.register_forward_hook(lambda *a: 1 / 0)
HookText: self.conv.register_forward_hook(lambda *a: "text")
Files: open("left.txt", "w").close(); os.remove("left.txt")
Descriptors: os.closerange(3, 4)
Sleeps: time.sleep(0.2)
Deep: return nn.Sequential(*[nn.Identity() for _ in range(2000)])(self.conv(x))
Wide: return torch.cat([self.conv(x)] * 300, 1)
Distributed: torch.distributed.init_process_group("gloo")
Cuda: return self.conv(x.cuda())
Double: return self.conv(x.double())
Unhashable: return F.interpolate(self.conv(x), scale_factor=[2.0, 2.0], mode="bilinear", align_corners=False)
init:NoSuper: nn.Module.__init__(self)
init:RaisesAtOnce: raise RuntimeError("\x9b31m")
init:ExitsAtOnce: raise SystemExit
init:BaseAtOnce: raise GeneratorExit("early")
init:MemoryAtOnce: raise MemoryError
init:Nests: nest(self, 300)
init:NestsFew: nest(self, 60)
init:Escapes: self.add_module("a\x1b[31mb\u202e", nn.Conv2d(3, 3, 1))
init:Newlines: self.add_module("a\nb", nn.Conv2d(3, 3, 1))
init:Surrogates: self.add_module("a\ud800", nn.Conv2d(3, 3, 1))
init:LongName: self.add_module("a" * 10_000, nn.Conv2d(3, 3, 1))
init:Formula: self.add_module("=1+1|cmd", nn.Conv2d(3, 3, 1))
init:Markup: self.add_module("<script>&$x_1^2$%{}\\", nn.Conv2d(3, 3, 1))
init:Cyclic: self.conv.parent = self
init:Shared: self.other = self.conv
init:Lazy: self.lazy = nn.LazyConv2d(3, 1)
init:Frozen: self.requires_grad_(False)
init:HugeBuffer: self.register_buffer("b", torch.empty(2**50, device="meta"))
init:NoneBuffer: self.register_buffer("b", None)
init:Quantized: self.register_buffer("q", torch.quantize_per_tensor(torch.zeros(3), 1.0, 0, torch.quint8))
init:Property: type(self).shape = property(lambda self: 1 / 0)
init:Getattr: type(self).__getattr__ = lambda self, name: 1 / 0
init:Repr: type(self).__repr__ = lambda self: 1 / 0
init:Name: type(self).__name__ = "\x1b[2J\u202eName"
init:Hash: type(self).__hash__ = lambda self: 1 / 0
init:Eq: type(self).__eq__ = lambda self, other: 1 / 0
init:Slots: self.__dict__["training"] = "yes"
init:Copies: type(self).__deepcopy__ = lambda self, memo: 1 / 0
init:Signature: self.forward = lambda *a, **k: self.conv(a[0])
"""
HEAD = """
import builtins, gc, json, os, random, signal, sys, threading, time
import torch
from torch import nn
from torch.nn import functional as F

async def later(value):
    return value

class Hostile:
    def __getattr__(self, name):
        raise KeyboardInterrupt if name == "never" else AttributeError(name)

    def __iter__(self):
        return self

    def __next__(self):
        raise ValueError("no next")

class Sub(torch.Tensor):
    pass

def nest(module, levels):
    for _ in range(levels):
        module.inner = nn.Module()
        module = module.inner
    module.last = nn.Conv2d(3, 3, 1)

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        for name, module in list(self.named_modules())[2:]:
            added = isinstance(module, nn.Conv2d) and module.in_channels == 3 and module is not self.conv
            x = module(x) if added else x
        return self.conv(x)
"""

_rows = [
    (*row.removeprefix("init:").partition(": ")[::2], row.startswith("init:")) for row in ROWS.strip().splitlines()
]
CLASSES = [name for name, _, _ in _rows]


def _class(name: str, does: str, at_once: bool) -> str:
    body = f"        {does}\n"
    if at_once:
        return f"class {name}(Base):\n    def __init__(self):\n        super().__init__()\n{body}"
    return f"class {name}(Base):\n    def forward(self, x):\n{body}        return self.conv(x)\n"


SOURCE = HEAD + "\n\n".join(_class(*row) for row in _rows)
