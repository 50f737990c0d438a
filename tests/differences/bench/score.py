"""What `archscope diff` says of each mutant, held to what the mutant computes."""

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

import archscope
from archscope.differences import Diff, compare
from archscope.differences.proof import prove
from archscope.model.report import Report
from tests.differences.bench.bases import BASES
from tests.differences.bench.mutants import Mutant, mutants, traced

EQUAL = 1e-10
"""Of outputs in float64, relative to the largest."""


UNREADABLE = re.compile(r"\bNone\b|\bnan\b|\b0\.\d+ times|(?<![\w.])-\d+ (times|of|blocks|layers|fewer|more)")
"""What no row may say."""


@dataclass(frozen=True)
class Judged:
    """One mutant of a base: what diff said, and what was wrong with that, in words; nothing where it was right."""

    base: str
    mutant: Mutant
    diff: Diff | None
    faults: tuple[str, ...]
    same: bool = False
    same_together: bool = False

    @property
    def weights_agree(self) -> bool:
        """Does the proof, where there is one, say what the outputs for two images together say?"""
        proof = self.diff.proof if self.diff else None
        return proof is None or proof.relative_error is None or proof.holds == self.same_together

    def __str__(self) -> str:
        rows = [] if self.diff is None else [row.what for row in self.diff.differences]
        verdict = "" if self.diff is None else self.diff.verdict
        return f"{self.base}: {self.mutant.what}: {'; '.join(self.faults) or 'right'} [{verdict}] {rows}"


def prepared(name: str) -> tuple[fx.GraphModule, Report]:
    """A base with weights that keep all that flows alive, and its report."""
    torch.manual_seed(0)
    make, size = BASES[name]
    net = make().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for path, stored in [*net.named_parameters(), *net.named_buffers()]:
            last = path.rpartition(".")[2]
            if last == "running_var":
                stored.uniform_(0.5, 2, generator=generator)
            elif last in {"running_mean", "bias"}:
                stored.normal_(0, 0.2, generator=generator)
            elif stored.dim() == 1 and stored.dtype.is_floating_point and last == "weight":
                stored.uniform_(0.5, 1.5, generator=generator)
    base = traced(_with_statistics(net, size, generator))
    return base, archscope.summarize(base, size)


def _with_statistics(net: nn.Module, size: tuple[int, ...], generator: torch.Generator) -> nn.Module:
    """Running statistics are those of images: else what flows dies in depth, and only the last biases are left."""
    norms = [part for part in net.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        net(torch.randn(4, *size, generator=generator) * 2)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return net.eval()


DRAWS = 3
"""Of weights: with one alone a channel may be dead, and what is done to it go unseen."""


def same_function(a: nn.Module, b: nn.Module, size: tuple[int, ...], together: bool = False) -> bool:
    """Do both give the same for the same weights and two images, one at a time as in a report, or `together` as for the
    proof? Not where they do not store the same."""
    stored = [{name: (value.shape) for name, value in net.named_parameters()} for net in (a, b)]
    if stored[0] != stored[1]:
        return False
    return all(_same_outputs(_drawn(a, draw), _drawn(b, draw), size, together) for draw in range(DRAWS))


def _drawn(net: nn.Module, draw: int) -> nn.Module:
    """A copy in float64, with its own weights or, at the next draws, with others."""
    net = _doubled(net)
    generator = torch.Generator().manual_seed(draw)
    with torch.no_grad():
        for _, parameter in sorted(net.named_parameters()) if draw else ():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(noise * parameter.abs().mean())
    return net


def _same_outputs(a: nn.Module, b: nn.Module, size: tuple[int, ...], together: bool) -> bool:
    images = torch.randn(2, *size, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2
    with torch.no_grad():
        batches = [images] if together else images.split(1)
        try:
            one, two = (torch.cat([_together(net(batch)) for batch in batches]) for net in (a, b))
        except RuntimeError:  # it takes one image at a time
            return False
    if one.numel() != two.numel():
        return False
    return bool((one.flatten() - two.flatten()).abs().max() <= EQUAL * one.abs().max())


def _together(outputs: Any) -> torch.Tensor:
    """All outputs of one pass, in a row."""
    return torch.cat([one.flatten() for one in outputs.values()]) if isinstance(outputs, dict) else outputs


def _doubled(net: nn.Module) -> nn.Module:
    return copy.deepcopy(net).double().eval()


def judged(base: str, mutant: Mutant, net: fx.GraphModule, report: Report, weights: bool = False) -> Judged:
    """What diff says of a mutant. With `weights`, its proof too."""
    size = BASES[base][1]
    same, together = (same_function(mutant.module, net, size, both) for both in (False, True))
    try:
        found = compare(archscope.summarize(mutant.module, size), report)
        if weights:
            found = found.proven(prove(found, mutant.module, net))
    except Exception as error:
        return Judged(base, mutant, None, (f"{type(error).__name__}: {error}",), same, together)
    return Judged(base, mutant, found, tuple(_faults(found, mutant, same)), same, together)


def _faults(found: Diff, mutant: Mutant, same: bool) -> Iterator[str]:
    rows = [row for row in found.differences if row.kind != "consequence"]
    for row in found.differences:
        if UNREADABLE.search(row.what):
            yield f"a row says {row.what}"
    if same:
        return
    training = re.search(r"momentum|: Dropout|dropout", mutant.what) and all(row.training for row in rows)
    if training and found.verdict == "same_function":
        return
    if found.verdict not in {"same_parameters", "different"}:
        yield f"called {found.verdict}"
    if found.proof is not None and found.proof.holds:
        yield "proven equal"
    if len(rows) != 1:
        yield f"{len(rows)} rows"
    if not any(re.search(mutant.says, row.what, re.IGNORECASE) for row in rows):
        yield f"no row says {mutant.says}"


def all_judged(each: int, weights: bool = False, bases: Sequence[str] = tuple(BASES)) -> Iterator[Judged]:
    """Of these bases so many mutants of every kind at most."""
    for base in bases:
        net, report = prepared(base)
        for mutant in mutants(net, BASES[base][1], each):
            yield judged(base, mutant, net, report, weights)
