"""The header fields of an answer, as recorded live in May 2026."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Final

from sandbox.intercom.faults import FORMS, Fault, moment

_REQUEST_ID_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_REQUEST_ID_LENGTH: Final = 20
JSON: Final = "application/json; charset=utf-8"

Field = tuple[str, str]

_CONSTANT: Final[tuple[Field, ...]] = (
    ("cache-control", "max-age=0, private, must-revalidate"),
    ("vary", "Accept-Encoding"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("strict-transport-security", "max-age=31556952; includeSubDomains; preload"),
    ("server", "nginx"),
)


def new_request_id(random: Random) -> str:
    """Return an id of 20 characters from 0-9a-v: no UUID, whatever the description says."""
    return "".join(random.choices(_REQUEST_ID_DIGITS, k=_REQUEST_ID_LENGTH))


class Stamp:
    """Writes the header fields of Intercom's own answers. `deployment` is the commit it runs."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.deployment = f"{random.getrandbits(160):040x}"
        self._machine = f"ami-{random.getrandbits(68):017x}"

    def fields(
        self,
        *,
        status: str,
        request_id: str,
        version: str | None,
        seconds: float,
        now: datetime,
        body: bytes,
        media_type: str = JSON,
        wrote: bool = False,
    ) -> list[Field]:
        """Return everything but the rate limit. `status` is as in `200 OK`."""
        fields: list[Field] = [
            ("date", format_datetime(now.astimezone(UTC), usegmt=True)),
            ("status", status),
            ("x-request-id", request_id),
            ("x-runtime", f"{max(seconds, 0.001):.6f}"),
            ("x-request-queueing", "0"),
            ("x-intercom-version", self.deployment),
            ("x-ami-version", self._machine),
            *_CONSTANT,
        ]
        if body:
            fields.append(("content-type", media_type))
            digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
            fields.append(("etag", f'W/"{digest}"'))
        if version is not None:
            fields.append(("intercom-version", version))
        if wrote:
            token = uuid.UUID(int=self._random.getrandbits(128), version=4)
            fields.append(("set-cookie", f"recent_write={token}; max-age=1"))
        return fields


def rate_limit_fields(limit: int, left: int, ends: int) -> list[Field]:
    """Return the three X-RateLimit fields; only authenticated answers have them."""
    return [
        ("x-ratelimit-limit", str(limit)),
        ("x-ratelimit-remaining", str(max(left, 0))),
        ("x-ratelimit-reset", str(ends)),
    ]


def announced(fault: Fault, now: datetime) -> list[Field]:
    """Return the header fields that a deprecation, sunset or warning fault adds."""
    at = now if fault.at is None else moment(fault.at)
    if isinstance(fault.value, str):
        fields = [(fault.name, fault.value)]
    elif fault.name == "warning":
        fields = [("warning", '299 - "Deprecated API"')]
    else:
        form = fault.form or FORMS[fault.name][0]
        fields = [(fault.name, _FORMATS[form](at))]
    if fault.link is not None and fault.name != "warning":
        fields.append(("link", f'<{fault.link}>; rel="{fault.name}"; type="text/html"'))
    return fields


def _imf(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


_FORMATS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "rfc9745": lambda at: f"@{int(at.timestamp())}",
    "imf-fixdate": _imf,
    "true": lambda at: "true",
    "boolean": lambda at: "?1",
    "epoch": lambda at: str(int(at.timestamp())),
    "utc": lambda at: _imf(at).replace("GMT", "UTC"),  # as RFC 9745's own example writes it
    "rfc850": lambda at: at.astimezone(UTC).strftime("%A, %d-%b-%y %H:%M:%S GMT"),
    "asctime": lambda at: at.astimezone(UTC).strftime("%a %b %e %H:%M:%S %Y"),
}
"""RFC 9745's form of Deprecation, what its drafts published, what people send; RFC 8594's Sunset in
the three dates that HTTP knows."""
