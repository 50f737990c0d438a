"""Keras models by what a user names: applications, code, files; and what is said where that cannot be."""

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import archscope
from archscope.errors import ArchscopeError
from archscope.targets import resolve
from tests.conftest import EVERYTHING

os.environ.setdefault("KERAS_BACKEND", "torch")
try:
    import keras
except ImportError:
    keras = None
needs_keras = pytest.mark.skipif(keras is None, reason="Keras is not installed: `make keras` installs it")

CODE = """
import keras
from keras import layers

def unbuilt(classes=4):
    return keras.Sequential([layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(classes)])

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Conv2D(8, 3)
        self.heads = [layers.Dense(4), layers.Dense(3, name="last")]

    def call(self, x):
        x = keras.ops.mean(self.stem(x), axis=(1, 2))
        for head in self.heads:
            x = head(x)
        return x

built = keras.Sequential([keras.Input((32, 16, 3)), layers.Conv2D(8, 3, name="only")])
"""


@pytest.fixture
def code(tmp_path: Path) -> str:
    path = tmp_path / "net.py"
    path.write_text(CODE)
    return str(path)


def refused(target: Any, **given: Any) -> str:
    with pytest.raises(ArchscopeError) as refusal:
        archscope.summarize(target, **given)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_without_keras_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert refused("keras:Xception") == "keras:Xception needs Keras: pip install 'archscope[keras]'"
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
    assert "needs Keras" in refused(str(tmp_path / "net.keras"))


def test_the_legacy_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(8))
    assert "legacy" in refused(str(tmp_path / "net.h5"))


@needs_keras
def test_an_application_by_its_name_without_weights() -> None:
    report = archscope.summarize("keras:MobileNet", options={"alpha": 0.25, "classifier_activation": "none"})
    assert report.graph.inputs["input"].shape == (3, 224, 224)
    assert report.totals["params"] + report.totals["buffers"] == 475_544
    assert [layer.operation for layer in report.graph.layers][-1] != "softmax"


@needs_keras
@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("keras:Xceptoin", {}, "did you mean Xception"),
        ("keras:MobileNet", {"weights": "imagenet"}, "downloads nothing"),
        ("keras:MobileNet", {"width": 2}, "takes no width"),
        ("keras:NASNetMobile", {}, "torch"),
    ],
)
def test_what_cannot_be_is_said(target: str, options: dict[str, Any], says: str) -> None:
    assert says in refused(target, options=options)


@needs_keras
@pytest.mark.parametrize("size", ["3x32x16", "32x16x3", "1x3x32x16", None])
def test_sizes_in_either_order(code: str, size: str | None) -> None:
    report = archscope.summarize(f"{code}:built", size)
    assert report.graph.layer["only"].output_shape == (8, 30, 14)
    assert report.totals["macs"] == 27 * 8 * 30 * 14


@needs_keras
def test_what_is_not_built_is_built_for_its_input(code: str) -> None:
    report = archscope.summarize(f"{code}:unbuilt", "8x6x3", options={"classes": 5})
    assert report.totals["params"] == 27 * 8 + 8 + (8 * 6 * 4 + 1) * 5
    assert "--input" in refused(f"{code}:unbuilt")


@needs_keras
def test_a_subclassed_model_names_its_layers_as_its_code_does(code: str) -> None:
    graph = archscope.summarize(f"{code}:Net", "3x8x6").graph
    assert [layer.name for layer in graph.layers] == ["stem", "mean", "dense", "last"]
    assert archscope.summarize(f"{code}:Net", "3x8x6").graph.blocks.keys() == graph.blocks.keys()


@needs_keras
def test_a_model_of_the_users_is_not_built_by_a_trace() -> None:
    assert "is not built" in refused(keras.Sequential([keras.layers.Dense(3)]), input_size=(4,))


@needs_keras
@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_a_file_gives_the_architecture_alone(tmp_path: Path, code: str) -> None:
    model = keras.Sequential([keras.Input((32, 16, 3)), keras.layers.Conv2D(8, 3, name="only")])
    model.save(tmp_path / "net.keras")
    report = archscope.summarize(str(tmp_path / "net.keras"))
    assert (report.graph.name, report.totals["params"], report.totals["macs"]) == ("net", 224, 90_720)
    assert archscope.diff(str(tmp_path / "net.keras"), f"{code}:built").verdict == "identical"


def lambda_layer() -> dict[str, Any]:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x + 1)])
    return dict(keras.saving.serialize_keras_object(model))


