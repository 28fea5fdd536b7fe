"""The API version that was asked for, against the one that answered."""

import re
from collections.abc import Iterator
from typing import Final

from contracts.envelopes import envelope_of
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from monitors.detectors.context import Context, finding, name_of

INVALID_VERSION: Final = "intercom_version_invalid"
MALFORMED: Final = "malformed"
"""What is shown of a version that has not the form of one."""
_VERSION: Final = re.compile(r"\d{1,3}(?:\.\d{1,3})?\Z|[A-Za-z]{1,16}\Z")
_MOVING: Final = frozenset({"preview", "unstable", "0"})
"""The version that is not released yet: Unstable until April 2026, Preview since; both are
accepted."""


def version_trouble(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield a version that does not have the operation, or that is another than was asked for."""
    response = exchange.response
    if response is None:
        return
    if response.status == 400 and envelope_of(response).code == INVALID_VERSION:
        yield finding(
            "version-unavailable",
            exchange,
            context,
            location="status",
            expected="2xx",
            observed=INVALID_VERSION,
            message=f"{name_of(exchange)} is not available in API version "
            f"{shown(exchange.version)} (400 {INVALID_VERSION}).",
            certainty=Certainty.DOCUMENTED,
        )
    answered, asked = response.headers.get("intercom-version"), exchange.version
    if not answered or not asked or normalised(answered) == normalised(asked):
        return
    yield finding(
        "version-mismatch",
        exchange,
        context,
        location="header:intercom-version",
        expected=shown(asked),
        observed=shown(answered),
        message=f"API version {shown(asked)} was asked for, and "
        + (
            "the answer names none that there could be."
            if shown(answered) == MALFORMED
            else f"{shown(answered)} answered."
        ),
    )


def normalised(version: str) -> str:
    """Return one name for each version."""
    name = version.strip().lower()
    return "preview" if name in _MOVING else name


def shown(version: str | None) -> str:
    """Return a version as it may be shown: the header comes from outside."""
    if version is None:
        return "default"
    return version.strip() if _VERSION.match(version.strip()) else MALFORMED
