"""The shape rules against torch: where a rule answers, torch agrees; where torch raises, the rule is mute.

torch answers on the CPU: the tensors are tiny, and a first question on the meta device costs seconds of imports.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from archscope.model.operations import CATEGORY
from archscope.model.windows import window_of
from archscope.tracing import calls, shape_rules

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


torch.set_num_threads(1)  # threads cost more than they save on tensors this small

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, about the odd calls of these grids


def full(*shape: int) -> torch.Tensor:
    return torch.zeros(shape)


def tensors_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    flat = [item for value in (*args, *kwargs.values()) for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, torch.Tensor)]


def by_rule(operation: str, args: tuple[Any, ...], kwargs: dict[str, Any], function: Any) -> list[Any] | None:
    bound = calls.bind(function, operation, args, kwargs)
    weight = bound.get("weight") if "convolution" in CATEGORY[operation] else None
    window = window_of(bound, operation, None if weight is None else tuple(weight.shape))
    sizes = [tuple(tensor.shape) for tensor in tensors_of(args, kwargs)]
    return shape_rules.output_shapes(operation, sizes, bound, window)


def by_torch(args: tuple[Any, ...], kwargs: dict[str, Any], function: Any) -> list[Any] | None:
    try:
        result = function(*args, **kwargs)
    except (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError, AssertionError):
        return None
    return [tuple(tensor.shape) for tensor in (result if isinstance(result, tuple) else (result,))]


def check(operation: str, calls_to_check: list[Call]) -> None:
    """Agreement on every call, and that the rule is of use: it answers for some and torch refuses some or none."""
    answered = 0
    for function, args, kwargs in calls_to_check:
        expected, found = by_torch(args, kwargs, function), by_rule(operation, args, kwargs, function)
        if found not in (None, expected):
            torch.set_printoptions(threshold=0, edgeitems=0)
            sizes = [tuple(tensor.shape) for tensor in tensors_of(args, kwargs)]
            pytest.fail(f"{operation} of {sizes}, {args}, {kwargs}: {found}, but torch says {expected}")
        answered += found is not None
    assert answered, f"no rule answered for {operation}"


def grid(**choices: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


# ---- sliding windows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_convolution(axes: int) -> None:
    function = getattr(F, f"conv{axes}d")
    spatial = (5, 7, 4)[:axes]
    options = grid(kernel=[1, 2, 3], stride=[1, 2], padding=[0, 1, "same", "valid"], dilation=[1, 2], groups=[1, 2, 3])
    listed = [
        (function, (full(2, 4, *spatial), full(6, 4 // groups, *[kernel] * axes), full(6)), {**rest, "groups": groups})
        for option in options
        for kernel, groups, rest in [(option["kernel"], option["groups"], {
            name: option[name] for name in ("stride", "padding", "dilation")})]
    ]  # fmt: skip
    check(f"conv{axes}d", listed)


REFUSED_CONVOLUTIONS = {
    "channels": ((full(1, 3, 5, 5), full(6, 4, 3, 3)), {}),
    "outputs not in groups": ((full(1, 4, 5, 5), full(5, 2, 3, 3)), {"groups": 2}),
    "bias": ((full(1, 4, 5, 5), full(6, 4, 3, 3), full(5)), {}),
    "too small": ((full(1, 4, 2, 5), full(6, 4, 3, 3)), {}),
    "no stride": ((full(1, 4, 5, 5), full(6, 4, 3, 3)), {"stride": 0}),
    "negative padding": ((full(1, 4, 5, 5), full(6, 4, 3, 3)), {"padding": -1}),
    "same with stride": ((full(1, 4, 5, 5), full(6, 4, 3, 3)), {"padding": "same", "stride": 2}),
    "too few axes": ((full(4, 5), full(6, 4, 3, 3)), {}),
    "two paddings of three": ((full(1, 4, 5, 5), full(6, 4, 3, 3)), {"padding": (1, 1, 1)}),
}


@pytest.mark.parametrize("mistake", REFUSED_CONVOLUTIONS)
def test_a_wrong_convolution_is_left_to_torch(mistake: str) -> None:
    args, kwargs = REFUSED_CONVOLUTIONS[mistake]
    assert by_torch(args, kwargs, F.conv2d) is None
    assert by_rule("conv2d", args, kwargs, F.conv2d) is None


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed_convolution(axes: int) -> None:
    function = getattr(F, f"conv_transpose{axes}d")
    options = grid(stride=[1, 2, (3,) * axes], padding=[0, 1], output_padding=[0, 1, 2], groups=[1, 2], dilation=[1, 2])
    listed = [
        (function, (full(1, 4, *(3, 5, 4)[:axes]), full(4, 3, *[kernel] * axes), full(3 * option["groups"])), option)
        for option in options for kernel in (1, 3)
    ]  # fmt: skip
    check(f"conv_transpose{axes}d", listed)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling(kind: str, axes: int) -> None:
    options = grid(kernel_size=[1, 2, 3], stride=[None, 1, 2, 3], padding=[0, 1], ceil_mode=[False, True])
    options = [{name: value for name, value in option.items() if value is not None} for option in options]
    options += [option | {"dilation": 2} for option in options] if kind == "max" else []
    sizes = [(length, 7, 2)[:axes] for length in (1, 2, 3, 4, 5, 6)]
    function = getattr(F, f"{kind}_pool{axes}d")
    check(f"{kind}_pool{axes}d", [(function, (full(1, 3, *size),), option) for size in sizes for option in options])


@pytest.mark.parametrize("length", range(1, 12))
def test_a_window_that_starts_in_the_padding_is_dropped(length: int) -> None:
    kwargs = {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}
    image = full(1, 1, length, length)
    assert by_rule("max_pool2d", (image,), kwargs, F.max_pool2d) == by_torch((image,), kwargs, F.max_pool2d) is not None


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_global_pooling(kind: str, axes: int) -> None:
    function = getattr(F, f"adaptive_{kind}_pool{axes}d")
    sizes = [1, 3, 0, None, (2,) * axes, (None,) * axes, (2, 3, 4), (1,)]
    images = [full(2, 3, *(5, 6, 7)[:axes]), full(3, *(5, 6, 7)[:axes])]
    check(f"adaptive_{kind}_pool{axes}d", [(function, (image, size), {}) for image in images for size in sizes])


# ---- broadcasting, joining, reducing ---------------------------------------------------------------------------

SHAPES = [(), (1,), (3,), (4, 3), (1, 3), (4, 1), (2, 4, 3), (2, 1, 1), (1, 4, 1), (2, 4, 1, 1), (2, 4, 5, 3), (0, 3)]


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div", "pow", "minimum", "maximum"])
def test_elementwise(operation: str) -> None:
    function = getattr(torch, operation)
    check(operation, [(function, (full(*a), full(*b)), {}) for a, b in itertools.product(SHAPES, SHAPES)])


@pytest.mark.parametrize("operation", sorted(shape_rules.POINTWISE - set(shape_rules.BINARY.split())))
def test_unary(operation: str) -> None:
    extra = {"threshold": (0.1, 0.0), "clamp": (0.0, 1.0)}.get(operation, ())
    function = getattr(F, operation, None) or getattr(torch, operation, None) or getattr(torch.special, operation)
    check(operation, [(function, (full(2, 4, 3), *extra), {})])


@pytest.mark.parametrize("function", [torch.cat, torch.stack, torch.concat, torch.concatenate])
def test_joining(function: Callable[..., Any]) -> None:
    lists = [[(2, 3, 4), (2, 3, 4)], [(2, 3, 4), (2, 5, 4)], [(2, 3, 4), (1, 3, 4)], [(2, 3), (2, 3, 4)], [(3,)]]
    options = [{}, *[{word: axis} for word in ("dim", "axis") for axis in range(-5, 5)]]
    listed: list[Call] = [
        (function, ([full(*shape) for shape in shape_list],), option) for shape_list in lists for option in options
    ]
    listed += [(function, ([full(*shape) for shape in lists[0]], axis), {}) for axis in range(-5, 5)]
    check(calls.operation_name(function)[0], listed)


@pytest.mark.parametrize("operation", ["mean", "sum", "amax", "amin"])
def test_reduction(operation: str) -> None:
    axes = [0, 1, -1, 4, (2, 3), [2, 3], (-1, 1), (1, 1), (0, 1, 2, 3), ()]
    options = [{}, {"keepdim": True}, {"keepdim": False}]
    function = getattr(torch, operation)
    listed: list[Call] = [(function, (full(2, 3, 4, 5), axis), option) for axis in axes for option in options]
    check(
        operation,
        [*listed, (function, (full(2, 3, 4, 5),), {"axis": 1, "keepdims": True}), (function, (full(2, 3),), {})],
    )


# ---- products ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["matmul", "bmm", "mm"])
def test_matmul(operation: str) -> None:
    sizes = [(3,), (3, 4), (4, 3), (2, 3, 4), (2, 4, 3), (1, 4, 3), (5, 2, 3, 4), (5, 2, 4, 3)]
    pairs = itertools.product(sizes, sizes)
    check(operation, [(getattr(torch, operation), (full(*a), full(*b)), {}) for a, b in pairs])


def test_linear() -> None:
    activations = [(3,), (2, 3), (2, 5, 3), (2, 5, 6, 3), (2, 4)]
    weights = [((6, 3), None), ((6, 3), (6,)), ((6, 3), (5,)), ((3,), None), ((1, 3), (1,))]
    listed = [
        (F.linear, (full(*a), full(*w), *([] if b is None else [full(*b)])), {})
        for a in activations
        for w, b in weights
    ]
    check("linear", listed)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments are those that the module passes on: caught where it calls torch."""
    seen: list[Call] = []
    name = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn_tanh"}[kind]
    original = getattr(torch._VF, name)

    def listen(*args: Any) -> Any:
        seen.append((original, args, {}))
        return original(*args)

    monkeypatch.setattr(torch._VF, name, listen)
    options = grid(num_layers=[1, 3], bidirectional=[False, True], batch_first=[False, True], bias=[False, True])
    options += [option | {"proj_size": 2} for option in options] if kind == "LSTM" else []
    for option in options:
        getattr(torch.nn, kind)(6, 5, **option)(full(3, 4, 6))
    for function, args, _ in seen:
        sizes = [tuple(t.shape) for arg in args for t in (arg if isinstance(arg, tuple | list) else [arg])
                 if isinstance(t, torch.Tensor)]  # fmt: skip
        found = shape_rules.output_shapes(name, sizes, calls.bind(function, name, args, {}), None)
        assert found == by_torch(args, {}, function)
    assert len(seen) == len(options)


