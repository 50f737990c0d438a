"""Files that results are written to, whole or not at all; which can be read; and the folder that names start from."""

import contextlib
import os
from collections.abc import Iterator
from errno import EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from pathlib import Path

from archscope import signals
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.model.text import shown

MISTYPED = {ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP}
"""What is wrong with a name, rather than with the machine."""


def write_whole(path: str | os.PathLike[str], made: str | bytes) -> None:
    """Raises ArchscopeError for a name that no file can have, EnvironmentFailure where the machine is at fault."""
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(encoded(made))


def encoded(made: str | bytes) -> bytes:
    """Text as UTF-8."""
    return made.encode("utf-8", errors="replace") if isinstance(made, str) else made


def working_folder() -> str:
    """Or nothing, where it is gone."""
    with contextlib.suppress(OSError):
        return os.getcwd()
    return ""


def go_to_folder(folder: str) -> None:
    """As far as it is still there."""
    with contextlib.suppress(OSError):
        os.chdir(folder)


def is_device(path: str) -> bool:
    """A device or pipe, such as /dev/stdout: no file whose name says a format."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def check_can_be_read(path: str) -> None:
    """Raises ArchscopeError for a device or pipe: reading one may have no end, or no beginning."""
    if is_device(path):
        raise ArchscopeError(f"cannot read {path}: it is a device or a pipe, no file")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes `path`'s place when all is written; on any error `path` stays as it was.

    A link stays a link, a file keeps its permissions, and a device or pipe is written to as it is.
    """
    with _named(path):
        if is_device(str(path)):
            yield path
            return
        path = _resolved(path)
        with _beside(path) as temporary:
            yield temporary
            temporary.chmod(_permissions(path))
            temporary.replace(path)


def check_can_be_written(path: Path) -> None:
    """Raises as `write_whole` would, before there is anything to write."""
    with _named(path):
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        if not is_device(str(path)):
            with _beside(_resolved(path)):
                pass


def _resolved(path: Path) -> Path:
    """Where links lead. Of a loop of links Python 3.13 leaves one, which earlier ones refuse."""
    resolved = path.resolve()
    if resolved.is_symlink():
        raise OSError(ELOOP, os.strerror(ELOOP))
    return resolved


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """An empty file in the same folder, of which nothing is left."""
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}")
    signals.temporaries.add(temporary)  # before it is there: a signal may come at any moment
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield temporary
    finally:
        with contextlib.suppress(OSError):  # of a folder that is a file
            temporary.unlink(missing_ok=True)
        signals.temporaries.discard(temporary)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # of a loop of links; of a name with a zero in it
        mistyped = not isinstance(error, OSError) or error.errno in MISTYPED
        kind = ArchscopeError if mistyped else EnvironmentFailure
        raise kind(f"cannot write {shown(path)}: {getattr(error, 'strerror', None) or error}") from None


def _permissions(path: Path) -> int:
    """A file's own; where there is none yet, those that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
