"""What a published description announces about an operation's end."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.findings import Finding
from contracts.rules import Severity
from contracts.spec import SpecOperation, parse_spec
from monitors.detectors import DESCRIBED, Context, detect
from monitors.detectors.descriptions import deprecated_fields, described_announcement

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

RUN = (
    "{% admonition type=danger %}\nRun assignment rules is now deprecated in version 2.12 and "
    "future versions and will be permanently removed on December 31, 2026. After this date, any "
    "requests will fail.\n{% /admonition %}\nYou can let it be assigned."
)
END = datetime(2026, 12, 31, tzinfo=UTC)


class Reader:
    """A contract in which one consumer reads everything."""

    def users(self, identity: str) -> tuple[()]:
        return ()

    def departures(self, exchange: object) -> tuple[()]:
        return ()

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        return ("crm-sync",)


def published(**definition: Any) -> Conformance:
    item = {
        "type": "object",
        "properties": {"old": {"type": "string", "deprecated": True}, "new": {"type": "string"}},
    }
    body = {"type": "object", "properties": {"data": {"type": "array", "items": item}}}
    answer = {"description": "", "content": {"application/json": {"schema": body}}}
    operation = {"responses": {"200": answer}, **definition}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "Things", "version": "2.11"},
        "paths": {"/things": {"get": operation}},
    }
    return Conformance(parse_spec(document, source="a test"))


def operation_of(**definition: Any) -> SpecOperation:
    return published(**definition).spec.operations[0]


def notices(
    an_exchange: "ExchangeFactory",
    at: datetime,
    *,
    reader: Reader | None = None,
    headers: dict[str, str] | None = None,
    **definition: Any,
) -> list[Finding]:
    exchange = an_exchange("GET /things", body={"data": []}, at=at, headers=headers)
    found = detect(exchange, Context(published=published(**definition), reliance=reader))
    return [one for one in found if one.rule.name.startswith("deprecation-")]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (RUN, END),
        ("It is deprecated. It will be removed by 31 December 2026.", END),
        ("This is deprecated\nand will be retired on 2026-12-31.", END),
        ("It has been deprecated.", None),
    ],
)
def test_prose_that_announces_an_end_is_read(text: str, end: datetime | None) -> None:
    said = described_announcement(operation_of(description=text))
    assert (said.is_deprecated, said.sunset_at) == (True, end)


@pytest.mark.parametrize(
    "text",
    [
        "The source contact is permanently removed from the active contact list.",
        "After this, the data will no longer be available.",
        "Returns the day on which it was removed.",
        "",
    ],
)
def test_prose_that_announces_nothing_is_left_alone(text: str) -> None:
    assert not described_announcement(operation_of(description=text)).says_something


def test_an_operation_that_is_marked_is_deprecated() -> None:
    assert described_announcement(operation_of(deprecated=True)).is_deprecated


@pytest.mark.parametrize(
    ("at", "used", "unused"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), Severity.WARNING, Severity.INFO),
        (datetime(2026, 10, 15, tzinfo=UTC), Severity.WARNING, Severity.WARNING),
        (datetime(2026, 12, 10, tzinfo=UTC), Severity.CRITICAL, Severity.WARNING),
        (datetime(2026, 12, 27, tzinfo=UTC), Severity.CRITICAL, Severity.CRITICAL),
        (datetime(2027, 1, 2, tzinfo=UTC), Severity.CRITICAL, Severity.CRITICAL),
    ],
)
def test_the_days_that_are_left_make_it_more_severe(
    an_exchange: "ExchangeFactory", at: datetime, used: Severity, unused: Severity
) -> None:
    (read,) = (
        one
        for one in notices(an_exchange, at, reader=Reader(), description=RUN)
        if one.location == DESCRIBED
    )
    (unread,) = notices(an_exchange, at, description=RUN)
    assert (read.severity, unread.severity) == (used, unused)
    assert read.cause == unread.cause


def test_header_and_description_are_one_announcement(an_exchange: "ExchangeFactory") -> None:
    at = datetime(2026, 12, 27, tzinfo=UTC)
    (told,) = notices(an_exchange, at, headers={"deprecation": "true"}, description=RUN)
    (described,) = notices(an_exchange, at, description=RUN)
    assert told.cause == described.cause
    assert "stops answering on 2026-12-31 (4 days left)" in told.message


def test_what_a_description_announces_stands_there_and_not_in_a_header(
    an_exchange: "ExchangeFactory",
) -> None:
    (told,) = notices(an_exchange, datetime(2026, 12, 27, tzinfo=UTC), description=RUN)
    assert told.location == DESCRIBED
    assert "says Intercom's published description" in told.message
    assert "header" not in told.message + (told.remedy or told.rule.remedy)


def test_a_deprecated_field_is_told_to_those_who_read_it(an_exchange: "ExchangeFactory") -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert deprecated_fields(operation_of()) == ("/data/*/old",)
    assert notices(an_exchange, at) == []
    (found,) = notices(an_exchange, at, reader=Reader())
    assert (found.location, found.severity) == ("/data/*/old", Severity.WARNING)
    assert found.consumers == ("crm-sync",)
