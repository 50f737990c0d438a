"""What a stranger's report may hold: every break of a rule is one line that says where, and nothing else is."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

import archscope
from archscope.auditing.counters import counted_as, counter_names
from archscope.comparison.report import Comparison
from archscope.continuum.points import Block, Point, Spectrum
from archscope.differences import compare
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.roofline import predict
from archscope.roofline.devices import find
from tests.graphs import six_layer_report

SIX = six_layer_report()
Change = Callable[[Any], Any]


def data() -> Any:
    return json.loads(SIX.to_json())


def put(*path: Any) -> Change:
    """A change: the last of `path` takes the place that the others lead to."""

    def change(report: Any) -> None:
        *way, last, value = path
        for key in way:
            report = report[key]
        report[last] = value

    return change


def linked(layer: int, source: int) -> Change:
    return lambda report: put("layers", layer, "inputs", 0, report["layers"][source]["name"])(report)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("layers", 1, "output_shapes", [[-3, 5]]), "layers[1].output_shapes[0]: -3 is no size"),
        (put("layers", 1, "output_shapes", [["a"]]), "layers[1].output_shapes[0]: 'a' is no size"),
        (put("layers", 1, "output_shapes", [[True]]), "layers[1].output_shapes[0]: true is no size"),
        (put("layers", 1, "output_shapes", [[2.0]]), "layers[1].output_shapes[0]: 2.0 is no size"),
        (put("layers", 1, "output_shapes", [[2**40, 2**40]]), "layers[1].output_shapes[0]: more elements than"),
        (put("layers", 1, "input_shapes", [[1], [1]]), "layers[1].input_shapes: 2 entries, but 1 inputs"),
        (put("layers", 1, "dtypes", []), "layers[1].dtypes: 0 entries, but 1 output_shapes"),
        (put("layers", 0, "window", "stride", [1]), "layers[0].window: has not one number an axis"),
        (put("layers", 0, "window", "stride", [0, 1]), "layers[0].window.stride: 0 is no size"),
        (put("layers", 0, "output_shapes", [[]]), "layers[0].output_shapes: a convolution that has no channels"),
        (lambda d: d["layers"][0].update(output_shapes=[], dtypes=[], operation="relu"), "has no output"),
        (put("layers", 1, "operands", 0, "output", 5), "layers[1].operands[0].output: '"),
        (put("totals", "receptive_field", None), "totals.receptive_field_scope: 'local' does not go with the"),
        (put("layers", 0, "groups", 0), "layers[0].groups: 0 is no number of groups"),
        (put("input_shape", "3x8x8"), "input_shape: '3x8x8' is no"),
        (put("input_shape", [[3, -8]]), "input_shape[0]: -8 is no size"),
        (put("layers", 0, "memory", "lost"), "layers[0].memory: 'lost' is none of new, view, in_place"),
        (put("layers", 0, "settings", {"p": {"a": [[[[[[[[1]]]]]]]]}}), "layers[0].settings.p: lists and objects"),
        (put("layers", 0, "name", "a\ud800"), "layers[0].name: 'a\\ud800' holds a character that cannot be shown"),
        (put("layers", 0, "name", "a\x1b[31m"), "layers[0].name: 'a\\x1b[31m' holds a character"),
        (put("title", "\u202ered"), "title: '\\u202ered' holds a character"),
        (put("layers", 0, "name", ".".join("a" * 101)), "layers[0].name: a path of 101 levels, more than 100"),
        (put("layers", 0, "kind", "x" * 501), "layers[0].kind: text of 501 characters, more than 500"),
        (put("layers", 1, "inputs", ["nothing"]), "layers[1].inputs[0]: 'nothing' is neither an input nor"),
        (linked(1, 1), "layers[1].inputs[0]: '"),
        (linked(0, 3), "layers[0].inputs[0]:"),
        (lambda d: put("layers", 1, "name", d["layers"][0]["name"])(d), "layers[1].name: a second"),
        (put("layers", 0, "parameter_names", ["w"]), "layers[0].parameter_names[0]: 'w' is not among the parameters"),
        (put("unseen", ["nothing"]), "unseen[0]: 'nothing' is no layer"),
        (put("bases", {"nothing": "Conv2d"}), "bases: 'nothing' is none of the blocks"),
        (put("names", {"nothing": 2}), "names: 'nothing' is none of the blocks"),
        (lambda d: [t.update(shares=d["parameters"][0]["name"]) for t in d["parameters"]], "lies in another's memory"),
        (put("parameters", 0, "shares", "nothing"), "parameters[0].shares: 'nothing' is neither a parameter nor"),
        (put("outputs", ["nothing"]), "outputs[0]: 'nothing' is neither a layer nor an input"),
        (lambda d: d["parameters"].append(d["parameters"][0]), "a second"),
        (put("totals", "macs", 10**400), "totals.macs: so large a number is no count"),
        (put("totals", "macs", -1), "totals.macs: -1 is no count"),
        (put("totals", "more", 1), "'more' is in only one of columns and totals"),
        (put("columns", "macs", "by_layer", False), "columns['macs']: is no column 'macs'"),
        (put("columns", "macs", "reduce", "last"), "columns['macs']: is no column 'macs'"),
        (put("columns", "intensity", "ratio_of", ["intensity", "macs"]), "columns['intensity']: does not say"),
        (put("layers", 2, "macs", "many"), "layers[2].macs: 'many' is no count"),
        (put("columns", "macs", "ratio_of", ["macs", "macs"]), "columns['macs']: does not say"),
        (put("columns", "macs", "ratio_of", ["nothing", "params"]), "columns['macs']: does not say"),
        (lambda d: d["layers"][2].pop("macs"), "layers[2]: there is no 'macs'"),
        (put("setting", "\ud800", 1), "setting['\\ud800']: '\\ud800' holds"),
        (put("setting", "batch", 0), "setting.batch: 0 is no batch"),
        (put("setting", "batch", "8"), "setting.batch: '8' is no batch"),
        (put("blocks", "a\x07", "Net"), "blocks['a\\x07']: 'a\\x07' holds"),
        (put("notes", "all"), "notes: 'all' is no list"),
        (put("claims", [{"quantity": "macs", "value": None, "source": ""}]), "claims[0].value: null is no number"),
    ],
)
def test_what_breaks_a_rule(change: Change, said: str) -> None:
    broken = data()
    change(broken)

    with pytest.raises(ArchscopeError) as error:
        Report.from_json(json.dumps(broken), "some.json")
    assert str(error.value).startswith("some.json is a broken archscope report: ")
    assert said in str(error.value)
    with pytest.raises(ArchscopeError):
        Comparison.from_json(json.dumps({"schema": "archscope.compare/1", "networks": [broken]}))


@pytest.mark.parametrize(
    "operation",
    ["addmm", "batch_norm", "conv2d", "einsum", "fft_fft2", "layer_norm", "local_response_norm", "lstm", "max_pool2d",
     "multi_head_attention_forward", "scaled_dot_product_attention", "stft"],
)  # fmt: skip
def test_what_an_operation_does_not_say_is_unknown(operation: str) -> None:
    odd = data()
    for layer in odd["layers"]:
        layer.update(
            operation=operation, operands=[], window=None, settings={"dim": {"a": [1]}, "size": "x", "equation": 5}
        )
    found = Report.from_json(json.dumps(odd))

    assert found.graph.name in str(predict(found, [find("h100").ceilings]))
    for tool in counter_names():
        assert counted_as(found, tool).columns[tool].values.keys() == SIX.columns["macs"].values.keys()
    assert "<svg" in str(archscope.diagram(found, level="layer"))
    with contextlib.suppress(ArchscopeError):  # of counts that are not of these layers
        assert compare(found, SIX).verdict != "identical"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_what_is_no_number(number: str) -> None:
    text = SIX.to_json().replace('"batch": 1', f'"batch": {number}')

    with pytest.raises(ArchscopeError, match=r"some.json is"):
        Report.from_json(text, "some.json")


@pytest.mark.parametrize("version", ["\u00b2", "\u0661", "", "0", "01", "1.0", "+1", "9" * 10, "1\n"])
def test_versions_are_decimal_digits(version: str) -> None:
    broken = data() | {"schema": f"archscope.report/{version}"}

    with pytest.raises(ArchscopeError, match="what is read here is"):
        Report.from_json(json.dumps(broken))


def test_what_a_later_archscope_may_add_is_left_unread() -> None:
    more = data()
    more["layers"][0]["window"]["shape"] = "round"
    for row in (more, more["setting"], more["parameters"][0], more["columns"]["macs"]):
        row["more"] = {"than": ["is", "known"]}

    assert Report.from_dict(more).graph == SIX.graph


def test_plain_data_is_read_as_json_is() -> None:
    assert Report.from_dict(SIX.to_dict()).to_json() == SIX.to_json()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("points", 0, "params", -1), "points[0].params: -1 is no amount"),
        (put("points", 0, "macs", None), "points[0].macs: null is no amount"),
        (put("points", []), "points: 0 entries instead of 1 or more"),
        (put("held", 3), "there is 'held' but no 'hold'"),
        (put("block", "kernel_size", "3"), "block.kernel_size: '3' is no kernel"),
        (put("setting", "device", "cpu"), "setting: something was timed, but there is no 'device_name'"),
    ],
)
def test_spectra(change: Change, said: str) -> None:
    setting = {"device": "meta", "dtype": "float32", "batch": 1, "mode": "eval"}
    spectrum = Spectrum(
        "block", (Point(2, "two", {"params": 5, "macs": 7, "spatial_params": 3}, (3, 3)),), setting, Block(6)
    )
    broken = json.loads(spectrum.to_json())
    assert Spectrum.from_json(json.dumps(broken)) == spectrum
    change(broken)

    with pytest.raises(ArchscopeError, match="broken archscope spectrum") as error:
        Spectrum.from_json(json.dumps(broken))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "claim",
    [
        {"value": [1, 2]},
        {"block": "no.where"},
        {"block": "-stem", "counting": "convolutions only"},
        {"counting": "nothing"},
        {"digits": 100},
        {"unit": 1e-100},
        {"value": 1e99, "unit": 1e99, "relation": "<"},
        {"quantity": "depth"},
        {"quantity": "nothing"},
        {"quantity": "output_shape"},
        {"quantity": "receptive_field", "block": "middle"},
    ],
    ids=str,
)
def test_a_saved_report_may_claim_anything(claim: dict[str, Any]) -> None:
    odd = data()
    odd["claims"] = [{"quantity": "params", "value": 5, "source": "somewhere", **claim}]
    found = Report.from_json(json.dumps(odd))

    assert ("not the published" in found.to_text()) is (claim.keys() == {"value"})
    assert "<html" in archscope.explore(found).to_html()
