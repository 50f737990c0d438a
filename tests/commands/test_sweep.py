"""archscope sweep: what it prints, and what it answers to mistakes."""

from pathlib import Path

import pytest

from tests.conftest import Run


def test_a_grid_with_a_lower_bound_on_the_time(run: Run) -> None:
    code, out, err = run("sweep", "lenet5", "--set", "num_classes=10,20", "--predict", "h200", "-f", "csv")
    header, *lines = out.splitlines()
    assert code == 0
    assert header.startswith("num_classes,params,macs,") and '"bound_ms, NVIDIA H200 SXM"' in header
    assert len(lines) == 2
    assert "archscope: 1 of 2 points" in err


def test_the_largest(run: Run) -> None:
    code, out, _ = run("sweep", "lenet5", "--set", "num_classes=1:200", "--under", "weights=250KiB",
                       "--maximize", "num-classes")  # fmt: skip
    fits, breaks = (line.split() for line in out.splitlines() if line.split()[-1:] in (["fits"], ["weights"]))
    assert code == 0
    assert int(breaks[0]) == int(fits[0]) + 1


def test_ctrl_c_before_the_first_point(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*asked: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archscope.sweeping._check", stop)
    code, out, err = run("sweep", "lenet5", "--set", "num_classes=1,2")
    assert (code, out, err.splitlines()[-1:]) == (130, "", ["archscope: stopped before the first point"])


def test_equal_cost_of_another_network(run: Run) -> None:
    asked = ("sweep", "mobilenet", "--set", "num_classes=10", "-i", "32", "--hold", "params=lenet5", "-f", "json")
    code, out, _ = run(*asked)
    assert code == 0 and '"held": 60000' in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lenet5"], "nothing to sweep: say values, --set"),
        (["lenet5", "--set", "width=1,2"], "no option of lenet5 named 'width'"),
        (["lenet5", "--set", "num_classes"], "write option=values"),
        (
            ["lenet5", "--set", "num_classes=1,2", "--under", "mcas=1"],
            "no quantity to limit named 'mcas'; did you mean",
        ),
        (["lenet5", "--set", "num_classes=1,2", "--under", "macs"], "--under macs: write quantity=limit"),
        (
            ["lenet5", "--set", "num_classes=1,2", "--under", "macs=1k"],
            "no point keeps to the limits: even num_classes=1",
        ),
        (["lenet5", "--maximize", "num_classes"], "the largest num_classes of what? Say a limit"),
        (["xception", "--set", "middle_blocks=4,8", "--hold", "depth=5"], "what can be held is params, macs"),
        (["xception", "--set", "middle_blocks=4,8", "--hold", "macs"], "write quantity=amount or a network"),
        (["lenet5", "--set", "num_classes=1,2", "--hold", "macs=5M"], "no option of lenet5 named 'width_multiplier'"),
        (["lenet5", "--set", "num_classes=1,2", "--input", "axb"], "axb"),
        (["nolenet", "--set", "num_classes=1,2"], "no network named 'nolenet'; did you mean lenet5"),
        (["nolenet", "--set", "num_classes=1,2", "-c", "colour"], "no quantity of this sweep named 'colour'"),
        (["nolenet", "--set", "num_classes=1", "-f", "svg"], "nothing to draw: no option of this sweep has several"),
    ],
)
def test_mistakes(run: Run, arguments: list[str], said: str) -> None:
    code, out, err = run("sweep", *arguments)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]


def test_a_saved_sweep(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "sweep.json"
    asked = ("sweep", "lenet5", "--set", "num_classes=10,20")
    assert run(*asked, "-o", str(saved))[0] == 0
    code, out, err = run("sweep", str(saved), "-f", "csv")
    assert (code, err) == (0, "") and out == run(*asked, "-f", "csv")[1]
    code, out, err = run("sweep", str(saved), "--set", "num_classes=30")
    assert (code, out) == (2, "") and "--set does not apply" in err and "has its points already" in err


def test_searches_that_succeed_are_kept_where_one_fails(run: Run) -> None:
    asked = ("sweep", "mobilenet", "--maximize", "width_multiplier", "--set", "width_multiplier=0.25,0.5")
    code, out, err = run(*asked, "-i", "32,64", "--under", "macs=5M", "-f", "csv")
    assert (code, [line.split(",")[:2] for line in out.splitlines()[1:]]) == (
        2,
        [["", "32"], ["0.25", "64"], ["0.5", "64"]],
    )
    assert err.splitlines()[-1].startswith(
        "archscope: input=32: width_multiplier=0.5, the largest that was asked for, keeps"
    )
