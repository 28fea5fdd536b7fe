"""Pages: by cursor (`starting_after`) and by number (`page`)."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.intercom.answers import Answer, Call, Refusal
from sandbox.intercom.store import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many items an operation gives: without being asked, and at most."""

    default: int
    most: int


CONTACTS: Final = Limits(default=50, most=150)
INBOX: Final = Limits(default=20, most=150)
COMPANIES: Final = Limits(default=15, most=60)
CONTENT: Final = Limits(default=15, most=150)


def by_cursor(call: Call, records: Sequence[Record], limits: Limits) -> Answer:
    """Answer with one page; the cursor comes from the query, or from `pagination` in the body."""
    asked = call.body.get("pagination")
    source: Mapping[str, Any] = asked if isinstance(asked, Mapping) else call.query
    per_page = _whole(source.get("per_page"), "per_page", limits.default, limits.most)
    start, page = _position(source.get("starting_after"), records)
    items = records[start : start + per_page]
    following: object = None
    if start + per_page < len(records):
        following = {
            "page": page + 1,
            "per_page": per_page,
            "starting_after": _cursor(start + per_page, items[-1].id, page + 1),
        }
    return _page(items, total=len(records), page=page, per_page=per_page, following=following)


def by_number(call: Call, records: Sequence[Record], limits: Limits) -> Answer:
    """Answer with one page; the next one is a URL, where the description lets it be one."""
    per_page = _whole(call.parameter("per_page"), "per_page", limits.default, limits.most)
    page = _whole(call.parameter("page"), "page", 1, None)
    start = (page - 1) * per_page
    items = records[start : start + per_page]
    following: object = None
    if start + per_page < len(records):
        query = urlencode({**call.query, "per_page": per_page, "page": page + 1})
        following = f"{call.url}{call.operation.operation.path}?{query}"
    return _page(items, total=len(records), page=page, per_page=per_page, following=following)


def whole(records: Sequence[Record]) -> Answer:
    """Answer with all of them: a list that is not paginated."""
    return Answer(records=records, envelope={"total_count": len(records), "has_more": False})


def _page(
    items: Sequence[Record], *, total: int, page: int, per_page: int, following: object
) -> Answer:
    pages = {
        "type": "pages",
        "page": page,
        "per_page": per_page,
        "total_pages": -(-total // per_page),
        "next": following,
    }
    return Answer(records=items, envelope={"total_count": total, "pages": pages})


def _whole(value: object, name: str, default: int, most: int | None) -> int:
    if value is None:
        return default
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if isinstance(value, bool) or number < 1 or (most is not None and number > most):
        bound = f" and at most {most}" if most is not None else ""
        raise Refusal(400, "parameter_invalid", f"{name} must be a number from 1{bound}")
    return number


def _cursor(start: int, last: str, page: int) -> str:
    return base64.b64encode(json.dumps([start, last, page]).encode()).decode()


def _position(cursor: object, records: Sequence[Record]) -> tuple[int, int]:
    """Return where the page begins and its number: after the last item that was served, or at its
    place where that item is gone."""
    if cursor is None:
        return 0, 1
    try:
        start, last, page = json.loads(base64.b64decode(str(cursor), validate=True))
        start, page = int(start), int(page)
    except (binascii.Error, ValueError, TypeError):
        raise Refusal(400, "parameter_invalid", "starting_after is invalid") from None
    for index, record in enumerate(records):
        if record.id == last:
            return index + 1, page
    return min(max(start, 0), len(records)), max(page, 1)


def page_of(query: Mapping[str, str], body: Mapping[str, Any]) -> int:
    """Return which page is asked for, from 1; what cannot be read is the first."""
    asked = body.get("pagination")
    source: Mapping[str, Any] = asked if isinstance(asked, Mapping) else query
    try:
        if source.get("starting_after") is not None:
            return _position(source["starting_after"], ())[1]
        return int(query.get("page", 1))
    except (Refusal, ValueError):
        return 1
