"""The header fields of an answer, as recorded live in May 2026."""

import hashlib
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Final

from sandbox.intercom.faults import Fault

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
    moment = _moment(fault.at, now)
    if isinstance(fault.value, str):
        fields = [(fault.name, fault.value)]
    elif fault.name == "warning":
        fields = [("warning", '299 - "Deprecated API"')]
    else:
        forms = _DEPRECATION if fault.name == "deprecation" else _SUNSET
        form = fault.form or next(iter(forms))
        if form not in forms:
            raise ValueError(f"{fault.name} has no form {form}; it has {', '.join(forms)}")
        fields = [(fault.name, forms[form](moment))]
    if fault.link is not None and fault.name != "warning":
        fields.append(("link", f'<{fault.link}>; rel="{fault.name}"; type="text/html"'))
    return fields


def _moment(at: int | str | None, now: datetime) -> datetime:
    if at is None:
        return now
    if isinstance(at, int):
        return datetime.fromtimestamp(at, UTC)
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _imf(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


# RFC 9745, then what its drafts published, then what people send.
_DEPRECATION: Final = {
    "rfc9745": lambda moment: f"@{int(moment.timestamp())}",
    "imf-fixdate": _imf,
    "true": lambda moment: "true",
    "boolean": lambda moment: "?1",
    "epoch": lambda moment: str(int(moment.timestamp())),
}
# RFC 8594 takes an HTTP-date; RFC 9745's own example says UTC for GMT.
_SUNSET: Final = {
    "imf-fixdate": _imf,
    "utc": lambda moment: _imf(moment).replace("GMT", "UTC"),
    "rfc850": lambda moment: moment.astimezone(UTC).strftime("%A, %d-%b-%y %H:%M:%S GMT"),
    "asctime": lambda moment: moment.astimezone(UTC).strftime("%a %b %e %H:%M:%S %Y"),
}
