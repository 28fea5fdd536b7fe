"""`intercheck incidents` and `intercheck alerts`, over a real history and a local Slack."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.clock import SystemClock
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from intercheck.cli import main
from intercheck.commands import alerts
from monitors.alerting.routes import Route
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.incidents import (
    fold,
)
from monitors.policies import Policy
from monitors.records import IncidentState, Reach, TransitionKind
from monitors.sightings import (
    Sighting,
)
from sandbox.clock import VirtualClock
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

Run = Callable[..., tuple[int, str, str]]
ID = "4f3a91c2d0e84b7f9a1b2c3d4e5f6071"


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def history_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.sqlite'}"


@pytest.fixture
def run(
    tmp_path: Path,
    slack: SlackStandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command line; its exit code, stdout and stderr."""
    for name in ("INTERCHECK_CONFIG", "SLACK_WEBHOOK_URL", "INTERCOM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERCHECK_HISTORY", str(tmp_path / "history.sqlite"))
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
    monkeypatch.setenv("SLACK_CHANNEL", f"#{DEFAULT_CHANNEL}")
    monkeypatch.setenv("SLACK_BASE_URL", slack.url)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(list(arguments))
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def incident(history_url: str) -> IncidentState:
    """An incident that has been open for twelve minutes, with its message in the outbox."""
    now = SystemClock().now() - timedelta(minutes=12)
    rule = RULES["auth-token-revoked"]
    finding = Finding(
        rule=rule,
        severity=Severity.CRITICAL,
        workspace="acme",
        region="eu",
        version="2.15",
        operation=Operation.parse("GET /me"),
        location="status",
        expected="200",
        observed="401",
        message="The token of acme was revoked.",
        observed_at=now,
    )
    state, transition = fold(
        None,
        Sighting(finding=finding, workspaces=("acme",), operations=("GET /me",)),
        policy=Policy(at_once=True),
        now=now,
        new_id=lambda: ID,
    )
    assert state is not None
    assert transition is not None
    announcer = Announcer(channels=(), fallback=Route(to=(f"#{DEFAULT_CHANNEL}",)))
    with History.open(history_url, clock=SystemClock()) as history:
        history.record(
            None,
            states=[state],
            transitions=[transition],
            notices=announcer.preview(transition, now=now),
        )
    return state


def test_no_incident_is_said_in_a_sentence(run: Run) -> None:
    assert run("incidents", "list") == (0, "No incident is open.\n", "")


def test_an_open_incident_is_listed_and_shown_by_the_beginning_of_its_id(
    run: Run, incident: IncidentState
) -> None:
    code, out, _ = run("incidents", "list")
    assert code == 0
    assert out.startswith("4f3a91c2  critical  auth-token-revoked  acme  for 12 minutes")
    code, out, _ = run("incidents", "show", "4f3a")
    assert code == 0
    assert "opened" in out
    assert "The token of acme was revoked." in out


def test_what_an_incident_explains_is_listed_after_it(
    run: Run, incident: IncidentState, history_url: str
) -> None:
    other = replace(incident, key="other", id="0ther000000000")
    child = replace(incident, key="child", id="ch1ld000000000", parent=incident.id)
    below = replace(incident, key="below", id="be10w000000000", parent=child.id)
    with History.open(history_url, clock=SystemClock()) as history:
        history.record(None, states=[below, child, other])
    first = [line.split()[0] for line in run("incidents", "list")[1].splitlines()[::2]]
    assert len(first) == 4, "none is left out"
    place = first.index(incident.id[:8])
    assert first[place + 1 : place + 3] == ["ch1ld000", "be10w000"]
    assert f"part of {incident.id[:8]}" in run("incidents", "list")[1]


@pytest.mark.parametrize("with_version", [True, False])
def test_an_incident_is_found_by_its_fingerprint(
    run: Run, incident: IncidentState, with_version: bool
) -> None:
    fingerprint = incident.finding.fingerprint
    word = fingerprint if with_version else fingerprint.partition(":")[2]
    code, out, _ = run("incidents", "show", word, "--format", "json")
    assert code == 0
    (shown,) = json.loads(out)["incidents"]
    assert shown["id"] == ID


def test_a_typo_in_an_id_is_answered_with_the_nearest_one(
    run: Run, incident: IncidentState
) -> None:
    code, _, err = run("incidents", "show", "4f3b91")
    assert code == 2
    assert "did you mean 4f3a91c2 (auth-token-revoked)?" in err


