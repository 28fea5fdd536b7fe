"""Intercom's search language, as the public pages tell it."""

import json
from typing import Any, Final

_DAY: Final = 86_400
_ZONE: Final = -5 * 3600  # seconds: the workspace's days do not begin at midnight UTC


class Refused(Exception):
    """A request that the server does not carry out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def matches(one: dict[str, Any], query: Any, depth: int = 0) -> bool:
    """Return whether an object is among those that a query asks for."""
    if not isinstance(query, dict) or depth > 2:
        raise Refused(400, "parameter_invalid", "not a query")
    operator, value = query.get("operator"), query.get("value")
    if operator in ("AND", "OR"):
        if not isinstance(value, list) or not value or len(value) > 15:
            raise Refused(400, "parameter_invalid", "not a list of filters")
        held = [matches(one, part, depth + 1) for part in value]
        return all(held) if operator == "AND" else any(held)
    name = query.get("field")
    if not isinstance(name, str) or name not in one:
        raise Refused(400, "field_not_found", "There is no such field")
    return _compared(one[name], str(operator), value, is_date=name.endswith("_at"))


def _compared(kept: Any, operator: str, value: Any, *, is_date: bool) -> bool:
    if is_date:
        if operator not in ("=", "<", ">") or not str(value).lstrip("-").isdigit():
            raise Refused(400, "parameter_invalid", "Dates take =, < and >")
        if kept is None:
            return False
        left, right = ((int(each) + _ZONE) // _DAY for each in (kept, value))
        return {"=": left == right, "<": left < right, ">": left > right}[operator]
    if operator in ("IN", "NIN"):
        if not isinstance(value, list):
            raise Refused(400, "parameter_invalid", "IN takes a list")
        return (_text(kept) in [_text(each) for each in value]) == (operator == "IN")
    if operator in ("=", "!="):
        return (_text(kept) == _text(value)) == (operator == "=")
    if operator in ("<", ">"):
        if isinstance(kept, bool) or not isinstance(kept, int | float):
            raise Refused(400, "parameter_invalid", "not a number")
        return kept < float(value) if operator == "<" else kept > float(value)
    has, wanted = _text(kept).lower(), _text(value).lower()
    if operator in ("~", "!~"):
        return (wanted in has) == (operator == "~")
    if operator in ("^", "$"):
        return has.startswith(wanted) if operator == "^" else has.endswith(wanted)
    raise Refused(400, "parameter_invalid", "There is no such operator")


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else "" if value is None else str(value)
