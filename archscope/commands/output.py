"""Where a command's result goes: standard output, or a file that is written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from errno import EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from pathlib import Path
from secrets import token_hex

from archscope import process
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.model.text import shown
from archscope.registry import canonical, unknown
from archscope.views import Options, format_of, formats

STANDARD = {None, "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}
"""Names of standard output, whose number is another by then."""


def write(made: str | bytes, output: str | None) -> None:
    """To standard output, or to a file: whole or not at all. Text is UTF-8, but for a terminal of another encoding."""
    if output not in STANDARD:
        with replacing(Path(str(output))) as temporary:
            temporary.write_bytes(_encoded(made))
        return
    with _told():
        out = process.output()
        if isinstance(made, str) and (out.isatty() or not hasattr(out, "buffer")):
            out.write(made)
        else:
            out.flush()
            out.buffer.write(_encoded(made))
        out.flush()


def _encoded(made: str | bytes) -> bytes:
    return made.encode("utf-8", errors="replace") if isinstance(made, str) else made


def flush() -> None:
    """What others have written to standard output, such as the help. Raises EnvironmentFailure."""
    with _told():
        process.output().flush()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Standard output that cannot be written to is a failure, but for a reader who has seen enough (`| head`)."""
    try:
        yield
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), process.output().fileno())  # no second failure as Python ends
        if not isinstance(error, BrokenPipeError):
            raise EnvironmentFailure(f"cannot write to standard output: {error.strerror}") from None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes `path`'s place when all is written; on any error `path` stays as it was.

    A link stays a link, a file keeps its permissions, and a device or pipe (/dev/stdout) is written to as it is.
    """
    if is_stream(str(path)):
        with _named(path):
            yield path
        return
    with _named(path):
        path = path.resolve()
        temporary = path.with_name(f".{path.name[:100]}.{token_hex(4)}")
        process.temporaries.add(temporary)  # before it is there: a signal may come at any moment
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            yield temporary
            temporary.chmod(_permissions(path))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
            process.temporaries.discard(temporary)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # of a loop of links; of a name with a zero in it
        mistyped = not isinstance(error, OSError) or error.errno in MISTYPED
        kind = ArchscopeError if mistyped else EnvironmentFailure
        raise kind(f"cannot write {shown(path)}: {getattr(error, 'strerror', None) or error}") from None


MISTYPED = {ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP}
"""What is wrong with a name, rather than with the machine."""


def _permissions(path: Path) -> int:
    """A file's own; where there is none yet, those that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def plain_options(output: str | None) -> Options:
    """Colours and the terminal's width only on a terminal."""
    if output is not None or not process.output().isatty():
        return Options()
    from rich.console import Console  # at a terminal alone: its import is a tenth of the start

    terminal = Console(file=process.output())
    return Options(width=terminal.width, color=not terminal.no_color and terminal.color_system is not None)


def is_stream(output: str | None) -> bool:
    """Standard output, or a device or pipe, such as /dev/stdout: no file whose name says a format."""
    if output is None or output in STANDARD:
        return True
    return os.path.exists(output) and not (os.path.isfile(output) or os.path.isdir(output))


def check_output(output: str | None, targets: Sequence[str]) -> None:
    """Raises ArchscopeError for a file that must not be written over: code, and what is to be read."""
    if output is None or is_stream(output):
        return
    if output.lower().endswith(".py"):
        raise ArchscopeError(f"-o {output} is the name of code: give the result another")
    for target in targets:
        file = target if target.endswith((".py", ".json")) else target.rpartition(":")[0]
        if os.path.exists(output) and os.path.exists(file) and os.path.samefile(file, output):
            raise ArchscopeError(f"-o {output} is what is to be read: give the result another name")


def chosen_format(
    kind: str, name: str | None, output: str | None, usual: str = "table", targets: Sequence[str] = ()
) -> str:
    """The format that is asked for, by its name or by the output's suffix. Raises ArchscopeError for one that this
    kind of result does not have, and for a file that must not be written over."""
    check_output(output, targets)
    if name is None:
        found = usual if output is None or is_stream(output) else format_of(output, kind)
        if not found:
            raise ArchscopeError(f"no format for '{output}': this command writes {', '.join(formats(kind))}")
        return found
    if canonical(name) not in formats(kind):
        raise unknown("format", name, formats(kind))
    return canonical(name)
