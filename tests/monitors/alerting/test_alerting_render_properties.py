"""Whatever an API, a configuration or a person wrote, Slack takes the message, and nothing in it
becomes markup."""

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.alerting import phrases
from monitors.alerting.contacts import Contact
from monitors.alerting.render import Surroundings, render
from monitors.records import (
    IncidentState,
    Phase,
    Transition,
    TransitionKind,
)
from sandbox.slack import blockkit
from tests.monitors.alerting.shown import NOW, every_text, shown

# Giant inputs are a short text many times over: as long for us, and cheap to draw and to shrink.
texts = st.text(max_size=40) | st.text(min_size=1, max_size=40).map(lambda text: text * 100)
urls = st.none() | texts | texts.map("https://ci.example/{}".format)
long_urls = st.text("a/?&|", max_size=1200).map("https://run.example/{}".format)
names = st.lists(texts, max_size=3).map(tuple) | texts.map(lambda text: (text,) * 40)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def transitions(draw: st.DrawFn) -> Transition:
    """Any incident at all, with whatever an API or a configuration can put into it."""
    finding = Finding(
        rule=draw(st.sampled_from(list(RULES.values()))),
        severity=draw(st.sampled_from(Severity)),
        workspace=draw(texts),
        region=draw(texts),
        version=draw(st.none() | texts),
        operation=draw(st.none() | st.just(Operation(method="GET", path="/x/{id}"))),
        location=draw(texts),
        expected=draw(texts),
        observed=draw(texts),
        message=draw(texts),
        remedy=draw(texts),
        consumers=draw(names),
        certainty=draw(st.sampled_from(Certainty)),
        request_id=draw(st.none() | texts),
        deployment=draw(st.none() | texts),
        observed_at=draw(moments),
    )
    kind = draw(st.sampled_from(TransitionKind))
    at = draw(moments)
    incident = IncidentState(
        key=finding.cause,
        id=draw(texts),
        phase=Phase.OPEN,
        finding=finding,
        severity=finding.severity,
        workspaces=draw(names),
        operations=draw(names),
        sights=draw(st.integers(0, 10**6)),
        successes=draw(st.integers(0, 10)),
        first_seen_at=draw(moments),
        last_seen_at=draw(moments),
        resolved_at=draw(st.none() | moments),
        sequence=draw(st.integers(1, 10**6)),
        is_blind=draw(st.booleans()),
    )
    return Transition(kind=kind, at=at, incident=incident)


contacts = st.builds(Contact, owner=texts, runbook=texts | long_urls)


def around(transition: Transition, url: str | None, contact: Contact) -> Surroundings:
    """Whatever a configuration and the consumers' file can say."""
    names = transition.incident.finding.consumers
    return Surroundings(report_url=url, contacts=dict.fromkeys(names, contact))


@given(transitions(), urls, contacts)
@settings(max_examples=50)
def test_slack_would_take_the_message_of_any_finding(
    transition: Transition, url: str | None, contact: Contact
) -> None:
    surroundings = around(transition, url, contact)
    notice = render(transition, channel="#alerts", surroundings=surroundings, now=NOW)
    assert blockkit.problems(list(notice.blocks)) == []
    assert blockkit.text_length(list(notice.blocks)) < blockkit.MAX_ALL_TEXT
    assert 0 < len(notice.text) <= 3000
    shown(notice).encode()


@given(transitions(), urls, contacts)
@settings(max_examples=50)
def test_nothing_from_outside_becomes_markup(
    transition: Transition, url: str | None, contact: Contact
) -> None:
    surroundings = around(transition, url, contact)
    notice = render(transition, channel="#alerts", surroundings=surroundings, now=NOW)
    for text in every_text(notice):
        ours = re.sub(r"<!date\^-?\d+\^[^<>|&]+\|[^<>|&]+>|<https?://[^<>| ]+\|\w+>", "", text)
        assert "<" not in ours
        assert ">" not in ours
        assert not re.search(r"&(?!amp;|lt;|gt;)", ours)
        assert text.count("`") % 2 == 0, "a backtick from outside would turn the rest into code"


@given(st.text(), st.integers(1, 50))
def test_escaped_text_keeps_to_its_limit_and_its_entities_whole(text: str, limit: int) -> None:
    escaped = phrases.escape(text, limit)
    assert len(escaped) <= limit
    assert re.fullmatch(r"(?:[^&<>\n]|&amp;|&lt;|&gt;)*", escaped)
