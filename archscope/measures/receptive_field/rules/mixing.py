"""What reads whole axes: products, reductions, softmax, normalisations, attention, recurrence, Fourier transforms."""

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

from archscope.measures.receptive_field.field import Field, Parts, merged, moves
from archscope.measures.receptive_field.reach import PositionLost
from archscope.measures.receptive_field.rules.common import Call, Rule, read_through, with_rest
from archscope.measures.receptive_field.term import Digit, Term, contracted, mixed, plain
from archscope.model.graph import Shape


def mix(field: Field, axes: Sequence[int]) -> Field:
    """Every element sees what all along these axes saw, and stays in its place."""
    moving = [axis for axis in axes if moves(field, axis)]
    parts = field.parted(lambda part: mix(part, axes))
    if field.parts and field.parts.along in axes:
        parts = None
    if not moving:
        return Field(field.shape, field.terms, field.pixels, parts) if field.parts else field
    return field.each(lambda term: mixed(term, moving, field.pixels), field.shape, parts)


# ---- normalisations and softmax ----------------------------------------------------------------------------------


def batch_norm(call: Call) -> Field:
    """With running statistics it works element by element, in training too; without, it reads the whole image."""
    field = call.input
    alone = call.settings.get("training") and not call.layer.buffers
    return mix(field, [axis for axis in range(call.rank) if axis != 1]) if alone else field


def layer_norm(call: Call) -> Field:
    rank, over = call.rank, call.settings["normalized_shape"]
    return mix(call.input, range(rank - (len(over) if isinstance(over, list) else 1), rank))


def group_norm(call: Call) -> Field:
    return mix(call.input, range(1, call.rank))


def instance_norm(call: Call) -> Field:
    own = call.settings.get("use_input_stats", True)
    return mix(call.input, range(2, call.rank)) if own else call.input


def local_response_norm(call: Call) -> Field:
    return _differing(mix(call.input, [1]), call.input)


def _differing(found: Field, field: Field) -> Field:
    """Elements that are made of some of those along an axis, of which the parts see different pixels."""
    return found._replace(parts=Parts(field.parts.along, ())) if field.parts else found


def along_dim(call: Call) -> Field:
    """Softmax, and sums and extremes so far."""
    name = call.layer.operation
    found = mix(call.input, call.axes(call.settings.get("dim", 1 if name == "normalize" else None)))
    return _differing(found, call.input) if "cum" in name else found


# ---- reductions --------------------------------------------------------------------------------------------------


def reduction(call: Call) -> Field | list[Field]:
    """Losses and statistics: over the axes that are named, or over all."""
    settings, field = call.settings, call.input
    if len(call.seeing) > 1:
        field = merged(call.seeing, field.shape, call.pixels)
    dims = settings.get("dim")
    axes = set(call.axes(list(range(call.rank)) if dims is None or dims == [] else dims))
    return [read_through(field, axes, keep=len(call.shape) == call.rank)] * len(call.shapes)


# ---- products ----------------------------------------------------------------------------------------------------


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


# ---- attention and recurrence ------------------------------------------------------------------------------------


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


def recurrent(call: Call) -> list[Field]:
    """Every step is told of all: of those before by the state, of those behind where it runs both ways."""
    field = call.input
    if call.rank != 3:
        raise PositionLost
    batch, time = (0, 1) if call.settings.get("batch_first") else (1, 0)
    ways = len(field.pixels)

    def steps(term: Term) -> Term:
        term = contracted(mixed(term, [time], field.pixels), [2], field.pixels)
        return Term((*term.axes[:2], plain(call.shape[-1], ways)), term.reaches)

    def state(term: Term, shape: Shape) -> Term:
        term = contracted(term, [time, 2], field.pixels)
        return Term((plain(shape[0], ways), term.axes[batch], plain(shape[-1], ways)), term.reaches)

    states = [field.each(lambda term, shape=shape: state(term, shape)) for shape in call.shapes[1:]]  # type: ignore[misc]
    return [with_rest(call, found, field) for found in (field.each(steps), *states)]


def fourier(call: Call) -> Field:
    """Every frequency is made of all positions, and every position of all frequencies."""
    field, name = call.input, call.layer.operation.removeprefix("fft_")
    rank = call.rank
    default: Any = -1 if name[-1] == "t" else [-2, -1] if name[-1] == "2" else list(range(rank))
    axes, shape = call.axes(call.settings.get("dim", default)), call.shape

    def change(term: Term) -> Term:
        term = mixed(term, axes, field.pixels)
        resized = list(term.axes)
        for place in axes:
            if shape[place] != field.shape[place]:
                marks = [any(digit.steps[way] for digit in term.axes[place]) for way in range(len(field.pixels))]
                resized[place] = (Digit(shape[place], tuple(map(int, marks))),)
        return Term(tuple(resized), term.reaches)

    return field.each(change)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "vdot", "addmm", "addmv", "baddbmm"), matmul),
    **dict.fromkeys(("normalize", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"), along_dim),
    **dict.fromkeys(
        (f"fft_{way}{form}" for way in ("", "i", "r", "ir", "h", "ih") for form in ("fft", "fft2", "fftn")), fourier
    ),
    "einsum": einsum,
    "tensordot": tensordot,
    "inner": inner,
    "linalg_vecdot": vecdot,
    "bilinear": bilinear,
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), cell),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "local_response_norm": local_response_norm,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), recurrent),
}
OF_CATEGORY: dict[str, Rule] = {"linear": linear, "softmax": along_dim, "reduction": reduction}
