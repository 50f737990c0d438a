"""Views, movement and resampling. Transposes and slices copy, as runtimes of ONNX do it; torch's are views."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from archscope.reading.drafting import Value
from archscope.reading.onnx.node import Node, Rule

LAST = 2**31 - 1
"""An end of a slice at or beyond it is the axis' own."""


def shows_stored(node: Node, shape: Sequence[int]) -> bool:
    """Of a weight it is how it is stored: a product may read it in another shape."""
    stored = node.stored(0)
    if stored is None:
        return False
    name = node.proto.output[0]
    node.reading.model.stored[name] = replace(stored, name=name, shape=tuple(shape), numbers=None)
    return True


def reshape(node: Node) -> None:
    if shows_stored(node, node.out()):
        return
    shape = list(node.out())
    if node.operator == "Flatten" and node.get("axis", 1) == 1 and len(node.shape(0)) > 1:
        node.is_operation("flatten", [("input", node.value(0))], {"start_dim": 1, "end_dim": -1}, memory="view")
        return
    node.is_operation("reshape", [("input", node.value(0))], {"shape": shape}, memory="view")


def squeeze(node: Node) -> None:
    """One axis by torch's name for it; of several a reshape."""
    axes = node.get("axes", node.numbers(1)) or []
    if len(axes) != 1 or node.stored(0) is not None:
        reshape(node)
        return
    node.is_operation(node.operator.lower(), [("input", node.value(0))], {"dim": axes[0]}, memory="view")


def transpose(node: Node) -> None:
    rank = len(node.shape(0))
    dims = node.get("perm", list(range(rank))[::-1])
    if shows_stored(node, [node.shape(0)[axis] for axis in dims]):
        return
    node.is_operation("permute", [("input", node.value(0))], {"dims": dims})


def identity(node: Node) -> None:
    """Of what is stored a tensor of its own: exporters store equal ones once."""
    stored = node.stored(0)
    if stored is not None:
        name = node.proto.output[0]
        node.reading.model.stored[name] = replace(stored, name=name, owner=name)
        return
    node.alias(node.value(0))


def dropout(node: Node) -> None:
    rate = node.get("ratio", node.number(1))
    settings = {"p": 0.5 if rate is None else rate, "training": False}
    made = node.add("dropout", [("input", node.value(0))], settings, [node.out()], [node.dtype()], memory="view")
    node.give(made * len(node.outputs))


def part(node: Node) -> None:
    """`x[:, 2:10]`: starts, ends, axes and steps are attributes of old files, and inputs of newer ones."""
    starts, ends = node.get("starts", node.numbers(1)), node.get("ends", node.numbers(2))
    axes, steps = node.get("axes", node.numbers(3)), node.numbers(4)
    if starts is None or ends is None or (node.has(3) and axes is None) or (node.has(4) and steps is None):
        node.is_operation("slice", [("input", node.value(0))], {})
        return
    rank = len(node.shape(0))
    index = [":"] * rank
    for i, axis in enumerate(axes or range(len(starts))):
        start, end, step = starts[i], ends[i], steps[i] if steps else 1
        first, last = "" if start == 0 else str(start), "" if abs(end) >= LAST else str(end)
        index[axis % rank] = f"{first}:{last}" + (f":{step}" if step != 1 else "")
    while len(index) > 1 and index[-1] == ":":
        index.pop()
    node.is_operation("getitem", [("input", node.value(0))], {"index": index if len(index) > 1 else index[0]})


def split(node: Node) -> None:
    axis = node.get("axis", 0)
    sizes = [node.out(place)[axis] for place in range(len(node.outputs))]
    node.is_operation("split", [("input", node.value(0))], {"split_size": sizes, "dim": axis})


def gather(node: Node) -> None:
    """Rows of a stored table are an embedding; one of them is selected; several stand in an index."""
    axis, table = node.get("axis", 0), node.stored(0)
    if table is not None and axis == 0 and node.stored(1) is None:
        held = node.reading.held(table, "weight")
        node.is_operation("embedding", [("input", node.value(1)), ("weight", held)], {})
        return
    numbers = node.numbers(1)
    if len(node.shape(0)) == 1 and numbers == list(range(node.shape(0)[0])):  # all, in order
        node.is_operation("reshape", [("input", node.value(0))], {"shape": list(node.out())}, memory="view")
        return
    place = node.number(1)
    if place is not None and not node.shape(1):
        node.is_operation("select", [("input", node.value(0))], {"dim": axis, "index": int(place)}, memory="view")
        return
    if len(node.shape(1)) != 1:
        before = axis % len(node.shape(0))
        given = [("input", node.value(0)), (f"index.{before}" if before else "index", node.value(1))]
        node.is_operation("getitem", given, {"index": [*[":"] * before, "tensor"]})
        return
    node.is_operation("index_select", [("input", node.value(0)), ("index", node.value(1))], {"dim": axis})


