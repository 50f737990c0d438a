"""Where a command's result goes: standard output, or a file that is written whole or not at all."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.registry import canonical, unknown
from archscope.views import Options, format_of, formats


def write(made: str | bytes, output: str | None) -> None:
    """To standard output, or to a file: whole or not at all."""
    if output in (None, "-"):
        try:
            sys.stdout.write(made) if isinstance(made, str) else sys.stdout.buffer.write(made)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as `| head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second failure as Python ends
            raise EnvironmentFailure(f"cannot write to standard output: {error.strerror}") from None
        return
    with replacing(Path(str(output))) as temporary:
        temporary.write_bytes(made.encode("utf-8") if isinstance(made, str) else made)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes `path`'s place when all is written; on any error `path` stays as it was.

    A link stays a link, a file keeps its permissions, and a device or pipe (/dev/stdout) is written to as it is.
    """
    temporary = None
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            yield path
            return
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(_permissions(path))
        temporary.replace(path)
    except OSError as error:
        mistyped = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        kind = ArchscopeError if mistyped else EnvironmentFailure
        raise kind(f"cannot write {path}: {error.strerror}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _permissions(path: Path) -> int:
    """A file's own; where there is none yet, those that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def plain_options(output: str | None) -> Options:
    """Colours and the terminal's width only on a terminal."""
    if output is not None or not sys.stdout.isatty():
        return Options()
    from rich.console import Console  # at a terminal alone: its import is a tenth of the start

    terminal = Console()
    return Options(width=terminal.width, color=not terminal.no_color and terminal.color_system is not None)


def is_stream(output: str | None) -> bool:
    """Standard output, or a device or pipe, such as /dev/stdout: no file whose name says a format."""
    if output is None or output == "-":
        return True
    path = Path(output)
    return path.exists() and not (path.is_file() or path.is_dir())


def chosen_format(kind: str, name: str | None, output: str | None, usual: str = "table") -> str:
    """The format that is asked for, by its name or by the output's suffix. Raises ArchscopeError for one that this
    kind of result does not have."""
    if name is None:
        found = usual if output is None or is_stream(output) else format_of(output, kind)
        if not found:
            raise ArchscopeError(f"no format for '{output}': this command writes {', '.join(formats(kind))}")
        return found
    if canonical(name) not in formats(kind):
        raise unknown("format", name, formats(kind))
    return canonical(name)
