"""The JSON Schema of intercheck.yaml: current, and as strict as the settings themselves."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from intercheck.configuration import read_configuration
from intercheck.editor_schema import editor_schema, editor_schema_text
from intercheck.sections import read_sections
from monitors.settings import read_duration, write_duration

PUBLISHED = Path(__file__).parents[2] / "docs" / "intercheck.schema.json"
README = Path(__file__).parents[2] / "README.md"


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == editor_schema_text(), (
        "renew it: .venv/bin/python -m intercheck.editor_schema >docs/intercheck.schema.json"
    )


def test_every_key_says_what_it_is_for() -> None:
    schema = json.loads(PUBLISHED.read_text("utf-8"))
    for model in (schema, *schema["$defs"].values()):
        for name, field in model.get("properties", {}).items():
            assert field.get("description") or "$ref" in field, name


def test_the_configuration_in_the_readme_keeps_it() -> None:
    found = README.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert "yaml-language-server: $schema=" in found
    jsonschema_rs.validate(editor_schema(), yaml.safe_load(found))


@pytest.mark.parametrize(
    "written",
    [
        "workspaces: [{name: a, token: t, region: mars}]",
        "workspaces: [{name: a, token: t, regoin: eu}]",
        "workspaces: [{token: t}]",
        "monitoring: {read-timeout: 30}",
        "monitoring: {read-timeout: 30 seconds}",
        "monitoring: {failure-threshold: 0}",
        "slakc: {}",
    ],
)
def test_what_the_settings_refuse_the_schema_refuses(written: str, tmp_path: Path) -> None:
    (tmp_path / "intercheck.yaml").write_text(written)
    with pytest.raises(ConfigurationError):
        read_sections(read_configuration(tmp_path / "intercheck.yaml", {}))
    assert not jsonschema_rs.is_valid(editor_schema(), yaml.safe_load(written))


def test_defaults_are_written_as_people_write_them() -> None:
    fields: dict[str, Any] = editor_schema()["$defs"]["MonitorSettings"]["properties"]
    assert fields["connect-timeout"]["default"] == "5s"
    assert fields["retention"]["default"] == "90d"


@given(st.integers(1, 999_999), st.sampled_from("smhd"))
def test_a_duration_that_is_written_is_read_as_it_was(number: int, unit: str) -> None:
    span = read_duration(f"{number}{unit}")
    assert isinstance(span, timedelta)
    assert read_duration(write_duration(span)) == span
