"""Dates as header fields write them."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ASCTIME: Final = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\Z")
_RFC850: Final = re.compile(
    r"(?:[A-Z][a-z]+day, )?(\d\d)-([A-Z][a-z]{2})-(\d\d) ([\d:]{8}) (\S+)\Z"
)
_CENTURY: Final = 2000  # RFC 850 has two digits; nothing was deprecated in HTTP before 2000


def parse_http_date(text: str) -> datetime | None:
    """Read an HTTP-date in any of the three forms of RFC 9110, section 5.6.7, or return None.

    UTC is taken for GMT, as RFC 9745's own example writes it. The weekday is not checked: RFC
    8594's own example names the wrong one.
    """
    text = text.strip()
    if old := _RFC850.match(text):
        day, month, year, time, zone = old.groups()
        text = f"{day} {month} {_CENTURY + int(year)} {time} {zone}"
    elif _ASCTIME.match(text):
        text = f"{text} GMT"
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def parse_epoch(seconds: int) -> datetime | None:
    """Read Unix seconds; None where no calendar has them."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
