"""Reads a library and a name a line, writes a row a line."""

import json
import sys

import torch

from tests.world.check import check
from tests.world.torchvision import import_torchvision


def main() -> None:
    torch.set_num_threads(1)
    import_torchvision()
    answers, sys.stdout = sys.stdout, sys.stderr  # what networks print is no answer
    for line in sys.stdin:
        answers.write(json.dumps(check(*json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
