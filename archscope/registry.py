"""One way to look things up by name: networks, measures, views."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from inspect import signature
from pkgutil import iter_modules
from typing import Any, Generic, ParamSpec, TypeVar

from archscope.errors import EnvironmentFailure, UnknownName

P = ParamSpec("P")
T = TypeVar("T")
MOST_LISTED = 31
"""More names than this are not listed in one line."""
LIKE = 0.65
"""How like a name what is proposed for it must be: `two` for `tow`, but not `lenet_5` for `mobilenet_v2`."""
MUCH_LESS = 0.08
"""What is so much less like it than the nearest is not proposed besides: `xception71` for `xceptoin`."""
MOST_NEAR = 12
"""So many spellings are looked at for three names: one network may have as many as four."""


def canonical(name: str) -> str:
    """The spelling that names are compared in: `Inception-v3` and `inception_v3` are one."""
    return name.strip().lower().replace("-", "_")


def unknown(
    what: str, name: str, known: Iterable[str], shown_by: str = "", aliases: Mapping[str, str] | None = None
) -> UnknownName:
    """An error for a name that nothing has, with the nearest ones that something has, or else what shows them.

    What is near an alias is proposed once, by its name: `aliases` are other spellings of the known names.
    """
    from difflib import SequenceMatcher, get_close_matches

    names = list(known)
    # An alias that is nearer than any name still leads to the name: three aliases of one network are one proposal.
    spelt = {canonical(each): each for each in names} | {canonical(each): of for each, of in (aliases or {}).items()}
    found = get_close_matches(canonical(name), spelt, MOST_NEAR, LIKE)
    likeness = [SequenceMatcher(None, each, canonical(name)).ratio() for each in found]
    as_near = [each for each, like in zip(found, likeness, strict=True) if like > likeness[0] - MUCH_LESS]
    near = list(dict.fromkeys(spelt[each] for each in as_near))[:3]
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"known: {', '.join(names)}" if len(names) <= MOST_LISTED else shown_by or f"{len(names)} are known"
    if not names:
        hint = "there is none"
    return UnknownName(f"no {what} named '{name}'; {hint}")


FORMER = {"inputs": "input_data"}
"""Keywords of former days that are still taken, by what they are called now."""


def named_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: a keyword that the function does not take is answered with a TypeError that names the nearest, and
    where a name may stand the path of a file may, too."""
    known = [name for name, each in signature(function).parameters.items() if each.kind is not each.VAR_POSITIONAL]

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        for former, now in FORMER.items():
            if former in kwargs and now in known and now not in kwargs:
                kwargs[now] = kwargs.pop(former)
        for name in kwargs:
            if name not in known:
                from difflib import get_close_matches

                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
                if "options" in known and not near:
                    hint += f"; what a network's builder takes goes into options={{{name!r}: ...}}"
                raise TypeError(f"archscope.{function.__name__} takes no {name}; {hint}")
        texts: tuple[Any, ...] = tuple(map(as_text, args))
        return function(*texts, **{name: as_text(given) for name, given in kwargs.items()})

    return called


def as_text(given: Any) -> Any:
    """A path as it would be typed; all else is as it is."""
    return os.fspath(given) if isinstance(given, os.PathLike) else given


def members(folders: Iterable[str]) -> tuple[str, ...]:
    """Names of the modules of one of archscope's packages, each of which registers something. Raises EnvironmentFailure
    where its folder cannot be read, as with no descriptor left: Python finds none in it then, and says nothing."""
    found = tuple(module.name for module in iter_modules(folders))
    if not found:
        raise EnvironmentFailure(f"cannot read {', '.join(folders)}, where archscope is installed")
    return found


class Registry(Generic[T]):
    """Entries by canonical name, in the order of their registration."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: enter the decorated object under `name`. A second entry of that name is a defect."""

        def enter(entry: T) -> T:
            if canonical(name) in self._entries:
                raise ValueError(f"a {self.what} named '{name}' is registered already")
            self._entries[canonical(name)] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[canonical(name)]
        except KeyError:
            raise unknown(self.what, name, self._entries) from None

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
