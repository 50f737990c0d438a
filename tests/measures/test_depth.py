from tests.graphs import Net, operands, total

COLUMNS = ("depth", "depth_separable_as_one", "conv_layers", "linear_layers")


def depths(net: Net) -> tuple[int, ...]:
    return tuple(total(net.graph(), column) for column in COLUMNS)


def test_the_longest_path_counts() -> None:
    net = Net(input=(4, 8, 8))
    stem = net.conv("stem", "input", 4, 1)
    short = net.conv("short", stem, 4, 1)
    long = net.conv("long2", net.add("relu", "relu", net.conv("long1", stem, 4, 1)), 4, 3, padding=1)
    net.add("cat", "cat", short, long, shape=(8, 8, 8))
    net.linear("fc", net.add("pool", "mean", "cat", shape=(8,)), 10)

    assert depths(net) == (1 + 2 + 1, 1 + 2 + 1, 4, 1)


def test_a_separable_convolution_as_one() -> None:
    net = Net(input=(4, 8, 8))
    before = "input"
    for i in range(3):
        depthwise = net.conv(f"depthwise{i}", before, 4, 3, padding=1, groups=4)
        before = net.conv(f"pointwise{i}", depthwise, 4, 1)

    assert depths(net) == (3 * 2, 3, 6, 0)


def test_a_depthwise_convolution_that_others_read_too_stands_alone() -> None:
    net = Net(input=(4, 8, 8))
    depthwise = net.conv("depthwise", "input", 4, 3, padding=1, groups=4)
    pointwise = net.conv("pointwise", depthwise, 4, 1)
    net.add("add", "add", depthwise, pointwise)

    assert depths(net)[:2] == (2, 2)


def test_grouped_is_not_depthwise() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("pointwise", net.conv("grouped", "input", 4, 3, groups=2), 4, 1)

    assert depths(net)[:2] == (2, 2)


def test_a_product_of_two_results_has_no_weight() -> None:
    net = Net(input=(6, 8))
    left = net.linear("left", "input", 8)
    net.add("product", "matmul", left, left, shape=(6, 6), operands=operands((1, 6, 8), (1, 8, 6)))

    assert depths(net) == (1, 1, 0, 1)
