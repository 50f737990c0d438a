import pytest

from archscope import measures
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.registry import Registry, canonical, members, unknown


@pytest.fixture
def registry() -> Registry[int]:
    made: Registry[int] = Registry("number")
    for value, name in enumerate(("zero", "one_half", "two")):
        made.register(name)(value)
    return made


@pytest.mark.parametrize("name", ["one_half", "One-Half", " ONE_half "])
def test_spelling_does_not_matter(registry: Registry[int], name: str) -> None:
    assert canonical(name) == "one_half"
    assert registry[name] == 1
    assert name in registry


def test_order_is_that_of_registration(registry: Registry[int]) -> None:
    assert list(registry) == ["zero", "one_half", "two"]
    assert len(registry) == 3
    assert "three" not in registry


def test_a_second_entry_of_a_name_is_a_defect(registry: Registry[int]) -> None:
    with pytest.raises(ValueError, match="number named 'One-Half' is registered already"):
        registry.register("One-Half")(7)
    assert registry["one_half"] == 1


def test_unknown_names_suggest_the_nearest(registry: Registry[int]) -> None:
    with pytest.raises(ArchscopeError, match="no number named 'tow'; did you mean two"):
        registry["tow"]


def test_what_is_near_an_alias_is_proposed_once_by_its_name() -> None:
    aliases = {"apple_v1": "pome", "apple_v1_0": "pome", "applev1": "pome", "apple_w": "quince"}
    said = str(unknown("fruit", "apple_v2", ["pome", "quince"], "", aliases))
    assert said == "no fruit named 'apple_v2'; did you mean pome or quince?"


def test_without_a_near_name_a_few_are_listed_and_many_are_counted() -> None:
    assert str(unknown("fruit", "xyz", ["apple", "pear"])) == "no fruit named 'xyz'; known: apple, pear"
    assert str(unknown("fruit", "xyz", [f"apple{i}" for i in range(99)])).endswith("99 are known")
    assert str(unknown("fruit", "xyz", ["apple"] * 99, "the shop shows all")).endswith("; the shop shows all")
    assert str(unknown("fruit", "xyz", [])) == "no fruit named 'xyz'; there is none"


def test_a_folder_that_cannot_be_read_has_not_no_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without its columns would be written, and with exit code 0."""
    assert "macs" in members(measures.__path__)

    def no_descriptor(path: str) -> list[str]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("os.listdir", no_descriptor)
    with pytest.raises(EnvironmentFailure, match=r"cannot read .*measures"):
        members(measures.__path__)
