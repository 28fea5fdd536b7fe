"""The JSON Schema of `intercheck.yaml`, by which editors complete and check it.

`docs/intercheck.schema.json` holds it; `python -m intercheck.editor_schema >FILE` renews it.
"""

import json
import sys
from datetime import timedelta
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import BeforeValidatorFunctionSchema

from intercheck.sections import FileSettings
from monitors.settings import write_duration

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FOR_PROGRAMS: Final = ("title", "format", "writeOnly")
"""What pydantic says of fields that tells somebody who writes YAML nothing."""


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        return write_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def function_before_schema(self, schema: BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """What a reader of ours takes is not the type it makes of it: promise nothing."""
        return {}


def editor_schema() -> dict[str, Any]:
    """Return the schema as plain values."""
    found = FileSettings.model_json_schema(by_alias=True, schema_generator=_Generator)
    schema: dict[str, Any] = _for_people(found)
    return {"$schema": DIALECT, "title": "intercheck.yaml", **schema}


def editor_schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(editor_schema(), indent=2, ensure_ascii=False) + "\n"


def _for_people(node: Any) -> Any:
    """Leave out what only programs read: titles, nulls that mean absence, defaults that say it."""
    if isinstance(node, list):
        return [_for_people(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key in _FOR_PROGRAMS and not isinstance(value, dict):
            continue
        if key == "default" and (value is None or isinstance(value, dict)):
            continue
        if key == "description":
            kept[key] = (
                " ".join(str(value).split()) if isinstance(value, str) else _for_people(value)
            )
        elif key == "anyOf" and len(only := [one for one in value if one != {"type": "null"}]) == 1:
            kept |= _for_people(only[0])
        else:
            kept[key] = _for_people(value)
    return kept


if __name__ == "__main__":
    sys.stdout.write(editor_schema_text())
