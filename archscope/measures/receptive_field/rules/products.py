"""Products: matrices, Einstein's sums, linear layers, and attention, which is made of them."""

from collections.abc import Sequence
from string import ascii_letters

from archscope.measures.receptive_field.field import Field, Parts, merged
from archscope.measures.receptive_field.reach import PositionLost
from archscope.measures.receptive_field.rules.common import Call, Rule, with_rest
from archscope.measures.receptive_field.term import Term, contracted, plain
from archscope.model.graph import Shape


def product_of(call: Call, fields: Sequence[Field], words: Sequence[str], out: str) -> Field:
    """Einstein's sum: each field by the letters of its axes; the letters that `out` lacks are summed over."""
    sizes: dict[str, int] = {}
    for field, word in zip(fields, words, strict=True):
        if len(word) != len(field.shape) or len(set(word)) < len(word):
            raise PositionLost
        for letter, size in zip(word, field.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    shape = tuple(sizes[letter] for letter in out)
    factors = [
        field.each(
            lambda term, word=word: _laid(term, word, out, sizes, field.pixels),  # type: ignore[misc]  # noqa: B023
            shape,
            _parts_left(field, word, out),
        )
        for field, word in zip(fields, words, strict=True)
        if field.terms
    ]
    return merged(factors, shape, call.pixels)


def _parts_left(field: Field, word: str, out: str) -> Parts | None:
    """Those along an axis that is summed over are read alike."""
    if field.parts is None or field.parts.along < 0:
        return field.parts
    place = out.find(word[field.parts.along])
    return None if place < 0 else Parts(place, ())


def _laid(term: Term, word: str, out: str, sizes: dict[str, int], pixels: Shape) -> Term:
    """The axes of `out`, what is summed over read through."""
    own = term.shape
    term = contracted(term, [place for place, letter in enumerate(word) if letter not in out], pixels)
    places = {letter: place for place, letter in enumerate(word) if own[place] == sizes[letter]}
    axes = [
        term.axes[places[letter]] if letter in places else plain(sizes[letter], len(term.reaches)) for letter in out
    ]
    return Term(tuple(axes), term.reaches)


def linear(call: Call) -> Field:
    field = call.input
    return with_rest(call, _last_read(call, [field]) if field.terms else Field(call.shape, (), call.pixels), field)


def _last_read(call: Call, fields: Sequence[Field]) -> Field:
    """All along the last axis of each of these, which is then of the output's size."""
    last, size = len(call.shape) - 1, plain(call.shape[-1], len(call.pixels))

    def change(term: Term) -> Term:
        term = contracted(term, [last], call.pixels)
        return Term((*term.axes[:last], size), term.reaches)

    def of(field: Field) -> Field:
        parts = None if field.parts and field.parts.along == last else field.parted(of)
        return field.each(change, (*field.shape[:last], call.shape[-1]), parts)

    found = [of(field) for field in fields if field.terms]
    return found[0] if len(found) == 1 else merged(found, call.shape, call.pixels)


def matmul(call: Call) -> Field:
    """Also with a term that is added, which comes first."""
    *added, left, right = call.fields
    batch = ascii_letters[: max(len(left.shape), len(right.shape), 2) - 2]
    words = [_word(left, batch, "XK"), _word(right, batch, "KY" if len(right.shape) > 1 else "K")]
    out = batch + "".join(letter for letter, field in (("X", left), ("Y", right)) if len(field.shape) > 1)
    product = product_of(call, [left, right], words, out)
    return merged([product, *added], product.shape, call.pixels) if added else product


def _word(field: Field, batch: str, last: str) -> str:
    """The letters of a stack of matrices, or of a vector."""
    rank = len(field.shape)
    return last[-1] if rank == 1 else batch[len(batch) - rank + 2 :] + last


def einsum(call: Call) -> Field:
    left, arrow, out = str(call.settings["equation"]).replace(" ", "").partition("->")
    if not arrow:
        letters = left.replace(",", "")
        out = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    words = left.split(",")
    if "..." in left:
        ranks = [
            len(field.shape) - len(word.replace("...", "")) for field, word in zip(call.fields, words, strict=True)
        ]
        free = [letter for letter in ascii_letters if letter not in left][: max(ranks)]
        dots = ["".join(free[len(free) - rank :]) for rank in ranks]
        words = [word.replace("...", dot) for word, dot in zip(words, dots, strict=True)]
        out = out.replace("...", "".join(free))
    return product_of(call, call.fields, words, out)


def tensordot(call: Call) -> Field:
    """Over the last axes of the one and the first of the other, or over those that are named."""
    left, right = call.fields
    dims = call.settings["dims"]
    pairs = [range(len(left.shape) - dims, len(left.shape)), range(dims)] if isinstance(dims, int) else dims
    over = [[dim % len(field.shape) for dim in own] for field, own in zip((left, right), pairs, strict=True)]
    letters = iter(ascii_letters)
    words = [[next(letters) for _ in field.shape] for field in (left, right)]
    for one, other in zip(*over, strict=True):
        words[1][other] = words[0][one]
    out = [letter for word in words for letter in word if words[0].count(letter) + words[1].count(letter) == 1]
    return product_of(call, (left, right), ["".join(word) for word in words], "".join(out))


def inner(call: Call) -> Field:
    """Over the last axis of both."""
    left, right = call.fields
    n, m = len(left.shape) - 1, len(right.shape) - 1
    words = [ascii_letters[:n] + "Z", ascii_letters[n : n + m] + "Z"]
    return product_of(call, call.fields, words, ascii_letters[: n + m])


def vecdot(call: Call) -> Field:
    """Over one axis, element by element along all others."""
    rank = max(len(field.shape) for field in call.fields)
    sizes = zip(*[(1,) * (rank - len(field.shape)) + field.shape for field in call.fields], strict=True)
    both = merged(call.seeing, tuple([max(along) for along in sizes]), call.pixels)
    place = call.axis(call.settings["dim"], rank)

    def change(term: Term) -> Term:
        term = contracted(term, [place], both.pixels)
        return Term((*term.axes[:place], *term.axes[place + 1 :]), term.reaches)

    return both.each(change)


def bilinear(call: Call) -> Field:
    """A linear layer of two inputs."""
    both = [call.named[name] for name in ("input1", "input2")]
    return with_rest(call, _last_read(call, both), *both)


def cell(call: Call) -> list[Field]:
    """One step of a recurrent layer, of the input and of the state."""
    return [_last_read(call, call.fields[: len(call.shapes) + 1])] * len(call.shapes)


# ---- attention -----------------------------------------------------------------------------------------------------


def attention(call: Call) -> Field:
    """Of each query to all keys, and so to all values; a mask is no more than a constant."""
    fields = call.fields[:3]
    batch = ascii_letters[: max(len(field.shape) for field in fields) - 2]
    words = [_word(field, batch, last) for field, last in zip(fields, ("XK", "ZK", "ZY"), strict=True)]
    return product_of(call, fields, words, batch + "XY")


def multi_head_attention(call: Call) -> list[Field]:
    """Values, and where they are asked for the weights, of the mean of all heads or of each."""
    fields = [call.named[name] for name in ("query", "key", "value")]
    batch = "b" if call.rank == 3 else ""
    words = [f"X{batch}E", f"Z{batch}F", f"Z{batch}G"]

    def out_of(term: Term) -> Term:
        return Term((*term.axes[:-1], plain(call.shape[-1], len(term.reaches))), term.reaches)

    found = [product_of(call, fields, words, f"X{batch}E").each(out_of)]
    if len(call.shapes) > 1:
        scores = product_of(call, fields[:2], words[:2], f"{batch}XZ")
        averaged = call.settings.get("average_attn_weights", True)
        found.append(scores if averaged else _of_each_head(scores, len(batch), call.settings["num_heads"]))
    return found


def _of_each_head(scores: Field, place: int, heads: int) -> Field:
    axis = plain(heads, len(scores.pixels))
    return scores.each(lambda term: Term((*term.axes[:place], axis, *term.axes[place:]), term.reaches))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "vdot", "addmm", "addmv", "baddbmm"), matmul),
    "einsum": einsum,
    "tensordot": tensordot,
    "inner": inner,
    "linalg_vecdot": vecdot,
    "bilinear": bilinear,
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), cell),
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
}
OF_CATEGORY: dict[str, Rule] = {"linear": linear}
