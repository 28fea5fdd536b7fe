"""The JSON Schema of `intercheck.yaml`, by which editors complete and check it.

`docs/intercheck.schema.json` holds it; `python -m intercheck.editor_schema >FILE` renews it.
"""

import ast
import inspect
import json
import sys
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import BeforeValidatorFunctionSchema, ModelSchema

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

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """Describe each field by what stands under it. pydantic can read that as well, but does so
        whenever a command is started, from the sources."""
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for owner in reversed(model.__mro__):
            if owner is not BaseModel and issubclass(owner, BaseModel):
                for name, said in _said_under_fields(owner).items():
                    key = model.model_fields[name].alias or name
                    found["properties"][key]["description"] = said
        return found


def _said_under_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the text that follows each field in the source of a model."""
    (definition,) = ast.parse(inspect.getsource(model)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        field.target.id: text.value.value
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


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