def concatenate(node: Node) -> None:
    values, axis = [node.value(place) for place in range(len(node.proto.input))], node.get("axis", 1)
    shift = rolled(node, values, axis % len(node.out()))
    if shift is not None:
        draft = node.reading.draft
        (given,) = draft.records[-1].given
        draft.undo(len(draft.records) - 2)
        node.is_operation("roll", [given], {"shifts": [shift], "dims": [axis]})
        return
    node.is_operation("cat", [(f"tensors.{place}", value) for place, value in enumerate(values)], {"dim": axis})


def rolled(node: Node, values: Sequence[Value], axis: int) -> int | None:
    """How far, where what was cut last is the two parts of one tensor, put together in the other order and read by
    nothing else: so exporters write torch.roll."""
    reads, records = node.reading.model.reads, node.reading.draft.records[-2:]
    alone = all(reads.get(name) == 1 for name in node.proto.input)
    if len(values) != 2 or not alone or {id(value.source) for value in values} != set(map(id, records)):
        return None
    (whole,), (other,) = records[0].given[:1], records[1].given[:1]
    if whole != other or {record.operation for record in records} != {"getitem"}:
        return None
    size = whole[1].shape[axis]
    end, start = (_cut(value.source.settings.get("index"), axis, size) for value in values)  # type: ignore[union-attr]
    if end is None or start is None or (start, end) != (range(len(start)), range(len(start), size)):
        return None
    return -len(start) if len(start) <= len(end) else len(end)


def _cut(index: Any, axis: int, size: int) -> range | None:
    """The places along the axis that a slice takes; None where it cuts others, or has a tensor in it."""
    items = index if isinstance(index, list) else [index]
    if not all(isinstance(item, str) and (item == ":" or place == axis) for place, item in enumerate(items)):
        return None
    if axis >= len(items) or ":" not in items[axis]:
        return None
    return range(size)[slice(*[int(number) if number else None for number in items[axis].split(":")])]


MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def pad(node: Node) -> None:
    """ONNX lists all beginnings and then all ends, torch each axis with both, the last axis first."""
    pads = node.get("pads", node.numbers(1))
    if pads is None or node.has(3):
        node.is_operation("pad", [("input", node.value(0))], {"mode": "unknown"})
        return
    rank = len(pads) // 2
    pairs = [[pads[axis], pads[axis + rank]] for axis in range(rank)]
    while pairs and not any(pairs[0]):
        pairs.pop(0)
    settings: dict[str, Any] = {"pad": [side for pair in reversed(pairs) for side in pair]}
    settings["mode"] = MODES[node.get("mode", "constant")]
    value = node.get("value", node.number(2))
    node.is_operation("pad", [("input", node.value(0))], settings | ({"value": value} if value else {}))


LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}


WITH_PLACES = 11
"""Since this set of operators a resize says where the places of its output lie in its input."""


def resize(node: Node) -> None:
    """By a size, or by a factor an axis, of which the first two are one."""
    mode = {"linear": LINEAR.get(len(node.shape(0)), "linear"), "cubic": "bicubic"}.get(
        node.get("mode", "nearest"), node.get("mode", "nearest")
    )
    scales = node.numbers(1 if node.operator == "Upsample" or len(node.proto.input) == 2 else 2)
    scales = scales or node.get("scales", None)
    settings: dict[str, Any] = {"scale_factor": scales[2:]} if scales else {"size": list(node.out()[2:])}
    settings["mode"] = mode
    where = node.get("coordinate_transformation_mode", "half_pixel")
    if mode != "nearest":
        settings["align_corners"] = where == "align_corners"
        settings |= node.unusual({"cubic_coeff_a": (-0.75, -0.75), "exclude_outside": (0, 0)})
        if where not in ("align_corners", "half_pixel", "pytorch_half_pixel"):
            settings["coordinate_transformation_mode"] = where
    elif node.operator == "Resize" and node.reading.model.opset >= WITH_PLACES:
        settings |= node.unusual({"nearest_mode": ("round_prefer_floor", "floor"),
                                  "coordinate_transformation_mode": ("half_pixel", "asymmetric")})  # fmt: skip
    node.is_operation(
        "interpolate", [("input", node.value(0))], settings | {"antialias": bool(node.get("antialias", 0))}
    )


