"""What a user installs: the wheel, built from the tree and from the source distribution."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

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


def versions(file: str, pattern: str) -> list[str]:
    return re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert versions("archscope/__init__.py", r'^__version__ = "(.+)"$') == [version]
    assert versions("CHANGELOG.md", r"^## \D*(\d+\.\d+\.\d+)")[:1] == [version]
