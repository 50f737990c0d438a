"""The ways a command can fail; everything else is a defect of archscope."""


class ArchscopeError(Exception):
    """The user's mistake: one line that says what is wrong and what to do. Exit code 2."""

    exit_code = 2


class UnknownName(ArchscopeError):
    """A slip of the pen: nothing has this name. The line says what is near it."""


class EnvironmentFailure(ArchscopeError):
    """The machine's fault: a missing device, no permission, no memory. Exit code 1."""

    exit_code = 1
