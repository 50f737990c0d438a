"""What archscope keeps in the user's cache folder. Whatever is wrong there is done without: it costs time alone.

The command line keeps answers about networks that anyone can build by name, so that the next one needs no torch; a
program that uses the library has no cache of them. An entry is named by a digest of all that its answer depends on.
"""

import contextlib
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, TypeVar

from archscope import signals

T = TypeVar("T")

LARGEST_TOTAL = 128 * 2**20
"""Bytes of all answers: beyond it those go that were not asked for the longest, until a quarter is free."""
LARGEST_ENTRY = 64 * 2**20
"""Bytes of one as JSON: more is written, and read, no faster than a network is traced."""
SETTINGS = sorted(item for item in os.environ.items() if item[0].startswith(("PYTORCH", "TIMM_", "TORCH")))
"""Environment variables that can change what a library builds, before torch adds its own."""

_keeping = ContextVar("_keeping", default=False)


def folder() -> Path:
    """The user's; without a home one that cannot be: nothing is read from it, and nothing written."""
    home = os.path.expanduser("~")
    own = Path(home) / ".cache" if os.path.isabs(home) else Path(os.devnull)
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given if os.path.isabs(given) else own) / "archscope"  # others are ignored, as their standard has it


def write(path: Path, content: bytes) -> None:
    """Whole or not at all; what cannot be written is done without."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    signals.temporaries.add(temporary)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
    signals.temporaries.discard(temporary)


# ---- answers ---------------------------------------------------------------------------------------------------


def use(wanted: bool = True) -> None:
    """Keep answers from here on, or no longer."""
    _keeping.set(wanted)


def kept(
    asked: Sequence[Any],
    libraries: Sequence[str],
    make: Callable[[], T],
    plain: Callable[[T], Any],
    back: Callable[[Any], T],
) -> T:
    """The answer to what is `asked`: from the cache, or else made now, and kept as the plain data that `plain` gives.

    It depends on what is asked, word by word, on archscope's source, and on the releases of the `libraries`. Where one
    of them cannot be told, it is made each time.
    """
    path = _path(asked, libraries) if _keeping.get() else None
    if path is None:
        return make()
    data = _read(path)
    if data is not None:
        return back(data)
    before = _keeping.set(False)  # what the answer is made of is not kept besides
    try:
        made = make()
    finally:
        _keeping.reset(before)
    _keep(path, plain(made))
    return made


def _path(asked: Sequence[Any], libraries: Sequence[str]) -> Path | None:
    releases = [_release(library) for library in libraries]
    if None in releases:
        return None
    depends = repr((*asked, sys.version, SETTINGS, _source(), releases))
    return _answers() / _digest(depends.encode("utf-8", "backslashreplace")).hex()


def _answers() -> Path:
    return folder() / "answers"


@cache
def _source() -> str:
    """A digest of archscope's own code and tables."""
    own = Path(__file__).parent
    files = sorted(path for suffix in ("py", "toml") for path in own.rglob(f"*.{suffix}"))
    return _digest(b"".join(f"\0{file.relative_to(own)}\0".encode() + file.read_bytes() for file in files)).hex()


def _digest(content: bytes) -> bytes:
    import hashlib  # loads OpenSSL, which what asks for no answer does without

    return hashlib.sha256(content).digest()


def _release(library: str) -> tuple[str, int] | None:
    """What the installer says of a library beside it: its release, and when that came there. Nothing is imported.

    None for one that has nothing beside it: a folder of somebody's own, whose code may change at any time.
    """
    found = PathFinder.find_spec(library, [os.getcwd(), *sys.path])  # as a target of this library looks for it
    if found is None or found.origin is None:
        return None
    beside = [*Path(found.origin).parent.parent.glob(f"{library}-*.dist-info")]
    return (str(beside[0]), beside[0].stat().st_mtime_ns) if len(beside) == 1 else None


# An entry is a digest of the rest, and the rest: zlib of JSON.


def _read(path: Path) -> Any:
    """The data of an entry; None where there is none. One that is not whole is removed."""
    with contextlib.suppress(OSError):
        if path.exists() and not path.is_file():  # a pipe, say, in which nobody writes
            return None
        content = path.read_bytes()
        if _digest(content[32:]) == content[:32]:
            os.utime(path)  # asked for now
            return json.loads(zlib.decompress(content[32:]))
        path.unlink()
    return None


def _keep(path: Path, data: Any) -> None:
    text = json.dumps(data, separators=(",", ":")).encode()
    if len(text) <= LARGEST_ENTRY:
        body = zlib.compress(text, 1)
        write(path, _digest(body) + body)
        _make_room()


def _make_room() -> None:
    entries = sorted(sized(), reverse=True)
    if sum(size for _, size, _ in entries) <= LARGEST_TOTAL:
        return
    total = 0
    for _, size, path in entries:
        total += size
        if total > LARGEST_TOTAL * 3 // 4:
            with contextlib.suppress(OSError):
                path.unlink()


def sized() -> Iterator[tuple[float, int, Path]]:
    """Each answer that is kept: when it was asked for last, in seconds since 1970, its bytes, and its file."""
    for path in _files(_answers(), "*"):
        with contextlib.suppress(OSError):  # another process may have removed it
            found = path.stat()
            yield found.st_mtime, found.st_size, path


def _files(where: Path, pattern: str) -> list[Path]:
    """None of a folder that cannot be."""
    with contextlib.suppress(OSError):
        return [*where.glob(pattern)]
    return []


def clear() -> int:
    """Remove all answers, and ceilings of devices: how many files there were. Raises OSError for one that stays."""
    files = [*_files(_answers(), "*"), *_files(folder(), "ceilings-*.json")]
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)
