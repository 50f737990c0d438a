"""Which input a pass takes, and what is said where none goes through."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(100, 8), nn.Linear(8, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.head((self.embedding(ids) * mask[..., None]).mean(1))  # type: ignore[no-any-return]


class ByKeyword(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, *, image: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return self.conv(image) * scale  # type: ignore[no-any-return]


def lenet() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 12 * 12, 10))


def shapes(report: archscope.Report) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in report.graph.inputs.items()}


def test_an_assumed_input_is_said_so() -> None:
    report = archscope.summarize(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    assert shapes(report) == {"input": ((3, 224, 224), "float32")}
    assert report.graph.notes == ("input 3x224x224 assumed: its first layer, 0, takes 3 channels",)
    assert "input 3x224x224 assumed" in str(report)


def test_another_side_is_assumed_where_the_first_does_not_go_through() -> None:
    report = archscope.summarize(lenet())
    assert shapes(report) == {"input": ((1, 28, 28), "float32")}
    assert report.graph.notes == (
        "input 1x28x28 assumed: its first layer, 0, takes 1 channel; 1x224x224 does not go through",
    )


class HeadFirst(nn.Module):
    """Made from its end: what is registered first runs last."""

    def __init__(self, head: nn.Module, stem: nn.Module) -> None:
        super().__init__()
        self.head, self.stem = head, stem

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.stem(x).flatten(2).mean(2)) if self.stem(x).dim() > 2 else self.stem(x)  # type: ignore


class Focus(nn.Module):
    """Sees the image as four, each of every other pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.stem(nn.functional.pixel_unshuffle(x, 2))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("network", "taken", "why"),
    [
        (HeadFirst(nn.Linear(8, 10), nn.Conv2d(3, 8, 3)), (3, 224, 224), "stem, which runs first, takes 3 channels"),
        (HeadFirst(nn.Linear(8, 10), nn.Conv1d(2, 8, 3)), (2, 1024), "stem, which runs first, takes 2 channels"),
        (HeadFirst(nn.Conv3d(64, 4, 1), nn.Linear(5, 8)), (5,), "stem, which runs first, takes 5 features"),
        (Focus(), (3, 224, 224), "stem, which runs first, takes 12 channels, 4 for each of the input's"),
    ],
)
def test_the_layer_that_runs_first_tells_more_than_the_one_that_is_made_first(
    network: nn.Module, taken: tuple[int, ...], why: str
) -> None:
    report = archscope.summarize(network)
    assert [shape for shape, _ in shapes(report).values()] == [taken]
    assert any(why in note for note in report.graph.notes)


def test_a_layer_that_does_not_run_first_tells_nothing() -> None:
    wrong = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3))
    with pytest.raises(ArchscopeError, match="input 3x224x224 was assumed, as its first layer, 0, takes 3 channels"):
        archscope.summarize(wrong)


def test_a_video_may_have_to_be_larger() -> None:
    report = archscope.summarize(nn.Sequential(nn.Conv3d(3, 8, 3, stride=16), nn.AvgPool3d((1, 10, 10))))
    assert shapes(report) == {"input": ((3, 16, 224, 224), "float32")}


def test_embeddings_take_integers() -> None:
    report = archscope.summarize(nn.Sequential(nn.Embedding(100, 8), nn.Linear(8, 2)))
    assert shapes(report) == {"input": ((128,), "int64")}


@pytest.mark.parametrize(
    "given",
    [
        ["ids=16:int64", "mask=16"],
        ["mask=16", "ids=16:int64"],
        ["16:int64", "16"],
        ["16:int64", "mask=16"],
        ["mask=16", "16:int64"],
    ],
)
def test_several_inputs_in_any_order(given: list[str]) -> None:
    report = archscope.summarize(Text(), given)
    assert shapes(report) == {"ids": ((16,), "int64"), "mask": ((16,), "float32")}


def test_arguments_by_keyword_only() -> None:
    expected = {"image": ((3, 224, 224), "float32")}
    assert shapes(archscope.summarize(ByKeyword())) == expected
    assert shapes(archscope.summarize(ByKeyword(), "image=224")) == expected


def test_a_batch_in_front_of_the_size() -> None:
    report = archscope.summarize(nn.Conv2d(3, 4, 3), "8x3x32x32")
    assert (report.setting["batch"], shapes(report)) == (8, {"input": ((3, 32, 32), "float32")})


def test_weights_where_the_pass_needs_them() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x) if self.conv.weight.sum() < 1e9 else x  # type: ignore[no-any-return]

    (note,) = archscope.summarize(Branch(), (3, 8, 8)).graph.notes
    assert note.startswith("traced by a real pass on the CPU")
    assert note.endswith("; only the way that this input took was seen")


