"""What only POSIX has is asked for nowhere that Windows comes by."""

import subprocess
import sys
from pathlib import Path

WINDOWS = """
import concurrent.futures, importlib, json, multiprocessing.pool, os, pkgutil, signal, subprocess, sys
import jinja2, matplotlib.pyplot, rich.console, torch, typer  # they have their own ways there

for name in ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
missing = "fork getloadavg getpgid getuid geteuid killpg mkfifo register_at_fork sched_getaffinity setpgid sysconf"
for name in missing.split():
    vars(os).pop(name, None)
for name in "SIGKILL SIGHUP SIGXCPU SIGALRM SIGPIPE SIGCHLD setitimer alarm pthread_sigmask".split():
    vars(signal).pop(name, None)
sys.platform = "win32"

import archscope
for module in pkgutil.walk_packages(archscope.__path__, "archscope."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from archscope.__main__ import main
for line in ("summary lenet5 -o made.json", "diagram lenet5 -o made.png", "verify lenet5 -o made.md",
             "summary lenet5 --device cpu --seconds 0.01 -o timed.json", "cache info"):
    sys.argv = ["archscope", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (line, end.code)
try:
    archscope.audit(torch.nn.Conv2d(3, 3, 1), (3, 8, 8))
except archscope.ArchscopeError as error:
    assert "cannot fork" in str(error), error
"""


def test_nothing_that_windows_lacks_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n{WINDOWS}"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert {path.name for path in tmp_path.glob("made.*")} == {"made.json", "made.png", "made.md"}
