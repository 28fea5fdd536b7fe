"""What a settings model says of a wrong value, in words for whoever wrote the value."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

_LONGEST_SHOWN: Final = 16
"""Characters of a wrong value that are repeated; tokens and addresses with passwords are longer."""

_KINDS: Final = {
    "mapping": "write keys under it, such as `name: value`",
    "list": "write a list, each entry on a line that begins with `- `",
    "text": "write text, in quotes where it looks like a number",
    "integer": "write a whole number",
    "number": "write a number",
    "boolean": "write true or false",
    "path": "write the path of a file or a folder",
}
_KIND_OF: Final = {
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "dict_type": "mapping",
    "mapping_type": "mapping",
    "list_type": "list",
    "tuple_type": "list",
    "sequence_str": "list",
    "is_instance_of": "list",
    "string_type": "text",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "number",
    "bool_type": "boolean",
    "bool_parsing": "boolean",
    "path_type": "path",
}
_BOUNDS: Final[dict[str, tuple[str, str]]] = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_LENGTHS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "string_too_short": lambda context: "it must not be empty",
    "string_too_long": lambda context: f"write at most {context['max_length']} characters",
    "too_short": lambda context: "the list must not be empty",
}
# A bound that is a span of time comes as its `repr`.
_SPAN: Final = re.compile(
    r"datetime\.timedelta\((days=(?P<days>\d+))?(, )?(seconds=(?P<seconds>\d+))?\)"
)
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def weightiest(errors: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the error to speak of: an unknown key explains the others that it leads to."""
    return next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])


def remedy_of(error: ErrorDetails) -> str:
    """Say what to write instead, as the end of a sentence without its full stop."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _KIND_OF:
        return _KINDS[_KIND_OF[kind]]
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"it has to be {words} {_shown(context[name])}"
    if kind in _LENGTHS:
        return _LENGTHS[kind](context)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        known = f": {context['expected_tags']}" if "expected_tags" in context else ""
        return f"say by `{str(context['discriminator']).strip(chr(39))}:` what it is{known}"
    if kind == "literal_error":
        return f"use {context['expected']}"
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")


def value_of(error: ErrorDetails) -> str:
    """Show a wrong value in brackets where it is short enough to be no secret; else nothing."""
    value = error["input"]
    if isinstance(value, str) and len(value) <= _LONGEST_SHOWN and value.isprintable():
        return f" ({value!r})"
    if isinstance(value, bool):
        return f" ({str(value).lower()})"
    return f" ({value})" if isinstance(value, int | float) else ""


def _shown(bound: object) -> str:
    if not (match := _SPAN.fullmatch(str(bound))):
        return str(bound)
    seconds = 86400 * int(match["days"] or 0) + int(match["seconds"] or 0)
    size, unit = next(one for one in _UNITS if seconds % one[0] == 0)
    return f"{seconds // size}{unit}"
