"""LaTeX tables fit the text of an article, and go over pages where they must."""

import shutil
import subprocess
from pathlib import Path

import pytest

from archscope.views.latex import breakable
from archscope.views.latex_text import as_label, as_latex
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


LETTERS = (
    "cafe\u0301", "\u00df\u0439\u03b1\ud569\u5c42", "x\u0302\u0323 a\u0300\u0338", "\U0001f600", '<|"--">', "a\u200bb",
)  # fmt: skip
"""Joined marks, other scripts, marks on a letter that no sign has both of, signs that are others in old fonts."""


def test_letters_that_are_not_ascii_are_the_documents_or_their_number() -> None:
    assert as_latex(LETTERS[0]) == "caf\xe9"
    assert as_latex("\xdf") == "\\archscopeletter{00DF}{\xdf}"
    assert as_latex(LETTERS[4]) == r'\textless{}\textbar{}\string"-\allowbreak{}-\string"\textgreater{}'
    assert "DeclareRobustCommand" not in fill("page.tex", page=Page("all", "", [table("Xception")]))


ENGINES = {"pdflatex": "", "lualatex": r"\usepackage{fontspec}"}


def test_labels_tell_names_apart_that_are_not_latin() -> None:
    assert as_label("Réseau (v2)") == as_label("Re\u0301seau (v2)") == "Reseau-v2"
    names = ["망", "마", "신경망", "신_v2", "망_v2", "→", "xception"]
    labels = [as_label(name) for name in names]
    assert len(set(labels)) == len(names)
    assert all(label.isascii() and label.strip("-") == label != "" for label in labels)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [1, 60], ids=["on a page", "over pages"])
def test_tables_are_set_whatever_letters_their_names_have(engine: str, rows: int, tmp_path: Path) -> None:
    if not shutil.which(engine):
        pytest.skip(f"there is no {engine} here")
    tables = [table("".join(LETTERS), rows, left=(0, 1)), table(f"{LONG}.{LETTERS[1]}")]
    text = fill("page.tex", page=Page(LETTERS[1], LETTERS[0], tables))
    source = f"{ENGINES[engine]}\\usepackage{{array,booktabs,longtable}}\\begin{{document}}\\listoftables\n{text}"
    for _ in range(2):  # the list of tables is read from the first run
        said = compiled(engine, f"\\documentclass{{article}}{source}\\end{{document}}", tmp_path)
    assert "Missing character" not in said


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here")
def test_tables_fit_an_article(tmp_path: Path) -> None:
    tables = [table("Xception"), table(LONG), table("Xception, width_multiplier=0.5", 70)]
    tables += [Table(HEADINGS, [Line([LONG, *NUMBERS[:4], LONG])], (0, 5)), Table(["a", "b"], [Line([LONG, "1"], 2)])]
    text = fill("page.tex", page=Page("all", "", tables))
    packages = text.partition("needs ")[2].partition("\n")[0]
    source = f"\\documentclass{{article}}{packages}\\begin{{document}}{text}\\end{{document}}"
    said = compiled("pdflatex", source, tmp_path)
    assert "Overfull" not in said
    assert "too large" not in said


SOURCES = "; ".join(f"ResNet-{i}: its paper's Table {i} (ImageNet, single crop)" for i in range(400))


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here")
@pytest.mark.parametrize("rows", [1, 60], ids=["on a page", "over pages"])
def test_what_is_too_long_for_a_caption_stands_below(rows: int, tmp_path: Path) -> None:
    """Where 90 networks' accuracies are from was "Dimension too large", and a page of the list of tables."""
    said = [("MACs", "multiply-accumulates"), ("Published", SOURCES if rows > 1 else SOURCES[:2000])]
    found = Table(HEADINGS, [Line(["Xception", *NUMBERS])] * rows, caption=said)
    text = fill("page.tex", page=Page("all", "[many]", [found]))
    assert r"\caption[{[many]}]{[many]." in text
    assert text.index("multiply-accumulates") < text.index("Xception") < text.index("Published")
    source = f"\\usepackage{{array,booktabs,longtable}}\\begin{{document}}\\listoftables\n{text}"
    for _ in range(2):
        log = compiled("pdflatex", f"\\documentclass{{article}}{source}\\end{{document}}", tmp_path)
    assert "too large" not in log
    assert "Published" not in (tmp_path / "all.lot").read_text(encoding="utf-8")


def test_a_table_goes_over_pages_where_what_is_said_of_it_leaves_it_no_room() -> None:
    said = [("Published", SOURCES[:2000])]
    assert not table("Xception", 30).printed.is_long
    assert Table(HEADINGS, [Line(["Xception", *NUMBERS])] * 30, caption=said).printed.is_long


def compiled(program: str, source: str, folder: Path) -> str:
    """What LaTeX says of it."""
    (folder / "all.tex").write_text(source, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    return run.stdout
