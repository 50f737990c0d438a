import pytest

from archscope.model import units
from archscope.model.tree import tree_of
from tests.graphs import Net


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (999, "999"), (18_560, "18,560"), (99_999, "99,999"), (100_000, "100.0 k"), (999_499, "999.5 k"),
     (999_960, "1.000 M"), (22_855_952, "22.86 M"), (8_357_403_496, "8.357 G"), (1.5e12, "1.500 T")],
)  # fmt: skip
def test_counts(value: float, said: str) -> None:
    assert units.count(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(8_357_403_496, "8.36 G"), (999, "999"), (7, "7"), (999_600, "1.00 M"), (56e6, "56.0 M")]
)
def test_three_digits(value: float, said: str) -> None:
    assert units.scaled(value, 3) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (91_641_600, "87.4 MiB"), (1000 * 2**20, "1000 MiB"),
     (2**30, "1.0 GiB"), (2**50, "1024 TiB")],
)  # fmt: skip
def test_sizes(value: float, said: str) -> None:
    assert units.size(value) == said


def test_shapes() -> None:
    assert units.shape((3, 299, 299)) == "3x299x299"
    assert units.shape(()) == "1"


def operation(method: str, *args: object, **kwargs: object) -> str:
    net = Net(input=(8, 16, 16))
    getattr(net, method)("layer", *args, **kwargs)
    return units.operation(tree_of(net.graph()).children[0])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (operation("conv", "input", 6, 3, stride=2), "Conv 3x3 /2, 6"),
        (operation("conv", "input", 6, (1, 7), stride=(1, 2), dilation=(1, 2)), "Conv 1x7 /1x2 dilation 1x2, 6"),
        (operation("conv", "input", 6, 3, groups=2), "Conv 3x3, 6, 2 groups"),
        (operation("conv", "input", 8, 3, groups=8), "Depthwise Conv 3x3, 8"),
        (operation("pool", "input", 3, 2), "max_pool 3x3 /2"),
        (operation("linear", "input", 10), "Linear 16 to 10"),
        (operation("add", "dropout", "input", kind="Dropout", settings={"p": 0.25}), "Dropout 0.25"),
        (operation("add", "mul", "input", settings={"other": 0.17}), "mul 0.17"),
        (operation("add", "linalg_inv", "input"), "linalg_inv (unknown)"),
    ],
)
def test_operations(found: str, said: str) -> None:
    assert found == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 ms"), (2.84e-5, "28.4 ns"), (1e-4, "100 ns"), (9.997e-4, "1.00 µs"), (0.0041, "4.10 µs"),
     (-0.0041, "-4.10 µs"), (0.0123, "0.0123 ms"), (12.34, "12.3 ms"), (1234, "1,234 ms")],
)  # fmt: skip
def test_times(value: float, said: str) -> None:
    assert units.milliseconds(value) == said
