import json
from pathlib import Path

import pytest

from archscope.model import schema

SCHEMA = Path(__file__).parents[2] / "docs" / "saved.schema.json"


def test_the_published_schema_says_the_rules(request: pytest.FixtureRequest) -> None:
    text = json.dumps(schema.json_schema(), indent=1) + "\n"
    if request.config.getoption("--update-snapshots"):
        SCHEMA.write_text(text, encoding="utf-8")

    assert SCHEMA.read_text(encoding="utf-8") == text


def test_the_page_names_every_key() -> None:
    page = (SCHEMA.parent / "report-schema.md").read_text(encoding="utf-8")
    kinds = (schema.REPORT, schema.LAYER, schema.SETTING, schema.TENSOR, schema.WINDOW, schema.BOUND, schema.CLAIM)
    keys = {key for kind in kinds for key in (*kind.required, *kind.optional)} - schema.COLUMNS.keys()

    assert {key for key in keys if f"`{key}`" not in page} == set()
