"""What reads whole axes: normalisations, softmax, reductions, recurrence, Fourier transforms."""

from collections.abc import Sequence
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


# ---- recurrence and transforms -----------------------------------------------------------------------------------


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

    given = [one.shape for one in call.fields[1 : len(call.shapes)]]  # the states that it starts from
    states = [field.each(lambda term, shape=shape: state(term, shape)) for shape in given]  # type: ignore[misc]
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
    **dict.fromkeys(("normalize", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"), along_dim),
    **dict.fromkeys(
        (f"fft_{way}{form}" for way in ("", "i", "r", "ir", "h", "ih") for form in ("fft", "fft2", "fftn")), fourier
    ),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "local_response_norm": local_response_norm,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), recurrent),
}
OF_CATEGORY: dict[str, Rule] = {"softmax": along_dim, "reduction": reduction}
