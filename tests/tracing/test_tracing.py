"""The trace of small nets: what each layer is, where its input comes from, and that the model is left as it was."""

import gc
import random
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.graph import MOST_LEVELS, Graph, Layer
from archscope.tracing import TraceError, trace
from archscope.tracing.passes import pass_over
from archscope.tracing.records import ModuleCall, Record, tensors_in, without_batch
from archscope.tracing.untouched import random_states_kept
from tests.small_nets import NETS, REAL_ONLY, Forward, build

torch.set_num_threads(1)
pytestmark = [
    pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad"),  # checkpoint's, without gradients
    pytest.mark.filterwarnings("ignore:.*torch.jit"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
    pytest.mark.filterwarnings("ignore:Using padding='same'"),
    pytest.mark.filterwarnings("ignore:.*_get_vc_env is private"),
]
EVERY = sorted(NETS)
ON_META = sorted(NETS.keys() - REAL_ONLY)


@cache
def traced(name: str, mode: Any = "eval") -> Graph:
    return trace(build(name), mode=mode, **NETS[name][1])


def values(name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Real arguments for the net of this name."""
    given = NETS[name][1]
    if "inputs" in given:
        return ((), given["inputs"]) if isinstance(given["inputs"], dict) else ((given["inputs"],), {})
    size = given["input_size"]
    return tuple(torch.rand(1, *each) for each in (size if isinstance(size, list) else [size])), {}


def run_for_real(module: nn.Module, inputs: Any, mode: Any = "eval") -> Graph:
    """The pass that `trace` falls back to."""
    return pass_over(dict(module.named_modules()), inputs, mode, None, torch.device("cpu"))


# ---- every net -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", EVERY)
def test_the_graph_is_whole(name: str, mode: str) -> None:
    """Names are unique, edges come from earlier layers, and the input reaches each output."""
    graph = traced(name, mode)
    known, reached = set(graph.inputs), set(graph.inputs)
    for layer in graph.layers:
        assert layer.name not in known
        assert set(layer.inputs) <= known
        assert len(layer.inputs) == len(layer.input_shapes)
        assert len(layer.output_shapes) == len(layer.dtypes) > 0
        known.add(layer.name)
        if reached & set(layer.inputs):
            reached.add(layer.name)
    assert graph.outputs
    assert set(graph.outputs) <= reached
    assert all(layer.name == layer.name.strip(".") for layer in graph.layers)
    assert {p for layer in graph.layers for p in layer.parameters} <= graph.parameters.keys()
    assert {b for layer in graph.layers for b in layer.buffers} <= graph.buffers.keys()


@pytest.mark.parametrize("name", ON_META)
def test_edges_carry_the_shapes_that_were_made(name: str) -> None:
    graph = traced(name)
    made = {layer.name: layer.output_shapes for layer in graph.layers}
    made |= {source.name: (source.shape,) for source in graph.inputs.values()}
    for layer in graph.layers if name != "repeated_unsqueeze" else ():  # unsqueeze_ changes what it is given
        for source, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            assert shape in made[source], (layer.name, source)


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", EVERY)
def test_shapes_are_those_of_a_real_run(name: str, mode: str) -> None:
    """Each module's output, call by call, and the net's."""
    module = build(name).train(mode == "train")
    seen: dict[str, list[tuple[int, ...]]] = {}
    for path, submodule in module.named_modules():
        if path and not isinstance(submodule, torch.jit.ScriptModule):
            submodule.register_forward_hook(
                lambda module, args, output, path=path: seen.setdefault(path, []).append(
                    without_batch(tensors_in(output)[0])
                )
            )
    args, kwargs = values(name)
    with torch.no_grad():
        result = module(*args, **kwargs)
    graph = traced(name, mode)
    outputs = {shape for source in graph.outputs for shape in shapes_of(graph, source)}
    assert {without_batch(tensor) for tensor in tensors_in(result)} <= outputs
    for path, shapes in seen.items():
        called = [layer for layer in graph.layers if is_call_of(layer, path, graph)]
        assert [layer.output_shape for layer in called] in ([], shapes), path


def shapes_of(graph: Graph, source: str) -> tuple[tuple[int, ...], ...]:
    return graph.layer[source].output_shapes if source in graph.layer else (graph.inputs[source].shape,)


def is_call_of(layer: Layer, path: str, graph: Graph) -> bool:
    again = re.fullmatch(re.escape(path) + r"_\d+", layer.name) is not None and layer.name not in graph.blocks
    batch_first = layer.operation == "multi_head_attention_forward"  # the module transposes after it
    return layer.kind == graph.blocks[path] and (layer.name == path or again) and not batch_first


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", ON_META)
def test_a_real_pass_tells_the_same_story(name: str, mode: Any) -> None:
    given = NETS[name][1]
    inputs = given.get("inputs", values(name)[0])
    real = run_for_real(build(name), inputs, mode)
    assert [layer.name for layer in real.layers] == [layer.name for layer in traced(name, mode).layers]
    assert real.layers == traced(name, mode).layers
    assert real.outputs == traced(name, mode).outputs


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", ON_META)
def test_a_model_on_meta_tells_the_same_story(name: str, mode: Any) -> None:
    assert trace(build(name, "meta"), mode=mode, **NETS[name][1]).layers == traced(name, mode).layers


LAYOUTS = {
    "row by row": lambda x: x,
    "permuted": lambda x: x.permute(0, 2, 3, 1),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "sliced": lambda x: x[:, ::2],
    "expanded": lambda x: x[:, :1].expand(-1, 4, -1, -1),
}
OPERATIONS = {
    "relu": F.relu,
    "scaled": lambda x: 0.5 * x,
    "sum": lambda x: x + x.relu(),
    "sum with a row": lambda x: x + x[:, :1, :1].relu(),
    "gate": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
    "dropout": lambda x: F.dropout(x, 0.5, True),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "group_norm": lambda x: F.group_norm(x, 2),
    "softmax": lambda x: x.softmax(-1),
    "mean": lambda x: x.mean((1, 2)),
    "cat": lambda x: torch.cat([x, x], 1),
    "stack": lambda x: torch.stack([x, x], 1),
    "matmul": lambda x: x @ x.transpose(-2, -1),
    "linear": lambda x: F.linear(x, torch.ones(5, x.shape[-1])),
    "max_pool": lambda x: F.max_pool2d(x, 2),
    "avg_pool": lambda x: F.avg_pool2d(x, 2),
    "global_pool": lambda x: F.adaptive_avg_pool2d(x, 2),
    "conv": lambda x: F.conv2d(x, torch.ones(6, x.shape[1], 1, 1)),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.repeat(1, 2, 1, 1), 2),
}


# Where torch's own answer on meta is not what its CPU kernels do.
TORCH_DIFFERS = {("batch_norm", "permuted"), ("group_norm", "channels last"), ("conv", "channels last")}


SEEN: list[Any] = []  # not in a cell of `forward`, of which a pass has copies


@pytest.mark.parametrize(
    ("operation", "layout"), sorted({(o, layout) for o in OPERATIONS for layout in LAYOUTS} - TORCH_DIFFERS)
)
def test_results_lie_in_memory_as_on_the_cpu(operation: str, layout: str) -> None:
    """Whether a later `view` works hangs on it, which is why the shape rules keep to operands laid out row by row."""
    SEEN.clear()

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = OPERATIONS[operation](LAYOUTS[layout](x))
        SEEN.append([(size, stride) for size, stride in zip(y.shape, y.stride(), strict=True) if size > 1])
        return y

    trace(Forward(forward), inputs=torch.rand(1, 4, 6, 8))
    run_for_real(Forward(forward), torch.rand(1, 4, 6, 8))
    assert SEEN[0] == SEEN[1]


# ---- edges, names and settings, net by net -------------------------------------------------------------------------

EDGES: dict[str, dict[str, tuple[str, ...]]] = {
    "sum": {"conv": ("input",), "add": ("input", "conv")},
    "difference": {"sub": ("input", "conv")},
    "residual_scale": {"mul": ("conv",), "add": ("input", "mul")},
    "concatenation": {"cat": ("input", "conv")},
    "relu_in_place": {"relu": ("conv",), "add": ("relu",)},
    "sum_in_place": {"add": ("conv", "input")},
    "gate": {"conv": ("adaptive_avg_pool2d",), "mul": ("input", "sigmoid")},
    "mean_gate": {"mean": ("input",), "mul": ("input", "sigmoid")},
    "chunks": {"mul": ("chunk", "chunk")},
    "splits": {"cat": ("add_1", "add"), "add": ("split",)},
    "strided_slice": {"conv": ("getitem",), "getitem_1": ("input",), "add": ("conv", "getitem_1")},
    "out_argument": {"add": ("input", "conv"), "mul": ("add",)},
    "to_device_of_weights": {"add": ("conv", "input")},
    "constant": {"add": ("conv",)},
    "slice_assignment": {"setitem": ("input",), "add": ("setitem", "conv")},
    "view_assignment": {"setitem": ("copy",), "add": ("setitem", "conv")},
    "matmul_operator": {"matmul": ("linear", "transpose")},
    "matmul_parameter_left": {"matmul": ("input",)},
    "attention_function": {"scaled_dot_product_attention": ("chunk", "chunk", "chunk")},
    "attention_without_weights": {"attention": ("input",) * 3, "attention_1": ("attention",) * 3},
    "rnn_cell": {"cell_1": ("cell",)},
    "called_thrice": {"relu": ("input",), "conv": ("relu",), "relu_1": ("conv",), "conv_1": ("relu_1",),
                      "relu_2": ("conv_1",)},
    "identity_beside": {"shortcut": ("stem",), "body": ("stem",), "add": ("body", "shortcut")},
    "drop_path": {"drop": ("conv",), "add": ("input", "drop")},
    "checkpointed": {"conv": ("input",), "add": ("conv", "input")},
    "checkpointed_reentrant": {"conv": ("input",), "add": ("conv", "input")},
    "name_clash": {"conv_2": ("conv",), "conv_1": ("conv_2",), "add": ("input",), "add_1": ("conv_1", "add")},
    "module_called_input": {"input": ("input_",)},
    "two_inputs": {"conv": ("left",), "add": ("conv", "right")},
    "keyword_inputs": {"conv": ("left",), "add": ("conv", "right")},
    "many_outputs": {"second": ("first",)},
    "user_hooks": {"0.mul": ("input",), "0.conv2d": ("0.mul",), "0.add": ("0.conv2d",), "1": ("0.add",)},
    "autograd_function": {"mul": ("conv", "conv"), "conv_1": ("mul",)},
    "cached_constant": {"copy": ("getitem",), "setitem": ("copy",), "conv": ("setitem",)},
    "buffer_state": {"add": ("conv",), "mul": ("add",)},
    "clamped_weight": {"setitem": ("clamp", "mul"), "conv": ("input", "setitem")},
    "weight_norm": {"conv.conv2d": ("input", "conv.parametrizations.weight.0")},
    "weight_standardised": {"mean": (), "sub": ("mean",), "div": ("sub", "std"), "conv2d": ("input", "div")},
    "u_net": {"cat": ("up", "down2"), "cat_1": ("interpolate", "down1"), "pool_1": ("down2",)},
    "numpy": {"numpy": ("conv",), "conv_1": ("numpy",)},
    "numpy_leaf": {"block.numpy": ("block.mul",), "add": ("block.numpy", "input")},
    "script": {"1": ("0",), "2": ("1",)},
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    graph = traced(name)
    assert {layer: graph.layer[layer].inputs for layer in EDGES[name]} == EDGES[name]


PARAMETERS = {
    "matmul_parameter_left": ("matmul", ("weight",)),
    "matmul_parameter_right": ("matmul", ("weight",)),
    "addmm": ("addmm", ("bias", "weight")),
    "functional_conv": ("conv2d", ("weight",)),
    "tied": ("head", ("embed.weight",)),
    "called_thrice": ("conv_1", ("conv.weight", "conv.bias")),
    "clamped_weight": ("clamp", ("conv.weight",)),
    "script": ("1", ("1.0.weight", "1.0.bias", "1.1.weight", "1.1.bias")),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_named_where_they_are_read(name: str) -> None:
    layer, parameters = PARAMETERS[name]
    assert traced(name).layer[layer].parameters == parameters


@pytest.mark.parametrize("name", EVERY)
def test_each_parameter_counts_once(name: str) -> None:
    module = build(name)
    expected = sum(parameter.numel() for parameter in module.parameters())
    assert sum(tensor.elements for tensor in traced(name).parameters.values()) == expected


def test_a_parameter_that_the_pass_never_touched_is_in_no_layer() -> None:
    graph = traced("never_called")
    touched = {name for layer in graph.layers for name in layer.parameters}
    assert graph.parameters.keys() - touched == {"head.weight", "head.bias"}
    assert graph.blocks["head"] == "Linear"


def test_a_view_of_a_buffer_is_the_buffer() -> None:
    assert traced("buffer_view").layer["sub"].buffers == ("norm.running_mean",)
    assert "view" not in traced("buffer_view").layer


def test_the_residual_scale_is_a_setting() -> None:
    assert traced("residual_scale").layer["mul"].settings == {"other": 0.17}


def test_products_say_the_shapes_of_their_operands() -> None:
    """Parameters and constants are no inputs, so a formula could not find their sizes elsewhere."""
    for name, layer in [("matmul_parameter_left", "matmul"), ("einsum_contraction", "einsum"), ("addmm", "addmm")]:
        operands = {operand.shape for operand in traced(name).layer[layer].operands}
        sizes = {tensor.shape for tensor in traced(name).parameters.values()}
        assert sizes | {(1, *NETS[name][1]["input_size"])} == operands


@pytest.mark.parametrize("name", ["relu_in_place", "sum_in_place", "slice_assignment", "depthwise_separable"])
def test_writes_in_place_are_said(name: str) -> None:
    assert [layer.memory for layer in traced(name).layers].count("in_place") == 1


@pytest.mark.parametrize(("name", "view"), [("chunks", "chunk"), ("unbound", "unbind"), ("strided_slice", "getitem")])
def test_views_are_said(name: str, view: str) -> None:
    assert traced(name).layer[view].memory == "view"


def test_several_outputs_of_one_layer() -> None:
    assert traced("chunks").layer["chunk"].output_shapes == ((2, 8, 8), (2, 8, 8))
    assert traced("splits").layer["split"].output_shapes == ((1, 8, 8), (3, 8, 8))
    assert traced("maximum_with_indices").layer["max"].dtypes == ("float32", "int64")


def test_an_operation_in_place_that_reshapes_runs_each_time() -> None:
    graph = traced("repeated_unsqueeze")
    assert [graph.layer[name].output_shape for name in graph.outputs] == [(1, 4, 8, 8)] * 2


@pytest.mark.parametrize(("name", "kind"), [("identity_beside", "Identity"), ("drop_path", "DropPath")])
def test_a_module_that_returns_its_input_is_a_row(name: str, kind: str) -> None:
    row = next(layer for layer in traced(name).layers if layer.operation == "identity")
    assert (row.kind, row.memory) == (kind, "view")


@pytest.mark.parametrize("name", ["attention_module_with_bias", "attention_module_without_bias", "transformer_encoder"])
def test_attention_does_not_take_its_opaque_fast_path(name: str) -> None:
    graph = traced(name)
    attentions = [layer for layer in graph.layers if layer.operation == "multi_head_attention_forward"]
    assert len(attentions) == list(graph.blocks.values()).count("MultiheadAttention")
    assert all("in_proj_weight" in " ".join(layer.parameters) for layer in attentions)
    assert not any("transformer_encoder" in layer.operation or "native" in layer.operation for layer in graph.layers)


def test_recurrent_nets_are_one_layer_with_their_states() -> None:
    steps, _ = NETS["lstm"][1]["input_size"]
    lstm = traced("lstm").layer["rnn"]
    layers, directions, hidden, projected = 2, 2, 5, 3
    assert lstm.output_shapes == (
        (steps, directions * projected),
        (layers * directions, 1, projected),
        (layers * directions, 1, hidden),
    )
    assert len(lstm.parameters) == layers * directions * 5  # two weights, two biases, one projection


def test_blocks_are_the_module_tree() -> None:
    expected = {path: type(module).__name__ for path, module in build("vision_transformer").named_modules()}
    assert traced("vision_transformer").blocks == expected


def test_inputs_are_named_as_forward_names_them() -> None:
    assert list(traced("two_inputs").inputs) == ["left", "right"]
    assert list(traced("keyword_inputs").inputs) == ["right", "left"]
    net = Forward(lambda net, pair, x: pair[0] + pair[1] + x)
    assert list(trace(net, inputs=([torch.zeros(1, 2)] * 2, torch.zeros(1, 2))).inputs) == [
        "input_0_0",
        "input_0_1",
        "input_1",
    ]


def test_a_parameter_and_an_input_may_bear_one_name() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
            return x * scale + self.scale

    graph = trace(Scaled(), [(3,), (3,)])
    assert graph.layer["mul"].inputs == ("x", "scale")
    assert graph.layer["add"].parameters == ("scale",)


def test_user_inputs_keep_their_batch_and_type() -> None:
    graph = trace(nn.Linear(4, 2).double(), inputs=torch.zeros(7, 4, dtype=torch.float64))
    assert graph.inputs["input"].shape == (7, 4)
    assert (graph.layer["linear"].output_shape, graph.layer["linear"].dtypes) == ((7, 2), ("float64",))


def test_half_precision_weights_get_half_precision_input() -> None:
    assert trace(nn.Linear(4, 2).half(), (4,)).inputs["input"].dtype == "float16"


def test_a_wrapper_for_many_devices_is_looked_through() -> None:
    module = build("classifier")
    assert trace(nn.DataParallel(module), (4, 8, 8)).layers == trace(module, (4, 8, 8)).layers


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_lazy_layers_get_their_shapes_in_a_copy() -> None:
    module = nn.Sequential(nn.LazyConv2d(5, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    graph = trace(module, (4, 8, 8))
    assert graph.parameters["0.weight"].shape == (5, 4, 3, 3)
    assert graph.layer["3"].output_shape == (2,)
    assert all(nn.parameter.is_lazy(parameter) for parameter in module.parameters())


def test_train_mode_drops_and_normalises() -> None:
    """Batch 1 with one value a channel: torch would refuse to train on it, the batch it stands for would not."""
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4), nn.Dropout())
    layers = trace(net, (4, 8, 8), mode="train").layers
    assert [layer.settings.get("training") for layer in layers] == [None, True, True]
    assert layers[2].memory == "new"
    assert trace(net, (4, 8, 8)).layers[2].memory == "view"


def test_a_thousand_layers() -> None:
    graph = trace(nn.Sequential(*[nn.ReLU() for _ in range(1000)]), (2,))
    assert [layer.name for layer in graph.layers] == [str(i) for i in range(1000)]
    assert all(later.inputs == (earlier.name,) for earlier, later in zip(graph.layers, graph.layers[1:], strict=False))


def test_nesting_as_deep_as_is_shown() -> None:
    """Hooks take frames of their own, and Python's limit of recursion is as before."""
    limit = sys.getrecursionlimit()
    module: nn.Module = nn.ReLU()
    for _ in range(MOST_LEVELS - 1):
        module = nn.Sequential(module)
    assert trace(module, (2,)).layers[0].name == ".".join("0" * (MOST_LEVELS - 1))
    assert sys.getrecursionlimit() == limit
    with pytest.raises(TraceError, match=f"{MOST_LEVELS + 1} levels deep"):
        trace(nn.Sequential(module), (2,))


# ---- what needs values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(REAL_ONLY))
def test_what_needs_values_runs_once_on_the_cpu_and_says_so(name: str) -> None:
    assert traced(name).notes[0].startswith("traced by a real pass on the CPU, since on the meta device ")


@pytest.mark.parametrize("name", ON_META)
def test_nothing_else_does(name: str) -> None:
    assert traced(name).notes == ()


@pytest.mark.parametrize("name", ["numpy", "numpy_leaf"])
def test_what_leaves_torch_is_noted(name: str) -> None:
    assert "left torch" in traced(name).notes[-1]


@pytest.mark.parametrize("name", ["item", "data_dependent_if"])
def test_a_model_on_meta_that_needs_values_is_refused(name: str) -> None:
    with pytest.raises(TraceError, match="build it with weights, not on meta"):
        trace(build(name, "meta"), **NETS[name][1])


def test_an_input_on_meta_may_be_integers() -> None:
    net = nn.Sequential(nn.Embedding(5, 3), Forward(lambda net, x: x * x.sum().item()))
    assert trace(net, inputs=torch.zeros(1, 4, dtype=torch.long, device="meta")).layer["1.mul"].output_shape == (4, 3)


def test_a_compiled_module_is_traced_as_it_was_written() -> None:
    inner = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU())
    module = nn.Sequential(torch.compile(inner, backend="eager"), nn.ReLU())
    layers = trace(module, (4, 8, 8)).layers
    assert [(layer.kind, layer.inputs) for layer in layers[1:]] == [
        ("ReLU", (layers[0].name,)),
        ("ReLU", (layers[1].name,)),
    ]
    assert [layer.operation for layer in layers] == [
        layer.operation for layer in trace(nn.Sequential(inner, nn.ReLU()), (4, 8, 8)).layers
    ]


def test_a_scripted_module_is_one_opaque_layer() -> None:
    layer = traced("script").layer["1"]
    assert layer.kind == layer.operation == "RecursiveScriptModule"
    assert layer.output_shape == (4, 8, 8)


# ---- the model is left as it was ------------------------------------------------------------------------------------


def tensors_held(module: nn.Module) -> Iterator[torch.Tensor]:
    for submodule in module.modules():
        for value in vars(submodule).values():
            yield from tensors_in(value)
    yield from module.parameters()
    yield from module.buffers()


def contents(module: nn.Module) -> dict[str, Any]:
    """Every attribute of every module, containers by what they hold, tensors by value."""
    found: dict[str, Any] = {}
    for path, submodule in module.named_modules():
        found[path + ".training"] = submodule.training
        for name, value in vars(submodule).items():
            held = (
                list(value.items()) if isinstance(value, dict) else list(value) if isinstance(value, list | set) else []
            )
            found[f"{path}.{name}"] = (id(value), [repr(key) for key in held if not isinstance(key, tuple)],
                                       [(key[0], id(key[1])) for key in held if isinstance(key, tuple)])  # fmt: skip
    return found


def state(module: nn.Module) -> list[Any]:
    return [
        contents(module),
        list(module.state_dict()),
        [
            (id(tensor), sorted(vars(tensor)), None if tensor.is_meta else tensor.tolist())
            for tensor in tensors_held(module)
        ],
        bytes(torch.get_rng_state().numpy()),
        [bytes(part) if isinstance(part, np.ndarray) else part for part in np.random.get_state()],
        hash(random.getstate()),
    ]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(name: str, mode: Any, training: bool) -> None:
    module = build(name).train(training)
    before = state(module)
    trace(module, mode=mode, **NETS[name][1])
    assert state(module) == before


@pytest.mark.parametrize("name", ON_META)
def test_a_model_on_meta_is_left_as_it_was(name: str) -> None:
    module = build(name, "meta")
    before = state(module)
    trace(module, mode="train", **NETS[name][1])
    assert state(module) == before


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", ON_META)
def test_a_real_pass_leaves_the_model_as_it_was(name: str, mode: Any) -> None:
    module = build(name)
    inputs = NETS[name][1].get("inputs", values(name)[0])
    before = state(module)
    run_for_real(module, inputs, mode)
    assert state(module) == before


class Step(nn.Module):
    def __init__(self, activation: nn.Module, pool: nn.Module) -> None:
        super().__init__()
        self.conv, self.act, self.pool = nn.Conv2d(4, 4, 1), activation, pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(self.act(self.conv(x)))  # type: ignore[no-any-return]


def test_one_activation_of_many_blocks_stands_in_each() -> None:
    shared = nn.SiLU(), nn.MaxPool2d(2)
    net = nn.Sequential(Step(*shared), nn.Sequential(Step(*shared), shared[0], shared[0]))
    graph = trace(net, (4, 8, 8))

    within = ["0.conv", "0.act", "0.pool", "1.0.conv", "1.0.act", "1.0.pool", "1.1", "1.1_1"]
    assert [layer.name for layer in graph.layers] == within
    assert graph.blocks["1.0.act"] == "SiLU"
    assert next(layer for layer in graph.layers if layer.name == "0.pool").output_shape == (4, 4, 4)


def test_one_layer_with_weights_of_two_blocks_is_shared() -> None:
    conv = nn.Conv2d(4, 4, 1)
    graph = trace(nn.Sequential(nn.Sequential(conv), nn.Sequential(conv)), (4, 8, 8))
    assert [layer.name for layer in graph.layers] == ["0.0", "0.0_1"]


ALIVE: list[int] = []
"""Results that were there still as a pass ended."""


class Loop(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        results = []
        for i in range(20):
            x = torch.cat([x + i, torch.ones(1, 4)]).cumsum(0)[: len(x)] + (0 if x.sum().item() else 1)
            results.append(weakref.ref(x))
        ALIVE.append(sum(result() is not None for result in results))
        return x


def test_a_real_pass_keeps_no_result_that_the_network_has_let_go() -> None:
    graph = trace(Loop(), (4,))
    assert "real pass" in graph.notes[0]
    assert ALIVE[-1] == 1


def test_what_a_pass_has_noted_goes_with_it() -> None:
    """At once: it does not wait for Python's collector."""
    module = build("classifier")
    with collection_paused():
        gc.collect(0)  # what others have left
        graph = trace(module, (4, 8, 8))
        left = [each for each in gc.get_objects(0) if type(each) in (Record, ModuleCall)]
    assert graph.layers and not left


def test_a_frozen_norm_in_a_training_model_stays_frozen() -> None:
    module = build("classifier").train()
    module[1].eval()
    for mode in ("eval", "train"):
        trace(module, (4, 8, 8), mode=mode)
        assert [submodule.training for submodule in module] == [i != 1 for i in range(len(module))]


class Restless(nn.Module):
    """Draws from every generator, touches what it holds, and fails in the end, if asked to."""

    def __init__(self, fails: bool, values: bool) -> None:
        super().__init__()
        self.norm, self.fails, self.values = nn.BatchNorm2d(4), fails, values
        self.seen: list[int] = []
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        random.random(), np.random.rand(), torch.rand(1)
        self.seen.append(x.shape[0])
        self.extra, self.count = nn.Linear(2, 2), self.count + 1
        self.norm.eval()
        x = F.dropout(self.norm(x), training=True)
        self.norm.weight.add_(1)
        if self.values:
            x = x * x.mean().item()
        if self.fails:
            raise RuntimeError("as asked")
        return x


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_a_restless_model_is_left_as_it_was(fails: bool, values: bool, mode: Any) -> None:
    module = Restless(fails, values)
    module.register_forward_hook(lambda module, args, output: None)
    before = state(module)
    if fails:
        with pytest.raises(TraceError, match="as asked"):
            trace(module, (4, 8, 8), mode=mode)
    else:
        trace(module, (4, 8, 8), mode=mode)
    assert state(module) == before


def test_the_inputs_of_the_user_are_left_as_they_were() -> None:
    x = torch.rand(1, 4, 8, 8)
    before = x.clone()
    for module in (nn.ReLU(inplace=True), Forward(lambda net, x: x.mul_(x.sum().item()))):
        trace(module, inputs=x)
        trace(module, inputs={"input": x} if isinstance(module, nn.ReLU) else (x,))
    assert torch.equal(x, before)
    assert vars(x) == {}


def test_torch_is_not_patched() -> None:
    def parts() -> list[Any]:
        hooks = nn.modules.module
        return [
            torch.add, F.relu, F.conv2d, torch.Tensor.add, torch.Tensor.__add__, nn.Module.__call__, nn.Conv2d.forward,
            dict(hooks._global_forward_hooks), dict(hooks._global_forward_pre_hooks), torch.is_grad_enabled(),
            torch.overrides._get_current_function_mode_stack(),
        ]  # fmt: skip

    before = parts()
    trace(build("vision_transformer"), (3, 8, 8))
    with pytest.raises(TraceError):
        trace(build("vision_transformer"), (4, 8, 8))
    assert parts() == before


IMPORTS = """
import sys, torch, archscope
from torch import nn
from archscope.tracing import trace

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(True), nn.MaxPool2d(3, 2, 1))
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.branch = nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(8, 8, 1), nn.SiLU(), nn.GroupNorm(2, 8))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.PReLU(), nn.Conv2d(2, 8, 1))
        self.up = nn.Sequential(nn.Upsample(scale_factor=2), nn.ConvTranspose2d(16, 8, 2, 2), nn.PixelShuffle(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(2, 5), nn.Softmax(1))

    def forward(self, x):
        x = self.stem(x)
        x = x + 0.17 * torch.clamp(self.depthwise(x), 0, 6)
        x = x * torch.sigmoid(self.gate(x))
        x += x.mean((2, 3), keepdim=True)
        x = torch.cat([x, self.branch(x)], 1)
        return self.head(self.up(x).mean((2, 3)))

with torch.device("meta"):
    net = Net()
before = set(sys.modules)
for mode in ("eval", "train"):
    trace(net, (3, 32, 32), mode=mode)
print(sorted(name for name in set(sys.modules) - before if "." not in name or name.startswith("torch.")))
for name in ("lenet5", "vit_b_16", "convnext_tiny"):
    archscope.trace(name)
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("kind", ["tqdm._monitor", "torch._inductor.compile_worker", "", "user"])
def test_threads_that_draw_nothing_are_no_others(kind: str) -> None:
    """torch.export starts one of tqdm's and torch.compile one of its own, which never end."""
    ended = threading.Event()

    def wait() -> None:
        ended.wait()

    wait.__module__ = kind
    cls = type("Monitor", (threading.Thread,), {"__module__": kind}) if "tqdm" in kind else threading.Thread
    threads = [cls(target=wait, daemon=True)] if kind else []
    for thread in threads:
        thread.start()
    try:
        before = torch.get_rng_state()
        with random_states_kept():
            torch.rand(3)
        assert torch.equal(torch.get_rng_state(), before) is (kind != "user")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        torch.set_rng_state(before)


def test_an_everyday_network_asks_torch_for_no_shape() -> None:
    """The first such question imports sympy and a thousand modules more: seconds, for a trace of milliseconds."""
    command = [sys.executable, "-c", IMPORTS]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["[]", "False"]


# ---- mistakes -------------------------------------------------------------------------------------------------------


def test_an_image_too_small_names_the_layer_and_torch_says_why() -> None:
    net = nn.Sequential()
    net.add_module("entry", nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 5)))
    with pytest.raises(
        TraceError, match=re.escape("entry.1: Calculated padded input size per channel: (3 x 3)")
    ) as error:
        trace(net, (3, 5, 5))
    assert error.value.layer == "entry.1"


