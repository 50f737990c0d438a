from collections.abc import Iterator
from dataclasses import replace

import pytest

from archscope.model.graph import Graph, Tensor
from archscope.model.report import Report
from archscope.model.tree import Node, tree_of, walk
from tests.graphs import NETWORKS, Net, layer_totals, report_of, six_layers, traced


def listed(graph: Graph, depth: int = 0, fold: bool = True, units: bool = True) -> list[str]:
    return [f"{'.' * level}{node.name}x{node.repeat}" for level, node in walk(tree_of(graph, fold), depth, units)]


def test_equal_neighbours_fold() -> None:
    assert listed(six_layers()) == ["stemx1", "middlex1", ".block1x2", "..conv_3x3x1", "..addx1", "poolx1"]


def test_unfolded() -> None:
    every = ["stemx1", "middlex1", ".block1x1", "..conv_3x3x1", "..addx1", ".block2x1", "..conv_3x3x1", "..addx1"]
    assert listed(six_layers(), fold=False) == [*every, "poolx1"]


@pytest.mark.parametrize(("depth", "levels"), [(1, {0}), (2, {0, 1}), (3, {0, 1, 2}), (0, {0, 1, 2}), (9, {0, 1, 2})])
def test_walk_stops_at_the_depth(depth: int, levels: set[int]) -> None:
    assert {level for level, _ in walk(tree_of(six_layers()), depth, units=True)} == levels


def test_layers_are_those_of_one_node_and_all_layers_those_of_its_copies_too() -> None:
    (_, _, (_, block), *_) = walk(tree_of(six_layers()), 0, True)

    assert [layer.name for layer in block.layers] == ["middle.block1.conv_3x3", "middle.block1.add"]
    assert [layer.name for layer in block.all_layers] == [
        f"middle.block{i}.{name}" for i in (1, 2) for name in ("conv_3x3", "add")
    ]


def chain(*widths: int, kernel: int = 1) -> Net:
    net = Net(input=(widths[0], 8, 8))
    before = "input"
    for i, width in enumerate(widths[1:]):
        before = net.conv(f"block{i}.conv", before, width, kernel)
        net.blocks[f"block{i}"] = "Sequential"
    return net


def test_other_shapes_do_not_fold() -> None:
    assert listed(chain(4, 4, 4).graph()) == ["block0x2", ".convx1"]
    assert listed(chain(4, 4, 6, 6).graph(), 1) == ["block0x1", "block1x1", "block2x1"]
    assert listed(chain(4, 4, 4, kernel=3).graph(), 1) == ["block0x1", "block1x1"]


def test_other_classes_windows_and_settings_do_not_fold() -> None:
    net = chain(4, 4, 4)
    net.blocks["block1"] = "Other"
    assert listed(net.graph(), 1) == ["block0x1", "block1x1"]

    net = Net(input=(4, 8, 8))
    net.conv("conv1", net.conv("conv0", "input", 4, 3, padding=1), 4, 3, padding=2, dilation=2)
    assert listed(net.graph()) == ["conv0x1", "conv1x1"]

    net = Net(input=(4, 8, 8))
    for i, settings in enumerate(({"p": [0.1]}, {"p": [0.1]}, {"p": [0.2]})):
        net.add(f"dropout{i}", "dropout", "input", settings=settings)
    assert listed(net.graph()) == ["dropout0x2", "dropout2x1"]


def test_only_neighbours_fold() -> None:
    net = Net(input=(4, 8, 8))
    for name, operation in (("relu0", "relu"), ("sigmoid", "sigmoid"), ("relu1", "relu")):
        net.add(name, operation, "input")

    assert listed(net.graph()) == ["relu0x1", "sigmoidx1", "relu1x1"]


def test_values_that_differ_do_not_fold() -> None:
    graph = chain(4, 4, 4, 4).graph()
    names = [layer.name for layer in graph.layers]

    def blocks(*values: object) -> list[str]:
        return [node.name for _, node in walk(tree_of(graph, values=dict(zip(names, values, strict=True))), 1, True)]

    assert blocks(1, 1, 1) == ["block0"]
    assert blocks(1, 2, 2) == ["block0", "block1"]
    assert blocks([1], None, [1]) == ["block0", "block1", "block2"]


# ---- parameters ------------------------------------------------------------------------------------------------


def folded_params(graph: Graph) -> int:
    return total_of(report_of(graph), "params", 0)


def test_shared_parameters_are_not_folded_into_a_wrong_sum() -> None:
    net = Net(input=(4, 8, 8))
    before = net.conv("conv0", "input", 4, 1, bias=True)
    for i in (1, 2, 3):
        own = (net.parameter(f"bias{i}", 4),) if i == 1 else ("bias1",)
        before = net.add(f"conv{i}", "conv2d", before, window=net.layers[0].window,
                         parameters=("conv0.weight", *own), kind="Conv2d")  # fmt: skip
    graph = net.graph()

    assert listed(graph) == ["conv0x1", "conv1x1", "conv2x2"]
    assert folded_params(graph) == (4 * 4 + 4) + 4


def test_parameters_of_other_sizes_do_not_fold() -> None:
    """Two embeddings read and write the same sizes, whatever their vocabularies."""
    net = Net(tokens=(6,))
    for name, words in (("words", 100), ("types", 2)):
        net.add(name, "embedding", "tokens", shape=(6, 8), parameters=(net.parameter(f"{name}.weight", words, 8),))
    graph = net.graph()

    assert listed(graph) == ["wordsx1", "typesx1"]
    assert folded_params(graph) == (100 + 2) * 8


