"""How results look: each view a pure function from a result and what the reader chose to text or bytes. No torch."""

from dataclasses import dataclass

DEFAULT_COLUMNS = ("output", "params", "macs", "share")


@dataclass(frozen=True)
class Options:
    """What a reader may choose. `depth` levels of the module tree (0: all), equal neighbours folded to one,
    `sort` flattens the tree to its parts in descending order of a column. `width` 0 is as wide as needed; where it is
    too narrow, the columns in `spare` are left out, the first first."""

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    depth: int = 3
    fold: bool = True
    sort: str = ""
    width: int = 0
    color: bool = False
    spare: tuple[str, ...] = ()
