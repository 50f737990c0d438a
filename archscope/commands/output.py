"""Where a command's result goes: standard output, or a file that is written whole or not at all."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from archscope import process
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.model.files import check_can_be_written, encoded, is_device, write_whole
from archscope.registry import canonical, unknown
from archscope.views import PAGE, Options, format_of, formats

STANDARD = {None, "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}
"""Names of standard output, whose number is another by then."""


def write(made: str | bytes, output: str | None) -> None:
    """To standard output, or to a file: whole or not at all. Text is UTF-8, but for a terminal of another encoding."""
    process.end_copies()
    if output not in STANDARD:
        write_whole(str(output), made)
        return
    with _told():
        out = process.output()
        if isinstance(made, str) and (out.isatty() or not hasattr(out, "buffer")):
            out.write(made)
        else:
            out.flush()
            out.buffer.write(encoded(made))
        out.flush()


def tell(said: str, end: str = "\n") -> None:
    """To standard error, as far as anybody hears: no result is lost for want of who is told of it."""
    with contextlib.suppress(OSError, ValueError):
        print(said, end=end, file=sys.stderr, flush=True)


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


def plain_options(output: str | None) -> Options:
    """Colours and the terminal's width only on a terminal."""
    if output is not None or not process.output().isatty():
        return Options()
    from rich.console import Console  # at a terminal alone: its import is a tenth of the start

    terminal = Console(file=process.output())
    return Options(width=terminal.width, color=not terminal.no_color and terminal.color_system is not None)


def is_stream(output: str | None) -> bool:
    """Standard output, or a device or pipe."""
    if output is None or output in STANDARD:
        return True
    return is_device(output)


def check_output(output: str | None, taken: Sequence[str], option: str = "-o") -> None:
    """Raises ArchscopeError for a file that must not be written over, code and what is read or written besides, or that
    cannot be written: what takes minutes to measure shall not find it out at the end."""
    if output is None or is_stream(output):
        return
    check_can_be_written(Path(output))
    if any(name.lower().endswith(".py") for name in (output, os.path.realpath(output))):
        raise ArchscopeError(f"{option} {output} is the name of code: give the result another")
    for name in taken:  # net.py of net.py:Net, config.json of transformers:config.json
        if any(_is_one_file(output, file) for file in (name, name.rpartition(":")[0], name.partition(":")[2])):
            raise ArchscopeError(f"{option} {output} is read or written besides: give the result another name")


def _is_one_file(one: str, other: str) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return bool(other) and os.path.realpath(one) == os.path.realpath(other)


def chosen_format(
    kind: str, name: str | None, output: str | None, usual: str = "table", targets: Sequence[str] = ()
) -> str:
    """The format that is asked for, by its name or by the output's suffix. Raises ArchscopeError for one that this
    kind of result does not have, and for a file that must not be written over."""
    check_output(output, targets)
    if name is None:
        found = usual if output is None or is_stream(output) else format_of(output, kind)
        if not found:
            known = ", ".join(name for name in formats(kind) if name != PAGE)
            raise ArchscopeError(f"no format for '{output}': this command writes {known}")
        return found
    if canonical(name) not in formats(kind):
        raise unknown("format", name, formats(kind))
    return canonical(name)
