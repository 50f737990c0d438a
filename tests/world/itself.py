"""Is each network of the world the same as itself? Built twice, traced twice, compared: `python -m tests.world.itself`.

`--only timm` takes a library; a row a network goes to itself.jsonl, so that a run that was stopped goes on where it
was. On the meta device alone: two instances have no weights in common, and need none. Prints what is not identical.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils._pytree import tree_map_only

import archscope
from archscope.differences import compare
from archscope.model.report import Report
from tests.world.networks import Made, ways
from tests.world.run import ROOT, listed

ROWS = ROOT / "itself.jsonl"
MOST_LAYERS = 4000
"""Of larger ones, of which there are a few, a comparison takes minutes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one library, or library/name")
    parser.add_argument("--most", type=int, default=10**6, help="networks a library")
    parser.add_argument("--every", type=int, default=1, help="take each so many")
    parser.add_argument("--seconds", type=int, default=10**6, help="stop after so many")
    parser.add_argument("--rows", type=Path, default=ROWS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    known = [json.loads(line) for line in options.rows.read_text().splitlines()] if options.rows.is_file() else []
    done = {(row["library"], row["name"]) for row in known}
    end = time.monotonic() + options.seconds
    with options.rows.open("a", encoding="utf-8") as rows:
        for library, name in listed(options.only, options.most)[:: options.every]:
            if (library, name) in done or time.monotonic() > end:
                continue
            row = {"library": library, "name": name, "said": itself(library, name)}
            known.append(row)
            rows.write(json.dumps(row) + "\n")
            rows.flush()
            if row["said"] not in {"identical", *LEFT_OUT}:
                print(library, name, row["said"], flush=True)
    print(dict(Counter(row["said"] if row["said"] in {"identical", *LEFT_OUT} else "other" for row in known)))


NOT_ON_META, TOO_LARGE = "not on meta", "too large"
LEFT_OUT = {NOT_ON_META, TOO_LARGE}


def itself(library: str, name: str) -> str:
    """The verdict, with the first rows where there are any; or why there is none."""
    filled = (way for way in ways(library, name) if not way.keywords.get("real"))  # the others hold what memory holds
    reports = next(filter(None, map(both, filled)), None)
    if reports is None:
        return NOT_ON_META
    if len(reports[0].graph.layers) > MOST_LAYERS:
        return TOO_LARGE
    try:
        found = compare(*reports)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if found.verdict == "identical":
        return found.verdict
    rows = [row.what for row in found.differences[:3]] or list(found.not_compared[:3])
    return f"{found.verdict}: {'; '.join(rows)}"


def both(build: Callable[[], Made]) -> list[Report] | None:
    """Of two that are built so; None where it cannot be, or does not run on meta."""
    try:
        return [measured(build), measured(build)]
    except Exception:
        return None


def measured(build: Callable[[], Made]) -> Report:
    torch.manual_seed(0)  # what a detector does depends on its weights
    module, inputs = build()
    given = tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), inputs)
    return archscope.summarize(module, input_data=given)


if __name__ == "__main__":
    main()