# ---- normalisation, softmax, the rest ----------------------------------------------------------------------------


def test_normalisation() -> None:
    image = full(2, 6, 4, 5)
    check("group_norm", [(F.group_norm, (image, groups, *weight), {}) for groups in (1, 2, 3, 4, 6)
                         for weight in ((), (full(6), full(6)), (full(3), full(3)))])  # fmt: skip
    check("layer_norm", [(F.layer_norm, (image, size, *weight), {}) for size in ((5,), (4, 5), (6,), (6, 4, 5), ())
                         for weight in ((), (full(*size), full(*size)), (full(7), full(7)))])  # fmt: skip
    statistics = [(None, None), (full(6), full(6)), (full(5), full(5))]
    check("batch_norm", [(F.batch_norm, (image, *both), {"training": both[0] is None, "weight": weight})
                         for both in statistics for weight in (None, full(6), full(4))])  # fmt: skip
    check(
        "local_response_norm",
        [(F.local_response_norm, (full(*shape), 2), {}) for shape in ((2, 6), (2, 6, 3), (0, 3, 2))],
    )


def test_one_image_may_train_a_batch_norm_without_pixels() -> None:
    """The one place where a rule knows better: torch refuses batch 1, but the trace stands for any batch."""
    args = (full(1, 6, 1, 1), None, None)
    assert by_torch(args, {"training": True}, F.batch_norm) is None
    assert by_rule("batch_norm", args, {"training": True}, F.batch_norm) == [(1, 6, 1, 1)]


