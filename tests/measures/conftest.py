"""Formulas are strict here: of what is measured in these tests nothing may be unknown by a fault of a formula."""

from importlib import import_module

import pytest

from archscope.measures.macs import NotGiven

FORGIVING = ("measures.macs", "measures.training_memory", "measures.kept_by_kernels", "measures.elementwise")
"""What forgives a formula whatever a stranger's report makes it raise."""


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FORGIVING, "auditing.counters"):
        monkeypatch.setattr(import_module(f"archscope.{name}"), "UNSAID", (NotGiven,))
