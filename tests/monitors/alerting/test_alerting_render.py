"""What an alert says, and that Slack would always take it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.findings import Certainty, Course
from contracts.rules import RULES, Severity
from monitors.alerting import phrases
from monitors.alerting.contacts import Contact
from monitors.alerting.events import event_of
from monitors.alerting.reminding import reminder
from monitors.alerting.render import PLAIN, Surroundings, render, render_reply
from monitors.alerting.wording import AMBER, GREEN, GREY, RED, event
from monitors.records import (
    NoticeForm,
    Reach,
    Share,
    Transition,
    TransitionKind,
)
from reports.episodes import episodes_of
from tests.monitors.alerting.shown import NOW, shown

HOUR = timedelta(hours=1)
MakeTransition = Callable[..., Transition]


WHERE = Surroundings(
    report_url="https://ci.example/r.html",
    contacts={
        "crm-sync": Contact(owner="revenue-operations", runbook="https://run.example/crm"),
    },
)


def test_an_alert_says_what_broke_for_whom_and_what_to_do(transition: MakeTransition) -> None:
    told = transition()
    notice = render(told, channel="#alerts", surroundings=WHERE, now=told.at)
    said = shown(notice)
    assert notice.text == (
        ":red_circle: *CRITICAL* in Intercom workspace prod: "
        "The field email is gone from GET /contacts/{contact_id}."
    )
    assert notice.color == RED
    for part in (
        "*Intercom workspace*\nprod (EU, API 2.15)",
        "*Operation*\n`GET /contacts/{contact_id}`",
        "*Evidence*\n`/email`: expected `string`, got `absent`",
        "*Hurts*\n• crm-sync, owned by revenue-operations, <https://run.example/crm|Runbook>"
        "\n• support-warehouse",
        "*Request id*\n`0009v1qsd1ds4e5gk8c0`",
        "*What to do*\nStop reading it.",
        "`intercheck explain schema-required`",
        "Deployment `8d8a3a0`",
        f"Identity `{told.incident.finding.cause}`",
        "<https://ci.example/r.html|Report>",
    ):
        assert part in said


def test_a_resolved_alert_keeps_the_facts_and_says_how_long_it_took(
    transition: MakeTransition,
) -> None:
    told = transition(TransitionKind.RESOLVED, 2)
    ended = told.incident.first_seen_at + timedelta(hours=2, minutes=5)
    told = replace(told, incident=replace(told.incident, resolved_at=ended))
    notice = render(told, channel="#alerts", now=ended)
    assert notice.text.startswith(
        ":large_green_circle: *RESOLVED after 2 hours 5 minutes. Was critical* in Intercom"
    )
    assert notice.color == GREEN
    assert "`/email`: expected `string`, got `absent`" in shown(notice)
    assert "after 2 right answers in a row" in shown(notice)


def test_what_came_back_says_since_when_it_is_back_and_counts_that_spell(
    transition: MakeTransition,
) -> None:
    first = transition().incident.first_seen_at
    back, over = first + timedelta(minutes=48), first + timedelta(minutes=51)
    spell = {"reopenings": 1, "opened_at": back}
    said = shown(render(transition(TransitionKind.REOPENED, 3, **spell), channel="#a", now=over))
    assert f"Since*\nback since <!date^{int(back.timestamp())}^" in said
    assert f"(<!date^{int(back.timestamp())}^{{ago}}|3 minutes ago>), first seen " in said
    ended = transition(TransitionKind.RESOLVED, 4, **spell | {"resolved_at": over})
    notice = render(ended, channel="#a", now=over)
    assert "*RESOLVED after 3 minutes. Was critical*" in notice.text
    assert "Lasted*\n3 minutes, from " in shown(notice)
    assert "; first seen " in shown(notice)
    reply = render_reply(ended, channel="#a", now=over)
    assert reply is not None
    assert "*Resolved after 3 minutes*" in reply.text


@pytest.mark.parametrize(
    ("kind", "severity", "start", "color"),
    [
        (TransitionKind.OPENED, Severity.WARNING, ":large_orange_circle: *WARNING*", AMBER),
        (TransitionKind.BLIND, Severity.CRITICAL, ":white_circle: *NOT MEASURED", GREY),
        (TransitionKind.ESCALATED, Severity.CRITICAL, ":red_circle: *CRITICAL, escalated", RED),
        (TransitionKind.REOPENED, Severity.CRITICAL, ":red_circle: *CRITICAL again*", RED),
        (TransitionKind.RESOLVED, Severity.WARNING, ":large_green_circle: *RESOLVED", GREEN),
    ],
)
def test_the_status_word_and_the_colour_come_first(
    transition: MakeTransition, kind: TransitionKind, severity: Severity, start: str, color: str
) -> None:
    told = transition(kind, severity=severity)
    notice = render(told, channel="#alerts", now=told.at)
    assert notice.text.startswith(start)
    assert notice.color == color


def test_the_same_operation_of_another_workspace_is_not_called_another(
    transition: MakeTransition,
) -> None:
    told = transition()
    finding = told.incident.finding
    places = (str(finding.operation), "GET /teams")
    children = tuple(f"{finding.rule.name} {one}" for one in places)
    wide = replace(told, incident=replace(told.incident, children=children))
    assert " The same on GET /teams." in render(wide, channel="#a", now=NOW).text
    alone = replace(told, incident=replace(told.incident, children=children[:1]))
    assert "The same" not in render(alone, channel="#a", now=NOW).text


def test_permissions_that_are_missing_together_are_named_in_one_sentence(
    transition: MakeTransition,
) -> None:
    finding = replace(
        transition().incident.finding,
        rule=RULES["auth-scope-missing"],
        operation=None,
        expected="/companies",
    )
    children = ("/articles (“Read articles”)", "/companies (“Read people”)", "/tags")
    lacking = tuple(f"auth-scope-missing {one}" for one in children)
    told = transition(finding=finding, children=lacking)
    said = render(told, channel="#a", now=told.at).text
    assert "in the same place: /articles (“Read articles”), /tags." in said
    alone = transition(finding=finding, children=lacking[1:2])
    assert "It lacks more" not in render(alone, channel="#a", now=told.at).text


def test_that_somebody_has_taken_it_on_is_said_first_until_it_gets_worse(
    transition: MakeTransition,
) -> None:
    for kind in (TransitionKind.ACKNOWLEDGED, TransitionKind.SPREAD, TransitionKind.EXPLAINED):
        told = transition(kind)
        told = replace(told, incident=replace(told.incident, acknowledged_by="ann"))
        assert ", acknowledged by ann,* in" in render(told, channel="#a", now=NOW).text
        nobodys = replace(told, incident=replace(told.incident, acknowledged_by=""))
        assert "by ann" not in render(nobodys, channel="#a", now=NOW).text


def test_what_cannot_be_asked_is_not_called_over(transition: MakeTransition) -> None:
    told = transition(TransitionKind.BLIND, 2)
    said = shown(render(told, channel="#alerts", now=told.at))
    assert "NOT MEASURED any more, may still be critical" in said
    assert "neither over nor known to go on" in said


@pytest.mark.parametrize(
    "kind", [TransitionKind.ACKNOWLEDGED, TransitionKind.SPREAD, TransitionKind.EXPLAINED]
)
def test_what_cannot_be_asked_stays_so_whatever_else_happens_to_it(
    transition: MakeTransition, kind: TransitionKind
) -> None:
    told = transition(kind, 3, is_blind=True, acknowledged_by="ann")
    notice = render(told, channel="#alerts", now=told.at)
    assert notice.text.startswith(
        ":white_circle: *NOT MEASURED any more, may still be critical, acknowledged by ann,* in"
    )
    assert notice.color == GREY
    assert "neither over nor known to go on" in shown(notice)
    assert "; last measured " in shown(notice)
    reply = render_reply(told, channel="#alerts", now=told.at)
    assert reply is None or reply.text.startswith(":white_circle:")


def test_a_reminder_of_what_cannot_be_asked_does_not_say_that_it_is_still_so(
    transition: MakeTransition,
) -> None:
    blind = transition(TransitionKind.BLIND, 2).incident
    said = reminder(blind, channel="#a", form=NoticeForm.REPLY, now=blind.began_at + HOUR).text
    assert ":bell: *Not measured any more, may still be critical after 1 hour*" in said


def test_every_age_is_counted_from_when_it_was_back(transition: MakeTransition) -> None:
    first = transition().incident.first_seen_at
    back = transition(TransitionKind.REOPENED, 3, reopenings=1, opened_at=first + HOUR)
    now = first + 3 * HOUR
    line = reminder(back.incident, channel="#a", form=NoticeForm.REPLY, now=now)
    assert "after 2 hours*" in line.text
    assert event_of(back, PLAIN)["began_at"] == (first + HOUR).isoformat()
    (episode,) = episodes_of([back.incident], now=now)
    assert (episode.since, episode.duration) == (first + HOUR, 2 * HOUR)


def test_a_refused_token_says_that_the_other_operations_were_not_asked(
    transition: MakeTransition,
) -> None:
    told = transition()
    finding = replace(told.incident.finding, rule=RULES["auth-token-revoked"], operation=None)
    told = transition(key=finding.fingerprint, finding=finding, operations=("GET /a", "GET /me"))
    said = shown(render(told, channel="#a", now=told.at))
    assert "Operations*\nall of them (`GET /a`, `GET /me` were asked, no others)" in said


def test_several_workspaces_say_how_many_of_each_region_and_version(
    transition: MakeTransition,
) -> None:
    reach = Reach(
        afflicted=3,
        measured=3,
        configured=3,
        regions=tuple(
            Share(name=name, afflicted=n, measured=n) for name, n in (("eu", 2), ("us", 1))
        ),
        versions=(Share(name="2.15", afflicted=3, measured=3),),
    )
    told = transition(workspaces=("a", "b", "c"), reach=reach)
    said = shown(render(told, channel="#a", now=told.at))
    assert "all 3 Intercom workspaces: a, b, c (EU: 2, US: 1, API 2.15)" in said


def test_long_lists_fold(transition: MakeTransition) -> None:
    workspaces = tuple(f"customer-{number:02}" for number in range(29))
    operations = tuple(f"GET /thing-{number:02}" for number in range(7))
    told = transition(workspaces=workspaces, operations=operations)
    consumers = tuple(f"consumer-{number:02}" for number in range(29))
    finding = replace(told.incident.finding, consumers=consumers)
    told = replace(told, incident=replace(told.incident, finding=finding))
    said = shown(render(told, channel="#alerts", now=told.at))
    assert "in 29 Intercom workspaces:" in said
    assert "*Intercom workspaces (29)*\ncustomer-00, customer-01" in said
    assert "customer-04 and 24 more" in said
    assert "• consumer-04\nand 24 more" in said
    assert "*Operations (7)*" in said
    assert "`GET /thing-04` and 2 more" in said


def test_what_was_held_back_says_why_it_comes_so_late(transition: MakeTransition) -> None:
    told = transition()
    assert "told only now" not in shown(render(told, channel="#a", now=told.at))
    late = replace(told, at=told.at + timedelta(hours=8))
    assert "told only now, since a silence" in shown(render(late, channel="#a", now=late.at))


def test_an_inferred_diagnosis_says_so(transition: MakeTransition) -> None:
    told = transition()
    finding = replace(told.incident.finding, certainty=Certainty.INFERRED)
    told = replace(told, incident=replace(told.incident, finding=finding))
    assert "inferred, so check before you act" in shown(
        render(told, channel="#alerts", now=told.at)
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///report.html", "", None])
def test_only_a_web_address_becomes_a_link(transition: MakeTransition, url: str | None) -> None:
    told = transition()
    assert "|Report>" not in shown(
        render(told, channel="#a", surroundings=Surroundings(report_url=url), now=told.at)
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-4), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=42, seconds=59), "42 minutes"),
        (timedelta(hours=2, minutes=5), "2 hours 5 minutes"),
        (timedelta(days=1, minutes=5), "1 day 5 minutes"),
        (timedelta(days=40, hours=3, minutes=5), "40 days 3 hours"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(span: timedelta, words: str) -> None:
    assert phrases.duration(span) == words


def test_the_first_line_names_where_else_the_same_is_wrong(
    transition: MakeTransition,
) -> None:
    rule = transition().incident.finding.rule.name
    children = (f"{rule} GET /tags", f"{rule} GET /teams", "latency-limit GET /admins")
    told = render(transition(children=children), channel="C1", now=NOW)
    assert " The same on GET /tags, GET /teams." in told.text
    assert "/admins" not in told.text
    many = tuple(f"{rule} GET /x{number}" for number in range(5))
    assert " and 2 more." in render(transition(children=many), channel="C1", now=NOW).text


def test_slowness_of_a_group_says_where_it_is_counted_and_how_much_of_it_is_left(
    transition: MakeTransition,
) -> None:
    three = ("GET /tags", "GET /teams", "GET /segments")
    told = transition(TransitionKind.SPREAD, 2, operations=three, workspaces=("eu", "prod"))
    slow = replace(
        told.incident.finding,
        rule=RULES["latency-regression"],
        operation=None,
        operations=three[:2],
        message="2 of 4 operations are slower together.",
    )

    def of(**changed: object) -> Transition:
        finding = replace(slow, **changed)  # type: ignore[arg-type]
        return replace(told, incident=replace(told.incident, finding=finding))

    notice = render(of(), channel="#alerts", now=NOW)
    assert "in Intercom workspaces eu, prod: In prod: 2 of 4 operations are" in notice.text
    assert "*Operations (2 now, 3 in all)*\n`GET /tags`, `GET /teams`" in shown(notice)
    assert event(of()) == "Slow on 2 operations"
    assert event(of(course=Course.PAUSES)) == "As usual now, and may come back"
