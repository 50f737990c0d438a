"""What `archscope diff` says of foreign networks that were changed by hand: docs/benchmarks/foreign.md.

make world, and then python -m tests.world.mutants.judge [WORD ...]: those whose base or change has a word
"""

import re
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

import archscope
from archscope.differences import Diff, compare
from archscope.model.report import Report
from tests.world.mutants.bases import Inputs, prepared
from tests.world.mutants.by_hand import MUTANTS
from tests.world.mutants.changes import Mutant
from tests.world.mutants.rewrites import REWRITES
from tests.world.torchvision import import_torchvision

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks" / "foreign.md"
EQUAL = 1e-10
"""Of outputs in float64, relative to the largest."""

HEAD = """# Foreign networks, changed by hand

`python -m tests.world.mutants.judge` changes networks of {libraries} as people get them wrong, or write them otherwise,
and asks `archscope diff` what has changed; outputs for the same images with the same weights tell whether anything has.
The kinds are not those of [the bench](diff.md), whose mutants a program makes.

- {mutants} mutants of {bases} networks: {told} are not called identical, of {right} one row says what has changed, and there is no other.
- {rewrites} other ways to write them: {same} are called identical.

| Network | Change | Verdict | Rows | |
| :--- | :--- | :--- | :--- | :--- |
"""  # noqa: E501


@lru_cache(1)
def base(name: str) -> tuple[nn.Module, Inputs, Report]:
    module, inputs = prepared(name)
    return module, inputs, reported(module, inputs)


def reported(module: nn.Module, inputs: Inputs) -> Report:
    return archscope.summarize(module, input_data=tuple(given[:1] for given in inputs))


def same_outputs(a: nn.Module, b: nn.Module, inputs: Inputs) -> bool:
    stored = [[value.shape for value in net.parameters()] for net in (a, b)]
    with torch.no_grad():
        one, two = a(*inputs), b(*inputs)
    alike = stored[0] == stored[1] and one.shape == two.shape
    return alike and bool((one - two).abs().max() <= EQUAL * two.abs().max())


def rows(found: Diff) -> list[str]:
    return [row.what for row in found.differences if row.kind != "consequence"]


def faults(mutant: Mutant, found: Diff, same: bool) -> list[str]:
    """Of a mutant that is called what it is not, and of rows beside the one that it should have."""
    listed, wrong = rows(found), []
    expected = {"same_function"} if mutant.training else {"same_parameters", "different"}
    if same and not mutant.training:
        wrong.append("computes the same")
    if found.verdict not in expected:
        wrong.append(f"called {found.verdict}")
    if len(listed) != 1:
        wrong.append(f"{len(listed)} rows")
    if not any(re.search(mutant.says, row, re.IGNORECASE) for row in listed):
        wrong.append("no row says it")
    return wrong


def judged(mutant: Mutant, rewrite: bool) -> tuple[Diff | None, list[str]]:
    module, inputs, report = base(mutant.base)
    try:
        made = mutant.made(module)
        same = same_outputs(made, module, inputs)
        found = compare(reported(made, inputs), report)
    except Exception as error:
        return None, [f"{type(error).__name__}: {error}"[:300]]
    if rewrite:
        return found, [] if found.verdict == "identical" else [f"called {found.verdict}"]
    return found, faults(mutant, found, same)


def chosen(mutants: Sequence[Mutant], words: Sequence[str]) -> list[Mutant]:
    return [one for one in mutants if not words or any(word in f"{one.base}: {one.what}" for word in words)]


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    import_torchvision()
    words, lines, count = sys.argv[1:], [], Counter[str]()
    for rewrite, mutants in ((False, chosen(MUTANTS, words)), (True, chosen(REWRITES, words))):
        for mutant in mutants:
            found, wrong = judged(mutant, rewrite)
            listed = rows(found) if found else []
            verdict = found.verdict if found else "none"
            count["rewrites" if rewrite else "mutants"] += 1
            count["same" if rewrite else "right"] += not wrong
            count["told"] += not rewrite and verdict not in {"identical", "not_compared", "none"}
            note = "; ".join(wrong) or "right"
            lines.append(f"| {mutant.base} | {mutant.what} | {verdict} | {'; '.join(listed) or '-'} | {note} |")
            print(note, lines[-1], flush=True)
    print(dict(count))
    if not words:
        bases = {mutant.base for mutant in (*MUTANTS, *REWRITES)}
        libraries = ", ".join(sorted({name.split()[0] for name in bases}))
        PAGE.write_text(HEAD.format(libraries=libraries, bases=len(bases), **count) + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
