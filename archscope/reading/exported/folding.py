"""What a program computes of nothing that flows through it, masks and positions: constants, as in a trace. No torch."""

from dataclasses import replace
from math import prod
from typing import Any

from archscope.model.graph import Kind
from archscope.model.operations import CATEGORY
from archscope.reading.exported.aten import operation_of
from archscope.reading.exported.contents import BROKEN, content_of
from archscope.reading.exported.exact import EXACT, MAKERS, TYPES, is_view, numbers_of, of_values
from archscope.reading.exported.program import Known, Operation, Program, Ref, references

MOST_COMPUTED = 2**26
"""Elements that are computed, of all constants together."""
MOST_TRIED = 8
"""Networks write once into what they make; a file may hold anything."""


def folded(program: Program) -> Program:
    """The program with these constants as stored ones."""
    left: set[str] = set()
    for _ in range(MOST_TRIED):
        folding = Folding(program, left)
        for operation in program.operations:
            folding.add(operation)
        for name in program.results:
            folding.read(name, "")
        if folding.left == left:
            stored = [*program.stored, *folding.stored.values()]
            return replace(program, tensors=folding.tensors, stored=stored, operations=folding.operations)
        left = folding.left
    return program


class Folding:
    """The constants so far: `arrays` hold their numbers, None where these are not known; `roots`: of views the tensor
    that they are of. `left` are those that stay operations: something that flows is written into them, or anything
    after they were read."""

    def __init__(self, program: Program, left: set[str]) -> None:
        self.tensors, self.left = dict(program.tensors), set(left)
        self.operations: list[Operation] = []
        self.stored: dict[str, tuple[Kind, str, str]] = {}
        self.arrays: dict[str, Any] = {}
        self.roots: dict[str, str] = {}
        self._left = left
        self._read: set[str] = set()
        self._unknown: set[str] = set()
        self._budget = MOST_COMPUTED
        self._few = {name for kind, name, _ in program.stored if kind == "constant" and _is_known(self.tensors[name])}

    def add(self, operation: Operation) -> None:
        """One operation: folded, or kept as it reads what was folded before."""
        if not self._folds(operation):
            for _, given in operation.given:
                for each in references(given):
                    self.read(each.name, operation.stack[-1][0] if operation.stack else "")
            self.operations.append(operation)

    def read(self, name: str, path: str) -> None:
        """What an operation is given that stays: of a constant it is what it holds now."""
        if name not in self.arrays or name in self._few:
            return
        self._read.add(self._root(name))
        if name not in self.stored:
            array = self._array(name)
            if array is not None:
                self.tensors[name] = content_of(self.tensors[name], array.tobytes())
            self.stored[name] = ("constant", name, f"{path}.{name}" if path else name)

    def _folds(self, operation: Operation) -> bool:
        name, in_place = operation_of(operation.target)
        tensors = [each.name for _, given in operation.given for each in references(given)]
        if (
            len(operation.makes) != 1
            or operation.makes[0] not in self.tensors
            or not operation.target.startswith("aten.")
        ):
            return False
        made = operation.makes[0]
        constant = name in MAKERS or (bool(tensors) and all([self._is_constant(each) for each in tensors]))
        if in_place and tensors and self._is_constant(tensors[0]):
            root = self._root(tensors[0])
            if not constant or root in self._read or root in self._few:
                self.left.add(root)
                return False
        if not constant or made in self._left:
            return False
        array = self._computed(name, operation.given, self.tensors[made])
        if in_place:
            array = self._written(tensors[0], None if CATEGORY.get(name) == "view" else array)
        self.arrays[made] = array
        if name not in MAKERS and (in_place or array is None or is_view(array, self._array(tensors[0]))):
            self.roots[made] = self._root(tensors[0])
        return True

    def _computed(self, name: str, given: Any, known: Known) -> Any:
        """None where it is not known to the last bit, or too large."""
        if name not in EXACT or prod(known.shape) > self._budget:
            return None
        self._budget -= prod(known.shape)
        try:
            told = {argument: value if name in MAKERS else self._numbers(value) for argument, value in given}
            if any(told[argument] is None for argument, value in given if references(value)):
                return None
            array = numbers_of(EXACT[name](told, known))
        except (*BROKEN, ArithmeticError, ImportError):
            return None
        return array if array.shape == known.shape and str(array.dtype) == known.dtype else None

    def _written(self, target: str, array: Any) -> Any:
        """In its place; nothing is known any more of what something unknown is written into."""
        whole = self._array(target)
        if whole is None or array is None or not whole.flags.writeable:
            self._unknown.add(self._root(target))
            return None
        whole[...] = array
        return whole

    def _is_constant(self, name: str) -> bool:
        return name in self.arrays or (name in self._few and name not in self.left)

    def _array(self, name: str) -> Any:
        if name in self._few and name not in self.arrays:
            self.arrays[name] = of_values(self.tensors[name])
        return None if self._root(name) in self._unknown else self.arrays[name]

    def _numbers(self, given: Any) -> Any:
        """An argument with arrays for tensors."""
        return self._array(given.name) if isinstance(given, Ref) else given

    def _root(self, name: str) -> str:
        return self.roots.get(name, name)


def _is_known(known: Known) -> bool:
    return known.dtype in TYPES and len(known.values) == prod(known.shape)
