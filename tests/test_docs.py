"""What README and docs show is run: every `$ archscope` line, with the output below it, and every Python block.

A block that opens with a name, ```python my_net.py, is a file that lies beside the page's commands.

`make snapshots` writes the outputs anew.
"""

import io
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import pytest

import archscope
from archscope import cli
from archscope.model.report import Report
from archscope.networks import catalogue
from archscope.views import formats
from tests import sources
from tests.conftest import EVERYTHING

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"```console\n(.*?)```", re.S)
PYTHON = re.compile(r"```python\n(.*?)```", re.S)
GALLERY = re.compile(r"!\[.*?\]\(.*?(gallery/[^)]*\.svg)\)")
FILE = re.compile(r"```(?:python|toml|yaml|text) (\S+\.\w+)\n(.*?)```", re.S)


def run(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    program, *arguments = shlex.split(command)
    assert program == "archscope", f"only archscope commands can be run: {command}"
    monkeypatch.chdir(folder)
    out = io.StringIO()
    with redirect_stdout(out):
        code = cli.app(arguments, standalone_mode=False)
    may_fail = arguments[0] in {"diff", "check"}  # 1: the networks differ, a limit is broken, as shown
    assert code in ({0, 1} if may_fail else {0, None}), command
    return out.getvalue()


@cache
def english() -> set[str]:
    """The console blocks of the pages that others say in another language."""
    pages = [page for page in PAGES if ".ko" not in page.suffixes]
    return {block for page in pages for block in CONSOLE.findall(page.read_text(encoding="utf-8"))}


def write_files(page: Path, folder: Path) -> None:
    for name, code in FILE.findall(page.read_text(encoding="utf-8")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")


def steps(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output shown for it."""
    for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, shown = step.partition("\n")
        yield command, shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if page.name == "audit.md" and not EVERYTHING:
        pytest.skip("eight counters in processes of their own, as tests/auditing runs them; in make everything")
    if page.name == "sources.md":
        pytest.importorskip("onnx", reason="the page reads ONNX files, which needs onnx: pip install onnx")
        sources.write(tmp_path)
    write_files(page, tmp_path)
    text = page.read_text(encoding="utf-8")
    renewed = text
    for block in CONSOLE.findall(text):
        if ".ko" in page.suffixes and block in english():  # run there
            continue
        made = ""
        for command, shown in steps(block):
            printed = run(command, tmp_path, monkeypatch)
            if shown.strip() == "...":
                printed = shown
            made += f"$ {command}\n{printed}"
        renewed = renewed.replace(block, made)
    if request.config.getoption("--update-snapshots"):
        page.write_text(renewed, encoding="utf-8")
    else:
        torchs = re.compile(r"counter \d+\.\d+\.\d+")  # its counter has the version of torch
        assert torchs.sub("counter", text) == torchs.sub("counter", renewed)
    for written in tmp_path.glob("*.svg"):
        shown_so = [ROOT / "docs" / path for path in GALLERY.findall(text) if written.stem in Path(path).stem]
        assert not shown_so or written.read_bytes() in [path.read_bytes() for path in shown_so], written.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    session: dict[str, object] = {"__name__": "docs"}  # a page is read from its top
    for block in PYTHON.findall(page.read_text(encoding="utf-8")):
        with redirect_stdout(io.StringIO()):
            exec(compile(block, str(page), "exec"), session)


def test_every_command_option_column_and_format_is_documented() -> None:
    docs = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    report: Report = archscope.summarize("xception")
    registered = [command for command in cli.app.registered_commands if command.callback]
    commands = [command.name or command.callback.__name__ for command in registered]
    for name in [*commands, *report.table_columns, *formats("report"), *catalogue()]:
        assert name in docs, name


def test_every_key_of_a_report_is_documented() -> None:
    page = (ROOT / "docs" / "report-schema.md").read_text(encoding="utf-8")
    data = archscope.summarize("xception").to_dict()
    layer_keys = set(data["layers"][0]) - set(archscope.summarize("xception").table_columns)
    for key in [*data, *layer_keys]:
        assert f"`{key}`" in page, key


def test_adding_a_network_works_as_its_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adding-a-network.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```py\n(.*?)```", page, re.S)
    entry, claims = re.findall(r"```toml\n(.*?)```", page, re.S)
    package = shutil.copytree(ROOT / "archscope", tmp_path / "archscope")
    (package / "networks" / "all_cnn.py").write_text(code, encoding="utf-8")
    with (package / "networks" / "catalogue.toml").open("a", encoding="utf-8") as catalogue:
        catalogue.write("\n" + entry)
    (package / "networks" / "claims" / "all_cnn.toml").write_text(claims, encoding="utf-8")
    command = [sys.executable, "-m", "archscope", "summary", "All-CNN-C"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "1,369,738 parameters: as published: 1.4 M (Table 3)" in done.stdout


IN_TURN = """
import shlex, sys
from archscope import cli
for place, command in enumerate(sys.argv[1:]):
    print(end="\\0" if place else "")
    sys.argv = shlex.split(command)
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code, command
"""
"""Each of its arguments is a command: importing torch once is enough."""


def test_what_contributing_adds_works_as_it_says(tmp_path: Path) -> None:
    """Each file of the page is added to a copy of the package, or, where it is there already, appended to it."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for folder in ("archscope", "templates", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("snapshots"))
    added = re.findall(r"```py (\S+)\n(.*?)```", page, re.S)
    for file, code in added:
        with (tmp_path / file).open("a", encoding="utf-8") as existing:
            existing.write(f"\n\n{code}")
    commands, shown = zip(*(step for block in CONSOLE.findall(page) for step in steps(block)), strict=True)
    lines = [sys.executable, "-c", IN_TURN, *commands]
    done = subprocess.run(lines, cwd=tmp_path, check=True, capture_output=True, text=True)
    for printed, expected in zip(done.stdout.split("\0"), shown, strict=True):
        assert printed.startswith(expected.removesuffix("...\n"))
    checks = ["tests/measures/test_against_torch.py", "-k", "grouped_and_dilated", "-q", "-n", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *checks, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.search(r"^[1-9]\d* passed", done.stdout, re.M), done.stdout


def test_the_citation_is_whole() -> None:
    """The keys that version 1.2.0 of the Citation File Format asks for, and the package's own version and license."""
    yaml = pytest.importorskip("yaml", reason="a dependency of fvcore")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert cited["message"] and cited["title"].startswith("archscope")
    assert all("name" in author or "family-names" in author for author in cited["authors"])
    assert (cited["version"], cited["license"]) == (archscope.__version__, package["license"])


FEW = ("xception-flow", "inception_v4-stem", "googlenet-plate", "alexnet-volume", "fpn-lanes")
"""One of each level."""


def test_the_gallery_is_what_archscope_draws() -> None:
    gallery = ROOT / "docs" / "gallery"
    draw = runpy.run_path(str(gallery / "draw.py"))
    if EVERYTHING:
        drawn = dict(draw["drawn"]())
        assert {path.stem for path in gallery.glob("*.svg")} == set(drawn)
    else:
        pictures = {file: draw["PICTURES"][file] for file in FEW}
        drawn = {file: str(archscope.diagram(name, **options)) for file, (name, options) in pictures.items()}
    for file, svg in drawn.items():
        assert svg == (gallery / f"{file}.svg").read_text(encoding="utf-8"), file
