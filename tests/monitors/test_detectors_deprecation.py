"""Every published way to announce that an operation ends, and what is none."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.announcements import announcement_of
from contracts.dates import parse_http_date
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.detectors import Context, detect

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOON = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)


def imf(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


class Everybody:
    """A contract in which one consumer reads everything."""

    def users(self, identity: str) -> tuple[()]:
        return ()

    def departures(self, exchange: object) -> tuple[()]:
        return ()

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        return ("crm-sync",)


def notices(
    an_exchange: "ExchangeFactory", headers: dict[str, str], context: Context | None = None
) -> list[Finding]:
    found = detect(an_exchange(body={"type": "list"}, headers=headers), context or Context())
    return [one for one in found if one.rule.name.startswith("deprecation-")]


@pytest.mark.parametrize(
    ("value", "since"),
    [
        ("@1688169599", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),  # RFC 9745
        ("@1688169599;note=x", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("Sun, 11 Nov 2018 23:59:59 GMT", datetime(2018, 11, 11, 23, 59, 59, tzinfo=UTC)),  # draft
        ("1688169599", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("true", None),
        ("?1", None),
    ],
)
def test_every_syntax_of_deprecation_is_read(value: str, since: datetime | None) -> None:
    said = announcement_of({"deprecation": value})
    assert (said.is_deprecated, said.deprecated_at, said.unreadable) == (True, since, ())


@pytest.mark.parametrize("value", ["false", "?0", ""])
def test_what_says_that_it_is_not_deprecated_says_nothing(value: str) -> None:
    assert not announcement_of({"deprecation": value}).says_something


@pytest.mark.parametrize(
    "value",
    [
        "Thu, 31 Dec 2026 12:00:00 GMT",
        "Thu, 31 Dec 2026 12:00:00 UTC",  # as in RFC 9745's own example
        "Sat, 31 Dec 2026 12:00:00 GMT",  # the wrong weekday, as in RFC 8594's own example
        "Thursday, 31-Dec-26 12:00:00 GMT",  # RFC 850
        "Thu Dec 31 12:00:00 2026",  # asctime
    ],
)
def test_every_form_of_a_sunset_is_read(value: str) -> None:
    assert announcement_of({"sunset": value}).sunset_at == NOON


@pytest.mark.parametrize(
    "header",
    [
        {"deprecation": "@1688169599"},
        {"deprecation": "true", "sunset": imf(NOON)},
        {"warning": '299 - "Deprecated API"'},
        {"link": '<https://developers.intercom.com/deprecations>; rel="deprecation"'},
    ],
)
def test_however_it_is_said_it_is_one_announcement(
    an_exchange: "ExchangeFactory", header: dict[str, str]
) -> None:
    (finding,) = notices(an_exchange, header)
    assert finding.rule.name == "deprecation-announced"
    assert finding.location == "header:deprecation"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"deprecation": "true"}, "says its Deprecation header"),
        ({"deprecation": "1688169599"}, "says its Deprecation header"),
        ({"warning": '299 - "Deprecated API"'}, "says its Warning header"),
        ({"link": '</docs/end>; rel="deprecation"'}, "says its Link header"),
    ],
)
def test_it_names_the_header_that_says_so_and_links_only_where_there_are_some(
    an_exchange: "ExchangeFactory", header: dict[str, str], told: str
) -> None:
    (finding,) = notices(an_exchange, header)
    assert told in finding.message
    advice = finding.remedy or finding.rule.remedy
    assert "link" not in advice
    assert ("/docs/end" in advice) is ("link" in header)


@pytest.mark.parametrize(
    ("headers", "place"),
    [
        ({"deprecation": "soon"}, "header:deprecation"),
        ({"sunset": "never"}, "header:sunset"),
        ({"deprecation": "@1", "sunset": "never"}, "header:sunset"),
        ({"deprecation": "soon", "sunset": imf(NOON)}, "header:deprecation"),
    ],
)
def test_what_cannot_be_read_is_told_where_it_stands(
    an_exchange: "ExchangeFactory", headers: dict[str, str], place: str
) -> None:
    (finding,) = notices(an_exchange, headers)
    assert finding.location == place
    assert f"its {place.removeprefix('header:').capitalize()} header" in finding.remedy
    assert "which of the dates" not in finding.remedy


def test_adding_a_sunset_makes_it_no_other_cause(an_exchange: "ExchangeFactory") -> None:
    (before,) = notices(an_exchange, {"deprecation": "true"})
    (after,) = notices(an_exchange, {"deprecation": "true", "sunset": imf(NOON)})
    assert before.cause == after.cause
    assert "2026-12-31 (304 days left)" in after.message


def test_a_sunset_may_come_alone(an_exchange: "ExchangeFactory") -> None:
    (finding,) = notices(an_exchange, {"sunset": imf(NOON)})
    assert finding.rule.name == "deprecation-sunset"


@pytest.mark.parametrize(
    "headers",
    [
        {"deprecation": f"@{int(NOON.timestamp())}", "sunset": imf(NOON - timedelta(days=1))},
        {"deprecation": "soon"},
        {"sunset": "next year"},
        {"deprecation": "@not-a-number"},
        {"deprecation": "@1", "sunset": "never"},
    ],
)
def test_what_contradicts_itself_or_is_no_date_is_told(
    an_exchange: "ExchangeFactory", headers: dict[str, str]
) -> None:
    (finding,) = notices(an_exchange, headers)
    assert finding.rule.name == "deprecation-contradictory"


@pytest.mark.parametrize(
    "headers",
    [
        {"link": '</contacts/1>; rel="canonical"'},
        {"link": '</contacts?page=2>; rel="next", </contacts>; rel="prev"'},
        {"link": '</v2>; rel="successor-version"'},
        {"warning": '110 - "Response is stale"'},
        {"warning": '299 - "Your trial ends soon"'},
    ],
)
def test_other_links_and_warnings_are_no_deprecation(
    an_exchange: "ExchangeFactory", headers: dict[str, str]
) -> None:
    assert notices(an_exchange, headers) == []


def test_the_remedy_names_what_the_links_name(an_exchange: "ExchangeFactory") -> None:
    link = (
        '</docs/end?token=secret>; rel="deprecation sunset", </contacts/v2>; rel=successor-version'
    )
    (finding,) = notices(an_exchange, {"deprecation": "true", "link": link})
    assert finding.remedy == "Read /docs/end and move its consumers to /contacts/v2."


@pytest.mark.parametrize(
    ("days", "used", "severity"),
    [
        (90, True, Severity.WARNING),
        (31, True, Severity.WARNING),
        (20, True, Severity.CRITICAL),
        (20, False, Severity.WARNING),
        (3, False, Severity.CRITICAL),
        (-3, False, Severity.CRITICAL),
    ],
)
def test_the_nearer_the_end_the_more_it_matters(
    an_exchange: "ExchangeFactory", days: int, used: bool, severity: Severity
) -> None:
    context = Context(reliance=Everybody() if used else None)
    headers = {"deprecation": "true", "sunset": imf(NOW + timedelta(days=days, hours=1))}
    (finding,) = notices(an_exchange, headers, context)
    assert finding.severity is severity


@given(st.integers(946_684_800, 4_102_444_799))  # the years 2000 to 2099
def test_every_date_is_read_as_it_was_written(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        assert parse_http_date(moment.strftime(form)) == moment
    assert announcement_of({"deprecation": f"@{int(moment.timestamp())}"}).deprecated_at == moment


@given(st.text(max_size=80))
def test_no_text_is_too_strange_for_a_date(text: str) -> None:
    moment = parse_http_date(text)
    assert moment is None or moment.tzinfo is not None


@given(st.fixed_dictionaries({}, optional={n: st.text(max_size=80) for n in ("link", "warning")}))
def test_no_text_is_too_strange_for_a_link_or_a_warning(headers: dict[str, str]) -> None:
    said = announcement_of(headers)
    assert said.deprecated_at is None
    assert said.sunset_at is None
