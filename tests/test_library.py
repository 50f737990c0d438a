"""The library's front door: what its functions take, say and refuse."""

import doctest
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from tests.graphs import six_layer_report

FUNCTIONS = [name for name in archscope.__all__ if inspect.isfunction(getattr(archscope, name))]
SIX = six_layer_report()
IMAGE = torch.zeros(1, 3, 32, 32)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x))


def test_every_function_is_here() -> None:
    assert set(FUNCTIONS) == {
        "audit", "build", "compare", "cost", "diagram", "diff", "explain", "explore", "fit", "lineage", "networks",
        "spectrum", "summarize", "sweep", "trace", "verify", "worksheet",
    }  # fmt: skip


ALONE = """
import sys, archscope
assert {*archscope.__all__} <= {*dir(archscope)}
assert not {"typing", "dataclasses", "archscope.library"} & {*sys.modules}, "imported before it is needed"
from archscope.networks import find
import archscope.networks.options
assert archscope.networks("lenet")["lenet5"].network == find("lenet5")
from archscope import *
assert networks is archscope.networks and Report is archscope.Report
"""


def test_names_are_imported_when_they_are_asked_for() -> None:
    """The function that hides a package does so also where the package is imported first, or later."""
    subprocess.run([sys.executable, "-c", ALONE], cwd=Path(__file__).parents[1], check=True)

    with pytest.raises(AttributeError, match="module 'archscope' has no attribute 'sumarize'"):
        archscope.sumarize  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'sumarize' from 'archscope'"):
        from archscope import sumarize  # noqa: F401


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_say_everything(name: str) -> None:
    function = getattr(archscope, name)
    parameters = inspect.signature(function).parameters.values()
    assert all(each.kind is not each.VAR_KEYWORD for each in parameters)
    assert all(each.annotation not in (each.empty, "Any", typing.Any) for each in parameters)
    assert inspect.signature(function).return_annotation not in (inspect.Signature.empty, "Any")
    doc = inspect.getdoc(function) or ""
    assert "Raises" in doc
    assert ">>> archscope." in doc or f">>> [layer.kind for layer in archscope.{name}" in doc or name == "audit"
    for each in parameters:
        assert f"`{each.name}`" in doc or each.name in ("target", "targets", "names", "level"), each.name


