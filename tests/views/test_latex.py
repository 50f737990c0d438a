"""LaTeX tables fit the text of an article, and go over pages where they must."""

import shutil
import subprocess
from pathlib import Path

import pytest

from archscope.views.latex import breakable
from archscope.views.page import Line, Page, Table
from archscope.views.templates import fill

NUMBERS = ["3x299x299", "22,855,952", "8.357 G", "114.8 MiB", "1083x1083"]
HEADINGS = ["Network", "Input", "Parameters", "MACs", "Inference peak memory", "Receptive field"]
LONG = "inception_resnet_a.residual1.body.concat1.conv3x3.conv1.conv, in the reference mixed.double3x3.conv3.conv"


def table(name: str, rows: int = 3, left: tuple[int, ...] = (0,)) -> Table:
    return Table(HEADINGS, [Line([name, *NUMBERS]) for _ in range(rows)], left)


def test_letters_grow_smaller_before_words_are_broken() -> None:
    small, wide, wider = (table(name).printed for name in ("Xception", "Xception, middle_blocks=4", LONG))
    assert (small.letters.name, small.columns, len(small.heads)) == ("", "lrrrrr", 3)
    assert (wide.letters.name, wide.columns, wide.packages) == (r"\footnotesize", "@{}lrrrrr@{}", {"booktabs"})
    assert list(wider.widths) == [0]
    assert wider.packages == {"array", "booktabs"}
    assert table("Xception", left=(0, 5)).printed.columns == "lrrrrl"
    assert table("Xception", 60).printed.packages == {"booktabs", "longtable"}


def test_what_is_too_wide_in_any_letters_says_so_and_what_to_do() -> None:
    wide = Table([*HEADINGS, *HEADINGS], [Line(["Xception", *NUMBERS, *NUMBERS, *NUMBERS[:1]])], (0,))
    text = fill("page.tex", page=Page("all", "", [wide]))
    (hint,) = [line for line in text.splitlines() if line.startswith("% About ")]
    assert "take fewer --columns" in hint
    assert "% About " not in fill("page.tex", page=Page("all", "", [table(LONG)]))


def test_paths_break_at_their_points_and_numbers_nowhere() -> None:
    assert breakable("a.conv1_b/c, 0.5 and 1.5x", "|") == "a.|conv1_|b/|c, 0.5 and 1.5x"
    assert breakable("", "|") == ""


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here")
def test_tables_fit_an_article(tmp_path: Path) -> None:
    tables = [table("Xception"), table(LONG), table("Xception, width_multiplier=0.5", 70)]
    tables += [Table(HEADINGS, [Line([LONG, *NUMBERS[:4], LONG])], (0, 5)), Table(["a", "b"], [Line([LONG, "1"], 2)])]
    text = fill("page.tex", page=Page("all", "", tables))
    packages = text.partition("needs ")[2].partition("\n")[0]
    (tmp_path / "all.tex").write_text(
        f"\\documentclass{{article}}{packages}\\begin{{document}}{text}\\end{{document}}", encoding="utf-8"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Overfull" not in run.stdout
    assert "too large" not in run.stdout
