"""What a signal does to the command line's process: Ctrl-C and SIGTERM end it at once, with nothing half written.

It imports next to nothing, so that it can be called before all else.
"""

import os
import signal
import sys

TYPE_CHECKING = False  # that of typing takes longer to import than all of this
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

temporaries: "set[Path]" = set()
"""Files that are being written: whatever ends the process removes them."""


def end_on_signals() -> None:
    """At once, wherever it is: an exception in a callback of torch's, or in the user's `except:`, would be lost."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def _end(number: int, frame: "Any") -> None:
    try:
        for path in tuple(temporaries):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue
        if "multiprocessing" in sys.modules:
            for child in sys.modules["multiprocessing"].active_children():
                child.terminate()
    finally:  # whatever a module lacks that is half imported at this moment
        os._exit(128 + number)


def heed_interrupts() -> None:
    """Ctrl-C raises KeyboardInterrupt from here on: what is measured by then is shown."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)
