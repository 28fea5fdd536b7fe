"""Places in a parsed document: JSON Pointers (RFC 6901), and the references that use them."""

from collections.abc import Iterator
from typing import Any, Final

_NO_SCHEMAS: Final = frozenset({"example", "examples", "default", "enum"})
"""Keywords whose values are instances: a `$ref` in there refers to nothing."""


def escape(step: str) -> str:
    """Write one step of a JSON Pointer (RFC 6901)."""
    if "~" not in step and "/" not in step:
        return step  # nearly always, and often asked
    return step.replace("~", "~0").replace("/", "~1")


def follow(document: Any, pointer: str) -> Any:
    """Return what stands at `pointer`; LookupError where nothing does."""
    found = document
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and step.isascii() and step.isdigit():
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found[step]
        else:
            raise LookupError(pointer)
    return found


def holders(document: Any, pattern: str) -> int:
    """Return how many objects and lists there are that can hold what a pointer pattern names (`*`
    stands for every item and key); a value that is not there is held by its object all the same."""
    found = [document]
    for step in pattern.split("/")[1:-1]:
        below: list[Any] = []
        for one in found:
            if step == "*":
                below += one if isinstance(one, list) else _values(one)
            elif isinstance(one, dict):
                below.append(one.get(step.replace("~1", "/").replace("~0", "~")))
        found = below
    return sum(isinstance(one, (dict, list)) for one in found)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def references(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield each `$ref` in a document with the pointer of the object that holds it, examples and
    other instances left out."""
    if isinstance(value, dict):
        ref = value.get("$ref")
        if isinstance(ref, str):
            yield pointer, ref
        for key, child in value.items():
            # A property may be called `example`: under `properties` every name is a schema's.
            if isinstance(child, (dict, list)) and (
                key not in _NO_SCHEMAS or pointer.endswith("/properties")
            ):
                yield from references(child, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, (dict, list)):
                yield from references(child, f"{pointer}/{index}")


def objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the members of an object that are objects themselves; nothing where it is none."""
    if isinstance(value, dict):
        for name, child in value.items():
            if isinstance(child, dict):
                yield str(name), child