def grid_sample(node: Node) -> None:
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(node.get("mode", "linear"), node.get("mode", "linear"))
    settings = {"mode": mode, "padding_mode": node.get("padding_mode", "zeros"),
                "align_corners": bool(node.get("align_corners", 0))}  # fmt: skip
    node.is_operation("grid_sample", [("input", node.value(0)), ("grid", node.value(1))], settings)


def shuffle(node: Node) -> None:
    """Torch's pixel shuffle, or the two others, by a reshape, a permutation and a reshape."""
    by, deep = node.attributes["blocksize"], node.operator == "DepthToSpace"
    x = node.value(0)
    if deep and node.get("mode", "DCR") == "CRD":
        node.is_operation("pixel_shuffle", [("input", x)], {"upscale_factor": by})
        return
    n, c, h, w = x.shape
    shape, dims = ((n, by, by, c // by**2, h, w), (0, 3, 4, 1, 5, 2)) if deep else (
        (n, c, h // by, by, w // by, by), (0, 3, 5, 1, 2, 4))  # fmt: skip
    (x,) = node.add("reshape", [("input", x)], {"shape": list(shape)}, [shape], memory="view")
    (x,) = node.add("permute", [("input", x)], {"dims": list(dims)}, [tuple(shape[axis] for axis in dims)])
    node.is_operation("reshape", [("input", x)], {"shape": list(node.out())}, memory="view")


def expand(node: Node) -> None:
    if node.stored(0) is not None and prod(node.out()) == prod(node.shape(0)) and shows_stored(node, node.out()):
        return
    node.is_operation("expand", [("input", node.value(0))], {"size": list(node.out())})


def tile(node: Node) -> None:
    node.is_operation("repeat", [("input", node.value(0))], {"repeats": node.numbers(1) or []})


def top(node: Node) -> None:
    k = node.get("k", node.number(1))
    settings = {"k": k, "dim": node.get("axis", -1), "largest": bool(node.get("largest", 1)),
                "sorted": bool(node.get("sorted", 1))}  # fmt: skip
    node.is_operation("topk", [("input", node.value(0))], settings)


def cumulative(node: Node) -> None:
    node.is_operation("cumsum", [("input", node.value(0))], {"dim": node.number(1)})


def triangle(node: Node) -> None:
    upper = node.get("upper", 1)
    diagonal = node.number(1) if node.has(1) else 0
    given = [("input", node.value(0))] + ([("diagonal", node.value(1))] if diagonal is None else [])
    node.is_operation("triu" if upper else "tril", given, {} if diagonal is None else {"diagonal": diagonal})


MOVED = {
    "GatherElements": "gather", "GatherND": "index", "ScatterElements": "scatter", "Scatter": "scatter",
    "ScatterND": "index_put", "OneHot": "one_hot", "NonZero": "nonzero", "Range": "arange",
    "ConstantOfShape": "full", "EyeLike": "eye", "Unique": "unique", "NonMaxSuppression": "nms", "RoiAlign":
    "roi_align", "RandomNormal": "normal", "RandomUniform": "uniform", "Shape": "full", "Size": "full",
}  # fmt: skip


def moved(node: Node) -> None:
    """By its name, its attributes as they are."""
    given = [(f"argument_{place}", node.value(place)) for place, name in enumerate(node.proto.input) if name]
    node.is_operation(MOVED[node.operator], given, dict(node.attributes))


RULES: dict[str, Rule] = {
    "Reshape Flatten": reshape,
    "Squeeze Unsqueeze": squeeze,
    "Transpose": transpose,
    "Identity": identity,
    "Dropout": dropout,
    "Slice": part,
    "Split": split,
    "Gather": gather,
    "Concat": concatenate,
    "Pad": pad,
    "Resize Upsample": resize,
    "GridSample": grid_sample,
    "DepthToSpace SpaceToDepth": shuffle,
    "Expand": expand,
    "Tile": tile,
    "TopK": top,
    "CumSum": cumulative,
    "Trilu": triangle,
    " ".join(MOVED): moved,
}
