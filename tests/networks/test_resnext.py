"""Figure 3 of the ResNeXt paper: its three forms compute the same. tests/test_equivalences.py checks their values."""

import pytest

from archscope.papers.equivalences import mapped, resnext


@pytest.mark.parametrize("form", ["a", "b"])
def test_forms_have_equally_many_parameters(form: str) -> None:
    reference, network = resnext("c"), resnext(form)
    counts = [sum(parameter.numel() for parameter in module.parameters()) for module in (reference, network)]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("form", ["a", "b"])
def test_every_stored_number_has_its_place(form: str) -> None:
    shapes = {name: tensor.shape for name, tensor in resnext(form).state_dict().items() if tensor.dim() > 0}
    weights = mapped(resnext("c").state_dict(), form)
    assert {name: tensor.shape for name, tensor in weights.items()} == shapes
