"""Traced points against closed forms that are derived here; scaled widths; networks; what is written is read back."""

from collections.abc import Callable
from functools import cache
from math import ceil
from typing import Any

import pytest
import sympy

import archscope
from archscope import continuum
from archscope.continuum.points import Block, Spectrum
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.latency import Options, measuring
from archscope.model.segments import equal_partition

C, S, r, k, m, C_in, H, W = sympy.symbols("C S r k m C_in H W", positive=True, integer=True)


@cache
def closed_form(order: str) -> tuple[sympy.Expr, sympy.Expr]:
    """Parameters and MACs of S segments of C channels, r of which are one channel larger.

    r segments have q + 1 channels and S - r have q, where C = q S + r; a segment of s channels has k k s m s weights.
    """
    q = (C - r) / S
    squares = sympy.simplify(r * (q + 1) ** 2 + (S - r) * q**2)
    assert sympy.simplify(squares - (C**2 + r * (S - r)) / S) == 0
    pointwise = C_in * C if order == "pointwise-first" else m * C * C_in
    params = k**2 * m * squares + pointwise
    return params, params * H * W


@pytest.mark.parametrize("channels", [1, 2, 12, 31, 97, 256])
def test_every_count_of_segments_costs_what_the_closed_form_says(channels: int) -> None:
    params, macs = closed_form("pointwise-first")
    values = {C: channels, C_in: 5, k: 3, m: 1, H: 3, W: 2}
    evaluate = sympy.lambdify((S, r), [params.subs(values), macs.subs(values)], "math")
    spectrum = continuum.of_block(Block(channels, (5, 3, 2)), range(1, channels + 1))
    assert len(spectrum.points) == channels
    for count, point in enumerate(spectrum.points, 1):
        expected = evaluate(count, channels % count)
        assert (point.values["params"], point.values["macs"]) == pytest.approx(expected, abs=1e-6), count
        assert point.values["pointwise_params"] == 5 * channels
        assert point.values["spatial_params"] == point.values["params"] - 5 * channels
        assert point.values["params"] == round(expected[0])


@pytest.mark.parametrize("order", ["pointwise-first", "depthwise-first"])
@pytest.mark.parametrize("segments", [1, 3, 7, 24])
def test_order_kernel_multiplier(order: str, segments: int) -> None:
    block = Block(24 if order == "pointwise-first" else 10, (10 if order == "pointwise-first" else 24, 4, 4), 5)
    block = Block(block.channels, block.input_size, 5, depth_multiplier=3, order=order)
    params, macs = closed_form(order)
    values = {C: 24, C_in: 10, k: 5, m: 3, H: 4, W: 4, S: segments, r: 24 % segments}
    (point,) = continuum.of_block(block, [segments]).points
    assert point.values["params"] == params.subs(values)
    if order == "depthwise-first":  # elsewhere the multiplier comes after the 1x1
        assert point.values["macs"] == macs.subs(values)


def test_a_stride_leaves_the_parameters() -> None:
    one, two = (continuum.of_block(Block(16, stride=stride), [1, 4, 16]) for stride in (1, 2))
    assert one.values("params") == two.values("params")
    pixels = ceil(35 / 2) ** 2
    for point in two.points:
        assert point.values["macs"] == 16 * 16 * 35**2 + point.values["spatial_params"] * pixels


def test_bytes_and_intensity_are_the_layers() -> None:
    (point,) = continuum.of_block(Block(8, (4, 6, 6)), [8], batch=3).points
    weights = 4 * 8 + 9 * 8
    assert point.values["bytes_moved"] == 4 * (weights + 3 * 36 * (4 + 8 + 8 + 8))
    assert point.values["intensity"] == 2 * 3 * 36 * weights / point.values["bytes_moved"]


def test_points_come_in_order_each_once() -> None:
    spectrum = continuum.of_block(Block(8), [8, 2, (5, 3), 2, (1, 2, 5), 1])
    assert [point.segments for point in spectrum.points] == [1, 2, 2, 3, 8]
    assert [point.partition for point in spectrum.points][1:3] == [(4, 4), (5, 3)]


@pytest.mark.parametrize("order", ["pointwise-first", "depthwise-first"])
def test_widths_hold_the_parameters_of_a_block(order: str) -> None:
    spectrum = continuum.of_block(Block(256, order=order), [1, 3, 16, 100, 256], hold="params")
    assert spectrum.held == 256 * 256 + 9 * 256
    assert spectrum.values("channels")[-1] == 256
    for point in spectrum.points:
        assert point.values["params"] == pytest.approx(spectrum.held, rel=0.01)
        assert sum(point.partition) == point.values["channels"]
        widths = (point.values["channels"] + step for step in (-1, 1))
        off = abs(point.values["params"] - spectrum.held)
        for width in widths:
            if width >= len(point.partition):
                other = width**2 + 9 * sum(size**2 for size in equal_partition(width, len(point.partition)))
                assert off <= abs(other - spectrum.held)