def test_who_takes_an_incident_on_stands_in_its_one_message(
    run: Run, incident: IncidentState, slack: SlackStandIn
) -> None:
    code, out, _ = run("incidents", "ack", "4f3a", "--by", "ann")
    assert (code, out) == (0, "Incident 4f3a91c2 (auth-token-revoked) is ann's.\n")
    (message,) = slack.messages()
    assert "*CRITICAL, acknowledged by ann,*" in message.text
    assert "by ann" in json.dumps(message.attachments)
    code, out, _ = run("incidents", "ack", "4f3a", "--by", "ann", "--format", "json")
    assert code == 0
    (shown,) = json.loads(out)["incidents"]
    assert [event["kind"] for event in shown["events"]] == ["opened", "acknowledged"]
    assert len(slack.messages()) == 1


def test_an_acknowledgement_that_slack_does_not_take_is_exit_1_and_kept(
    run: Run, incident: IncidentState, slack: SlackStandIn, history_url: str
) -> None:
    slack.faults.inject("token-revoked")
    code, _, err = run("incidents", "ack", "4f3a", "--by", "ann")
    assert code == 1
    assert "the token was revoked" in err
    with History.open(history_url, clock=SystemClock()) as history:
        assert history.incident_states()[incident.key].acknowledged_by == "ann"


def test_a_preview_prints_the_message_and_sends_nothing(
    run: Run, incident: IncidentState, slack: SlackStandIn
) -> None:
    code, out, _ = run("alerts", "preview", "4f3a")
    assert code == 0
    assert "*CRITICAL* in Intercom workspace acme" in out
    assert "*What to do*" in out
    code, out, _ = run("alerts", "preview", "4f3a", "--format", "json")
    (notice,) = json.loads(out)["notices"]
    assert [block["type"] for block in notice["blocks"]] == ["section", "section", "context"]
    assert slack.requests == ()


