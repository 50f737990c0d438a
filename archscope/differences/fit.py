"""Do the weights of a checkpoint fit a network? Names and shapes are compared; what the numbers are nobody asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from archscope.cached import cached_property
from archscope.differences.renaming import COUNTER, by_module, by_name, copies, is_counted
from archscope.model import units
from archscope.model.graph import Shape, Tensor
from archscope.model.results import Tabulated
from archscope.model.text import one_line

SCHEMA = "archscope.fit/1"
Verdict = Literal["fits", "fits_renamed", "does_not_fit"]
STATISTICS = ("running_mean", "running_var", COUNTER)


@dataclass(frozen=True)
class Misfit:
    """A tensor of one side without the other, or of another shape there. `file` and `network` are its names."""

    kind: Literal["missing", "unexpected", "shape"]
    file: str | None
    network: str | None
    shape: Shape | None = None
    expected: Shape | None = None


@dataclass(frozen=True, repr=False)
class Fit(Tabulated):
    """How the tensors of a file of `weights` stand to those of a `network`.

    `rename` has the network's name for each of the file's that has a place there, ready for `load_state_dict`. `how`:
    they were found by name or by modules, of which so many have one possible place alone (`certain`). `copies` are how
    many tensors other sets of the same weights have, averaged ones say, by what stands before their names.
    """

    KIND = "fit"

    weights: str
    network: str
    stored: int
    params: int
    rename: Mapping[str, str]
    misfits: tuple[Misfit, ...]
    how: Literal["name", "module"] = "name"
    certain: int = 0
    dtypes: tuple[str, ...] = ()
    copies: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def verdict(self) -> Verdict:
        if self.misfits:
            return "does_not_fit"
        same = all(mine == theirs for mine, theirs in self.rename.items())
        return "fits" if same and not self.copies else "fits_renamed"

    def to_dict(self) -> dict[str, Any]:
        """As plain data, by the schema that docs/sources.md describes."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "weights": self.weights,
            "network": self.network,
            "tensors": self.stored,
            "params": self.params,
            "dtypes": list(self.dtypes),
            "found_by": self.how,
            "unambiguous_modules": self.certain if self.how == "module" else None,
            "misfits": [
                {"kind": each.kind, "file": each.file, "network": each.network, "shape": each.shape,
                 "expected": each.expected}
                for each in self.misfits
            ],
            "copies": dict(self.copies),
            "rename": dict(self.rename),
        }  # fmt: skip

    def _about(self) -> str:
        said = f"{one_line(self.weights)} for {one_line(self.network)}: {self.verdict.replace('_', ' ')}"
        return f"{said}, {units.counted(len(self.misfits), 'misfit')}" if self.misfits else said


def fit_of(
    weights: str, network: str, file: Mapping[str, Tensor], held: Mapping[str, Tensor], twins: Mapping[str, str]
) -> Fit:
    """Of the tensors of a file and those that a network asks for; `twins` are names of one tensor, with the first."""
    names, how, certain = by_name(file, held), "name", 0
    if 2 * len(names) < len(file) or len(names) < len(file) == len(held):
        found, certain = by_module(file, held)
        if len(found) > len(names):
            names, how = found, "module"
    others = copies(file, held, names)
    beside = {name for each in others.values() for name in each}
    rename = {mine: theirs for mine, theirs in names.items() if file[mine].shape == held[theirs].shape}
    dtypes = tuple(sorted({file[name].dtype for name in file if not name.endswith(COUNTER)}))
    params = sum(tensor.elements for name, tensor in file.items() if not name.endswith(STATISTICS))
    misfits = tuple(_misfits({name: file[name] for name in file if name not in beside}, held, names, twins))
    kept: Literal["name", "module"] = "module" if how == "module" else "name"
    counted = {prefix: len(each) for prefix, each in others.items()}
    return Fit(weights, network, len(file), params, rename, misfits, kept, certain, dtypes, counted)


def _misfits(
    file: Mapping[str, Tensor], held: Mapping[str, Tensor], names: Mapping[str, str], twins: Mapping[str, str]
) -> list[Misfit]:
    """What is left on either side; what is left of one name's end and as many axes is of another shape."""
    found = [
        Misfit("shape", mine, theirs, file[mine].shape, held[theirs].shape)
        for mine, theirs in names.items()
        if file[mine].shape != held[theirs].shape
    ]
    given = set(names.values())
    missing = [
        name for name in held if name not in given and not name.endswith(COUNTER) and twins.get(name) not in given
    ]  # fmt: skip
    left = [name for name in file if name not in names and not is_counted(name, file[name])]
    nearly = len(left) <= MOST_OF_ANOTHER_SHAPE * len(file)
    for mine in left:
        alike = next((each for each in missing if nearly and _is_like(mine, each, file, held)), None)
        if alike:
            missing.remove(alike)
            found.append(Misfit("shape", mine, alike, file[mine].shape, held[alike].shape))
        else:
            found.append(Misfit("unexpected", mine, None, file[mine].shape))
    return found + [Misfit("missing", None, name, None, held[name].shape) for name in missing]


MOST_OF_ANOTHER_SHAPE = 0.25
"""Of the tensors of a file: where more have no place, it is of another network, and nothing stands for anything."""


def _is_like(mine: str, theirs: str, file: Mapping[str, Tensor], held: Mapping[str, Tensor]) -> bool:
    """Such as the last layer of another number of classes."""
    one, other = file[mine].shape, held[theirs].shape
    ends = mine.rpartition(".")[2] == theirs.rpartition(".")[2]
    return ends and one != other and len(one) == len(other) > 0 and one[1:] == other[1:]
