"""Damage to the body of an answer, at the places a pointer pattern names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sandbox.intercom.faults import Fault

_ANY: Final = "*"
Change = Callable[[dict[str, Any], str], None]
"""Alters the copy of an object at one of its keys."""


def damage(document: object, fault: Fault, *, archived: Sequence[bool]) -> object:
    """Return the document with the fault in it; what is untouched is shared with the original.

    `archived` says of each item of the list (of the document itself, where it is no list) whether
    it is an archived contact.
    """
    steps = [
        step.replace("~1", "/").replace("~0", "~") for step in (fault.pointer or "").split("/")[1:]
    ]
    change = _CHANGES[fault.name](fault)
    if fault.when.archived is not None and isinstance(document, dict) and len(archived) == 1:
        is_single = _ANY not in steps
        if is_single and archived[0] is not fault.when.archived:
            return document

    def applies(index: int) -> bool:
        when = fault.when
        if when.index not in (None, index):
            return False
        if when.archived is None:
            return True
        return index < len(archived) and archived[index] is when.archived

    return _rewrite(document, steps, change, applies)


def _rewrite(
    value: object, steps: list[str], change: Change, applies: Callable[[int], bool] | None
) -> object:
    """Walk down `steps`, copying what is changed. `applies` chooses items of the first list."""
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        if not rest:
            return value
        chosen = range(len(value)) if step == _ANY else [int(step)] if step.isdigit() else []
        copied = list(value)
        for index in chosen:
            if index < len(copied) and (applies is None or applies(index)):
                copied[index] = _rewrite(copied[index], rest, change, None)
        return copied
    if not isinstance(value, Mapping):
        return value
    keys = list(value) if step == _ANY else [step]
    altered = dict(value)
    for key in keys:
        if not rest:
            change(altered, key)
        elif key in altered:
            altered[key] = _rewrite(altered[key], rest, change, applies)
    return altered


def _removed(fault: Fault) -> Change:
    return lambda altered, key: altered.pop(key, None) and None


def _renamed(fault: Fault) -> Change:
    def rename(altered: dict[str, Any], key: str) -> None:
        if key in altered:
            altered[str(fault.value or f"{key}_renamed")] = altered.pop(key)

    return rename


def _retyped(fault: Fault) -> Change:
    def retype(altered: dict[str, Any], key: str) -> None:
        if key in altered:
            kind = str(fault.value or _OTHER_TYPE[_kind(altered[key])])
            altered[key] = _SAMPLES[kind]

    return retype


def _nulled(fault: Fault) -> Change:
    def null(altered: dict[str, Any], key: str) -> None:
        if key in altered:
            altered[key] = None

    return null


def _added(fault: Fault) -> Change:
    def add(altered: dict[str, Any], key: str) -> None:
        altered[key] = "added" if fault.value is None else fault.value

    return add


def _unlisted(fault: Fault) -> Change:
    def unlist(altered: dict[str, Any], key: str) -> None:
        if key in altered:
            altered[key] = str(fault.value or "never_heard_of")

    return unlist


def _kind(value: object) -> str:
    for kind, python in (("boolean", bool), ("integer", int), ("number", float), ("string", str)):
        if isinstance(value, python):
            return kind
    return "array" if isinstance(value, list) else "object" if value is not None else "null"


_OTHER_TYPE: Final[Mapping[str, str]] = {
    "boolean": "string",
    "integer": "string",
    "number": "string",
    "string": "integer",
    "array": "object",
    "object": "array",
    "null": "object",
}
"""What a field turns into where the fault does not say."""

_SAMPLES: Final[Mapping[str, Any]] = {
    "boolean": True,
    "integer": 7,
    "number": 7.5,
    "string": "seven",
    "array": ["seven"],
    "object": {"value": "seven"},
    "null": None,
}

_CHANGES: Final[Mapping[str, Callable[[Fault], Change]]] = {
    "field-removed": _removed,
    "field-renamed": _renamed,
    "field-retyped": _retyped,
    "field-nulled": _nulled,
    "field-added": _added,
    "unknown-enum-value": _unlisted,
}
