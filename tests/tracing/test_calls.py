"""What one call of a torch function says."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from archscope.model.graph import Window
from archscope.model.windows import window_of
from archscope.tracing import calls, trace
from tests.small_nets import Forward

X = torch.zeros(1, 4, 8, 8)

NAMES = [
    (torch.Tensor.add, "add", False),
    (torch.Tensor.__add__, "add", False),
    (torch.Tensor.__radd__, "add", False),
    (torch.Tensor.__iadd__, "add", True),
    (torch.Tensor.add_, "add", True),
    (torch.Tensor.__sub__, "sub", False),
    (torch.Tensor.__isub__, "sub", True),
    (torch.Tensor.__rsub__, "rsub", False),
    (torch.Tensor.__truediv__, "div", False),
    (torch.Tensor.__itruediv__, "div", True),
    (torch.Tensor.__rtruediv__, "div", False),
    (torch.Tensor.__floordiv__, "floor_divide", False),
    (torch.Tensor.__mod__, "remainder", False),
    (torch.Tensor.__pow__, "pow", False),
    (torch.Tensor.__matmul__, "matmul", False),
    (torch.Tensor.__and__, "bitwise_and", False),
    (torch.Tensor.__xor__, "bitwise_xor", False),
    (torch.Tensor.__rshift__, "bitwise_right_shift", False),
    (torch.Tensor.__rlshift__, "bitwise_left_shift", False),
    (torch.Tensor.__ilshift__, "bitwise_left_shift", True),
    (torch.Tensor.__invert__, "bitwise_not", False),
    (torch.Tensor.__neg__, "neg", False),
    (torch.Tensor.__getitem__, "getitem", False),
    (torch.Tensor.__setitem__, "setitem", True),
    (F.relu, "relu", False),
    (F.relu_, "relu", True),
    (torch.ops.aten.relu.default, "relu", False),
]


@pytest.mark.parametrize(("function", "name", "in_place"), NAMES, ids=[f"{n}{i}" for i, (_, n, _) in enumerate(NAMES)])
def test_names_of_operators_and_methods(function: Callable[..., Any], name: str, in_place: bool) -> None:
    assert calls.operation_name(function) == (name, in_place)


def settings(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    operation = calls.operation_name(function)[0]
    bound = calls.bind(function, operation, args, kwargs)
    weight = bound.get("weight")
    window = window_of(bound, operation, None if weight is None else tuple(weight.shape))
    return calls.settings_of(bound, window)


BY_KEYWORD: list[tuple[Callable[..., Any], dict[str, tuple[int, ...]], list[str]]] = [
    (F.linear, {"weight": (4, 3), "bias": (4,), "input": (2, 3)}, ["input", "weight", "bias"]),
    (F.conv2d, {"bias": (6,), "weight": (6, 4, 3, 3), "input": (1, 4, 8, 8)}, ["input", "weight", "bias"]),
    (torch.matmul, {"other": (3, 4), "input": (2, 3)}, ["input", "other"]),
    (torch.bmm, {"mat2": (2, 4, 3), "input": (2, 5, 4)}, ["input", "mat2"]),
    (torch.addmm, {"mat2": (3, 4), "mat1": (2, 3), "input": (4,)}, ["input", "mat1", "mat2"]),
    (F.bilinear, {"weight": (4, 3, 5), "input2": (2, 5), "input1": (2, 3)}, ["input1", "input2", "weight"]),
    (F.scaled_dot_product_attention, {"value": (1, 5, 7), "key": (1, 5, 4), "query": (1, 2, 4)},
     ["query", "key", "value"]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "sizes", "names"), BY_KEYWORD, ids=[f.__name__ for f, _, _ in BY_KEYWORD])
def test_tensors_by_keyword_are_told_by_their_names(
    function: Callable[..., Any], sizes: dict[str, tuple[int, ...]], names: list[str]
) -> None:
    """In whatever order a call gives them; so that shapes and MACs are those of the call in torch's order."""
    first, *rest = [key for key in sizes if key == names[0]] + [key for key in sizes if key != names[0]]
    net = Forward(lambda net, x: function(**{key: x if key == first else getattr(net, key) for key in sizes}))
    for key in rest:
        setattr(net, key, torch.nn.Parameter(torch.ones(sizes[key])))
    x = torch.ones(sizes[first])
    (layer,) = trace(net, inputs=x).layers

    assert [operand.argument for operand in layer.operands] == names
    assert layer.operand_shapes == tuple(sizes[name] for name in names)
    assert layer.output_elements == net(x).numel()
    assert trace(net, inputs=x).results[0].shape == net(x).shape


