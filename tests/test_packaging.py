"""What a user installs: the wheel, built from the tree and from the source distribution."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

import archscope

ROOT = Path(__file__).parent.parent
SDIST = "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"


def run(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files_below(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def wheel_of(source: Path, folder: Path) -> Path:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it is in the dev dependencies")
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("archscope-*.whl")
    return wheel


@pytest.mark.parametrize("origin", ["tree", "sdist"])
def test_wheel(origin: str, tmp_path: Path) -> None:
    source = ROOT
    if origin == "sdist":
        pytest.importorskip("hatchling", reason="hatchling is in the dev dependencies")
        run("-c", SDIST, tmp_path)
        (source,) = tmp_path.glob("archscope-*.tar.gz")

    names = {name for name in ZipFile(wheel_of(source, tmp_path)).namelist() if ".dist-info/" not in name}

    templates = {f"archscope/{name}" for name in files_below("templates")}
    assert templates
    assert {"archscope/networks/catalogue.toml", "archscope/networks/claims/xception.toml"} <= {*names}
    assert "archscope/py.typed" in names
    assert names == files_below("archscope") | templates


USED = """
import archscope

reveal_type(archscope.summarize("xception"))
reveal_type(archscope.summarize("xception").to_latex(depth=2, columns=["params"]))
reveal_type(archscope.compare("xception", "resnet50"))
reveal_type(archscope.diff("resnet18", "resnet34").verdict)
reveal_type(archscope.diagram("xception", level="block"))
reveal_type(archscope.spectrum("xception", [1, "depthwise"], options={"num_classes": 10}))
reveal_type(archscope.audit("xception"))
reveal_type(archscope.verify("xception"))
reveal_type(archscope.verify(equivalences=True))
reveal_type(archscope.networks()["xception"].network)
reveal_type(archscope.trace("xception").layers[0].output_shape)
archscope.summarize("xception", bacth=2)
archscope.diagram("xception", level="blok")
"""
SEEN = [
    'note: Revealed type is "archscope.model.report.Report"',
    'note: Revealed type is "str"',
    'note: Revealed type is "archscope.comparison.report.Comparison"',
    "note: Revealed type is \"Literal['identical'] | Literal['same_function'] | Literal['same_parameters'] | "
    "Literal['different'] | Literal['not_compared']\"",
    'note: Revealed type is "archscope.views.diagram.drawing.Diagram"',
    'note: Revealed type is "archscope.continuum.points.Spectrum"',
    'note: Revealed type is "archscope.auditing.Audit"',
    'note: Revealed type is "archscope.papers.verification.Verification"',
    'note: Revealed type is "archscope.papers.verification.Equivalences"',
    'note: Revealed type is "archscope.networks.Network"',
    'note: Revealed type is "tuple[int, ...]"',
    'error: Unexpected keyword argument "bacth" for "summarize"; did you mean "batch"?  [call-arg]',
    'note: "summarize" defined in "archscope.library"',
    'error: Argument "level" to "diagram" has incompatible type',
]


def test_a_user_sees_the_types_of_what_is_installed(tmp_path: Path) -> None:
    """In an environment that has archscope alone: mypy reads an installed package's types only where it says so."""
    pytest.importorskip("mypy", reason="mypy is in the dev dependencies")
    venv.create(tmp_path / "venv")
    python = next(path for path in (tmp_path / "venv").rglob("python*") if path.name in {"python", "python.exe"})
    (packages,) = (tmp_path / "venv").rglob("site-packages")
    ZipFile(wheel_of(ROOT, tmp_path)).extractall(packages)
    (tmp_path / "used.py").write_text(USED, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", os.devnull, "used.py"],
        cwd=tmp_path, env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    lines = [re.sub(r"^used.py:\d+: ", "", line) for line in done.stdout.splitlines() if line.startswith("used.py")]
    assert [line[: len(seen)] for line, seen in zip(lines, SEEN, strict=False)] == SEEN, done.stdout + done.stderr
    assert len(lines) == len(SEEN), done.stdout


def test_the_version_is_one() -> None:
    """Where it stands, what a user reads of it, what the wheel is called, and the newest section of the changes."""
    metadata = pytest.importorskip("hatchling.metadata.core", reason="hatchling is in the dev dependencies")
    plugins = pytest.importorskip("hatchling.plugin.manager").PluginManager()

    changes = re.findall(r"^## \D*(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert metadata.ProjectMetadata(str(ROOT), plugins).version == archscope.__version__
    assert changes[:1] == [archscope.__version__]
