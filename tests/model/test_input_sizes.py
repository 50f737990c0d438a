import pytest

from archscope.errors import ArchscopeError
from archscope.model.input_sizes import Input, as_inputs, parse_input


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3x299x299", Input((3, 299, 299))),
        ("1x3x299x299", Input((1, 3, 299, 299))),
        ("3,299,299", Input((3, 299, 299))),
        ("3X299X299", Input((3, 299, 299))),
        ("3*299*299", Input((3, 299, 299))),
        ("(1, 3, 224, 224)", Input((1, 3, 224, 224))),
        ("[3,224,224]", Input((3, 224, 224))),
        ("(224,)", Input((224,))),
        (" 3 299 299", Input((3, 299, 299))),
        ("299", Input((299,))),
        ("ids=128:int64", Input((128,), "int64", "ids")),
        ("mask=1x16:bool", Input((1, 16), "bool", "mask")),
        ("3x8x8:float16", Input((3, 8, 8), "float16")),
        ("x=3x8x8", Input((3, 8, 8), "", "x")),
        ("lengths=5,3,2:int64", Input((3,), "int64", "lengths", (5, 3, 2))),
        ("5,:int32", Input((1,), "int32", "", (5,))),
        ("shift=-1, 0:int64", Input((2,), "int64", "shift", (-1, 0))),
        ("3,8:float16", Input((3, 8), "float16")),
    ],
)
def test_forms(text: str, expected: Input) -> None:
    assert parse_input(text) == expected
    assert parse_input(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "abc", "3x-1x3", "3x0x3", "3x299x", "299.5", "²", "ids=", "=", "3x8:", ":int64"])
def test_malformed(text: str) -> None:
    if text == "3x8:":
        assert parse_input(text) == Input((3, 8))
    else:
        with pytest.raises(ArchscopeError, match="write channels x height x width"):
            parse_input(text)


def test_an_unknown_dtype_is_answered_with_the_nearest() -> None:
    with pytest.raises(ArchscopeError, match="no dtype named 'int63'; did you mean int64"):
        parse_input("ids=3:int63")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (299, ["299"]),
        ((3, 8, 8), ["3x8x8"]),
        ([(3, 8, 8), (16,)], ["3x8x8", "16"]),
        ("3x8x8", ["3x8x8"]),
        (["3x8x8", (16,), 4, Input((2,), "bool", "m")], ["3x8x8", "16", "4", "m=2:bool"]),
    ],
)
def test_one_or_several(given: object, expected: list[str]) -> None:
    assert list(map(str, as_inputs(given))) == expected  # type: ignore[arg-type]
