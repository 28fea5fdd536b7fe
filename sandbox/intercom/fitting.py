"""Fit a value to a schema: as near to the value as the schema allows, and always within it.

One stored object is served by every version of the description: ids become text or numbers, what
is undocumented falls away, what is missing is filled in from the schema's own examples. Without a
value the whole of it is made up that way. The same value and schema always give the same answer.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from contracts.schemas import UNIX_TIMES
from sandbox.intercom.shapes import MISSING, Shape

_REFUSED: Final = object()
"""Nothing near to the value keeps the schema."""

Trail = tuple[Shape, ...]
"""The shapes around the place that is being filled, so that a schema within itself ends."""

DEEPEST: Final = 12  # levels made up without a value; published schemas nest less than that
HOST: Final = "https://api.intercom.io"
SAMPLE_TIME: Final = 1_767_225_600  # 2026-01-01, where a description has no example of its own
_LENIENT: Final = "request_id"
"""Described as a UUID, but never one in practice: what is there stays."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]+")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def fit(shape: Shape, value: object = MISSING) -> Any:
    """Return `value` fitted to `shape`, or a value made up for it."""
    fitted = _fit(shape, value, ())
    return make(shape) if fitted is _REFUSED else fitted


def make(shape: Shape, trail: Trail = ()) -> Any:
    """Make up a value that keeps `shape`."""
    if shape.example is not MISSING and shape.example is not None:
        fitted = _fit(shape, shape.example, trail)
        if fitted is not _REFUSED:
            return fitted
    if shape.alternatives:
        return _choose(shape, MISSING, trail)
    if shape.enum:
        return next((one for one in shape.enum if one is not None), None)
    return _MAKERS.get(shape.type or "", _make_anything)(shape, trail)


def accepts(shape: Shape, value: object) -> bool:
    """Tell whether `value` keeps `shape` as it is, with nothing undocumented in it."""
    if value is None:
        return shape.takes_null
    if shape.enum and value not in shape.enum:
        return False
    if shape.alternatives:
        kept = sum(accepts(option, value) for option in shape.alternatives)
        return kept == 1 if shape.is_exclusive else kept > 0
    if shape.type == "object":
        return isinstance(value, Mapping) and _accepts_object(shape, value)
    if shape.type == "array":
        return isinstance(value, list) and all(accepts(shape.items, one) for one in value)
    return shape.type is None or (_coerce(shape, value) == value and _is(shape.type, value))


def _accepts_object(shape: Shape, value: Mapping[str, object]) -> bool:
    if not shape.required <= value.keys():
        return False
    for name, one in value.items():
        part = shape.properties.get(name, shape.additional)
        if part is None and name in shape.required:  # named in `required` and nowhere else
            continue
        if part is None or not accepts(part, one):
            return False
    return True


def _fit(shape: Shape, value: object, trail: Trail) -> Any:
    if value is MISSING:
        return make(shape, trail)
    if value is None:
        return None if shape.takes_null else _REFUSED
    if shape.alternatives:
        return _choose(shape, value, trail)
    if shape.enum and value not in shape.enum:
        same = [one for one in shape.enum if str(one) == str(value)]
        return same[0] if same else _REFUSED
    if shape.type == "object":
        return _fit_object(shape, value, trail)
    if shape.type == "array":
        return _fit_array(shape, value, trail)
    return value if shape.type is None else _coerce(shape, value)


def _fit_object(shape: Shape, value: object, trail: Trail) -> Any:
    if isinstance(value, list) and shape.list_property is not None:
        value = {shape.list_property: value}
    if not isinstance(value, Mapping):
        return _REFUSED
    inside = (*trail, shape)
    fitted: dict[str, Any] = {}
    for name, part in shape.properties.items():
        given = value.get(name, MISSING)
        if given is MISSING:
            given = _absent(shape, name, part, inside)
            if given is MISSING:
                continue
        one = given if name == _LENIENT and isinstance(given, str) else _fit(part, given, inside)
        if one is not _REFUSED:
            fitted[name] = one
        elif name in shape.required or given is not None:
            fitted[name] = make(part, inside)
    if shape.additional is not None:
        for name in value.keys() - shape.properties.keys():
            one = _fit(shape.additional, value[name], inside)
            if one is not _REFUSED:
                fitted[name] = one
    for name in shape.required - shape.properties.keys():  # named in `required` and nowhere else
        fitted.setdefault(name, value.get(name, ""))
    return fitted


def _absent(shape: Shape, name: str, part: Shape, inside: Trail) -> Any:
    """What stands for a documented property that the value does not have."""
    if name in shape.required:
        return None if part.takes_null else make(part, inside)
    if part in inside or len(inside) > DEEPEST:
        return None if part.takes_null else MISSING
    return None if part.takes_null else make(part, inside)


def _fit_array(shape: Shape, value: object, trail: Trail) -> Any:
    if isinstance(value, Mapping):  # {"type": "tag.list", "tags": [...]} where a list is promised
        value = next((one for one in value.values() if isinstance(one, list)), None)
    if not isinstance(value, list):
        return _REFUSED
    items = [_fit(shape.items, one, (*trail, shape)) for one in value]
    return _within(shape, [one for one in items if one is not _REFUSED], trail)


