"""Names in a row, as they are read."""

import pytest

from archscope.model.text import listed


@pytest.mark.parametrize(
    ("names", "word", "said"),
    [
        (["a"], "and", "a"), (["a", "b", "c"], "", "a, b, c"), (["a", "b", "c"], "and", "a, b and c"),
        (["a", "b, width=2"], "", "a; b, width=2"), (["a", "b, width=2", "c"], "and", "a; b, width=2; and c"),
    ],
)  # fmt: skip
def test_commas_in_names_make_semicolons_between_them(names: list[str], word: str, said: str) -> None:
    assert listed(names, word) == said
