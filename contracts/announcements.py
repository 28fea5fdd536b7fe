"""What the header fields of an answer announce about the operation's end.

Deprecation (RFC 9745) is a structured date, `@1688169599`; its drafts published `true` and an
HTTP-date, and people send `?1` and bare Unix seconds. Sunset (RFC 8594) is an HTTP-date and years
older: either may come alone. Link relations point to what is written about it, and `Warning: 299`
(RFC 7234, since obsolete) is how it was said before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import http_sf

from contracts.dates import parse_epoch, parse_http_date

_WARNING: Final = re.compile(r"(?:^|,)\s*299\s+\S+\s+\"([^\"]*)\"")
_WARNS_OF_IT: Final = re.compile(r"deprecat|sunset|obsolete|will be (?:permanently )?removed", re.I)
_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s;,=]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_RELATION: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.I)
_RELATIONS: Final = ("deprecation", "sunset", "successor-version")
# Where something is written, without what a query may carry.
_SAFE_TARGET: Final = re.compile(
    r"(?:https?://[A-Za-z0-9.-]+(?::\d+)?)?/?[A-Za-z0-9._~/-]{0,200}\Z"
)
_LONGEST: Final = 4000  # characters of a header field that are worth reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What an answer's header fields say.

    `deprecated_at` is None where it is deprecated without a date; `unreadable` names the fields
    that are there and make no sense.
    """

    is_deprecated: bool = False
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    warns: bool = False
    links: tuple[tuple[str, str], ...] = ()
    """Relation and target, for those relations that have to do with it."""
    unreadable: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        return bool(
            self.is_deprecated
            or self.sunset_at
            or self.warns
            or self.unreadable
            or any(relation != "successor-version" for relation, _ in self.links)
        )

    @property
    def is_contradictory(self) -> bool:
        """Whether it ends before it is deprecated, which RFC 9745 forbids, or cannot be read."""
        return bool(self.unreadable) or bool(
            self.sunset_at and self.deprecated_at and self.sunset_at < self.deprecated_at
        )

    @property
    def told_by(self) -> str:
        """The header field that says it first, by its name."""
        if self.unreadable:
            return self.unreadable[0]
        if self.is_deprecated or self.deprecated_at:
            return "deprecation"
        return "sunset" if self.sunset_at else "warning" if self.warns else "link"

    @property
    def rule(self) -> str:
        """The name of the rule that a finding of it is of. However it is said that something is
        deprecated, it is one announcement."""
        if self.is_contradictory:
            return "deprecation-contradictory"
        if self.is_deprecated or self.warns or self.link("deprecation"):
            return "deprecation-announced"
        return "deprecation-sunset"

    @property
    def place(self) -> str:
        """Where a finding of it stands."""
        if self.unreadable:
            return f"header:{self.unreadable[0]}"
        is_announced = self.rule == "deprecation-announced"
        return "header:deprecation" if is_announced else "header:sunset"

    def link(self, *relations: str) -> str | None:
        """Return the first target of one of `relations`, in their order."""
        return next(
            (
                target
                for wanted in relations
                for relation, target in self.links
                if relation == wanted
            ),
            None,
        )


def announcement_of(headers: Mapping[str, str]) -> Announcement:
    """Read them; never raises. Most answers have none, and cost four look-ups."""
    deprecation, sunset = headers.get("deprecation"), headers.get("sunset")
    warning, link = headers.get("warning"), headers.get("link")
    if deprecation is None and sunset is None and warning is None and link is None:
        return Announcement()
    is_deprecated, deprecated_at = _deprecation(deprecation) if deprecation else (False, None)
    sunset_at = parse_http_date(sunset[:_LONGEST]) if sunset else None
    unreadable = (
        *(("deprecation",) if deprecation and is_deprecated is None else ()),
        *(("sunset",) if sunset and sunset_at is None else ()),
    )
    return Announcement(
        is_deprecated=bool(is_deprecated),
        deprecated_at=deprecated_at,
        sunset_at=sunset_at,
        warns=any(
            _WARNS_OF_IT.search(text) for text in _WARNING.findall((warning or "")[:_LONGEST])
        ),
        links=_links(link[:_LONGEST]) if link else (),
        unreadable=unreadable,
    )


def _deprecation(text: str) -> tuple[bool | None, datetime | None]:
    """Return whether it is deprecated (None: unreadable), and since or from when."""
    text = text.strip()
    if text.lower() in ("true", "?1"):
        return True, None
    if text.lower() in ("false", "?0"):
        return False, None
    if text.isascii() and text.isdigit():
        moment = parse_epoch(int(text)) if len(text) <= 12 else None
        return (True, moment) if moment else (None, None)
    moment = _structured_date(text) if text.startswith("@") else parse_http_date(text[:_LONGEST])
    return (True, moment) if moment else (None, None)


def _structured_date(text: str) -> datetime | None:
    try:
        item: Any = http_sf.parse(text[:_LONGEST].encode("ascii", "replace"), tltype="item")
    except (ValueError, OverflowError, OSError):
        return None
    value = item[0] if isinstance(item, tuple) else item
    return value if isinstance(value, datetime) else None


def _links(text: str) -> tuple[tuple[str, str], ...]:
    """Return the links that have to do with it; `canonical` on a merged contact has not."""
    found: list[tuple[str, str]] = []
    for target, parameters in _LINK.findall(text):
        match = _RELATION.search(parameters)
        names = (match.group(1) or match.group(2) or "").lower().split() if match else []
        shown = target.partition("?")[0].partition("#")[0]
        if _SAFE_TARGET.match(shown):
            found += [(name, shown) for name in names if name in _RELATIONS]
    return tuple(found)
