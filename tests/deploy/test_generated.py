"""Generated files are what `make generate` would write."""

import json
from pathlib import Path

import pytest
import yaml

from deploy.generate.__main__ import generated
from deploy.generate.schema import RULES
from deploy.generate.values import VALUES, documented, leaves
from tests.docs.markdown import name_of

VALUES_TEXT = VALUES.read_text()


@pytest.mark.parametrize("path", generated(), ids=name_of)
def test_is_up_to_date(path: Path):
    assert path.read_text() == generated()[path]


def test_every_value_is_documented():
    paths = {value.path for value in documented(VALUES_TEXT)}
    assert set(leaves(yaml.safe_load(VALUES_TEXT), paths)) == paths


def test_every_rule_is_about_a_value():
    assert RULES.keys() <= {".".join(value.path) for value in documented(VALUES_TEXT)}


def test_nothing_but_what_is_named_is_accepted():
    def closed(schema):
        inner = schema.get("properties", {})
        return (not inner or schema["additionalProperties"] is False) and all(map(closed, inner.values()))

    schema = json.loads(VALUES.with_name("values.schema.json").read_text())
    del schema["properties"]["global"], schema["properties"]["queues"]
    assert closed(schema)