def test_frozen_blocks_do_not_fold_with_trained_ones() -> None:
    net = chain(4, 4, 4, 4)
    net.parameter("block0.conv.weight", 4, 4, 1, 1, trainable=False)
    graph = net.graph()

    assert listed(graph, 1) == ["block0x1", "block1x2"]
    assert total_of(report_of(graph), "frozen_params", 0) == 4 * 4


def unused_heads(*sizes: int) -> Graph:
    net = chain(4, *[4] * len(sizes))
    for i, size in enumerate(sizes):
        if size:
            net.parameter(f"block{i}.head.weight", size)
            net.blocks[f"block{i}.head"] = "Linear"
    net.parameter("other.weight", 17)
    return net.graph()


@pytest.mark.parametrize("sizes", [(5, 5), (5, 7), (5, 0), (0, 5)])
def test_modules_with_unused_parameters_do_not_fold(sizes: tuple[int, int]) -> None:
    graph = unused_heads(*sizes)

    assert listed(graph, 1) == ["block0x1", "block1x1", "otherx1"]
    assert [node.all_unused for _, node in walk(tree_of(graph), 1, True)] == [
        *[(f"block{i}.head.weight",) * bool(size) for i, size in enumerate(sizes)],
        ("other.weight",),
    ]


def test_parameters_of_a_block_itself() -> None:
    net = chain(4, 4, 4)
    net.parameter("block0.scale", 3)

    assert listed(net.graph(), 1) == ["block0x1", "block1x1"]


def test_unused_modules_come_last() -> None:
    net = Net(input=(4, 8, 8))
    net.parameter("auxiliary.weight", 5)
    net.blocks["auxiliary"] = "Linear"
    net.conv("conv", "input", 4, 1)
    root = tree_of(net.graph())

    assert [node.name for node in root.children] == ["conv", "auxiliary"]
    assert root.children[-1].unused == ("auxiliary.weight",)
    assert not root.children[-1].layers


# ---- units ---------------------------------------------------------------------------------------------------


def unit(*operations: str, depthwise: bool = False) -> Node:
    net = Net(input=(4, 8, 8))
    before = net.conv("unit.depthwise", "input", 4, 3, groups=4) if depthwise else "input"
    before = net.conv("unit.conv", before, 4, 1)
    for operation in operations:
        before = net.add(f"unit.{operation}", operation, before)
    return tree_of(net.graph()).children[0]


@pytest.mark.parametrize(
    ("node", "is_unit"),
    [
        (unit("batch_norm", "relu"), True),
        (unit("batch_norm", depthwise=True), True),
        (unit(depthwise=True), True),
        (unit(), False),  # a convolution alone is a layer
        (unit("add"), False),
        (unit("batch_norm", "max_pool2d"), False),
    ],
)
def test_units(node: Node, is_unit: bool) -> None:
    assert node.is_unit == is_unit


def test_two_convolutions_are_a_unit_only_if_separable() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("pair.conv1", net.conv("pair.conv0", "input", 4, 1), 4, 1)

    assert not tree_of(net.graph(), fold=False).children[0].is_unit


def test_units_hide_their_parts_only_where_asked() -> None:
    net = Net(input=(4, 8, 8))
    net.add("unit.relu", "relu", net.conv("unit.conv", "input", 4, 1))

    assert listed(net.graph(), units=True) == ["unitx1"]
    assert listed(net.graph(), units=False) == ["unitx1", ".convx1", ".relux1"]


# ---- sums ----------------------------------------------------------------------------------------------------


def parts(node: Node, depth: int, level: int = 0, times: int = 1) -> Iterator[tuple[int, Node]]:
    """The rows that no other row details, each with the number of times it stands there."""
    for child in node.children:
        number = times * child.repeat
        if child.children and not child.is_unit and (depth == 0 or level + 1 < depth):
            yield from parts(child, depth, level + 1, number)
        else:
            yield number, child


def total_of(report: Report, column: str, depth: int) -> int | float:
    root = tree_of(report.graph, values=report.columns[column].values)
    rows = parts(root, depth)
    return sum(n * (report.value(column, [layer.name for layer in node.layers]) or 0) for n, node in rows)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("depth", [1, 2, 3, 0])
def test_the_rows_of_any_depth_sum_to_the_total(name: str, depth: int) -> None:
    report = traced(name)
    totals = layer_totals(report)

    assert len(totals) >= 10
    assert {column: total_of(report, column, depth) for column in totals} == totals


def test_the_repeats_of_the_middle_flow() -> None:
    """Xception, Figure 5: the middle flow is repeated eight times."""
    middle = next(node for _, node in walk(tree_of(traced("xception").graph), 1, True) if node.name == "middle_flow")

    assert [child.repeat for child in middle.children] == [8]


def test_names_in_any_order_of_parameters_make_the_same_tree() -> None:
    graph = six_layers()
    shuffled = replace(graph, parameters=dict(reversed(graph.parameters.items())))

    assert listed(shuffled) == listed(graph)


def test_thousands_of_neighbours_fold_in_linear_time() -> None:
    graph = six_layers()
    layer = replace(graph.layers[-1], parameters=(), buffers=())
    many = replace(
        graph, layers=tuple(replace(layer, name=f"pool{i}") for i in range(20_000)), parameters={}, buffers={}
    )

    assert [node.repeat for node in tree_of(many).children] == [20_000]  # minutes, where each is compared with all


def test_thousands_of_parameters_that_nothing_reads_take_linear_time() -> None:
    graph = six_layers()
    spare = [Tensor(f"spare.{i}", (4,), "float32", trainable=True) for i in range(60_000)]
    many = replace(graph, parameters=dict(graph.parameters) | {tensor.name: tensor for tensor in spare})

    last = tree_of(many).children[-1]
    assert (last.name, len(last.unused)) == ("spare", 60_000)  # half a minute, where each is added to a tuple
