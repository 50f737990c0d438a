"""A file as it was at a git revision, `HEAD~1:net.py`: its repository's code of then, in a folder of its own."""

import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from archscope.errors import ArchscopeError, EnvironmentFailure

CODE = (".py", ".json", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".txt", ".csv")
"""What a network may be built of: its code, and what that reads."""

LARGEST = 1 << 20
"""Bytes; a larger file is none of these, whatever it is called."""

_folders: list[TemporaryDirectory[str]] = []
"""They stay as long as the process: code may import its neighbours late."""


def file_at(place: str) -> tuple[Path, Path]:
    """`REV:path/net.py` as a file, beside what else the repository held at that revision, and the repository's top.

    Raises ArchscopeError where there is no repository, revision or file of that name, EnvironmentFailure without git.
    """
    revision, _, path = place.partition(":")
    refused = f"{place} is a file at a git revision, and this folder lies in no git repository"
    top = Path(_git(["rev-parse", "--show-toplevel"], Path.cwd(), refused).strip())
    whole = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    commit = _git(whole, top, f"git knows no revision {revision}").strip()
    inside = _inside(top, path)
    root = _tree(top, commit)
    if not (root / inside).is_file():
        raise ArchscopeError(f"cannot read {place}: {revision} has no such file")
    return root / inside, root


def _inside(top: Path, path: str) -> Path:
    """The path seen from the repository's top: as git takes it, or as seen from the working folder."""
    try:
        return (Path.cwd() / path).resolve().relative_to(top.resolve())
    except ValueError:
        raise ArchscopeError(f"{path} is not within the git repository {top}") from None


@cache
def _tree(top: Path, commit: str) -> Path:
    """The code of a commit, written to a temporary folder. No filter or hook of the repository runs."""
    listed = _git(["ls-tree", "-r", "-l", "-z", commit], top, f"git cannot list {commit}")
    wanted = [(blob, path) for blob, path in map(_entry, filter(None, listed.split("\0"))) if path]
    folder = TemporaryDirectory(prefix="archscope-", ignore_cleanup_errors=True)
    _folders.append(folder)
    for (_, path), content in zip(wanted, _contents(top, [blob for blob, _ in wanted]), strict=True):
        file = Path(folder.name, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return Path(folder.name).resolve()


def _entry(line: str) -> tuple[str, str]:
    """The blob and path of a line of `git ls-tree -l`; no path where it is no code."""
    about, _, path = line.partition("\t")
    mode, kind, blob, size = about.split()
    is_code = path.endswith(CODE) and ".." not in PurePosixPath(path).parts
    return blob, path if kind == "blob" and mode.startswith("100") and is_code and int(size) <= LARGEST else ""


def _contents(top: Path, blobs: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each blob, by one process."""
    found = _run(["cat-file", "--batch"], top, "\n".join(blobs).encode())
    rest = found.stdout
    for _ in blobs:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        yield rest[:size]
        rest = rest[size + 1 :]


def _git(arguments: Sequence[str], folder: Path, refused: str) -> str:
    done = _run(arguments, folder)
    if done.returncode:
        raise ArchscopeError(refused)
    return done.stdout.decode("utf-8", "surrogateescape")


def _run(arguments: Sequence[str], folder: Path, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    except OSError as error:
        raise EnvironmentFailure(f"a file at a revision needs git: {error.strerror}") from None
