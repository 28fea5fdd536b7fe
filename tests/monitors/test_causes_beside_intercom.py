"""Answers that are not Intercom's: of a proxy, a portal, another service, or nothing at all."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.exchanges import FailureKind, Timings, TransportFailure
from contracts.findings import Certainty
from contracts.overlays import embedded_contract
from contracts.rules import Severity
from monitors.detectors import Context, detect

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

from tests.monitors.causes import APP, KNOWN, ME, OTHERS, PAGE, only, told


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (407, {"server": "squid/5.7"}, "credentials of its own"),
        (511, {}, "captive portal"),
        (302, {"location": "https://login.example.net/?from=x"}, "another host"),
    ],
)
def test_what_a_proxy_or_a_portal_answers_is_the_network_and_not_intercom(
    an_exchange: "ExchangeFactory", status: int, headers: dict[str, str], why: str
) -> None:
    every = [
        an_exchange(one, status, PAGE, headers=headers, is_intercoms=False) for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-proxy"
    assert found.severity is Severity.CRITICAL
    assert "never reached Intercom" in found.message
    assert why in found.message
    assert "from=x" not in found.message
    assert ("squid/5.7" in found.message) == ("squid/5.7" in headers.values())


def test_a_proxy_that_wants_credentials_for_a_tunnel_says_the_same(
    an_exchange: "ExchangeFactory",
) -> None:
    failure = TransportFailure(
        kind=FailureKind.PROXY,
        detail="('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Required'))",
    )
    every = [
        replace(an_exchange(one, failure=FailureKind.PROXY), failure=failure)
        for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-proxy"
    assert "credentials of its own (407)" in found.message


@pytest.mark.parametrize("is_intercoms", [True, False])
def test_a_5xx_without_a_request_id_is_not_said_to_be_intercoms(
    an_exchange: "ExchangeFactory", is_intercoms: bool
) -> None:
    every = [an_exchange(one, 502, PAGE, is_intercoms=is_intercoms) for one in (ME, *OTHERS)]
    found = only(*every)
    assert found.rule.name == "server-error"
    assert ("Intercom is failing" in found.message) == is_intercoms
    assert ("or a proxy on the way" in found.message) != is_intercoms


def test_what_is_certain_of_a_proxy_is_documented(an_exchange: "ExchangeFactory") -> None:
    every = [an_exchange(one, 407, PAGE, is_intercoms=False) for one in (ME, *OTHERS)]
    assert only(*every).certainty is Certainty.DOCUMENTED


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        ("certificate has expired", "clock"),
        ("Hostname mismatch, certificate is not valid for 'x'", "base URL"),
        ("unable to get local issuer certificate", "REQUESTS_CA_BUNDLE"),
        ("wrong version number", "scheme and port"),
    ],
)
def test_what_is_wrong_with_a_certificate_has_a_remedy_of_its_own(
    an_exchange: "ExchangeFactory", detail: str, advice: str
) -> None:
    failure = TransportFailure(kind=FailureKind.TLS, detail=detail)
    every = [
        replace(an_exchange(one, failure=FailureKind.TLS), failure=failure) for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-tls"
    assert advice in found.remedy
    assert "most likely" not in found.message


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        (FailureKind.TOO_LARGE, "the body is larger than 16777216 bytes", "more than 16 MiB"),
        (FailureKind.REDIRECT_LOOP, "redirected to itself", "the very address that was asked"),
        (FailureKind.REDIRECT_LOOP, "redirected in a circle of 3", "from one of its addresses"),
        (FailureKind.READ_TIMEOUT, "", "nothing came within 0.1 s"),
        (FailureKind.CONNECT_TIMEOUT, "", "did not take the connection within 0.1 s"),
    ],
)
def test_why_there_was_no_answer_is_told_with_what_is_known(
    an_exchange: "ExchangeFactory", kind: FailureKind, detail: str, words: str
) -> None:
    exchange = replace(
        an_exchange(failure=kind), failure=TransportFailure(kind=kind, detail=detail)
    )
    (found,) = detect(exchange, KNOWN)
    assert words in found.message


def test_an_answer_that_began_and_stopped_says_so(an_exchange: "ExchangeFactory") -> None:
    exchange = replace(
        an_exchange(failure=FailureKind.READ_TIMEOUT),
        timings=Timings(total_ms=30_000.0, first_byte_ms=120.0),
    )
    (found,) = detect(exchange, KNOWN)
    assert "an answer began and then stopped: it was not whole after 30.0 s" in found.message


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("text/plain; charset=utf-8", "labelled as text/plain."),
        ("", "no Content-Type"),
        ("<b>evil</b>", "no media type"),
    ],
)
def test_a_wrong_label_is_shown_where_it_is_one(
    an_exchange: "ExchangeFactory", label: str, words: str
) -> None:
    (found,) = detect(an_exchange(body={}, headers={"content-type": label}), KNOWN)
    assert found.rule.name == "body-media-type"
    assert words in found.message


def test_a_page_in_intercoms_place_is_said_to_be_one(an_exchange: "ExchangeFactory") -> None:
    headers = {"server": "nginx", "content-type": "text/html"}
    (found,) = detect(an_exchange(body=PAGE, headers=headers, is_intercoms=False), KNOWN)
    assert found.rule.name == "body-not-json"
    assert "by nginx" in found.message
    (own,) = detect(an_exchange(body=PAGE), KNOWN)
    assert "proxy" not in own.message


def test_a_page_on_everything_is_a_portals(an_exchange: "ExchangeFactory") -> None:
    every = [an_exchange(one, body=PAGE, is_intercoms=False) for one in (ME, *OTHERS)]
    found = only(*every)
    assert (found.rule.name, found.certainty) == ("connection-proxy", Certainty.INFERRED)
    assert "5 of 5 operations, /me among them, were answered with a page" in found.message
    own = [an_exchange(one, body=PAGE) for one in (ME, *OTHERS)]
    assert only(*own).rule.name == "body-not-json", "Intercom's own request id says who answered"


@pytest.mark.parametrize(
    ("status", "body", "rule"),
    [
        (401, PAGE, "auth-blocked"),
        (401, {"message": "Unauthorized"}, "auth-blocked"),
        (403, {"message": "Forbidden"}, "auth-blocked"),
        (400, PAGE, "auth-blocked"),
        (404, PAGE, "auth-blocked"),
        (431, PAGE, "auth-blocked"),
        (408, PAGE, "timeout"),
        (404, {}, "deprecation-endpoint-gone"),
    ],
)
def test_a_refusal_without_a_sign_of_intercom_is_not_said_to_be_its(
    an_exchange: "ExchangeFactory", status: int, body: Any, rule: str
) -> None:
    headers = {"server": "nginx/1.18.0", "www-authenticate": "Basic realm=x"}
    (found,) = detect(
        an_exchange("GET /tags", status, body, headers=headers, is_intercoms=False), KNOWN
    )
    assert found.rule.name == rule
    assert ("nginx/1.18.0" in found.message) == (rule != "deprecation-endpoint-gone")
    assert ("credentials of its own" in found.message) == (rule == "auth-blocked")


def test_a_429_of_a_page_is_not_the_apps_limit(an_exchange: "ExchangeFactory") -> None:
    page = an_exchange("GET /tags", 429, PAGE, headers={"server": "edge"}, is_intercoms=False)
    found = only(an_exchange(ME, body=APP), page)
    assert found.rule.name == "rate-limit-exceeded"
    assert "not by Intercom's API" in found.message
    assert found.operation is not None, "it says nothing of the app"


def test_another_service_at_the_address_is_one_finding(an_exchange: "ExchangeFactory") -> None:
    contract = embedded_contract()
    assert contract is not None
    context = Context(relied=Conformance(contract), known=frozenset())
    headers = {"content-type": "application/json"}
    every = [
        an_exchange(one, body={"status": "ok"}, headers=headers, is_intercoms=False)
        for one in (ME, *OTHERS)
    ]
    (one,) = told(*every, context=context)
    assert (one.finding.rule.name, one.finding.observed) == ("connection-proxy", "stranger")
    assert "base-url" in one.finding.remedy
    mocked = [
        an_exchange(one, body=APP if one == ME else {}, headers=headers, is_intercoms=False)
        for one in (ME, *OTHERS)
    ]
    rules = {one.finding.rule.name for one in told(*mocked, context=context)}
    assert "connection-proxy" not in rules, "a mock of Intercom's lacks its ids as well"


def test_a_redirect_to_another_port_is_a_portals(an_exchange: "ExchangeFactory") -> None:
    for there, is_away in [
        ("http://api.intercom.io:8080/login?u=x", True),
        ("https://api.intercom.io/other", False),
    ]:
        headers = {"location": there}
        every = [
            an_exchange(one, 302, b"", headers=headers, is_intercoms=False) for one in (ME, *OTHERS)
        ]
        found = only(*every)
        assert (found.rule.name == "connection-proxy") == is_away
    (found,) = detect(
        an_exchange(
            ME,
            302,
            b"",
            headers={"location": "http://api.intercom.io:8080/login"},
            is_intercoms=False,
        ),
        KNOWN,
    )
    assert "to port 8080" in found.message


def test_a_compressed_bomb_is_named(an_exchange: "ExchangeFactory") -> None:
    for packed, words in [
        ("", "(more than 16 MiB)"),
        (
            ", unpacked from 3000000",
            "of 3 000 000 bytes unpacks to more than 16 MiB, which is more",
        ),
        (
            ", unpacked from 16000",
            "unpacks to more than 16 MiB, which is more than intercheck reads,"
            " as a compressed bomb does",
        ),
    ]:
        failure = TransportFailure(
            kind=FailureKind.TOO_LARGE, detail=f"the body is larger than 16777216 bytes{packed}"
        )
        exchange = replace(an_exchange(failure=FailureKind.TOO_LARGE), failure=failure)
        (found,) = detect(exchange, KNOWN)
        assert words in found.message
        assert ("bomb" in found.message) == ("16000" in packed)
