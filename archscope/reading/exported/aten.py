"""Operations of ATen in the words of torch's functions, as a trace has them: names, windows and settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from archscope.model.graph import Shape, Window
from archscope.model.operations import ALIASES, CATEGORY
from archscope.model.windows import IN_WINDOW, window_of
from archscope.reading.drafting import Value

NAMES = {
    "native_batch_norm_legit_no_training": "batch_norm", "native_batch_norm_legit": "batch_norm",
    "batch_norm_no_update": "batch_norm", "native_layer_norm": "layer_norm", "native_group_norm": "group_norm",
    "to_copy": "to", "upsample_nearest2d": "interpolate",
    "upsample_bilinear2d": "interpolate", "upsample_bicubic2d": "interpolate", "unsafe_index": "index",
    "fused_rms_norm": "rms_norm", "numpy_T": "T",
}  # fmt: skip
"""Where ATen has another name; what it strips of underscores is the function's own."""

NOTHING = {"detach", "lift_fresh_copy", "lift_fresh", "alias", "lift"}
"""Operations that give back what they are given."""

ARGUMENTS = {"self": "input", "train": "training"}
IMPLIED: dict[str, dict[str, Any]] = {
    "add": {"alpha": 1}, "sub": {"alpha": 1}, "cat": {"dim": 0}, "stack": {"dim": 0}, "chunk": {"dim": 0},
    "split": {"dim": 0}, "flatten": {"start_dim": 0, "end_dim": -1}, "gelu": {"approximate": "none"},
    "leaky_relu": {"negative_slope": 0.01}, "elu": {"alpha": 1.0}, "softplus": {"beta": 1, "threshold": 20},
    "pad": {"mode": "constant"}, "layer_norm": {"eps": 1e-5}, "group_norm": {"eps": 1e-5},
    "scaled_dot_product_attention": {"dropout_p": 0.0, "is_causal": False, "enable_gqa": False},
    **{f"max_pool{axes}d": {"ceil_mode": False, "return_indices": False} for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": {"ceil_mode": False, "count_include_pad": True} for axes in (1, 2, 3)},
    **{name: {"keepdim": False} for name in ("mean", "sum", "amax", "amin", "argmax", "argmin", "var", "std")},
}  # fmt: skip
"""What torch takes where a call does not say it, and a file does not list it."""

UNSAID = {
    "cudnn_enabled",
    "cudnn_enable",
    "layout",
    "device",
    "pin_memory",
    "memory_format",
    "implicit",
    "N",
    "C",
    "HxW",
}


@dataclass(frozen=True)
class Called:
    """An operation as a Layer has it."""

    operation: str
    in_place: bool
    window: Window | None
    groups: int
    settings: dict[str, Any]


@lru_cache
def operation_of(target: str) -> tuple[str, bool]:
    """`aten.relu_.default` is relu, in place; of another library with its name, `mylib::scan`."""
    library, _, rest = target.partition(".")
    name = rest.partition(".")[0]
    if library != "aten":
        return f"{library}::{name}", name.endswith("_")
    plain = name.strip("_")
    if plain.startswith("scaled_dot_product"):
        return "scaled_dot_product_attention", False
    plain = NAMES.get(plain, plain)
    return ALIASES.get(plain, plain), name.endswith("_") and not name.startswith("__")


def called(target: str, given: Mapping[str, Any], weight: Shape | None) -> Called:
    """`given` are the arguments that are no tensors, by ATen's names; `weight` is the shape of the tensor so called."""
    operation, in_place = operation_of(target)
    told = {ARGUMENTS.get(name, name): value for name, value in given.items()}
    if operation == "convolution":
        axes = len(weight or ()) - 2
        operation = f"conv{'_transpose' if told.pop('transposed', False) else ''}{axes}d"
        if "transpose" not in operation:
            told.pop("output_padding", None)
    window = _window(operation, told, weight)
    groups = told.pop("groups", 1) if "conv" in operation else 1
    if "conv" in operation and window and "transpose" in operation:
        told.setdefault("output_padding", [0] * len(window.kernel_size))
    settings = {name: value for name, value in told.items() if value is not None and name not in UNSAID}
    if operation == "interpolate":
        settings = _interpolated(target, settings)
    implied = IMPLIED.get(operation, {})
    if "keepdim" in implied and "dim" not in settings:  # of all elements there is one alone
        implied = {}
    if "no_training" in target or "no_update" in target:
        settings["training"] = False
    return Called(operation, in_place, window, int(groups), {**implied, **settings})


def _window(operation: str, told: dict[str, Any], weight: Shape | None) -> Window | None:
    """Taken out of the arguments, but for a padding in words."""
    category = CATEGORY.get(operation, "")
    window = window_of(told, operation, weight) if category == "pooling" or "convolution" in category else None
    for name in IN_WINDOW if window else ():
        if not isinstance(told.get(name), str):
            told.pop(name, None)
    return window


def _interpolated(target: str, told: dict[str, Any]) -> dict[str, Any]:
    mode = next(word for word in ("nearest", "bilinear", "bicubic") if word in target)
    settings: dict[str, Any] = {"mode": mode, "antialias": False}
    factors, sizes = told.get("scale_factors"), told.get("output_size")
    if factors:
        settings["scale_factor"] = factors[0] if len(set(factors)) == 1 else factors
    else:
        settings["size"] = sizes
    return settings | ({"align_corners": bool(told.get("align_corners"))} if mode != "nearest" else {})


def chosen(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`slice.Tensor` and `select.int` as they are written: `x[:, 1:]`, `x[:, 1]`."""
    item = given.get("index") if name == "select" else _slice(*(given.get(word) for word in ("start", "end", "step")))
    index = [":"] * given.get("dim", 0) + [item]
    return {"index": index if len(index) > 1 else index[0]}


def _slice(start: int | None, end: int | None, step: int | None) -> str:
    first = "" if not start else str(start)
    last = "" if end is None or end >= 2**62 else str(end)
    return f"{first}:{last}" + (f":{step}" if step not in (None, 1) else "")


BY_TENSORS = {"index": "getitem", "index_put": "setitem"}
"""What is written as x[:, places], and as x[:, places] = y."""


def by_tensors(given: Mapping[str, Any], values: Mapping[str, Value]) -> tuple[dict[str, Any], list[tuple[str, Value]]]:
    """Its settings, and its tensors by argument, as a trace of the code has them."""
    places = given["indices"]
    index = [":" if each is None else "tensor" for each in places]
    names = ["index"] if len(places) == 1 else [f"index.{place}" for place in range(len(places))]
    tensors = [("input", given["input"]), *zip(names, places, strict=True)]
    tensors += [("value", given["values"])] if "values" in given else []
    settings = {"index": index} if ":" in index else {}
    return settings, [(name, values[ref.name]) for name, ref in tensors if ref is not None]
