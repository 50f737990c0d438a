"""archscope explain: what it prints, and what it answers to mistakes."""

from collections.abc import Callable

import pytest

from tests.conftest import Run


def test_a_layer(run: Run) -> None:
    code, out, _ = run("explain", "xception", "entry_flow.conv1.conv")
    assert code == 0
    for equation in ("floor((299 + 2·0 - 3) / 2) + 1 = 149", "3·3·3·32 = 864", "864 · 149² = 19,181,664"):
        assert equation in out


def test_a_worksheet(run: Run) -> None:
    asked = ("explain", "lenet5", "f6", "--blank", "params", "-f", "csv")
    assert "f6.linear1,Linear 120 to 84,1,120,84,,10080\n" in run(*asked)[1]
    assert "120·84 + 84 = 10,164" in run(*asked, "--key")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lenet5", "nothing"], "no layer of lenet5 named 'nothing'"),
        (["lenet5", "--key"], "--key is of a worksheet: say what was to be filled in, --blank output,params"),
        (["lenet5", "--blank", "colour"], "no quantity to fill in named 'colour'"),
        (["lenet5", "-o", "x.svg"], "no format for 'x.svg'"),
    ],
)
def test_mistakes(mistake: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in mistake("explain", *arguments)
