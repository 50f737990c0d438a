"""What a user installs: the wheel, built from the tree and from the source distribution."""

import re
import subprocess
import sys
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


@pytest.mark.parametrize("origin", ["tree", "sdist"])
def test_wheel(origin: str, tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it is in the dev dependencies")
    source = ROOT
    if origin == "sdist":
        run("-c", SDIST, tmp_path)
        (source,) = tmp_path.glob("archscope-*.tar.gz")
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("archscope-*.whl")

    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    templates = {f"archscope/{name}" for name in files_below("templates")}
    assert templates
    assert "archscope/networks/catalogue.toml" in names
    assert names == files_below("archscope") | templates


def test_the_version_is_one() -> None:
    """Where it stands, what a user reads of it, what the wheel is called, and the newest section of the changes."""
    metadata = pytest.importorskip("hatchling.metadata.core", reason="hatchling is in the dev dependencies")
    plugins = pytest.importorskip("hatchling.plugin.manager").PluginManager()

    changes = re.findall(r"^## \D*(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert metadata.ProjectMetadata(str(ROOT), plugins).version == archscope.__version__
    assert changes[:1] == [archscope.__version__]
