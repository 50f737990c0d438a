"""Files of ONNX are read without the numbers of large tensors, as protocol buffers' own reader reads them else."""

import io
from pathlib import Path
from typing import Any

import pytest

import archscope
from archscope.errors import ArchscopeError
from archscope.reading.onnx import wire
from archscope.reading.onnx.wire import LARGEST, Wire, number_in, written

onnx = pytest.importorskip("onnx", reason="reads ONNX files, which needs onnx: pip install onnx")


def tensor(name: str, *sizes: int, **numbers: Any) -> Any:
    return onnx.TensorProto(name=name, dims=sizes, data_type=onnx.TensorProto.FLOAT, **numbers)


def model() -> Any:
    """Weights as raw bytes and as numbers, and in an attribute of a node; sizes, which are few, as well."""
    weights = [tensor("w", 4, 3, 32, 32, raw_data=bytes(4 * 3 * 32 * 32 * 4))]
    weights += [tensor("b", 2**13, float_data=[0.5] * 2**13), tensor("few", 3, float_data=[1.0, 2.0, 3.0])]
    constant = onnx.helper.make_node("Constant", [], ["c"], value=tensor("", 2**13, raw_data=bytes(2**15)))
    conv = onnx.helper.make_node("Conv", ["x", "w"], ["y"], doc_string="a note" * LARGEST)
    given = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 40, 40])
    made = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    return onnx.helper.make_model(onnx.helper.make_graph([constant, conv], "net", [given], [made], weights))


def without_numbers(data: bytes) -> bytes:
    return Wire(io.BytesIO(data), len(data)).without_numbers()


def test_large_numbers_go_and_all_else_stays() -> None:
    whole = model()
    read = onnx.ModelProto.FromString(without_numbers(whole.SerializeToString()))
    weights, constant = whole.graph.initializer, whole.graph.node[0].attribute[0].t
    weights[0].ClearField("raw_data")
    weights[1].ClearField("float_data")
    constant.ClearField("raw_data")
    assert read == whole


def test_they_are_not_read_from_the_file() -> None:
    data = model().SerializeToString()
    taken: list[int] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            taken.append(size or 0)
            return super().read(size)

    small = Wire(Counted(data), len(data)).without_numbers()
    assert sum(taken) < len(small) + 2000 < len(data) - 2**16


def test_what_has_no_large_numbers_stays_as_it_is() -> None:
    small = onnx.helper.make_model(onnx.helper.make_graph([], "net", [], [], [tensor("few", 2, float_data=[1.0, 2.0])]))
    assert without_numbers(small.SerializeToString()) == small.SerializeToString()


def test_a_file_that_ends_too_early_is_said(tmp_path: Path) -> None:
    data, path = model().SerializeToString(), tmp_path / "cut.onnx"
    for end in (1, 5, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        with pytest.raises(ArchscopeError, match=r"its end is missing|holds no graph"):
            archscope.summarize(str(path))


def test_fields_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.onnx"
    path.write_bytes(b"\x08\x01" * 100)  # the same field, again and again
    monkeypatch.setattr(wire, "MOST_FIELDS", 99)
    with pytest.raises(ArchscopeError, match="has more than 99 parts"):
        archscope.summarize(str(path))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31 - 1, 2**63])
def test_numbers_are_read_as_they_are_written(number: int) -> None:
    assert number_in(written(number), 0) == (number, len(written(number)))


@pytest.mark.parametrize("data", [b"\x0b", b"\x80", b"\x0a\x05ab", b"\x09abc"])
def test_what_is_no_message_raises(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"field|number"):
        without_numbers(data)