def test_wrong_channels_name_the_layer_and_torch_says_why() -> None:
    with pytest.raises(TraceError) as error:
        trace(build("classifier"), (3, 8, 8))
    with pytest.raises(RuntimeError) as reason:
        build("classifier")(torch.zeros(1, 3, 8, 8))
    assert error.value.layer == "0"
    assert str(error.value) == f"0: {reason.value}"


FAILURES = {
    "add": lambda x: x + x[:, :2],
    "add in place": lambda x: x[:, :2].add_(x + 1),
    "view": lambda x: x.permute(0, 2, 3, 1).view(1, -1),
    "reshape": lambda x: x.reshape(1, 5),
    "cat": lambda x: torch.cat([x, x[..., :3]], 1),
    "matmul": lambda x: x @ x[..., :3, :],
    "linear": lambda x: F.linear(x, torch.ones(3, 5)),
    "group_norm": lambda x: F.group_norm(x, 3),
    "max_pool": lambda x: F.max_pool2d(x, 9),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 3),
}


@pytest.mark.parametrize("mistake", FAILURES)
def test_the_reason_is_torchs_own_for_real_tensors(mistake: str) -> None:
    """Those for tensors on meta say less: `Invalid channel dimensions`."""
    with pytest.raises((RuntimeError, ValueError)) as reason:
        FAILURES[mistake](torch.zeros(1, 4, 8, 8))
    with pytest.raises(TraceError) as error:
        trace(Forward(lambda net, x: FAILURES[mistake](x)), (4, 8, 8))
    said, _, line = str(error.value).rpartition(" (")
    assert said == "Forward: " + str(reason.value).partition("\n")[0]
    assert line.startswith("tests/tracing/test_tracing.py:")


