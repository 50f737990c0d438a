import pytest

from archscope.latency.attribution import MARK, Event, Profile, attribute, middle


def of(layer: int) -> Event:
    return Event(f"{MARK}{layer}", 0.0)


def test_an_operation_belongs_to_the_layer_that_runs() -> None:
    events = [
        of(0),
        Event("aten::conv2d", 1.0, parent=0),
        Event("aten::convolution", 2.0, parent=1),
        of(1),
        Event("aten::relu", 4.0, parent=3),
        of(0),  # one operation, two calls of torch
        Event("aten::contiguous", 8.0, parent=5),
        Event("aten::copy_", 16.0),
    ]

    assert attribute(events) == Profile({0: 11.0, 1: 4.0}, unattributed_ms=16.0)


def test_backward_belongs_to_the_layer_that_recorded_it() -> None:
    events = [
        of(0),
        Event("aten::conv2d", 1.0, 0, sequence=5),
        Event("aten::convolution", 1.0, 1, sequence=5),
        of(1),
        Event("aten::add_", 1.0, 3, sequence=6),  # a counter: it bears the number that batch_norm takes
        of(2),
        Event("aten::batch_norm", 1.0, 5, sequence=6),
        Event("aten::cross_entropy_loss", 1.0, sequence=7),
        Event("autograd::engine::evaluate_function: NllLossBackward0", 10.0, sequence=7, backward=True),
        Event("autograd::engine::evaluate_function: NativeBatchNormBackward0", 20.0, sequence=6, backward=True),
        Event("NativeBatchNormBackward0", 40.0, 9, sequence=6, backward=True),
        Event("aten::native_batch_norm_backward", 80.0, 10),
        Event("ConvolutionBackward0", 160.0, sequence=5, backward=True),
        Event("torch::autograd::AccumulateGrad", 320.0),
    ]

    assert attribute(events) == Profile({0: 162.0, 1: 1.0, 2: 141.0}, unattributed_ms=331.0)


def test_a_number_of_the_loss_is_no_layers() -> None:
    """The last layer's view bears the number that the loss then takes."""
    events = [
        of(0),
        Event("aten::dropout", 1.0, 0, sequence=5),
        Event("aten::cross_entropy_loss", 2.0, sequence=5),
        Event("LogSoftmaxBackward0", 4.0, sequence=5, backward=True),
    ]

    assert attribute(events) == Profile({0: 1.0}, unattributed_ms=6.0)


def test_the_optimizer_is_a_row_of_its_own() -> None:
    events = [Event("Optimizer.step#SGD.step", 0.0), Event("aten::add_", 3.0, 0), Event("aten::empty", 1.0, 1)]

    assert attribute(events) == Profile({}, optimizer_ms=4.0)


def test_the_median_of_several_steps_layer_by_layer() -> None:
    profiles = [Profile({0: 1.0, 1: 7.0}, 1.0, 0.0), Profile({0: 2.0}, 3.0, 1.0), Profile({0: 9.0, 1: 8.0}, 2.0, 5.0)]

    assert middle(profiles, 3) == Profile({0: 2.0, 1: 7.0, 2: 0.0}, 2.0, 1.0)
    with pytest.raises(Exception, match="no median"):
        middle([], 1)
