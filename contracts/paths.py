"""Which template a path belongs to, and which segments can be read in one way only."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Generic, TypeVar
from urllib.parse import unquote_to_bytes

T = TypeVar("T")

_PARAMETER: Final = re.compile(r"\{[^{}/]*\}")
_ANY: Final = "{}"
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class _Node(Generic[T]):
    """What follows a segment, and what ends there."""

    __slots__ = ("below", "end")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] = {}
        self.end: T | None = None


class PathTree(Generic[T]):
    """Things by method and path template; a parameter stands for one whole segment."""

    def __init__(self, entries: Iterable[tuple[str, str, T]]) -> None:
        self._methods: dict[str, _Node[T]] = {}
        for method, template, thing in entries:
            node = self._methods.setdefault(method, _Node())
            for segment in template.split("/")[1:]:
                node = node.below.setdefault(_PARAMETER.sub(_ANY, segment), _Node())
            if node.end is None:
                node.end = thing

    def match(self, method: str, path: str) -> T | None:
        """Return what `path` belongs to; literal segments win over parameters."""
        node = self._methods.get(method)
        if node is None or not path.startswith("/"):
            return None
        return _descend(node, path.split("/")[1:])


def _descend(node: _Node[T], segments: list[str]) -> T | None:
    """Walk down, trying the literal segment first and coming back from dead ends."""
    if not segments:
        return node.end
    segment, rest = segments[0], segments[1:]
    # An empty segment is a trailing or doubled slash, never a parameter's value.
    for key in (segment, _ANY) if segment else ("",):
        below = node.below.get(key)
        if below is not None and (found := _descend(below, rest)) is not None:
            return found
    return None


def is_plain(segment: str) -> bool:
    """Say whether a segment, as it is on the wire, is one segment to every server."""
    if not segment or _ESCAPE.search(segment):
        return False
    try:
        decoded = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return False
    text = unicodedata.normalize("NFKC", decoded)
    if not text.strip("."):
        return False
    return not any(
        character in "/\\?#;%" or unicodedata.category(character)[0] in "CZ"
        for character in decoded + text
    )
