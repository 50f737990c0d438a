"""The ways a command can fail, and how an error of the user's code is told. All else is a defect of archscope."""

import sys
from pathlib import Path
from traceback import walk_tb

NOT_THE_USERS = sys.stdlib_module_names | {"archscope", "torch", "numpy"}
"""Packages whose lines say nothing about where a user's code went wrong."""

INSTALLED = "site-packages"
"""A folder of libraries: their lines are told only where there is none of the user's."""


class ArchscopeError(Exception):
    """The user's mistake: one line that says what is wrong and what to do. Exit code 2."""

    exit_code = 2


class UnknownName(ArchscopeError):
    """A slip of the pen: nothing has this name. The line says what is near it."""


class EnvironmentFailure(ArchscopeError):
    """The machine's fault: a missing device, no permission, no memory. Exit code 1."""

    exit_code = 1


NOT_DOWNLOADED = "; weights that are downloaded are not needed here, and --set pretrained=false may do without"
"""What is said of code that asks the network as it is built, in vain."""


def said_of(error: BaseException) -> str:
    """`my_net.py:12: ValueError: ...`: the user's line and the first line of the message."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_near(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    message = str(error).strip().partition("\n")[0]
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(error, SystemExit):
        said = f"the code ends the program here, with sys.exit({message})"
    if type(error).__name__ == "URLError":  # by its name: urllib takes as long to import as the rest
        said += NOT_DOWNLOADED
    line = users_line(error)
    return f"{line}: {said}" if line else said


def users_line(error: BaseException) -> str:
    """`my_net.py:12`: the innermost line of the user's own code that an error passed through, if any."""
    lines = [
        f"{_near(frame.f_code.co_filename)}:{number}"
        for frame, number in walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__", "").partition(".")[0] not in NOT_THE_USERS
        and not frame.f_code.co_filename.startswith("<")
    ]
    own = [line for line in lines if INSTALLED not in line]
    return (own or lines or [""])[-1]


def _near(filename: str) -> str:
    """A path as seen from the working folder, if it lies there."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename
