"""What a closed module holds, in the words that papers use: `64-64-256, SE`, `5×5, 240-40`, `64-48·64-64·96·96`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, zip_longest

from archscope.model.connected import connected_parts
from archscope.views.diagram.ops.label import RAISING, heads
from archscope.views.diagram.ops.names import GENERIC, part_title
from archscope.views.diagram.ops.ops import Op, Ops
from archscope.views.diagram.plan.items import Core, Item, Leaf, Parallel, Series, Split, ops_of
from archscope.views.diagram.plan.structure import structure

LONGEST = 44
"""Characters; a module with more to say only says how many convolutions it has."""

MANY_WIDE = 100
"""Of more widths no structure is needed to know that they are too long."""

LONGEST_TOLD = 56
"""Characters for all that a box tells of what it holds; what is longer is cut where letters are wide."""

MOST_WIDTHS, FEW_WIDTHS = 8, 2
"""So many widths of so few values say no more than their count does."""

FEW = 4
"""So many times the linear layers make convolutions few, and so many operations those that have widths."""

MOST_WORDS = 3
"""So many words tell what a box of no module holds."""

COUNT = re.compile(r"\d (convolution|linear layer)")
"""What is said of a module whose widths are too many."""

WIDTH = re.compile(r"\d+|[a-z]")
TABLE = re.compile(r"\d+×\d+")
TOLD = re.compile(r"\d|\b[a-z]\b")
"""A width among words such as `pool` and `identity`."""

PARENTHESES = str.maketrans("", "", "()")

COUNTED = {"conv", "depthwise", "linear"}


def contents(members: Sequence[Op], sources: Mapping[str, Op]) -> str:
    """The widths of a module's layers in order; `sources`: what it may read, by name.

    Branches of a concatenation are divided by hyphens, layers within them by points; parentheses hold them where other
    layers stand before or after. A window is told where all are of one size, or where one is slid over each channel.
    """
    beside, widths = _branches_or_widths(tuple(members))
    members = opened(members)
    if beside:
        return ", ".join([beside, *_extras(members)])
    said = _transition(members, sources) or widths
    if not said:
        return ", ".join(_tables(members))
    besides = [*_dilation(members), *_extras(members)]
    whole = ", ".join(filter(None, [_window(members), said, *besides]))
    if _is_long(said) or len(whole) > LONGEST_TOLD:
        return ", ".join([_counts(members), *besides])
    return whole


@lru_cache(maxsize=512)  # a picture is planned in many ways, of which each closes the same modules
def _branches_or_widths(members: tuple[Op, ...]) -> tuple[str, str]:
    """What branches that nothing joins hold, or else the widths in order."""
    every = opened(members)
    if beside := _beside(every):
        return beside, ""
    if len(wide := [width for op in every if (width := _width(op))]) > MANY_WIDE:
        return "", "-".join(wide)
    series = structure(every, (), {}, [])
    said = _widths(series, "-") or _widths(series, "-", gates=True)
    if _is_long(said) and all(op.kind == "linear" for op in every if _width(op)):
        said = _widths(structure(_trunk(every), (), {}, []), "-") or said
    return "", _bare(said)


def _trunk(members: Sequence[Op]) -> list[Op]:
    """What the first tensor that they read leads to: what is made of another one, such as a memory, is beside that."""
    after = set(members[0].inputs)
    for op in members:
        if not after.isdisjoint(op.inputs):
            after.add(op.name)
    return [op for op in members if op.name in after]


def _beside(members: Sequence[Op]) -> str:
    """`8 branches of 32-16` where no part reads another; each has layers of its own."""
    own = {op.name: op for op in members}
    parts = connected_parts(list(own), Ops(members).readers.__getitem__)
    if len(parts) < 2:
        return ""
    said = [_bare(_widths(structure([own[name] for name in part], (), {}, []), "-")) for part in parts]
    if not all(said):
        return ""
    return f"{len(parts)} branches" + (f" of {said[0]}" if len(set(said)) == 1 and len(said[0]) <= LONGEST else "")


def in_words(members: Sequence[Op], kinds: Mapping[str, str]) -> str:
    """What operations of no module hold: `MaskPredictor, UpdateBlock`, widths, or `MatMul, AvgPool, GridSample`."""
    own = {op.path for op in members if op.kind == "module" and op.path and kinds.get(op.path) not in {"", *GENERIC}}
    outer = {op.path.partition(".")[0]: None for op in members if "." in op.path or op.path in own}
    modules = [part_title(path, kinds.get(path, "")) for path in outer]
    every = opened(members)
    wide = [op for op in every if _width(op)]
    if not modules and len(every) <= FEW * len(wide) and (widths := contents(members, {})):
        return widths
    others = [op.word for op in every if not _width(op)]
    words = list(dict.fromkeys(modules or [*[f"{op.word} {_width(op)}" for op in wide], *others]))
    return ", ".join([*words[:MOST_WORDS], *["…"] * (len(words) > MOST_WORDS), *_extras(members)])


def _counts(members: Sequence[Op]) -> str:
    """`3×3, 16 convolutions`, or linear layers where convolutions are few beside them."""
    convolutions = sum(op.kind in {"conv", "depthwise"} for op in members)
    linear = sum(op.kind == "linear" and bool(_width(op)) for op in members)
    if linear > FEW * convolutions:
        return _several(linear, "linear layer")
    widths = {_width(op) for op in members if op.kind in {"conv", "depthwise"}}
    each = f" of {widths.pop()}" if len(widths) == 1 and "" not in widths and convolutions > 1 else ""
    return ", ".join(filter(None, [_window(members), _several(convolutions, "convolution") + each]))


def _tables(members: Sequence[Op]) -> list[str]:
    """Rows and columns of the embeddings, where those are few."""
    found = [fact for op in members if op.word == "Embedding" for fact in op.facts if TABLE.fullmatch(fact)]
    return found if len(found) <= MOST_WORDS else []


def _dilation(members: Sequence[Op]) -> list[str]:
    """`dilation 4` where all windows that have one have the same."""
    found = {fact for op in members for fact in op.facts if fact.startswith("dilation ")}
    return list(found) if len(found) == 1 else []


def _several(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count > 1)}" if count else ""


def _is_long(said: str) -> bool:
    """Is it too long, or the same numbers again and again?"""
    plain = said.translate(PARENTHESES)
    numbers = plain.split("-")
    return len(plain) > LONGEST or (len(numbers) > MOST_WIDTHS and len(set(numbers)) <= FEW_WIDTHS)


def opened(ops: Sequence[Op]) -> list[Op]:
    """The Ops with those that closed modules are made of in their place."""
    steps = [step for op in ops for step in op.each]
    ends = {op.name: op.members[-1].name for op in steps if op.members}
    every = [member for op in steps for member in op.members or (op,)]
    return [
        op if ends.keys().isdisjoint(op.inputs)
        else replace(op, inputs=tuple([ends.get(source, source) for source in op.inputs]))
        for op in every
    ]  # fmt: skip


def _widths(series: Series, between: str, gates: bool = False) -> str:
    """Widths in order, those of the longest branch of a sum, of all branches of a concatenation; those of `gates` only
    where they are asked for."""
    parts = [_of_item(item, after, between, gates) for item, after in zip_longest(series, series[1:])]
    return between.join(filter(None, parts))


def _bare(said: str) -> str:
    """Without the parentheses of a concatenation that is all there is."""
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in said))
    return said[1:-1] if said.startswith("(") and depths.index(0) == len(said) - 1 else said


def _of_item(item: Item, after: Item | None, between: str, gates: bool) -> str:
    if isinstance(item, Leaf):
        pooled = ("up" if item.op.word in RAISING else "pool") if item.op.kind == "pool" and between == "·" else ""
        return _width(item.op) or pooled
    if isinstance(item, Split):
        return ""
    if isinstance(item, Parallel):
        join = after.op.join if isinstance(after, Leaf) else ""
        if join == "cat":
            if len(item.branches) == 2 and [] in item.branches:
                return _widths(max(item.branches, key=len), between, gates)  # beside what was there already
            branches = [_widths(branch, "·", gates) for branch in item.branches]
            if not any(map(TOLD.search, branches)):
                branches = _slid(item)
            said = "-".join(branch.replace("pool·", "pool ") or "identity" for branch in branches)
            return f"({said})" if said else ""
        if join == "mul" and [] in item.branches and not gates:
            return ""
        return _widths(max(item.branches, key=lambda branch: len(ops_of(branch))), between, gates)
    inner = item.items if isinstance(item, Core) else item.body
    return between.join(filter(None, (_of_item(one, None, between, gates) for one in inner)))


def _slid(item: Parallel) -> list[str]:
    """The windows of branches that slide one of their own over each channel; none where what was there already is put
    beside each other."""
    windows = [_window(ops_of(branch)) for branch in item.branches]
    apart = all(op.kind == "depthwise" for branch in item.branches for op in ops_of(branch) if op.kernel)
    return windows if apart and all(windows) and len(set(windows)) > 1 else []


def _width(op: Op) -> str:
    """Filters or units, or the letter for them on a plate; a convolution of each channel apart has none of its own."""
    apart = op.word == "DepthwiseConv"
    return op.facts[0] if op.kind in COUNTED and op.facts and WIDTH.fullmatch(op.facts[0]) and not apart else ""


def _transition(members: Sequence[Op], sources: Mapping[str, Op]) -> str:
    """`64 → 128` of layers that all have the second width, and read the first."""
    wide = {_width(op) for op in members if op.kind in COUNTED}
    if len(wide) != 1 or any(op.join == "cat" or (op.kind in COUNTED and not _width(op)) for op in members):
        return ""
    names = {op.name for op in members}
    read = {source for op in members for source in op.inputs if source not in names}
    first = sources.get(next(iter(read))) if len(read) == 1 else None
    (last,) = wide
    if first is None or first.channels is None or not last.isdecimal():
        return ""
    before = str(first.shape[first.channels])
    return f"{before} → {last}" if before != last else last


def _window(members: Sequence[Op]) -> str:
    apart = {op.kernel for op in members if op.kind == "depthwise"}
    every = {op.kernel for op in members if op.kind == "conv" and op.kernel}
    one = apart or every
    joined = any(op.join == "cat" for op in members)
    return next(iter(one)) if len(one) == 1 and not joined else ""


def _extras(members: Sequence[Op]) -> list[str]:
    """Gates that squeeze each channel to a number, heads of attention, weights that are used elsewhere too."""
    attending = {fact for op in members for fact in op.facts if " of " in fact and "head" in fact} or _heads(members)
    shared = any(op.shared for op in members)
    told = list(attending) if len(attending) == 1 else []
    return [*(["SE"] if _is_gated(members) else []), *told, *(["shared weights"] if shared else [])]


def _is_gated(members: Sequence[Op]) -> bool:
    """Is something multiplied with what became of its means? A product that a mean is taken of, or one of means alone,
    is no gate."""
    squeezed: set[str] = set()
    for op in members:
        means = [source in squeezed for source in op.inputs]
        if op.join == "mul" and any(means) and not all(means):
            return True
        if "GlobalAvgPool" in op.word or op.word == "Mean" or any(means):
            squeezed.add(op.name)
    return False


def _heads(members: Sequence[Op]) -> set[str]:
    """Heads of attention that is written out: the products of a softmax's weights and values, whose width all heads
    share; where it is between channels, the weights are of as many as a head has."""
    widths = {int(_width(op)) for op in members if _width(op).isdecimal()}
    weights = {op.name: op.shape[-3] for op in members if op.word == "Softmax" and len(op.shape) > 2}
    found = set()
    for op in members:
        count = next((weights[source] for source in op.inputs if source in weights), 0)
        if op.word == "MatMul" and count and len(op.shape) > 1:
            found |= {heads(count, size) for size in op.shape[:-3:-1] if count * size in widths}
    return found
