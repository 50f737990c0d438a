"""The process: what stops it, and the import that takes most of its time."""

import os
import signal

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def import_torch() -> None:
    """Before anything is written: its C++ half loses the KeyboardInterrupt of a Ctrl-C that comes as it is loaded."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # what its C++ half warns of is not about the user's network
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        import torch  # noqa: F401
    finally:
        signal.signal(signal.SIGINT, before)
