"""A user's own file or package: executed where it lies, its output kept apart, its errors told by its own lines."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType

from archscope.cached import cached_property
from archscope.errors import INSTALLED, NOT_THE_USERS, ArchscopeError, EnvironmentFailure, said_of
from archscope.model.files import go_to_folder, working_folder

PROJECT = (".git", "pyproject.toml", "setup.py")
"""What lies at the top of a project."""


class UserCode:
    """A module that is executed on first use, with `root` importable as Python itself would have it, and after all else
    `beside`: folders that its author may have started Python in, or put on the path.

    What they provide is known only while `running`: two folders may each have a `blocks.py` of their own.
    """

    def __init__(self, name: str, root: Path, file: Path | None = None, beside: Sequence[Path] = ()) -> None:
        self.name, self.root, self.file = name, root, file
        self.beside = [folder for folder in beside if folder != root]
        self._loaded: dict[str, ModuleType] = {}
        self._working_folder = ""

    @classmethod
    def of_file(cls, path: Path, top: Path | None = None) -> "UserCode":
        """A file by itself, or, beside an `__init__.py` or with relative imports, as the module of its package.

        `top` is that of its project, where the files around it do not tell.
        """
        path = path.resolve()
        top = top or _project(path)
        root = path.parent
        while (root / "__init__.py").is_file():
            root = root.parent
        above = path.parents[min(_climbs(path), len(path.parents) - 1)]
        if root != above and root.is_relative_to(above):  # its neighbours' imports may go further up: from the top
            root = top if top and above.is_relative_to(top) and _named(path.parent, top) else above
        parts = [*path.relative_to(root).parent.parts, path.stem]
        beside = [path.parent, *_up_to(top, root), *_up_to(Path.cwd(), root)[-1:]]
        if len(parts) > 1:
            return cls(".".join(parts), root, beside=beside)
        taken = path.stem in NOT_THE_USERS or path.stem in sys.modules
        return cls(f"{path.stem}_" if taken else path.stem, root, path, beside)

    @classmethod
    def of_module(cls, name: str) -> "UserCode":
        """An importable module: an installed one, or one of the working folder, as for `python -m`."""
        return cls(name, Path.cwd())

    @cached_property
    def module(self) -> ModuleType:
        """The executed module. To be asked for while `running`."""
        if self.file is None:
            return self._imported()
        spec = importlib.util.spec_from_file_location(self.name, self.file)
        assert spec and spec.loader  # a .py file always has both
        module = sys.modules[self.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def _imported(self) -> ModuleType:
        try:
            return importlib.import_module(self.name)
        except BaseException:
            top = self.name.partition(".")[0]
            if top not in sys.modules:  # Python forgets a package that failed, not what it holds: a second try would
                for name in [name for name in sys.modules if name.startswith(f"{top}.")]:  # fail otherwise
                    del sys.modules[name]
            raise

    @property
    def source(self) -> str:
        """The text of the user's file, before it runs; nothing of an installed module."""
        file = self.file or self.root.joinpath(*self.name.split(".")).with_suffix(".py")
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the user's code runs. What it prints goes to standard error; what it raises becomes one line."""
        with self._importable(), self._in_its_folder(), redirect_stdout(sys.stderr):
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
    def _in_its_folder(self) -> Iterator[None]:
        """Where the user's code has gone by `os.chdir`: the files that its user named are not sought from there."""
        outside = working_folder()
        go_to_folder(self._working_folder or outside)
        try:
            yield
        finally:
            went = working_folder()
            self._working_folder = went if went != outside else ""
            go_to_folder(outside)

    @contextmanager
    def _importable(self) -> Iterator[None]:
        """`root` on the path, and in `sys.modules` what it provides instead of what another folder does."""
        hidden = {top for top in {name.partition(".")[0] for name in sys.modules} if self._hides(top)}
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in hidden}
        for name in others:
            del sys.modules[name]
        before = set(sys.modules)
        sys.modules.update(self._loaded)
        path, wrote_bytecode, typed = list(sys.path), sys.dont_write_bytecode, list(sys.argv)
        sys.path[:] = [str(self.root), *path, *map(str, self.beside)]
        sys.argv[1:] = []  # they are archscope's: code that reads them as it is imported takes its defaults
        sys.dont_write_bytecode = True  # nothing is left in the user's folder
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path[:], sys.dont_write_bytecode, sys.argv[:] = path, wrote_bytecode, typed
            self._loaded = {
                name: module
                for name, module in sys.modules.items()
                if name not in before and _folder_of(name) in self._folders
            }
            for name in self._loaded:
                del sys.modules[name]
            sys.modules.update(others)

    @property
    def _folders(self) -> list[Path]:
        return [self.root, *self.beside]

    def _hides(self, top: str) -> bool:
        """Was this module loaded from another folder of the user's, while one of these has one of its name?"""
        folder = _folder_of(top)
        if top in NOT_THE_USERS or folder is None or folder in self._folders or INSTALLED in folder.parts:
            return False
        return (
            any((own / f"{top}.py").is_file() or (own / top / "__init__.py").is_file() for own in self._folders)
            or top == self.name.partition(".")[0]
        )


def _climbs(path: Path) -> int:
    """How many folders up the file's relative imports go: those are packages, with or without an `__init__.py`."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # is told when it runs
        return 0
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _named(folder: Path, top: Path) -> bool:
    """Has this folder a name, as Python's imports go, from `top`?"""
    return not any("." in part for part in folder.relative_to(top).parts)


def _project(path: Path) -> Path | None:
    """The top of the project that a file is of, or else the working folder, if the file lies in it."""
    marked = [folder for folder in path.parents if any((folder / mark).exists() for mark in PROJECT)]
    return next((folder for folder in (*marked, Path.cwd()) if path.is_relative_to(folder)), None)


def _up_to(top: Path | None, root: Path) -> list[Path]:
    """The folders from `root` up to `top`."""
    return [folder for folder in (root, *root.parents) if top and folder.is_relative_to(top)]


def _folder_of(name: str) -> Path | None:
    """The folder that a loaded module, or the package that it is of, was found in."""
    top = sys.modules.get(name.partition(".")[0])
    places = [*getattr(top, "__path__", [])] or [getattr(top, "__file__", None)]
    return Path(places[0]).parent if places[0] else None