def test_scalars_are_settings_and_tensors_are_not() -> None:
    assert settings(torch.mul, X, 0.17) == {"other": 0.17}
    assert settings(torch.mul, X, X) == {}


def test_what_a_layer_says_elsewhere_is_no_setting() -> None:
    weight = torch.zeros(4, 2, 3, 3)
    assert settings(F.conv2d, X, weight, None, 2, 1, 1, 2) == {}
    assert settings(F.relu, X, inplace=True) == {}


@pytest.mark.parametrize("args", [((X, X), 1), ((X, X),)])
def test_cat_says_its_axis(args: tuple[Any, ...]) -> None:
    assert settings(torch.cat, *args) == {"dim": args[1] if len(args) > 1 else 0}


def test_numpy_words_mean_the_same() -> None:
    assert settings(torch.cat, (X, X), axis=2) == settings(torch.cat, (X, X), dim=2)
    assert settings(torch.mean, X, axis=1, keepdims=True) == settings(torch.mean, X, dim=1, keepdim=True)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (0, 0),
        (slice(1, 3), "1:3"),
        (slice(None), ":"),
        ((slice(None), slice(None, None, 2)), [":", "::2"]),
        ((..., slice(None, -1)), ["...", ":-1"]),
    ],
)
def test_an_index_is_written_as_in_python(index: Any, said: Any) -> None:
    assert settings(torch.Tensor.__getitem__, X, index) == {"index": said}


def window(
    function: Callable[..., Any], *args: Any, weight: torch.Tensor | None = None, **kwargs: Any
) -> Window | None:
    operation = calls.operation_name(function)[0]
    more = {} if weight is None else {"weight": weight}
    bound = calls.bind(function, operation, args, {**kwargs, **more})
    return window_of(bound, operation, None if weight is None else tuple(weight.shape))


def test_the_window_of_a_convolution() -> None:
    found = window(F.conv2d, X, weight=torch.zeros(4, 4, 3, 5), stride=2, padding=(1, 2), dilation=1)
    assert found == Window((3, 5), (2, 2), (1, 2), (1, 1))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("kernel", "dilation", "left"), [(3, 1, 1), (5, 1, 2), (4, 1, 1), (3, 2, 2)])
def test_same_padding_puts_the_odd_pixel_on_the_right(kernel: int, dilation: int, left: int) -> None:
    found = window(F.conv2d, X, weight=torch.zeros(4, 4, kernel, kernel), padding="same", dilation=dilation)
    assert found is not None
    assert found.padding == (left, left)
    image = torch.zeros(1, 1, 16, 16)
    image[..., 8, 8] = 1
    weight = torch.zeros(1, 1, kernel, kernel)
    weight[..., 0, 0] = 1  # its top left corner meets the one `left` pixels below and right of where it is centred
    met = F.conv2d(image, weight, padding="same", dilation=dilation).nonzero()[0, 2:].tolist()
    assert met == [8 + left, 8 + left]


def test_valid_padding_is_none() -> None:
    found = window(F.conv2d, X, weight=torch.zeros(4, 4, 3, 3), padding="valid")
    assert found is not None
    assert found.padding == (0, 0)


@pytest.mark.parametrize("kwargs", [{}, {"stride": None}, {"stride": []}])
def test_pooling_strides_by_its_kernel(kwargs: dict[str, Any]) -> None:
    assert window(F.max_pool2d, X, 3, **kwargs) == Window((3, 3), (3, 3), (0, 0), (1, 1))


def test_what_slides_no_window_has_none() -> None:
    assert window(F.relu, X) is None
    assert window(F.adaptive_avg_pool2d, X, 1) is None
