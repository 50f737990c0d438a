"""`--as fvcore` against timm's own table, which fvcore counted: `python -m tests.world.timms_table FILE`.

FILE is one of timm's `results/benchmark-infer-*.csv`, whose GMACs and millions of activations have two decimals. timm
merges what can be merged before it counts (`reparameterize_model`), and takes no fused attention; so is it done here.
`--every 3` takes a third of the rows. Prints what is further off than two decimals can tell, and how many are not.
"""

import argparse
import csv
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

os.environ["TIMM_FUSED_ATTN"] = "0"

import torch

import archscope
from archscope.auditing.counters import counted_as
from archscope.model.report import Report
from tests.world.torchvision import import_torchvision

ROUNDED = 0.00501
"""Half of the last decimal."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take each so many")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    said: Counter[str] = Counter()
    with options.table.open(newline="", encoding="utf-8") as lines:
        for row in [*csv.DictReader(lines)][:: options.every]:
            found = compared(row)
            said.update([*found] or ["equal"])
            if found:
                print(row["model"], row["infer_img_size"], "; ".join(found.values()), flush=True)
    print(dict(said))


def compared(row: dict[str, str]) -> dict[str, str]:
    """What differs, in words; why there is nothing to compare."""
    try:
        report = reported(row["model"], int(row["infer_img_size"]))
    except Exception as error:
        return {"not run": f"{type(error).__name__}: {str(error)[:100]}"}
    theirs: dict[str, Any] = {
        "parameters": (row["param_count"], report.totals["params"] / 1e6),
        "MACs": (row["infer_gmacs"], report.totals["fvcore"] / 1e9),
        "activations": (row["infer_macts"], report.totals["activations"] / 1e6),
    }
    numbers = {what: (float(published.replace(",", "")), own) for what, (published, own) in theirs.items()}
    return {
        what: f"{what} {own:.3f} instead of {published}"
        for what, (published, own) in numbers.items()
        if abs(own - published) > ROUNDED
    }


def reported(name: str, side: int) -> Report:
    import_torchvision()
    import timm
    from timm.utils.model import reparameterize_model

    with torch.device("meta"):
        try:
            module = timm.create_model(name, img_size=side)
        except TypeError:  # a network that takes any size
            module = timm.create_model(name)
        module = reparameterize_model(module.eval())
    return counted_as(archscope.summarize(module, (module.pretrained_cfg["input_size"][0], side, side)), "fvcore")


if __name__ == "__main__":
    main()
