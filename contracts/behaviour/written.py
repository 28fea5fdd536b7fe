"""What one object was told to be, and whether it is."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.behaviour.inquiry import PERSISTENCE, Inquiry, document_of
from contracts.exchanges import Exchange
from contracts.resources import MARK
from contracts.spec import SpecOperation

GONE: Final = (404, 410)
"""Statuses that say that an object is not there any more."""
_FORMATTED: Final = frozenset({"body", "html", "body_markdown"})
"""Texts that Intercom rewrites: it cleans the HTML that it is given."""
_TAG: Final = re.compile(r"<[^>]*>")
_MOVING: Final = ("_at", "_url", "url", "avatar")
"""Ends of the names of texts that may change though nobody wrote to them."""


class Written:
    """An object of ours: the `fields` that were written, and what else it showed."""

    def __init__(
        self, inquiry: Inquiry, reading: SpecOperation, identifier: str, fields: Mapping[str, Any]
    ) -> None:
        self.identifier = identifier
        self._inquiry = inquiry
        self._reading = reading
        self._fields = dict(fields)
        self._others: dict[str, str] = {}

    def change(self, fields: Mapping[str, Any]) -> None:
        """Note what an accepted update wrote."""
        self._fields |= fields
        self._others = {name: one for name, one in self._others.items() if name not in fields}

    def read(self) -> bool:
        """Read the object and say whether it is as written."""
        path = path_of(self._reading, self.identifier)
        seen = self._inquiry.ask(self._reading, path_params=path)
        if seen.response is not None and seen.response.status in GONE:
            self._lost(seen, "status", "2xx", "not found")
            return False
        is_kept = self.hold(seen)
        document = document_of(seen)
        if not isinstance(document, dict) or not seen.is_success:
            return False
        for name, value in self._others.items():
            if document.get(name, value) != value:
                self._lost(seen, f"/{name}", "as it was", "other")
        self._others = {
            name: value
            for name, value in document.items()
            if isinstance(value, str) and name not in self._fields and not name.endswith(_MOVING)
        }
        return is_kept

    def hold(self, seen: Exchange) -> bool:
        """Hold an answer to every field that was written; say whether it keeps them."""
        document = document_of(seen)
        if not isinstance(document, dict) or not seen.is_success:
            return False
        lost = self.lost_in(document)
        for name in lost:
            self._lost(seen, f"/{name}", "as written", "other")
            del self._fields[name]  # it is told once, however often it shows
        return not lost

    def lost_in(self, shown: Mapping[str, Any]) -> list[str]:
        """Return the fields that were written and that what is shown has otherwise. One of another
        type is shown in another form, which is for the schema to judge; but null is none."""
        return [
            name
            for name, value in self._fields.items()
            if name in shown
            and isinstance(value, str | int)
            and (shown[name] is None or type(shown[name]) is type(value))
            and not _keeps(name, shown[name], value)
        ]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the fields whose text no other object has, and the text."""
        for name, value in self._fields.items():
            if isinstance(value, str) and MARK in value:
                yield name, value

    def _lost(self, seen: Exchange, location: str, expected: str, observed: str) -> None:
        self._inquiry.suspect(
            seen, "write-lost", location, expected, observed, needs=(PERSISTENCE,)
        )


def _keeps(name: str, shown: object, written: object) -> bool:
    """Whether a value is what was written; of HTML, whether its words are in there."""
    if name in _FORMATTED and isinstance(shown, str) and isinstance(written, str):
        return written in html.unescape(_TAG.sub("", shown))
    return shown == written


def path_of(operation: SpecOperation, identifier: str) -> dict[str, str]:
    """Return the path parameters that name one object."""
    names = [one.strip("{}") for one in operation.operation.path.split("/") if one.startswith("{")]
    return dict.fromkeys(names, identifier)
