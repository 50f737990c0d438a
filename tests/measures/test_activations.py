from tests.graphs import Net, total, values


def test_outputs_of_what_multiplies_and_accumulates() -> None:
    net = Net(input=(3, 8, 8))
    conv = net.conv("conv", "input", 6, 3, stride=2)
    relu = net.add("relu", "relu", conv)
    both = net.add("cat", "cat", conv, relu, shape=(12, 3, 3))
    flat = net.add("flatten", "flatten", both, shape=(12 * 3 * 3,))
    net.linear("fc", flat, 10)
    graph = net.graph()

    side = (8 - 3) // 2 + 1
    assert values(graph, "activations") == {"conv": 6 * side * side, "relu": 0, "cat": 0, "flatten": 0, "fc": 10}
    assert total(graph, "activations") == 6 * side * side + 10


def test_unknown_operations_have_none() -> None:
    net = Net(input=(3, 8, 8))
    net.add("mystery", "linalg_inv", "input")

    assert values(net.graph(), "activations") == {"mystery": None}