@pytest.fixture
def in_no_time(slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second between two messages pass on the clock that Slack counts by."""
    clock = VirtualClock(SystemClock().now())
    monkeypatch.setattr(slack.workspace, "clock", clock)
    monkeypatch.setattr(alerts, "SystemClock", lambda: clock)


@pytest.mark.usefixtures("in_no_time")
def test_a_test_sends_every_kind_of_message_marked_as_one(run: Run, slack: SlackStandIn) -> None:
    code, out, err = run("alerts", "test")
    assert code == 0, err
    kinds = len(TransitionKind) + len(("accepted", "silenced", "reminder", "digest"))
    assert out.count("delivered") == kinds
    messages = slack.messages()
    assert len(messages) == kinds
    assert all("TEST, nothing is wrong." in message.text for message in messages)
    assert len({(one.text, str(one.attachments[:1])[:900]) for one in messages}) == kinds, "alike"
    assert "told only now" not in str(messages[0])
    assert sum("CRITICAL, escalated" in one.text for one in messages) == 1


def test_a_test_can_go_to_one_notifier(run: Run, slack: SlackStandIn, tmp_path: Path) -> None:
    (tmp_path / "intercheck.yaml").write_text(
        "alerting: {notifiers: {log: {type: stdout}, pager: {type: pagerduty, routing-key: k,"
        " base-url: 'http://127.0.0.1:1'}}}\n"
    )
    code, out, _ = run("alerts", "test", "--to", "log")
    assert (code, slack.messages()) == (0, ())
    assert "Z TEST, nothing is wrong. WARNING in Intercom workspace example: The field" in out
    assert "Z TEST, nothing is wrong. Digest since" in out
    code, out, _ = run("alerts", "test", "--to", "pager", "--format", "json")
    assert code == 1
    assert [one["kind"] for one in json.loads(out)["sent"]] == [
        "opened",
        "acknowledged",
        "resolved",
    ]
    assert "there are #intercom-alerts, log, pager" in run("alerts", "test", "--to", "log2")[2]


@pytest.mark.usefixtures("in_no_time")
def test_a_test_that_does_not_arrive_is_exit_1(run: Run, slack: SlackStandIn) -> None:
    slack.faults.inject("channel-not-found")
    code, out, _ = run("alerts", "test", "--format", "json")
    assert code == 1
    assert "there is no such channel" in json.loads(out)["errors"][0]


def test_without_a_channel_there_is_nothing_to_test(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    code, _, err = run("alerts", "test")
    assert code == 2
    assert "No channel is configured" in err


def test_a_silence_is_added_listed_and_ended(run: Run) -> None:
    code, out, _ = run(
        "silence", "add", 'rule="timeout"', "workspace=~test-.*", "--for", "8h", "--by", "ann"
    )
    assert code == 0
    id = out.split()[0]
    assert 'rule="timeout" workspace=~"test-.*"  until' in out
    assert run("silence", "list")[1] == out
    code, out, _ = run("silence", "expire", id[:4], "--format", "json")
    assert code == 0
    (ended,) = json.loads(out)["silences"]
    assert (ended["id"], ended["active"]) == (id, False)
    assert run("silence", "list")[1] == "Nothing is silenced.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "rle=timeout", "--for", "8h"), "did you mean rule?"),
        (("add", "rule=timeout"), "A silence needs an end"),
        (("add", "rule=timeout", "--for", "soon"), "write a duration"),
        (("add", "rule=timeout", "--until", "2020-01-01"), "is over already"),
        (("expire", "abc"), "names 0 active silences"),
    ],
)
def test_a_wrong_silence_is_refused_in_a_sentence(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = run("silence", *arguments)
    assert code == 2
    assert said in err


def test_the_settings_say_who_hears_of_it(
    run: Run, incident: IncidentState, tmp_path: Path
) -> None:
    (tmp_path / "intercheck.yaml").write_text(
        "alerting:\n"
        "  routes:\n"
        "    - matchers: ['severity=\"critical\"']\n"
        "      to: ['#oncall']\n"
        "      mentions: ['@here']\n"
    )
    code, out, _ = run("alerts", "preview", "4f3a", "--format", "json")
    assert code == 0
    (notice,) = json.loads(out)["notices"]
    assert notice["channel"] == "#oncall"
    assert notice["text"].endswith("<!here>")


def test_an_accepted_incident_is_over_at_once_and_all_its_causes_stand_in_the_ledger(
    run: Run, incident: IncidentState, slack: SlackStandIn, history_url: str, tmp_path: Path
) -> None:
    other = "v1:0a1b2c3d4e5f6071"
    with History.open(history_url, clock=SystemClock()) as history:
        history.record(None, states=[replace(incident, causes=(incident.finding.cause, other))])
    known = "--reason", "told Intercom", "--by", "ann"
    assert run("incidents", "accept", "4f3a", "--until", "yesterday", *known)[0] == 2
    code, out, _ = run("incidents", "accept", "4f3a", "--until", "2099-12-31", *known)
    assert (code, out) == (
        0,
        "Incident 4f3a91c2 (auth-token-revoked) is accepted until 2099-12-31.\n",
    )
    ledger = (tmp_path / "deviations.yaml").read_text()
    assert incident.finding.cause in ledger
    assert other in ledger
    (message,) = slack.messages()
    assert "ACCEPTED after" in message.text
    assert any("Accepted until 2099-12-31 by ann" in one.text for one in message.replies)
    assert run("incidents", "list")[1] == "No incident is open.\n"
    assert "told Intercom" in run("incidents", "show", "4f3a")[1]
    assert run("incidents", "accept", "4f3a", "--until", "90d", *known)[0] == 2


def test_showing_an_incident_says_how_far_it_goes_and_what_it_explains(
    run: Run, incident: IncidentState, history_url: str
) -> None:
    with History.open(history_url, clock=SystemClock()) as history:
        wide = replace(
            incident,
            reach=Reach(afflicted=2, measured=3, configured=3),
            children=("auth-scope-missing GET /tags",),
            parent="5f6071aabbccdd",
        )
        history.record(None, states=[wide])
    out = run("incidents", "show", "4f3a")[1]
    assert "2 of 3 Intercom workspaces" in out
    assert "auth-scope-missing GET /tags" in out
    assert "incident 5f6071aa" in out
    (shown,) = json.loads(run("incidents", "show", "4f3a", "--format", "json")[1])["incidents"]
    assert shown["reach"]["afflicted"] == 2
    assert (shown["parent"], shown["children"]) == (wide.parent, list(wide.children))


READERS = [
    ("incidents", "list"),
    ("incidents", "show", "4f3a"),
    ("silence", "add", "rule=timeout", "--for", "1h"),
    ("silence", "list"),
    ("deviations", "list"),
    ("explain", "4f3a", "--for-support"),
    ("alerts", "preview", "4f3a"),
    ("incidents", "ack", "4f3a"),
    ("incidents", "accept", "4f3a", "--until", "90d", "--reason", "known"),
]


@pytest.mark.parametrize("line", READERS, ids=" ".join)
def test_what_asks_no_workspace_needs_no_token(
    run: Run, incident: IncidentState, tmp_path: Path, line: tuple[str, ...]
) -> None:
    is_reader = line[0] not in ("alerts", "incidents") or line[1] in ("list", "show")
    text = "workspaces:\n  - {name: acme, token: '${NOT_SET_HERE}'}\n"
    text += "slack: {token: '${NOT_SET_HERE}', channel: '#a'}\n" if is_reader else ""
    (tmp_path / "intercheck.yaml").write_text(text)
    assert run(*line)[::2] == (0, "")
    code, _, err = run("probe")
    assert code == 2
    assert "NOT_SET_HERE" in err


def test_a_report_is_written_without_a_token(run: Run, tmp_path: Path) -> None:
    (tmp_path / "intercheck.yaml").write_text("workspaces:\n  - {name: a, token: '${NOT_SET}'}\n")
    code, _, err = run("report")
    assert (code, "holds no pass" in err) == (3, True), "it came as far as the history"
