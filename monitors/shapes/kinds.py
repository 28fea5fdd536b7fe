"""The kind of a value, as far as a shape tells one from another: never the value itself.

`integer` and `string` come in forms (`integer:seconds`, `string:uri`), so that a date that is
written in another way is seen. A text is only told apart while everything at its place has been of
one form; free text is now and then a number.
"""

import re
from typing import Any, Final

PLAIN: Final = "string"
LIST: Final = "array"
SAYS_NOTHING: Final = frozenset({"string:empty", "integer:zero", LIST})
"""What stands where there is no value, and tells no form."""
_FIRST_SECOND: Final = 631_152_000  # 1990: Intercom's users date earlier than Intercom
_LAST_SECOND: Final = 4_102_444_800  # 2100
_DIGITS: Final = re.compile(r"-?\d{1,20}\Z")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:([T ])\d{2}:\d{2}.{0,20})?\Z")
_HEX: Final = re.compile(r"[0-9a-f]{24}\Z")
"""How Intercom writes the ids of contacts."""
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    float: "number",
    dict: "object",
}
_ITEMS: Final = _NAMES | {int: "number", str: "string", list: LIST}
"""Of a list; whether a number is whole is a matter of the first item's luck."""


def kind_of(value: Any, *, is_plain: bool) -> str:
    """Name the kind; with `is_plain` every text is just a text."""
    what = type(value)
    if what is str:
        return PLAIN if is_plain else form_of(value)
    if what is int:
        return _unit_of(value)
    if what is list:
        return _list_of(value)
    return _NAMES[what]


def base_of(kind: str) -> str:
    """Return the JSON type of a kind."""
    return kind.partition(":")[0]


def form_of(text: str) -> str:
    """Tell the form of a text by its looks."""
    if not text:
        return "string:empty"
    if len(text) > 2048:
        return PLAIN
    first = text[0]
    if first.isdigit() or first == "-":
        if _DIGITS.match(text):
            return "string:digits"
        if found := _DATE.match(text):
            return "string:date-time" if found.group(1) else "string:date"
    if len(text) == 24 and _HEX.match(text):
        return "string:hex24"
    if text.startswith(("https://", "http://")):
        return "string:uri"
    if len(text) == 36 and _UUID.match(text):
        return "string:uuid"
    if text.count("@") == 1 and " " not in text and "." in text.partition("@")[2]:
        return "string:email"
    return PLAIN


def _list_of(items: list[Any]) -> str:
    """Tell lists of one thing from lists of another, by their first item."""
    first = items[0] if items else None
    return LIST if first is None else f"{LIST}:{_ITEMS[type(first)]}"


def _unit_of(value: int) -> str:
    """Tell Unix times in seconds and in milliseconds from other integers."""
    if _FIRST_SECOND <= value <= _LAST_SECOND:
        return "integer:seconds"
    if _FIRST_SECOND * 1000 <= value <= _LAST_SECOND * 1000:
        return "integer:milliseconds"
    return "integer:zero" if value == 0 else "integer"
