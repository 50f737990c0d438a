"""A user's own file or package: executed where it lies, its output kept apart, its errors told by its own lines."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from types import ModuleType

from archscope.errors import INSTALLED, NOT_THE_USERS, ArchscopeError, EnvironmentFailure, said_of


class UserCode:
    """A module that is executed on first use, with `root` importable as Python itself would have it.

    What `root` provides is known only while `running`: two folders may each have a `blocks.py` of their own.
    """

    def __init__(self, name: str, root: Path, file: Path | None = None) -> None:
        self.name, self.root, self.file = name, root, file
        self._loaded: dict[str, ModuleType] = {}

    @classmethod
    def of_file(cls, path: Path) -> "UserCode":
        """A file by itself, or, beside an `__init__.py`, as the module of its package: relative imports work."""
        path = path.resolve()
        root, parts = path.parent, [path.stem]
        while (root / "__init__.py").is_file():
            root, parts = root.parent, [root.name, *parts]
        if len(parts) > 1:
            return cls(".".join(parts), root)
        taken = path.stem in NOT_THE_USERS or path.stem in sys.modules
        return cls(f"{path.stem}_" if taken else path.stem, root, path)

    @classmethod
    def of_module(cls, name: str) -> "UserCode":
        """An importable module: an installed one, or one of the working folder, as for `python -m`."""
        return cls(name, Path.cwd())

    @cached_property
    def module(self) -> ModuleType:
        """The executed module. To be asked for while `running`."""
        if self.file is None:
            return importlib.import_module(self.name)
        spec = importlib.util.spec_from_file_location(self.name, self.file)
        assert spec and spec.loader  # a .py file always has both
        module = sys.modules[self.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @property
    def source(self) -> str:
        """The text of the user's file, before it runs; nothing of an installed module."""
        file = self.file or self.root.joinpath(*self.name.split(".")).with_suffix(".py")
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the user's code runs. What it prints goes to standard error; what it raises becomes one line."""
        with self._importable(), redirect_stdout(sys.stderr):
            try:
                yield
            except ArchscopeError:
                raise
            except MemoryError as error:
                raise EnvironmentFailure(said_of(error)) from error
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # code of the user's raises what it likes
                raise ArchscopeError(said_of(error)) from error

    @contextmanager
    def _importable(self) -> Iterator[None]:
        """`root` on the path, and in `sys.modules` what it provides instead of what another folder does."""
        hidden = {top for top in {name.partition(".")[0] for name in sys.modules} if self._hides(top)}
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in hidden}
        for name in others:
            del sys.modules[name]
        before = set(sys.modules)
        sys.modules.update(self._loaded)
        path, wrote_bytecode = list(sys.path), sys.dont_write_bytecode
        sys.path.insert(0, str(self.root))
        sys.dont_write_bytecode = True  # nothing is left in the user's folder
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path[:], sys.dont_write_bytecode = path, wrote_bytecode
            self._loaded = {
                name: module
                for name, module in sys.modules.items()
                if name not in before and _folder_of(name) == self.root
            }
            for name in self._loaded:
                del sys.modules[name]
            sys.modules.update(others)

    def _hides(self, top: str) -> bool:
        """Was this module loaded from another folder of the user's, while `root` has one of its name?"""
        folder = _folder_of(top)
        if top in NOT_THE_USERS or folder is None or folder == self.root or INSTALLED in folder.parts:
            return False
        return (self.root / f"{top}.py").is_file() or (self.root / top / "__init__.py").is_file()


def _folder_of(name: str) -> Path | None:
    """The folder that a loaded module, or the package that it is of, was found in."""
    top = sys.modules.get(name.partition(".")[0])
    places = [*getattr(top, "__path__", [])] or [getattr(top, "__file__", None)]
    return Path(places[0]).parent if places[0] else None