def in_a_row(many: int, sequential: bool) -> dict[str, Any]:
    """An architecture of layers one after another: Keras itself writes no row that is longer than it can follow."""
    image = keras.Input((4,), name="a0")
    model = keras.Model(image, keras.layers.Activation("relu", name="a1")(image))
    written = dict(keras.saving.serialize_keras_object(model))
    first, layer = written["config"]["layers"]
    text = json.dumps(layer)
    rows = [json.loads(text.replace('"a1"', f'"a{i + 1}"').replace('"a0"', f'"a{i}"')) for i in range(many)]
    written["config"] |= {"layers": [first, *rows], "output_layers": [f"a{many}", 0, 0]}
    return written | ({"class_name": "Sequential", "module": "keras"} if sequential else {})


@needs_keras
@pytest.mark.parametrize(
    ("config", "says"),
    [
        (lambda_layer, "ambda"),
        (lambda: in_a_row(301, sequential=True), "a Sequential of more than 300 layers"),
        (lambda: in_a_row(1200, sequential=False), "more layers in a row than Keras can follow"),
        (lambda: {"module": "os", "class_name": "system", "config": {"command": "touch planted"}}, ""),
        (lambda: {"module": None, "class_name": "Missing", "config": {}, "registered_name": "Missing"}, "Missing"),
        (lambda: ["no", "model"], ""),
        (lambda: [0] * 500_002, "values: archscope reads 500,000"),
        (lambda: [{"class_name": "Dense"}] * 20_001, "20,001 objects: archscope reads 20,000"),
    ],
)
def test_a_strangers_file_runs_nothing(config: Any, says: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config()))
        archive.writestr("metadata.json", "{}")
    before = Path.cwd().joinpath("planted").exists()
    assert says in refused(str(tmp_path / "net.keras"))
    assert Path.cwd().joinpath("planted").exists() == before


@needs_keras
def test_what_is_nested_deeper_than_python_follows_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.12 and later parse what they cannot go through."""
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    monkeypatch.setattr("archscope.targets.keras.documents.load", lambda *_: nested)
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "[]")
        archive.writestr("metadata.json", "{}")
    assert "than Keras can follow" in refused(str(tmp_path / "net.keras"))


@needs_keras
def test_what_is_no_architecture_is_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "nothing")
        archive.writestr("metadata.json", "{}")
    assert "no Keras file" in refused(str(tmp_path / "net.keras"))
    (tmp_path / "cut.keras").write_bytes((tmp_path / "net.keras").read_bytes()[:-20])
    assert "cut.keras" in refused(str(tmp_path / "cut.keras"))


RUN = """
import archscope
archscope.summarize("keras:MobileNet", options={"alpha": 0.25})
import keras
assert keras.config.backend() == "torch" and keras.src.backend.config.keras_home().endswith(".keras")
"""


@needs_keras
def test_nothing_is_left_in_the_users_home(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("KERAS")}
    home = {**variables, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-W", "ignore", "-c", RUN], env=home, check=True)
    assert not (tmp_path / ".keras").exists()


@needs_keras
def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    assert "KERAS_BACKEND=torch" in refused("keras:Xception")


@needs_keras
def test_the_target_says_what_it_rests_on() -> None:
    assert resolve("keras:Xception").libraries == ("torch", "keras")


@needs_keras
def test_the_counters_do_not_run_keras(code: str) -> None:
    for target in ("keras:MobileNet", f"{code}:built"):
        with pytest.raises(ArchscopeError, match="is a Keras model, and the counters run torch modules"):
            archscope.audit(target)


@needs_keras
@pytest.mark.skipif(not EVERYTHING, reason="a minute of comparing weights: make keras")
def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    """CI has no Keras, so that nothing else runs them."""
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## Keras\n.*?```text\n(.*?)```", page, re.S)
    (tmp_path / "net.py").write_text(CODE.replace("built =", "model ="))
    save = [sys.executable, "-c", "import net; net.model.save('net.keras')"]
    for words in (save, *[[sys.executable, "-m", *shlex.split(line)] for line in block.strip().splitlines()]):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)  # of diff: identical


@needs_keras
@pytest.mark.parametrize("size", ["1x32x16x3", "1x3x32x16", "32x16x3"])
def test_sizes_in_either_order_where_the_network_takes_any(tmp_path: Path, size: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(CODE.replace("(32, 16, 3)", "(None, None, 3)"))
    assert archscope.summarize(f"{path}:built", size).graph.inputs["input"].shape == (3, 32, 16)
