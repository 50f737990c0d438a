"""Classes of transformers: built of a configuration, fetched from nowhere."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import archscope
from archscope.errors import ArchscopeError
from archscope.targets import resolve

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed: `make world` installs it"
)


def refused(target: str, **given: Any) -> str:
    with pytest.raises(ArchscopeError) as refusal:
        archscope.summarize(target, **given)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def config(folder: Path, **fields: Any) -> str:
    (folder / "config.json").write_text(json.dumps(fields))
    return f"transformers:{folder / 'config.json'}"


def test_without_transformers_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert refused("transformers:BertModel") == "transformers:BertModel needs transformers: pip install transformers"


def test_what_is_no_configuration_is_said(tmp_path: Path) -> None:
    assert "cannot read" in refused(f"transformers:{tmp_path / 'config.json'}")
    assert "names no model_type" in refused(config(tmp_path, layers=3))
    (tmp_path / "config.json").write_text("{")
    assert "is no JSON" in refused(f"transformers:{tmp_path}")
    (tmp_path / "config.json").unlink()
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "is an adapter" in refused(f"transformers:{tmp_path}")


def test_nothing_is_downloaded() -> None:
    assert "archscope downloads nothing" in refused("transformers:microsoft/resnet-50")


SMALL = {"model_type": "resnet", "architectures": ["ResNetForImageClassification"], "embedding_size": 8,
         "hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1], "num_labels": 3}  # fmt: skip


@needs_transformers
def test_a_class_with_fields_of_its_configuration(tmp_path: Path) -> None:
    options = {name: value for name, value in SMALL.items() if name not in {"model_type", "architectures"}}
    report = archscope.summarize("transformers:ResNetForImageClassification", options=options)
    assert report.graph.inputs["input"].shape == (3, 224, 224)
    assert archscope.diff(config(tmp_path, **SMALL).removeprefix("transformers:"), report).verdict == "identical"
    assert not any("labels" in note for note in report.graph.notes)  # they were said
    assert resolve("transformers:BertModel").libraries == ("torch", "transformers")


def test_labels_that_nobody_said_are_noted() -> None:
    notes = resolve("transformers:ResNetForImageClassification").notes
    assert "num_labels=1000" in notes({})[0]
    assert notes({"num_labels": 2}) == resolve("transformers:ResNetModel").notes({}) == ()


@needs_transformers
@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("transformers:ResNetForImageClasification", {}, "did you mean ResNetForImageClassification"),
        ("transformers:ResNetForImageClassification", {"num_lables": 3}, "did you mean"),
        ("transformers:AutoModel", {}, "is no class of a model"),
    ],
)
def test_what_cannot_be_is_said(target: str, options: dict[str, Any], says: str) -> None:
    assert says in refused(target, options=options)


@needs_transformers
def test_code_beside_a_configuration_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *said: pytest.fail("a question"))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    theirs = {**SMALL, "auto_map": {"AutoModel": "evil.Net"}, "quantization_config": {"quant_method": "gptq"}}
    assert archscope.summarize(config(tmp_path, **theirs)).totals["params"] > 0
    assert "named 'Net'" in refused(config(tmp_path, **{**theirs, "architectures": ["Net"]}))
    assert "no architecture" in refused(config(tmp_path, **{**theirs, "architectures": None}))
    assert "is no bert but a resnet" in refused(config(tmp_path, **{**theirs, "model_type": "bert"}))
    assert "HF_HUB_OFFLINE" not in os.environ


@needs_transformers
def test_two_inputs_by_the_configuration() -> None:
    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8,
             "encoder_attention_heads": 2, "decoder_attention_heads": 2, "vocab_size": 50, "max_source_positions": 20,
             "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}  # fmt: skip
    graph = archscope.summarize("transformers:WhisperModel", options=sizes).graph
    assert {name: tensor.shape for name, tensor in graph.inputs.items()} == {
        "input_features": (80, 40),
        "decoder_input_ids": (128,),
    }


@needs_transformers
@pytest.mark.parametrize("length", [16, 64])
def test_a_text_of_any_length(length: int) -> None:
    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 9,
    }
    graph = archscope.summarize("transformers:BertModel", f"input_ids={length}:int64", options=sizes).graph

    assert graph.inputs["input_ids"].shape == (length,)


def test_a_name_of_the_hub_without_its_prefix() -> None:
    said = refused("microsoft/resnet-50")
    assert said.startswith("no network and no file is named microsoft/resnet-50; ")
    assert "name the class, transformers:ResNetForImageClassification, or its config.json" in said
    assert "hub" not in refused("microsoft/")
