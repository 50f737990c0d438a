"""archscope diagram: what is said besides the picture."""

import re
from pathlib import Path

from tests.conftest import Run

LAYERS = ["diagram", "resnet18", "--level", "layer", "--page"]


def test_letters_that_are_too_small_for_a_page_are_told_and_which_has_room(run: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "layers.svg")
    code, _, told = run(*LAYERS, "column", "-o", out)
    assert (code, told) == (0, "archscope: the small letters are 3.4 pt on that page: --page a4 has 6.2 pt\n")
    assert run(*LAYERS, "a4", "-o", out) == (0, "", "")


def test_several_networks_in_a_column_are_to_be_closed(run: Run, tmp_path: Path) -> None:
    several = ["diagram", "lenet5", "nin_cifar10", "alexnet", "-l", "network", "--width", "40mm"]
    code, _, told = run(*several, "-o", str(tmp_path / "row.svg"))
    assert code == 0
    assert told.endswith(" pt on that page: close modules with --level network or --depth\n")


def test_a_width_at_which_the_picture_is_higher_than_a_page_is_told(run: Run, tmp_path: Path) -> None:
    code, _, told = run("diagram", "lenet5", "--width", "84mm", "-o", str(tmp_path / "tall.svg"))
    assert code == 0
    assert re.search(r"^archscope: it is \d{3} mm high, more than a page: --page a4 or column keeps", told, re.M)
    assert " high" not in run("diagram", "lenet5", "--page", "column", "-o", str(tmp_path / "within.svg"))[2]


def test_the_title_says_the_options_however_they_were_given(run: Run, tmp_path: Path) -> None:
    small = ["-l", "network", "-o", "-"]
    by_option = run("diagram", "xception", "--set", "middle_blocks=4", *small)[1]
    assert by_option == run("diagram", "xception?middle_blocks=4", *small)[1]
    assert "<title>Xception, middle_blocks=4</title>" in by_option
    both = run("diagram", "xception?middle_blocks=4", "--set", "num_classes=10", *small)[1]
    assert "<title>Xception, middle_blocks=4, num_classes=10</title>" in both
