import pytest

from archscope.errors import ArchscopeError
from archscope.registry import canonical
from archscope.roofline.devices import DTYPES, Device, devices, find


@pytest.fixture(params=devices().values(), ids=list(devices()))
def device(request: pytest.FixtureRequest) -> Device:
    found: Device = request.param
    return found


def test_every_device_says_where_its_numbers_are_from(device: Device) -> None:
    assert device.source.startswith(("NVIDIA, ", "AMD, "))
    assert device.label.startswith(device.source.partition(",")[0])
    assert any(year in device.source for year in map(str, range(2014, 2027)))
    assert device.note


def test_rates_are_dense(device: Device) -> None:
    for dtype, sparse in device.sparse_tflops.items():
        assert device.tflops[dtype] <= 1.005 * sparse / 2, dtype  # sources round to three digits


def test_units_are_plausible(device: Device) -> None:
    """A slip of a thousand, or of GB for GiB/s, would leave these ranges, which hold from Kepler to Blackwell."""
    ceilings = device.ceilings

    assert 1e11 < ceilings.bytes_per_second < 1e13
    assert 5 < ceilings.operations_per_second["float32"] / ceilings.bytes_per_second < 120
    assert 1e12 < ceilings.operations_per_second["float32"] < 2e14
    assert 8 <= device.memory_gb <= 288
    assert 0.005 < device.memory_gb / device.bandwidth_gb_per_s < 0.4  # seconds to read all of it


def test_narrower_types_are_no_slower(device: Device) -> None:
    rates = [device.tflops[dtype] for dtype in DTYPES if dtype in device.tflops]

    assert set(device.tflops) <= set(DTYPES)
    assert device.tflops["float32"] == min(rates)
    assert device.tflops.get("bfloat16", 0) in {0, device.tflops.get("float16")}


def test_names_are_found_however_they_are_spelled(device: Device) -> None:
    assert canonical(device.name) == device.name
    for name in (device.name, *device.aliases, device.label):
        assert find(name.upper().replace("_", "-")) == device


def test_names_are_unique() -> None:
    names = [name for device in devices().values() for name in (device.name, *device.aliases)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "said"), [("h20", "did you mean h200_sxm"), ("abacus", "archscope devices shows all")]
)
def test_an_unknown_device_names_the_nearest(name: str, said: str) -> None:
    with pytest.raises(ArchscopeError, match=f"no device named '{name}'; .*{said}"):
        find(name)
