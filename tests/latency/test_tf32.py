"""TF32 settings of the user's, in either form, are as they were after a measurement."""

from collections.abc import Callable, Iterator

import pytest
import torch

from archscope.latency.tf32 import tf32

MATMUL, CUDNN = torch.backends.cuda.matmul, torch.backends.cudnn
pytestmark = pytest.mark.skipif(not hasattr(CUDNN, "conv"), reason="torch has the older form alone")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    torch.backends.fp32_precision = CUDNN.fp32_precision = MATMUL.fp32_precision = "none"  # type: ignore[attr-defined]
    torch.set_float32_matmul_precision("highest")
    MATMUL.fp32_precision = "none"
    CUDNN.allow_tf32 = True


def said() -> list[object]:
    """Everything that torch says of it: a refusal to say is an answer too."""
    questions: list[Callable[[], object]] = [
        lambda: torch.backends.fp32_precision, lambda: MATMUL.fp32_precision, lambda: CUDNN.fp32_precision,
        lambda: CUDNN.conv.fp32_precision, lambda: CUDNN.rnn.fp32_precision, lambda: MATMUL.allow_tf32,
        lambda: CUDNN.allow_tf32, torch.get_float32_matmul_precision,
    ]  # fmt: skip
    return [answer(question) for question in questions]


def answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except RuntimeError:
        return "refused"


def untouched() -> None:
    pass


def old_high() -> None:
    torch.set_float32_matmul_precision("high")


def old_medium() -> None:
    torch.set_float32_matmul_precision("medium")


def old_without() -> None:
    MATMUL.allow_tf32 = CUDNN.allow_tf32 = False


def new_everywhere() -> None:
    torch.backends.fp32_precision = "tf32"  # type: ignore[attr-defined]


def new_here_and_there() -> None:
    MATMUL.fp32_precision, CUDNN.conv.fp32_precision = "tf32", "ieee"


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(
    "setting", [lambda: None, old_high, old_medium, old_without, new_everywhere, new_here_and_there]
)
def test_the_users_settings_are_put_back(setting: Callable[[], None], allowed: bool) -> None:
    setting()
    before = said()
    with pytest.raises(KeyboardInterrupt), tf32(allowed):
        used = {place.fp32_precision == "tf32" for place in (MATMUL, CUDNN.conv, CUDNN.rnn)}
        inside = said()
        raise KeyboardInterrupt

    assert used == {allowed}
    assert said() == before
    if "refused" not in before:  # what reads the older form while it is measured can
        assert "refused" not in inside


def test_what_follows_the_setting_above_follows_it_afterwards() -> None:
    CUDNN.conv.fp32_precision = CUDNN.rnn.fp32_precision = "none"  # type: ignore[attr-defined]
    new_everywhere()
    with tf32(False):
        pass
    torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]
    assert (MATMUL.fp32_precision, CUDNN.rnn.fp32_precision) == ("ieee", "ieee")