def failing(net: nn.Module, given: object = None, **options: object) -> str:
    with pytest.raises(ArchscopeError) as caught:
        archscope.summarize(net, given, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_said_where_the_input_is_not_known() -> None:
    assert failing(nn.ReLU()).startswith("ReLU needs an input size, such as --input 3x224x224")
    assert failing(Text()).startswith("Text takes ids and mask: give --input ids=... --input mask=...")


def test_wrong_inputs() -> None:
    conv = nn.Sequential(nn.Conv2d(3, 4, 3))
    assert failing(conv, (4, 8, 8)).endswith("; its first layer, 0, takes 3 channels")
    assert failing(Text(), ["ids=16:int64", "masks=16"]).startswith("no argument of Text.forward named 'masks'; did")
    assert "missing 1 required positional argument: 'mask'" in failing(Text(), "16:int64")
    assert failing(conv, "8x3x8x8", batch=4) == "the input has a batch of 8, --batch says 4: give one of them"


def test_an_error_that_is_no_matter_of_size() -> None:
    class Faulty(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("broken")

    said = failing(Faulty(nn.Conv2d(3, 4, 3)))
    assert said.startswith("Faulty: broken (tests/targets/test_default_input.py:")
    assert said.endswith("; input 3x224x224 was assumed, as its first layer, 0, takes 3 channels: else say --input")


@pytest.mark.skipif(torch.__version__ < "2.7", reason="on meta torch 2.6 lets a kernel be larger than its image by one")
def test_too_small_names_layer_and_smallest_size_for_a_module() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
    smallest = 2 * 3 + (7 - 1)

    with pytest.raises(ArchscopeError, match=rf"too small: 2: .*smallest square that works is 3x{smallest}x{smallest}"):
        archscope.summarize(module, (3, 9, 9))
    archscope.summarize(module, (3, smallest, smallest))


class Chosen(nn.Module):
    """Which layers it runs depends on its weights and on its image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 20, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        y = self.conv(image)
        for value in y.mean((0, 2, 3)).tolist():
            y = y.neg() if value > 0 else y.abs()
        return y


def test_a_way_that_depends_on_values_is_the_same_in_every_run(tmp_path: Path) -> None:
    source = tmp_path / "chosen.py"
    source.write_text("import torch\nfrom torch import nn\n\n" + inspect.getsource(Chosen), encoding="utf-8")

    def kinds(seed: int) -> list[str]:
        torch.manual_seed(seed)
        return [layer.kind for layer in archscope.summarize(str(source), 8).graph.layers]

    assert kinds(1) == kinds(2)
    assert {"neg", "abs"} <= set(kinds(3))


# ---- what is typed, as it stands or completed ----------------------------------------------------------------------


class Generator(nn.Module):
    """A vector in, though its first layer by name is a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.up = nn.Conv2d(4, 3, 1), nn.Linear(16, 256)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.rgb(self.up(z).view(-1, 4, 8, 8))  # type: ignore[no-any-return]


class Clip(nn.Module):
    """batch x time x channels x height x width."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        return self.stem(clip.flatten(0, 1)).unflatten(0, clip.shape[:2]).mean(1)  # type: ignore[no-any-return]


class Sequence(nn.Module):
    """time x features, with a convolution that nothing runs."""

    def __init__(self) -> None:
        super().__init__()
        self.unused, self.recurrent = nn.Conv2d(8, 8, 3), nn.LSTM(8, 6, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.recurrent(x)[0]  # type: ignore[no-any-return]


class Waveform(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(1, 4, 5), nn.BatchNorm1d(4))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        return self.body(samples[:, None])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("network", "typed", "taken", "batch"),
    [
        (Generator, "16", (16,), 1),
        (Clip, "8x3x64x64", (8, 3, 64, 64), 1),
        (Waveform, "16000", (16000,), 1),
        (Sequence, "5x8", (5, 8), 1),
        (lambda: nn.Conv2d(3, 4, 3), "8x3x64x64", (3, 64, 64), 8),
        (lambda: nn.Conv2d(3, 4, 3), "64x96", (3, 64, 96), 1),
        (lambda: nn.Conv2d(1, 4, 3), "28x28", (1, 28, 28), 1),
    ],
)
def test_what_is_typed_is_tried_as_it_stands(network: Any, typed: str, taken: tuple[int, ...], batch: int) -> None:
    report = archscope.summarize(network(), typed)
    assert [tensor.shape for tensor in report.graph.inputs.values()] == [taken]
    assert report.graph.batch == batch
    assert report.graph.notes == ()


def test_what_was_completed_is_said() -> None:
    report = archscope.summarize(nn.Conv2d(3, 4, 3), 64)
    assert shapes(report) == {"input": ((3, 64, 64), "float32")}
    assert report.graph.notes == ("input 64 read as 3x64x64: its first layer, Conv2d, takes 3 channels",)


class Packed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(8, 6, batch_first=True)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return self.rnn(packed)[0].data  # type: ignore[no-any-return]


@pytest.mark.parametrize("size", ["5x8", "3x5x8"], ids=["of an item", "of the batch"])
def test_integers_are_given_by_their_values(size: str) -> None:
    report = archscope.summarize(Packed(), [f"x={size}", "lengths=5,3,2:int64"])
    assert report.graph.layers[-1].output_shape == (10, 6)
    assert report.graph.notes[0] == "a batch of 3, as many as there are values: counts are of all"
    assert report.totals["macs"] == 10 * 4 * 6 * (8 + 6)


def test_a_size_that_fails_on_meta_alone_is_tried_for_real() -> None:
    class Chosen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4 * 30 * 30, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.body(x)
            y = y if y.mean().item() > 1e9 else -y
            return self.head(y.flatten(1))  # type: ignore[no-any-return]

    assert shapes(archscope.summarize(Chosen())) == {"input": ((3, 32, 32), "float32")}
