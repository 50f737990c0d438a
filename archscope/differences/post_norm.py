"""A normalisation before the branch of a residual block, or after its addition: one difference, however it shows. No
torch."""

from collections.abc import Sequence

from archscope.differences import words
from archscope.differences.changes import Change
from archscope.differences.facts import differing
from archscope.differences.steps import Step


def told_once(found: list[Change], a: Sequence[Step], b: Sequence[Step]) -> list[Change]:
    """One change for the norm that is missing at the one place, the one that is extra at the other, and the shortcuts
    that start on another side of a norm: pre-norm against post-norm, in one block or in several in a row."""
    missing = [change for change in found if change.b and not change.a and _is_norm(change.b)]
    extra = [change for change in found if change.a and not change.b and _is_norm(change.a)]
    moved = [change for change in found if change.kind == "inputs" and change.a[0].kind == "add"]
    if not moved or not missing or len(missing) != len(extra):
        return found
    said = {_said(mine.a[0], theirs.b[0], a, b) for mine, theirs in zip(extra, missing, strict=True)}
    replaced = {id(change) for change in (*missing, *extra, *moved)}
    if len(said) > 1 or None in said or any(id(cause) in replaced for change in found for cause in change.causes):
        return found
    what = str(said.pop())
    once = [
        Change("order", what, mine.a, theirs.b, theirs.b[0].place, mine.params + theirs.params,
               mine.macs + theirs.macs, ("order", what))
        for mine, theirs in zip(extra, missing, strict=True)
    ]  # fmt: skip
    return [change for change in found if id(change) not in replaced] + once


def _is_norm(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and "norm" in steps[0].kind


def _said(mine: Step, theirs: Step, a: Sequence[Step], b: Sequence[Step]) -> str | None:
    """None where it is not the same normalisation, on the other side of a shortcut."""
    if mine.kind != theirs.kind or differing(mine, theirs):
        return None
    name = words.noun(theirs)
    if _ends_block(mine) and _starts_branch(theirs, b):
        return f"{name} after the addition where the reference has it before the branch: post-norm instead of pre-norm"
    if _starts_branch(mine, a) and _ends_block(theirs):
        return f"{name} before the branch where the reference has it after the addition: pre-norm instead of post-norm"
    return None


def _ends_block(norm: Step) -> bool:
    return [step.kind for step in norm.inputs] == ["add"]


def _starts_branch(norm: Step, steps: Sequence[Step]) -> bool:
    """Does a shortcut pass by it?"""
    return any(step.kind == "add" and norm.inputs[0] in step.inputs for step in steps)
