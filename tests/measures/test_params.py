from tests.graphs import Net, total, values

COLUMNS = ("params", "trainable_params", "frozen_params", "unused_params", "buffers")


def test_a_layer_has_its_weights_and_biases() -> None:
    net = Net(input=(3, 8, 8))
    net.conv("conv", "input", 6, (3, 5), groups=3, bias=True)
    net.add("relu", "relu", "conv")
    graph = net.graph()

    assert values(graph, "params") == {"conv": 6 * (3 // 3) * 3 * 5 + 6, "relu": 0}
    assert total(graph, "params") == sum(values(graph, "params").values())


def test_shared_parameters_count_once_at_their_first_layer() -> None:
    net = Net(input=(7,))
    first = net.linear("first", "input", 7, bias=False)
    own = net.parameter("second.bias", 7)
    net.add("second", "linear", first, parameters=("first.weight", own))
    net.add("third", "linear", "second", parameters=("first.weight", own))
    graph = net.graph()

    assert values(graph, "params") == {"first": 7 * 7, "second": 7, "third": 0}
    assert total(graph, "params") == 7 * 7 + 7


def test_what_the_pass_never_touched_is_apart() -> None:
    net = Net(input=(5,))
    net.linear("used", "input", 2, bias=False)
    net.parameter("head.weight", 11, 13)
    graph = net.graph()

    assert total(graph, "params") == 5 * 2 + 11 * 13
    assert total(graph, "unused_params") == 11 * 13
    assert sum(values(graph, "params").values()) == total(graph, "params") - total(graph, "unused_params")


def test_frozen_and_trainable_make_up_all() -> None:
    net = Net(input=(5,))
    net.linear("linear", "input", 3)
    net.parameter("linear.weight", 3, 5, trainable=False)
    net.parameter("head.weight", 2, 2, trainable=False)
    graph = net.graph()

    found = {name: total(graph, name) for name in COLUMNS}
    assert found == {
        "params": 3 * 5 + 3 + 2 * 2,
        "trainable_params": 3,
        "frozen_params": 3 * 5 + 2 * 2,
        "unused_params": 2 * 2,
        "buffers": 0,
    }
    assert values(graph, "frozen_params") == {"linear": 3 * 5}


def test_buffers_leave_out_counters() -> None:
    net = Net(input=(4, 8, 8))
    names = [net.buffer("bn.running_mean", 4), net.buffer("bn.running_var", 4)]
    names.append(net.buffer("bn.num_batches_tracked", dtype="int64"))
    net.buffer("never.read", 9)
    net.add("bn", "batch_norm", "input", buffers=tuple(names))
    net.add("bn_1", "batch_norm", "bn", buffers=tuple(names))
    graph = net.graph()

    assert values(graph, "buffers") == {"bn": 4 + 4, "bn_1": 0}
    assert total(graph, "buffers") == 4 + 4 + 9
