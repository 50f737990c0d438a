"""The command `archscope compare`: what it takes, writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import archscope
from archscope.networks import families, family
from tests.graphs import six_layer_report

Run = Callable[..., tuple[int, str, str]]
SIX = six_layer_report()


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "six.json"
    path.write_text(SIX.to_json(), encoding="utf-8")
    return str(path)


def test_networks(run: Run) -> None:
    assert run("compare", "lenet5", "Nin_CIFAR10") == (0, str(archscope.compare("lenet5", "nin_cifar10")), "")


def test_one_network_is_fine(run: Run, saved: str) -> None:
    code, out, _ = run("compare", saved)
    assert code == 0
    assert "ratio" not in out


def test_a_network_given_twice_shows_the_noise(run: Run, saved: str) -> None:
    data = json.loads(run("compare", saved, saved, "-f", "json")[1])
    assert data["labels"] == ["six_layers, no. 1", "six_layers, no. 2"]


def test_a_network_that_cannot_be_built_does_not_lose_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "boom.py"
    path.write_text("def boom():\n    raise ValueError('no fuse')\n")
    code, out, err = run("compare", "lenet5", f"{path}:boom", str(path) + "x.py", "nin_cifar10")
    assert (code, err) == (1, "")
    assert "LeNet-5" in out
    assert "(CIFAR-10)" in out
    assert out.count("Failed  ") == 2
    assert "no fuse" in out
    code, out, err = run("compare", "lenet5", f"{path}:boom", "--predict", "h200")
    assert (code, "no fuse" in out) == (1, True), (out, err)


def test_where_none_can_be_built_one_line_says_so(run: Run) -> None:
    code, out, err = run("compare", "none.py:A", "none.py:B")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_saved_comparisons_and_networks_mix(run: Run, saved: str, tmp_path: Path) -> None:
    both, again = tmp_path / "both.json", tmp_path / "again.json"
    assert run("compare", saved, "lenet5", "-o", str(both)) == (0, "", "")
    assert run("compare", str(both), "nin_cifar10", "-o", str(again), "--by", "kind") == (0, "", "")
    data = json.loads(again.read_text(encoding="utf-8"))
    assert data["labels"] == ["six_layers", "lenet5", "nin_cifar10"]


def test_input_and_batch_hold_for_all(run: Run) -> None:
    code, out, _ = run("compare", "resnet18", "mobilenet_v1", "--input", "96", "--batch", "2", "-f", "csv")
    assert code == 0
    assert out.count("3x96x96") == 2


def test_a_family(run: Run) -> None:
    code, out, _ = run("compare", "--family", "Seresnext", "-f", "csv")
    assert code == 0
    assert [line.partition(",")[0] for line in out.splitlines()[1:]] == ["seresnext50_32x4d", "seresnext101_32x4d"]


def test_families() -> None:
    def names(word: str) -> set[str]:
        return {network.name for network in family(word)}

    assert names("resnet") == {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}
    assert names("inception") >= {"googlenet", "bn_inception", "inception_v3", "inception_v4", "inception_resnet_v1"}
    assert "xception" not in names("inception")
    assert names("mobilenet") == {"mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"}
    assert names("mobilenet_v3") == {"mobilenet_v3_large", "mobilenet_v3_small"}
    assert {"mobilenetv", "base", "large", "patch"}.isdisjoint(families())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to compare: name networks, such as xception inception_v3, or a family"),
        (["lenet5", "xceptoin"], "no network named 'xceptoin'; did you mean xception"),
        (["--family", "transformers"], "no family named 'transformers'; known: aligned_xception,"),
        (["lenet5", "--by", "nonsense"], "Invalid value for '--by'"),
        (["lenet5", "-f", "yaml"], "known: table, json, csv, markdown, latex, html"),
        (["lenet5", "-o", "x.yaml"], "no format for 'x.yaml'"),
        (["nowhere.json"], "cannot read nowhere.json"),
        (
            ["lenet5", "--plot", "bars"],
            "--plot bars is a picture: write it with -o to a .svg, .png, .pdf or .html file",
        ),
        (["lenet5", "--plot", "bars", "-o", "x.tex"], r"file; \includegraphics takes the .pdf"),
        (["lenet5", "--plot", "pie"], "Invalid value for '--plot'"),
        (["lenet5", "--plot", "tradeoff", "-f", "svg"], "no published top-1 accuracy"),
        (["lenet5", "--predict", "abacus"], "no device named 'abacus'"),
        (["lenet5", "--dtype", "float16"], "--dtype is for measuring: give a --device"),
        (["lenet5", "--predict", "h200", "--device", "cpu"], "give one of them"),
        (["lenet5", "--device", "cpu", "--train", "--mode", "eval"], "--mode eval does not apply"),
        (["lenet5", "--device", "tpu"], "--device tpu: it is cpu, cuda or cuda:N"),
        (["lenet5", "--batch", "0"], "--batch 0: write a number of images"),
        (["xception", "resnet18", "--input", "1x32x32"], "xception takes 3 channels"),
    ],
)
def test_mistakes(mistake: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in mistake("compare", *arguments)


def test_settings_do_not_apply_to_saved_reports(mistake: Callable[..., str], saved: str) -> None:
    assert "measured already" in mistake("compare", saved, "--batch", "2")


@pytest.mark.parametrize("suffix", ["svg", "PNG", "pdf", "html"])
def test_pictures(run: Run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"compare.{suffix}"
    assert run("compare", "lenet5", "nin_cifar10", "-o", str(path)) == (0, "", "")
    assert path.stat().st_size > 2000


def test_predictions(run: Run, saved: str) -> None:
    code, out, _ = run("compare", saved, "lenet5", "--predict", "h200,k80", "--batch", "8", "--by", "kind")
    assert code == 0
    assert "Bound, NVIDIA H200 SXM" in out
    assert "from published peaks: no measurement" in out
    one = run("compare", "nin_cifar10", "lenet5", "--predict", "h200", "--by", "kind")[1]
    assert "Bound by kind" in one


MEASURED = ("-i", "1x32x32", "--device", "cpu", "--seconds", "0.02")


def test_a_measured_comparison(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    code, _, err = run("compare", "lenet5", saved_net(tmp_path), *MEASURED, "-o", str(path))
    assert code == 0
    assert "lenet5, batch 1: warming up" in err
    again = run("compare", str(path))[1]
    assert "Latency, median" in again
    assert "Measured on" in again


def saved_net(folder: Path) -> str:
    path = folder / "net.py"
    path.write_text("from torch import nn\n\n\ndef net():\n    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())\n")
    return f"{path}:net"


@pytest.mark.parametrize("command", ["summary lenet5", "compare lenet5 nin_cifar10", "spectrum xception"])
def test_no_device_at_all(run: Run, command: str) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    code, out, err = run(*command.split(), "--device", "cuda")
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert "CUDA" in line


def test_exit_code_of_a_failure(run: Run, tmp_path: Path) -> None:
    """No CPU inverts a matrix in bfloat16."""
    path = tmp_path / "picky.py"
    path.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Picky(nn.Module):\n    def forward(self, x):\n"
        "        return torch.linalg.inv(x @ x.transpose(-1, -2))\n"
    )
    code, out, err = run("compare", "lenet5", f"{path}:Picky", *MEASURED, "--dtype", "bfloat16")
    assert (code, "Failed" in out) == (1, True), (out, err)
    assert "Picky, batch 1:" in out
    assert "Latency, median" in out


RESULTS = "model,top1,top5,img_size\nlenet5,70.5,90,32\nnin_cifar10.a,72,91,32\nnin_cifar10.b,60,80,32\n"


def test_accuracies_of_a_file_and_the_front(run: Run, mistake: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    file.write_text(RESULTS)
    code, out, _ = run("compare", "lenet5", "nin_cifar10", "lenet5?num_classes=4", "--accuracy", str(file))
    assert code == 0
    assert "(CIFAR-10)*" in out and "LeNet-5*" in out and "70.5 %" in out
    assert "Accuracy  NiN (CIFAR-10): results.csv, nin_cifar10.a (ImageNet, 32 pixels)" in out
    data = json.loads(run("compare", "lenet5", "nin_cifar10", "--accuracy", str(file), "-f", "json")[1])
    assert data["front"] == ["lenet5", "nin_cifar10"]
    file.write_text("model,top1\nresnet18,70\n")
    said = mistake("compare", "lenet5", "--accuracy", str(file), "--columns", "top1")
    assert "no row is of one of these networks; its first is resnet18" in said


def test_papers_are_cited_beside_a_latex_table(
    run: Run, mistake: Callable[..., str], saved: str, tmp_path: Path
) -> None:
    table, cited = tmp_path / "table.tex", tmp_path / "refs.bib"
    assert run("compare", "lenet5", "nin_cifar10", "-o", str(table), "--cite", str(cited))[0] == 0
    keys = [line.partition("{")[2].rstrip(",") for line in cited.read_text().splitlines() if line.startswith("@")]
    assert len(keys) == 2
    assert all(f"~\\cite{{{key}}} & " in table.read_text() for key in keys)
    assert "none of these networks is of a paper" in mistake("compare", saved, "--cite", str(cited))
    assert "is the name of code" in mistake("compare", "lenet5", "--cite", "net.py")
    assert "is read or written besides" in mistake("compare", saved, "--cite", saved)
    assert "is read or written besides" in mistake("compare", "lenet5", "-o", "a.tex", "--cite", "./a.tex")


def test_all_networks_are_a_family() -> None:
    assert len(family("all")) == len(archscope.networks())
