"""Each pair of functions is equal, each twin is not, and neither could pass by accident."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from archscope import cli
from archscope.model.claims import Equivalence
from archscope.papers import equivalences, verify
from archscope.papers.verification import Equivalences


@cache
def proofs() -> dict[str, Equivalence]:
    return {proof.name: proof for proof in equivalences.prove_all()}


@pytest.mark.parametrize("name", equivalences._proofs)
def test_proof(name: str) -> None:
    proof = proofs()[name]
    assert proof.statement
    assert proof.difference < 1e-12
    assert proof.twins
    assert all(difference > 1e-3 for difference in proof.twins.values())


@pytest.mark.parametrize("name", equivalences._proofs)
def test_signal_is_alive_in_float64(name: str) -> None:
    with torch.no_grad():
        reference, other, twins = equivalences._proofs[name](torch.Generator().manual_seed(1))
    for output in (reference, other, *twins.values()):
        assert output.dtype == torch.float64
        assert output.shape == reference.shape
        assert output.isfinite().all()
    assert reference.std() > 1e-2


EQUAL = Equivalence("a", "A is B.", 1e-16, {"broken": 0.5})
NAN = float("nan")


@pytest.mark.parametrize(
    "broken",
    [
        replace(EQUAL, difference=1e-6),
        replace(EQUAL, twins={"broken": 0.5, "not broken": 1e-16}),
        replace(EQUAL, difference=NAN),
        replace(EQUAL, twins={"broken": NAN}),
    ],
)
def test_exit_code(broken: Equivalence, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(verify, "equivalences", lambda: Equivalences((EQUAL,)))
    assert cli.app(["verify", "--equivalences"], standalone_mode=False) == 0
    monkeypatch.setattr(verify, "equivalences", lambda: Equivalences((EQUAL, broken)))
    assert cli.app(["verify", "--equivalences"], standalone_mode=False) == 1
    assert "1 of 2 equivalences hold" in capsys.readouterr().out


def test_views_show_every_difference() -> None:
    found = Equivalences(tuple(proofs().values()))
    for text in (str(found), found.to_json(), found.to_csv(), found.to_markdown()):
        for proof in found.proofs:
            assert all(what in text for what in proof.twins)
    assert max(map(len, str(found).splitlines())) <= 80
