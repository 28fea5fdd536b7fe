"""What a published description itself announces about an operation's end.

`deprecated: true` says it by machine; Intercom says it in prose, with the date: "will be
permanently removed on December 31, 2026" stands in the description of POST
/conversations/{id}/run_assignment_rules from 2.7 to 2.11, and no header field of an answer does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from contracts.announcements import Announcement
from contracts.errors import SpecError
from contracts.pointers import escape, objects
from contracts.spec import Spec, SpecOperation

_DEPRECATED: Final = re.compile(
    r"\b(?:is|are|now|been|being)\s+deprecated\b|\bdeprecation\s+of\b", re.IGNORECASE
)
# Of a field or a parameter: "Deprecated. Use availability instead.", "This field is deprecated".
# What says that one of its values is, or another field, does not speak of it.
_IS_DEPRECATED_ITSELF: Final = re.compile(
    r"\W{0,4}(?:this\b[^.]{0,40}\b(?:is|now|been)\s+)?deprecated\b"
    r"(?=\s*(?:[.,:;)\]*!-]|$|(?:in|since|as|and|use|from|after)\b))",
    re.IGNORECASE,
)
# "is permanently removed from the active list" speaks of contacts: only what *will be* is an end.
_ENDS: Final = re.compile(
    r"\bwill\s+(?:be\s+(?:permanently\s+|fully\s+)?(?:removed|retired|discontinued|shut\s+down|sunset)"
    r"|stop\s+working)\s+(?:on|by|after|from)\s+"
    r"(?P<date>[A-Z][a-z]+\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}|\d{1,2}\s+[A-Z][a-z]+\s+\d{4}"
    r"|\d{4}-\d{2}-\d{2})",
)
_DEEPEST: Final = 12  # schemas inside one another; deeper, Intercom's only refer to themselves
_MARKUP: Final = re.compile(r"\{%.*?%\}\s*")  # of the site that shows the descriptions
_ORDINAL: Final = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_FORMS: Final = ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%Y-%m-%d")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|\n\s*\n|\n(?=\s*[{*#-])")


@lru_cache(maxsize=512)
def described_announcement(operation: SpecOperation) -> Announcement:
    """Read what is said of an operation; descriptions do not change while they are loaded."""
    definition = operation.definition
    texts = [definition.get("summary"), definition.get("description")]
    said = [sentence for text in texts if isinstance(text, str) for sentence in _sentences(text)]
    ends = [moment for sentence in said if (moment := _end_in(sentence)) is not None]
    is_deprecated = definition.get("deprecated") is True or any(map(_DEPRECATED.search, said))
    return Announcement(is_deprecated=is_deprecated, sunset_at=min(ends, default=None))


@lru_cache(maxsize=512)
def deprecated_fields(operation: SpecOperation) -> tuple[str, ...]:
    """Return the pointer patterns of what is marked deprecated in the answer to a success."""
    try:
        schema = operation.response_schema(200)
        return tuple(dict.fromkeys(_marked(operation.spec, schema, "", 0)))
    except SpecError:
        return ()  # a reference that leads nowhere is told as such


@lru_cache(maxsize=512)
def deprecated_parameters(operation: SpecOperation) -> tuple[str, ...]:
    """Return the names of the query parameters that are marked deprecated."""
    return tuple(
        one.name
        for one in operation.parameters
        if one.location == "query" and (_is_said_of(one.definition) or _is_said_of(one.schema))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """What two states of a description say of the end of something: an operation, one of its query
    parameters (`GET /contacts ?name`) or a field of its answer; empty where one says nothing."""

    place: str
    before: str
    after: str
    is_gone: bool = False
    """Whether the later description has no such operation."""

    def __str__(self) -> str:
        if not self.before:
            return f"{self.place}: announced: {self.after}"
        if self.is_gone:
            return f"{self.place}: gone; it was announced: {self.before}"
        if not self.after:
            return f"{self.place}: no longer announced; it was: {self.before}"
        return f"{self.place}: now: {self.after} (before: {self.before})"


def rewordings(before: Spec | None, after: Spec) -> tuple[Rewording, ...]:
    """Return what is said of ends otherwise than before, or at all where there was nothing."""
    old = _said(before) if before is not None else {}
    new = _said(after)
    return tuple(
        Rewording(
            place=(new.get(key) or old[key])[0],
            before=old[key][1] if key in old else "",
            after=new[key][1] if key in new else "",
            is_gone=after.get(key[0]) is None,
        )
        for key in sorted(old.keys() | new.keys())
        if (old[key][1] if key in old else "") != (new[key][1] if key in new else "")
    )


def _said(spec: Spec) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the words by identity and part of an operation, with the place as people know it."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for operation in spec.operations:
        identity, name = operation.operation.identity, str(operation.operation)
        announced = described_announcement(operation)
        if announced.is_deprecated or announced.sunset_at:
            found[identity, ""] = name, _words_of(operation)
        parts = [f"?{one}" for one in deprecated_parameters(operation)]
        for part in (*parts, *deprecated_fields(operation)):
            found[identity, part] = f"{name} {part}", "deprecated"
    return found


def _words_of(operation: SpecOperation) -> str:
    texts = [operation.definition.get(name) for name in ("summary", "description")]
    said = [sentence for text in texts if isinstance(text, str) for sentence in _sentences(text)]
    telling = [one for one in said if _DEPRECATED.search(one) or _ENDS.search(one)]
    return _MARKUP.sub("", " ".join(dict.fromkeys(telling))).strip() or "deprecated"


def _is_said_of(definition: dict[str, Any]) -> bool:
    """Whether a field or a parameter is deprecated, by its mark or by what is written of it."""
    if definition.get("deprecated") is True:
        return True
    text = definition.get("description")
    return isinstance(text, str) and any(map(_IS_DEPRECATED_ITSELF.match, _sentences(text)))


def _marked(spec: Spec, schema: Any, location: str, depth: int) -> Iterator[str]:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    if isinstance(schema.get("$ref"), str):
        schema = spec.dereference(schema)
    if location and _is_said_of(schema):
        yield location
        return
    for name, child in objects(schema.get("properties")):
        yield from _marked(spec, child, f"{location}/{escape(name)}", depth + 1)
    yield from _marked(spec, schema.get("items"), f"{location}/*", depth + 1)
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = schema.get(keyword)
        for part in parts if isinstance(parts, list) else ():
            yield from _marked(spec, part, location, depth + 1)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        yield " ".join(sentence.split())


def _end_in(sentence: str) -> datetime | None:
    found = _ENDS.search(sentence)
    if found is None:
        return None
    written = _ORDINAL.sub("", found["date"]).replace(",", "")
    for form in _FORMS:
        try:
            return datetime.strptime(written, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