@pytest.mark.parametrize("operation", ["softmax", "log_softmax"])
def test_softmax(operation: str) -> None:
    check(operation, [(getattr(F, operation), (full(2, 3), axis), {}) for axis in (-3, -2, -1, 0, 1, 2)])


def test_attention() -> None:
    sizes = [(2, 3, 4, 6), (2, 3, 5, 6), (2, 1, 5, 6), (1, 3, 5, 6), (2, 3, 5, 7), (3, 5, 6)]
    check(
        "scaled_dot_product_attention",
        [
            (F.scaled_dot_product_attention, tuple(map(lambda size: full(*size), three)), {})
            for three in itertools.product(sizes[:2], sizes, sizes)
        ],
    )


def test_prelu() -> None:
    slopes = [full(1), full(4), full(3), full(1, 4)]
    check("prelu", [(F.prelu, (full(*shape), slope), {}) for shape in ((2, 4, 5), (2, 4), (4,)) for slope in slopes])


@pytest.mark.parametrize("operation", [name for name, category in CATEGORY.items() if category == "dropout"])
def test_dropout(operation: str) -> None:
    options = grid(p=[0.0, 0.5, 1.0, 1.5], training=[False, True])
    check(operation, [(getattr(F, operation), (full(2, 3, *[4] * axes),), option) for option in options
                      for axes in [int(operation[-2]) if operation[-1] == "d" else 2]])  # fmt: skip


def test_clamp() -> None:
    options = [{"min": 0}, {"max": 6}, {"min": 0, "max": 6}, {}]
    check("clamp", [(torch.clamp, (full(2, 3),), option) for option in options])


MODES = ["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]


@pytest.mark.parametrize("mode", MODES)
def test_interpolate(mode: str) -> None:
    images = [full(1, 2, 5), full(1, 2, 5, 7), full(1, 2, 5, 7, 3)]
    options: list[dict[str, Any]] = [{"scale_factor": factor} for factor in (2, 1.5, 0.5, 0.1, 2.3, (2.0, 3.0))]
    options += [{"size": size} for size in (9, (9, 4), (9, 4, 5))] + [{}, {"size": 3, "scale_factor": 2}]
    options += [option | {"align_corners": True} for option in options]
    listed: list[Call] = [(F.interpolate, (image,), {**option, "mode": mode}) for image in images for option in options]
    if mode == "area":  # no rule: it must not answer as if it had one
        assert all(by_rule("interpolate", args, kwargs, F.interpolate) is None for _, args, kwargs in listed)
    else:
        check("interpolate", listed)


def test_pixel_shuffle() -> None:
    images = [full(1, 8, 3, 4), full(2, 9, 3, 4), full(8, 3, 4)]
    check("pixel_shuffle", [(F.pixel_shuffle, (image, factor), {}) for image in images for factor in (1, 2, 3)])


def test_every_rule_is_for_a_known_operation() -> None:
    assert set(shape_rules.RULES) <= set(CATEGORY)


def test_an_operation_without_a_rule_is_left_to_torch() -> None:
    assert shape_rules.output_shapes("einsum", [(2, 3)], {}, None) is None