def test_a_former_keyword_is_taken() -> None:
    image = torch.zeros(2, 3, 8, 8)
    assert archscope.summarize(nn.Conv2d(3, 8, 3), **{"inputs": image}).totals["macs"] == 2 * 27 * 8 * 36


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "audit"])
def test_the_examples_are_true(name: str) -> None:
    found = doctest.DocTestFinder(recurse=False).find(
        getattr(archscope, name), name, globs={"archscope": archscope, "torch": torch, "nn": nn}
    )
    (example,) = [each for each in found if each.examples]
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: archscope.summarize("lenet5", bacth=2), r"archscope.summarize takes no bacth; did you mean batch\?"),
        (lambda: archscope.summarize("lenet5", inputsize=3), "did you mean input_size"),
        (lambda: archscope.summarize("lenet5", num_classes=4), r"a network's builder takes goes into options={'num_cl"),
        (lambda: archscope.build("lenet5", num_classes=4), r"takes no num_classes.* goes into options={'num_classes'"),
        (lambda: archscope.diagram("lenet5", directon="LR"), r"did you mean direction\?"),
        (lambda: archscope.spectrum(chanels=8), r"did you mean channels\?"),
        (lambda: archscope.compare("lenet5", inputs=3), r"did you mean input_size\?"),
        (lambda: archscope.networks(familly="resnet"), r"did you mean family\?"),
        (lambda: archscope.verify("lenet5", zzz=1), "archscope.verify takes no zzz; it takes equivalences"),
    ],
)
def test_a_mistyped_keyword_is_named(call: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


# ---- sizes and examples --------------------------------------------------------------------------------------------

SAME = {
    "size": lambda: archscope.summarize(Net(), (3, 32, 32)),
    "torchinfo's size": lambda: archscope.summarize(Net(), input_size=(1, 3, 32, 32)),
    "example": lambda: archscope.summarize(Net(), IMAGE),
    "example by keyword": lambda: archscope.summarize(Net(), input_data=IMAGE),
    "examples": lambda: archscope.summarize(Net(), input_data=[IMAGE]),
    "examples by name": lambda: archscope.summarize(Net(), {"x": IMAGE}),
    "in a tuple": lambda: archscope.summarize(Net(), (IMAGE,)),
    "compared": lambda: archscope.compare(Net(), input_size=IMAGE).reports[0],
    "diff": lambda: archscope.diff(Net(), Net(), IMAGE).a,
    "drawn": lambda: archscope.diagram(Net(), IMAGE).report,
}


@pytest.mark.parametrize("name", SAME)
def test_examples_stand_where_sizes_do(name: str) -> None:
    report = SAME[name]()
    assert report.totals["macs"] == 8 * 3 * 3 * 3 * 30 * 30
    assert [tensor.shape for tensor in report.graph.inputs.values()] == [(3, 32, 32)]
    assert report.setting["batch"] == 1


def test_a_batch_in_front_of_a_size() -> None:
    report = archscope.summarize(Net(), input_size=(4, 3, 32, 32))
    assert (report.setting["batch"], report.totals["macs"]) == (4, 8 * 27 * 900)
    assert archscope.trace(Net(), (4, 3, 32, 32)).batch == 4


def test_several_images_are_counted_as_passed() -> None:
    assert archscope.summarize(Net(), torch.zeros(2, 3, 32, 32)).totals["macs"] == 2 * 8 * 27 * 900


def test_examples_are_given_once() -> None:
    with pytest.raises(ArchscopeError, match="give example tensors once"):
        archscope.summarize(Net(), IMAGE, input_data=IMAGE)


def test_examples_run_where_a_network_is_measured() -> None:
    class Tokens(nn.Module):
        """Fails for random floats: the example itself must run."""

        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(5, 4)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.table(ids)

    latency = archscope.latency.Options("cpu", seconds=0.01)
    report = archscope.summarize(Tokens(), torch.tensor([[1, 2, 3]]), latency=latency)
    assert report.totals["wall_ms"]["median"] > 0


# ---- targets -------------------------------------------------------------------------------------------------------


@pytest.fixture
def targets(tmp_path: Path) -> dict[str, object]:
    code = tmp_path / "net.py"
    code.write_text("from torch import nn\n\n\nclass Only(nn.Sequential):\n    def __init__(self):\n"
                    "        super().__init__(nn.Conv2d(3, 8, 3), nn.ReLU())\n", encoding="utf-8")  # fmt: skip
    SIX.save(tmp_path / "six.json")
    saved = tmp_path / "six.json"
    return {"name": "lenet5", "code": str(code), "module": Net(), "class": Net, "report": SIX, "saved": str(saved),
            "path": saved}  # fmt: skip


@pytest.mark.parametrize("kind", ["name", "code", "module", "class", "report", "saved", "path"])
def test_every_function_takes_every_target(kind: str, targets: dict[str, object]) -> None:
    target = targets[kind]
    report = archscope.summarize(target)
    assert isinstance(report, Report)
    assert archscope.trace(target).layers == report.graph.layers
    assert archscope.diagram(target).report.graph == report.graph
    assert archscope.compare(target, target).reports[1].totals == report.totals
    assert archscope.diff(target, target).verdict == "identical"


def test_a_report_is_as_it_is() -> None:
    assert archscope.summarize(SIX) is SIX
    with pytest.raises(ArchscopeError, match=r"<Report six_layers.* is measured already: input_size, options cannot"):
        archscope.summarize(SIX, (3, 8, 8), options={"num_classes": 3})
    with pytest.raises(ArchscopeError, match="measured already: batch cannot change it"):
        archscope.summarize(SIX, batch=3)


def test_a_class_goes_by_its_name() -> None:
    assert repr(archscope.trace(Net)) == "<Graph Net: 2 layers>"
    assert archscope.fit({}, nn.ReLU).network == "ReLU"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: archscope.verify(SIX), "goes by its name, not by a Report"),  # type: ignore[arg-type]
        (lambda: archscope.spectrum(Net()), "name it, and give no Net"),  # type: ignore[arg-type]
        (lambda: archscope.sweep(Net(), {"n": [1]}), "takes no options"),  # type: ignore[arg-type]
        (lambda: archscope.summarize(Net(), object()), "numbers or text"),  # type: ignore[arg-type]
        (lambda: archscope.summarize(Net(), 8, input_data=IMAGE), "give a size or an example: as input_size or as"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        call()


def test_what_no_process_can_build_anew(targets: dict[str, object]) -> None:
    for kind, said in (("saved", "six.json cannot be built anew"),
                       ("report", "no network named 'six_layers'")):  # fmt: skip
        with pytest.raises(ArchscopeError, match=said):
            archscope.audit(targets[kind])  # type: ignore[arg-type]


def test_a_report_of_other_options_is_not_audited_as_the_network_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archscope.auditing.audit", lambda report, *rest, **given: report)
    report = archscope.summarize("resnet18", 64, options={"num_classes": 3})
    with pytest.raises(ArchscopeError, match="not of resnet18 as it is built now"):
        archscope.audit(report)
    assert archscope.audit(report, options={"num_classes": 3}) is report
    assert archscope.audit(archscope.summarize("resnet18", 64)).totals["params"] == 11_689_512  # type: ignore[attr-defined]


def test_a_diagram_of_a_report_has_the_title_of_a_name() -> None:
    report = archscope.summarize("lenet5")
    assert str(archscope.diagram(report)) == str(archscope.diagram("lenet5"))
    assert ">Mine</text>" in str(archscope.diagram(report, title="Mine"))


def test_spectrum_says_what_is_of_a_block() -> None:
    with pytest.raises(ArchscopeError, match="xception has its own layers: channels, stride is of a block"):
        archscope.spectrum("xception", channels=8, stride=2)
    with pytest.raises(ArchscopeError, match="options go to a network's builder: name one"):
        archscope.spectrum(options={"num_classes": 4})


def test_one_size_where_several_may_be() -> None:
    swept = archscope.sweep("lenet5", input_sizes=32)
    assert swept.values("macs") == archscope.sweep("lenet5", input_sizes=["32"]).values("macs") == [325_680]
    block = archscope.spectrum(channels=8, segments=[1], input_size=torch.zeros(1, 8, 9, 9))
    assert block.values("macs") == archscope.spectrum(channels=8, segments=[1], input_size="8x9x9").values("macs")
    assert repr(block) == "<Spectrum block: 1 point, segments 1>"


def test_a_saved_spectrum_is_read(tmp_path: Path) -> None:
    found = archscope.spectrum(channels=8, input_size="8x9x9")
    found.save(tmp_path / "x.json")
    assert str(archscope.spectrum(str(tmp_path / "x.json"))) == str(found)


# ---- the catalogue ---------------------------------------------------------------------------------------------------


def test_networks() -> None:
    found = archscope.networks()
    assert found["xception"].network.input_size == (3, 299, 299)
    resnets = [entry.network.name for entry in archscope.networks("resnet", sort="params")]
    assert 0 < len(resnets) < len(found)
    assert [entry.params for entry in archscope.networks(where="params<2M", sort="params")][-1] < 2e6
    with pytest.raises(ArchscopeError, match="no family named 'inceptoin'; did you mean inception"):
        archscope.networks("inceptoin")
    with pytest.raises(ArchscopeError, match="no network named 'xceptoin'; did you mean xception"):
        found["xceptoin"]


def test_the_function_hides_the_package_for_good() -> None:
    """Whatever is imported of the package, and in whatever order."""
    import archscope.networks.resnet
    from archscope.networks import find

    assert inspect.isfunction(archscope.networks)
    assert find("resnet18").build().training


def test_every_function_can_be_replaced_in_a_users_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FUNCTIONS:
        with mock.patch(f"archscope.{name}", "mocked"):
            assert getattr(archscope, name) == "mocked"
        monkeypatch.setattr(archscope, name, "patched")
        assert getattr(archscope, name) == "patched"
    monkeypatch.undo()
    assert inspect.isfunction(archscope.networks)


def test_verify() -> None:
    found = archscope.verify("lenet5", "nin_cifar10")
    assert found.holds
    assert {verdict.network for verdict in found.verdicts} == {"lenet5", "nin_cifar10"}
    with pytest.raises(ArchscopeError, match="did you mean lenet5"):
        archscope.verify("lenet55")
    with pytest.raises(ArchscopeError, match="proves all of them: leave out lenet5"):
        archscope.verify("lenet5", equivalences=True)  # type: ignore[call-overload]
