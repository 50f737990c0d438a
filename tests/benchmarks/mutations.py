"""Does `archscope diff` see every mutant, and nothing in what is only written otherwise? docs/benchmarks/diff.md.

python tests/benchmarks/mutations.py                  all, about a quarter of an hour on two cores
python tests/benchmarks/mutations.py --each 1         one mutant of every kind of every base
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

import archscope
from tests.differences.bench.bases import BASES
from tests.differences.bench.rewrites import REWRITES
from tests.differences.bench.score import Judged, all_judged

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "diff.md"
Told = tuple[str, str, bool, tuple[str, ...], str, bool]
"""Base, kind, whether it is one function after all, faults, what was said, and whether the weights agree."""


def told(base: str, each: int) -> list[Told]:
    torch.set_num_threads(1)
    return [_told(one) for one in all_judged(each, weights=True, bases=[base])]


def _told(one: Judged) -> Told:
    return one.base, one.mutant.kind, one.same, one.faults, str(one), one.weights_agree


def rewritten(name: str) -> tuple[str, bool, bool]:
    """Is it called identical, and do the weights agree?"""
    one, other, size = REWRITES[name]
    torch.manual_seed(0)
    found = archscope.diff(one(), other(), size, weights=True)
    return name, found.verdict == "identical", found.proof is not None and found.proof.holds


def page(mutants: list[Told], rewrites: list[tuple[str, bool, bool]]) -> str:
    judged = [one for one in mutants if not one[2]]
    seen = sum(not any(fault.startswith("called") for fault in one[3]) for one in judged)
    whole = sum(not one[3] for one in judged)
    lines = [
        "# The bench of archscope diff", "",
        "`python tests/benchmarks/mutations.py` makes mutants of networks, asks `archscope diff` what they are, and",
        "holds it to what they compute: both run on the same images with the same weights. Mutants that give the same",
        "(a padding that no window sees, a rectifier twice) are counted apart. A sample runs in the tests.", "",
        f"- {len(judged)} mutants of {len({one[0] for one in mutants})} networks that compute something else: "
        f"{seen} are not called identical, of {whole} one row names the mutation and there is no other.",
        f"- {len(mutants) - len(judged)} mutants that compute the same at the images that were tried.",
        f"- `--weights` agrees with what the mutants compute on {sum(one[5] for one in mutants)} of {len(mutants)}.",
        f"- {sum(one[1] for one in rewrites)} of {len(rewrites)} other ways to write a function are called identical, "
        f"and `--weights` agrees on {sum(one[2] for one in rewrites)}.",
        "", "| mutation | mutants | not identical | one row, and the right one |", "| :--- | ---: | ---: | ---: |",
    ]  # fmt: skip
    kinds = Counter(one[1] for one in judged)
    for kind, count in kinds.items():
        of_kind = [one for one in judged if one[1] == kind]
        named = sum(not any(fault.startswith("called") for fault in one[3]) for one in of_kind)
        lines.append(f"| {kind} | {count} | {named} | {sum(not one[3] for one in of_kind)} |")
    left = [one[4] for one in judged if one[3]] + [name for name, same, _ in rewrites if not same]
    unlike = [one[4] for one in mutants if not one[5]]
    for heading, named in (
        ("What is not as it should be:", left),
        ("Where `--weights` says otherwise than the outputs:", unlike),
    ):
        lines += ["", heading, "", *(f"- `{each}`" for each in named)] if named else []
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=2, help="mutants of every kind, of every base")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        waiting = [pool.submit(told, base, asked.each) for base in BASES]
        rewrites = list(pool.map(rewritten, REWRITES))
        mutants = [one for each in waiting for one in each.result()]
    text = page(mutants, rewrites)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