@pytest.mark.parametrize(("power", "wanted"), [(1, 300), (2, 17), (1.5, 4e6)])
def test_rescaled_finds_the_scale(power: float, wanted: float) -> None:
    scale = continuum.rescaled(lambda scale: 1000 * scale**power, int(wanted))
    assert 1000 * scale**power == pytest.approx(wanted, rel=1e-2)


@cache
def xception(hold: continuum.Hold = "") -> Spectrum:
    return archscope.spectrum("xception", [1, 64, "depthwise"], hold=hold, input_size=(3, 71, 71))


def test_a_network_ends_in_the_one_that_is_published() -> None:
    first, _, last = xception().points
    stem = 9 * (3 * 32 + 32 * 64)
    channels = [64, 128, 128, 256, 256, 728, *[728] * 24, 728, 728, 1024, 1536]
    assert last.values["params"] == 22_855_952
    assert last.values["spatial_params"] == stem + 9 * sum(channels)
    assert first.values["spatial_params"] == stem + 9 * sum(width**2 for width in channels)
    assert first.values["pointwise_params"] == last.values["pointwise_params"]
    assert (first.name, last.name) == ("regular convolutions", "depthwise separable, as published")


def test_widths_hold_the_parameters_of_a_network() -> None:
    spectrum = xception("params")
    assert spectrum.held == 22_855_952
    assert all(params == pytest.approx(22_855_952, rel=2e-3) for params in spectrum.values("params"))
    widths = spectrum.values("width_multiplier")
    assert sorted(widths) == widths
    assert widths[-1] == 1


@pytest.mark.parametrize(
    "made", [lambda: xception("params"), lambda: archscope.spectrum(channels=12, order="depthwise-first")]
)
def test_json_is_read_back(made: Callable[[], Spectrum]) -> None:
    spectrum = made()
    assert Spectrum.from_json(spectrum.to_json()) == spectrum
    assert spectrum.to_dict()["schema"] == "archscope.spectrum/1"
    assert all({"segments", "params", "macs"} <= set(point) for point in spectrum.to_dict()["points"])


SCHEMAS = ("report/1", "spectrum/1", "spectrum/2")
BROKEN = ["", "{", "[]", "{}", *[f'{{"schema": "archscope.{schema}"}}' for schema in SCHEMAS]]


@pytest.mark.parametrize("text", BROKEN)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ArchscopeError, match=r"file\.json"):
        Spectrum.from_json(text, "file.json")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: archscope.spectrum(segments=[0]), "256 channels make 1 to 256 segments, not 0"),
        (lambda: archscope.spectrum(segments=[257]), "256 channels make 1 to 256 segments, not 257"),
        (lambda: archscope.spectrum(segments=[(100, 100)]), "segments of 100[+]100 channels: they must sum to 256"),
        (lambda: archscope.spectrum(segments=[(200, 56)], hold="params"), "leave out --partition"),
        (lambda: archscope.spectrum(kernel_size=4), "a kernel of 4: it is odd, 3 to 2147483647"),
        (lambda: archscope.spectrum(order="mixed"), "no order named 'mixed'"),
        (lambda: archscope.spectrum(activation="gelu"), "no activation named 'gelu'"),
        (lambda: archscope.spectrum(stride=0), "stride 0: it takes 1 to 2147483647"),
        (lambda: archscope.spectrum(input_size=(3, 4)), "channels x height x width"),
        (lambda: archscope.spectrum("vgg16"), "vgg16 has nothing to segment; xception"),
        (
            lambda: archscope.spectrum("xception", [1], options={"segmented": 2}),
            "no option of xception named 'segmented'",
        ),
        (lambda: archscope.spectrum("resnext50_32x4d", [1], hold="params"), "has no width_multiplier"),
        (lambda: archscope.spectrum("mobilenet_v1", [2000]), "1024 channels make 1 to 1024 segments"),
    ],
)
def test_mistakes(call: object, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        call()  # type: ignore[operator]


def test_a_point_that_fails_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(jobs: Any, *others: Any) -> list[Any]:
        return [EnvironmentFailure("out of memory"), *[job.report for job in jobs[1:]]]

    monkeypatch.setattr(measuring, "measure", measured)
    block = Block(8, (8, 8, 8))
    found = continuum.of_block(block, [1, 2, 8], latency=Options())

    assert [point.segments for point in found.points] == [2, 8]
    assert "Failed" in str(found) and "segments=1: out of memory" in str(found)
    assert Spectrum.from_json(found.to_json()).setting["failures"] == ["segments=1: out of memory"]
    with pytest.raises(EnvironmentFailure, match="out of memory"):
        continuum.of_block(block, [1], latency=Options())