def _within(shape: Shape, items: list[Any], trail: Trail) -> list[Any]:
    most, least = shape.number("maxItems"), shape.number("minItems")
    if most is not None:
        items = items[: int(most)]
    while least is not None and len(items) < least:
        items.append(make(shape.items, (*trail, shape)))
    return items


def _choose(shape: Shape, value: object, trail: Trail) -> Any:
    """Fit to one of the alternatives: to one that holds as it is, else the first that gives a value
    which keeps the whole."""
    if value is not MISSING and accepts(shape, value):
        return value
    candidates = [_fit(option, value, trail) for option in _by_discriminator(shape, value)]
    kept = (one for one in candidates if one is not _REFUSED and accepts(shape, one))
    chosen = next(kept, _REFUSED)
    if chosen is _REFUSED and value is MISSING:
        return next((one for one in candidates if one is not _REFUSED), None)
    return chosen


def _by_discriminator(shape: Shape, value: object) -> Iterable[Shape]:
    """The alternatives, the one that the discriminator names first."""
    stated = shape.schema.get("discriminator")
    if not isinstance(stated, Mapping) or not isinstance(value, Mapping):
        return shape.alternatives
    named = (stated.get("mapping") or {}).get(value.get(stated.get("propertyName")))
    refs = [branch.get("$ref") for branch in shape.schema.get("oneOf") or ()]
    if named not in refs:
        return shape.alternatives
    first = shape.alternatives[refs.index(named)]
    return (first, *(option for option in shape.alternatives if option is not first))


def _coerce(shape: Shape, value: object) -> Any:
    if shape.type == "string":
        return _text(shape, value)
    if shape.type == "boolean":
        return value if isinstance(value, bool) else _REFUSED
    if isinstance(value, bool):
        return _REFUSED
    if isinstance(value, str):
        try:
            value = float(value) if "." in value else int(value)
        except ValueError:
            return _REFUSED
    if not isinstance(value, (int, float)):
        return _REFUSED
    if shape.type == "integer":
        if value != int(value):
            return _REFUSED
        value = int(value)
    least, most = shape.number("minimum"), shape.number("maximum")
    if (least is not None and value < least) or (most is not None and value > most):
        return _REFUSED
    return value


def _text(shape: Shape, value: object) -> Any:
    if isinstance(value, Mapping):  # an avatar is an object in one version and its URL in another
        value = next((one for one in value.values() if _URI.match(str(one))), None)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return _REFUSED
    text = str(value)
    kind = shape.schema.get("format")
    if kind == "uri" and not _URI.fullmatch(text):
        text = f"{HOST}{text}" if text.startswith("/") else HOST
    elif kind == "uuid":
        text = _uuid(text)
    elif (kind == "email" and not _EMAIL.fullmatch(text)) or (
        kind == "date" and not _DATE.fullmatch(text)
    ):
        return _REFUSED
    least, most = shape.number("minLength"), shape.number("maxLength")
    if most is not None:
        text = text[: int(most)]
    return _REFUSED if least is not None and len(text) < least else text


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def _is(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON.get(kind, object))


def _make_object(shape: Shape, trail: Trail) -> Any:
    inside = (*trail, shape)
    made: dict[str, Any] = {}
    for name, part in shape.properties.items():
        if name not in shape.required and (part in inside or len(inside) > DEEPEST):
            continue
        made[name] = make(part, inside)
    for name in shape.required - shape.properties.keys():
        made[name] = ""
    return made


def _make_array(shape: Shape, trail: Trail) -> Any:
    inside = (*trail, shape)
    is_endless = shape.items in inside or len(inside) > DEEPEST
    return _within(shape, [] if is_endless else [make(shape.items, inside)], trail)


def _make_string(shape: Shape, trail: Trail) -> Any:
    text = _SAMPLES.get(str(shape.schema.get("format")), "text")
    least = shape.number("minLength")
    return text.ljust(int(least or 0), "x")


def _make_number(shape: Shape, trail: Trail) -> Any:
    if shape.schema.get("format") in UNIX_TIMES:
        return SAMPLE_TIME
    least, most = shape.number("minimum"), shape.number("maximum")
    return int(least) if least is not None else min(1, int(most)) if most is not None else 1


def _make_boolean(shape: Shape, trail: Trail) -> Any:
    return False


def _make_anything(shape: Shape, trail: Trail) -> Any:
    return {}


_MAKERS: Final = {
    "object": _make_object,
    "array": _make_array,
    "string": _make_string,
    "integer": _make_number,
    "number": _make_number,
    "boolean": _make_boolean,
}
_PYTHON: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "array": Sequence,
    "object": Mapping,
}
_SAMPLES: Final[Mapping[str, str]] = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uri": HOST,
    "email": "someone@example.com",
    "uuid": "6f4b1c9e-3d2a-4e5f-8b7c-9a0d1e2f3a4b",
}
