"""The search language: `{"field", "operator", "value"}`, and AND / OR over lists of them.

Two levels of nesting and fifteen filters in a group, as the description says; what is wrong with a
query is a 400.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.intercom.answers import Refusal

Predicate = Callable[[Mapping[str, Any]], bool]

DEEPEST: Final = 2
MOST_FILTERS: Final = 15
DAY: Final = 86_400  # seconds

_COMPARISONS: Final = ("<", "<=", ">", ">=")
OPERATORS: Final = frozenset({"=", "!=", "IN", "NIN", *_COMPARISONS, "~", "!~", "^", "$"})
_NOT_FOR_DATES: Final = frozenset({"!=", "<=", ">=", "IN", "NIN"})

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "contact_ids": ("contacts", "*", "id"),
    "tag_ids": ("tags", "*", "id"),
    "tag_id": ("tags", "*", "id"),
    "segment_id": ("segments", "*", "id"),
    "company_id": ("companies", "*", "id"),
    "teammate_ids": ("teammates", "*", "id"),
    "author.id": ("source", "author", "id"),
}
"""Names of the search language that are not paths into the object."""


def compile_query(query: object, *, known: frozenset[str], days: bool = False) -> Predicate:
    """Return what a query asks of an object; Refusal (400) where it is not one.

    `known` are the fields (first segment of the name) that can be searched. `days` compares dates
    by calendar day, which contacts do until 2.16.
    """
    if not isinstance(query, Mapping):
        raise Refusal(400, "parameter_not_found", "query is required")
    return _compile(query, known=known, days=days, level=0)


def _compile(
    query: Mapping[str, Any], *, known: frozenset[str], days: bool, level: int
) -> Predicate:
    operator = query.get("operator")
    if operator in ("AND", "OR") and "field" not in query:
        parts = query.get("value")
        if not isinstance(parts, list) or not parts:
            raise Refusal(400, "parameter_invalid", f"{operator} needs a list of filters")
        if level == DEEPEST:
            raise Refusal(400, "parameter_invalid", "filters are nested more than 2 levels deep")
        if len(parts) > MOST_FILTERS:
            raise Refusal(400, "parameter_invalid", f"{operator} has more than 15 filters")
        if not all(isinstance(part, Mapping) for part in parts):
            raise Refusal(400, "parameter_invalid", "a filter must be an object")
        inner = [_compile(part, known=known, days=days, level=level + 1) for part in parts]
        if operator == "AND":
            return lambda found: all(part(found) for part in inner)
        return lambda found: any(part(found) for part in inner)
    return _filter(query, known=known, days=days)


def _filter(query: Mapping[str, Any], *, known: frozenset[str], days: bool) -> Predicate:
    name, operator, value = query.get("field"), query.get("operator"), query.get("value")
    if not isinstance(name, str) or not name:
        raise Refusal(400, "parameter_invalid", "field is required")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise Refusal(400, "parameter_invalid", "operator is invalid")
    if "value" not in query:
        raise Refusal(400, "parameter_not_found", "value is required")
    if name not in _ALIASES and name.partition(".")[0] not in known:
        raise Refusal(400, "parameter_invalid", f"there is no field {name} to search by")
    if operator in ("IN", "NIN") and not isinstance(value, list):
        raise Refusal(400, "parameter_invalid", f"{operator} needs a list of values")
    is_date = name.endswith("_at")
    if days and is_date:
        if operator in _NOT_FOR_DATES:
            raise Refusal(400, "parameter_invalid", f"{operator} cannot be used on a date")
        value = _day(value)
    path = _ALIASES.get(name) or tuple(name.split("."))
    test = _TESTS[operator]

    def holds(found: Mapping[str, Any]) -> bool:
        values = _values(found, path)
        if days and is_date:
            values = [_day(one) for one in values]
        return test(values, value)

    return holds


def _values(found: object, path: tuple[str, ...]) -> list[Any]:
    """Return what lies at `path`; `*` means each item of a list, which may be wrapped."""
    if not path:
        return found if isinstance(found, list) else [found]
    step, rest = path[0], path[1:]
    if step == "*":
        if isinstance(found, Mapping):
            found = next((one for one in found.values() if isinstance(one, list)), [])
        items = found if isinstance(found, list) else []
        return [value for item in items for value in _values(item, rest)]
    return _values(found.get(step), rest) if isinstance(found, Mapping) else [None]


def _day(value: object) -> object:
    number = _number(value)
    return None if number is None else int(number // DAY)


def _number(value: object) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return str(one).lower() == str(other).lower()


def _is(values: list[Any], value: object) -> bool:
    if not values:
        return value is None
    return any(_same(one, value) for one in values)


def _is_in(values: list[Any], value: object) -> bool:
    return isinstance(value, list) and any(_is(values, one) for one in value)


def _compares(holds: Callable[[float, float], bool]) -> Callable[[list[Any], Any], bool]:
    def test(values: list[Any], value: object) -> bool:
        bound = _number(value)
        numbers = (_number(one) for one in values)
        return bound is not None and any(one is not None and holds(one, bound) for one in numbers)

    return test


def _texts(holds: Callable[[str, str], bool]) -> Callable[[list[Any], Any], bool]:
    def test(values: list[Any], value: object) -> bool:
        wanted = str(value).lower()
        return any(one is not None and holds(str(one).lower(), wanted) for one in values)

    return test


_contains: Final = _texts(lambda text, part: part in text)

_TESTS: Final[Mapping[str, Callable[[list[Any], Any], bool]]] = {
    "=": _is,
    "!=": lambda values, value: not _is(values, value),
    "IN": _is_in,
    "NIN": lambda values, value: not _is_in(values, value),
    "<": _compares(lambda one, bound: one < bound),
    "<=": _compares(lambda one, bound: one <= bound),
    ">": _compares(lambda one, bound: one > bound),
    ">=": _compares(lambda one, bound: one >= bound),
    "~": _contains,
    "!~": lambda values, value: not _contains(values, value),
    "^": _texts(str.startswith),
    "$": _texts(str.endswith),
}