def test_a_failure_in_the_net_itself_names_its_class() -> None:
    with pytest.raises(TraceError, match=r"^Forward: The size of tensor a \(4\)") as error:
        trace(Forward(lambda net, x: x + torch.zeros(3)), (4,))
    assert error.value.layer == ""


def test_a_failure_that_the_net_catches_is_none() -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        try:
            return net.block[0](net.linear(x))
        except RuntimeError:
            return F.relu(x)

    net = Forward(forward, linear=nn.Linear(3, 3), block=nn.Sequential(nn.ReLU()))
    assert trace(nn.Sequential(net, nn.ReLU()), (4,)).layer["1"].kind == "ReLU"


@pytest.mark.parametrize("arguments", [{}, {"input_size": (4,), "inputs": torch.zeros(1, 4)}])
def test_input_size_or_inputs(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArchscopeError, match="either input_size, such as"):
        trace(nn.ReLU(), **arguments)


@pytest.mark.parametrize("size", [(3, 0, 4), (3, -1, 4)])
def test_a_size_must_be_positive(size: tuple[int, ...]) -> None:
    with pytest.raises(ArchscopeError, match="must be positive"):
        trace(nn.ReLU(), size)


@pytest.mark.parametrize("inputs", [{"wrong": torch.zeros(1, 3)}, (torch.zeros(1, 3), torch.zeros(1, 3))])
def test_arguments_that_forward_does_not_take(inputs: Any) -> None:
    with pytest.raises(TraceError, match="argument"):
        trace(nn.ReLU(), inputs=inputs)


def test_threads_take_turns() -> None:
    """In one module, whose attributes both passes put back; Python's recursion limit is of both."""
    module = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(200)])
    limit = sys.getrecursionlimit()
    with ThreadPoolExecutor(4) as threads:
        graphs = list(threads.map(lambda _: trace(module, (8,)), range(8)))

    assert all(graph == graphs[0] for graph in graphs)
    assert sys.getrecursionlimit() == limit
    assert not any("_compiled_call_impl" in vars(part) for part in module.modules())


def test_a_mode_that_is_none() -> None:
    with pytest.raises(ArchscopeError, match="mode is one of eval, train, not 'test'"):
        trace(nn.Linear(2, 2), (2,), mode="test")  # type: ignore[arg-type]
