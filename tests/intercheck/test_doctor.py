"""`intercheck doctor` over the sandbox and the Slack stand-in: is the missing step named?"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.clock import SystemClock
from intercheck.cli import main
from sandbox.intercom import Fault, Sandbox
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

Doctor = Callable[..., tuple[int, str]]
Steps = dict[str, dict[str, Any]]
WORKSPACE = "Intercom workspace default"


@pytest.fixture
def intercom() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def env(
    tmp_path: Path, intercom: Sandbox, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """A complete set-up, from which each test takes something away."""
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "INTERCOM_ACCESS_TOKEN": intercom.token,
        "INTERCOM_BASE_URL": intercom.url,
        "INTERCHECK_HISTORY": str(tmp_path / "history.sqlite"),
        "INTERCHECK_CACHE_DIR": str(tmp_path / "cache"),
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_CHANNEL": DEFAULT_CHANNEL,
        "SLACK_BASE_URL": slack.url,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def doctor(env: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Run it; its exit code and everything it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["doctor", *arguments])
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out + captured.err

    return call


def walk(doctor: Doctor) -> tuple[int, Steps]:
    """Return the exit code and the steps by name, of those of one name the first."""
    code, printed = doctor("--format", "json")
    steps: Steps = {}
    for step in json.loads(printed)["steps"]:
        steps.setdefault(step["name"], step)
    return code, steps


def missing(steps: Steps) -> set[str]:
    return {name for name, step in steps.items() if step["state"] == "missing"}


def test_a_complete_set_up_says_for_whom_it_speaks_and_posts_nothing(
    doctor: Doctor, slack: SlackStandIn, tmp_path: Path
) -> None:
    code, said = doctor()
    assert code == 0
    assert "speaks for the app Sandbox of Acme (app-id sbx1main) in region US" in said
    assert "asks for 2.15, and Intercom answers as 2.15" in said
    assert "27 of 27 probes answer" in said
    assert re.search(r"\b1[56]\d\d of 1666 calls were left", said)  # a window may end meanwhile
    assert f"It is kept in {tmp_path / 'history.sqlite'}, which is empty as yet" in said
    assert said.rstrip().endswith("Everything is in place: `intercheck probe` does one pass.")
    assert slack.messages(DEFAULT_CHANNEL) == ()


def test_whoever_has_nothing_is_told_where_both_tokens_come_from(
    doctor: Doctor, env: pytest.MonkeyPatch
) -> None:
    for name in ("INTERCOM_ACCESS_TOKEN", "SLACK_BOT_TOKEN", "SLACK_CHANNEL"):
        env.delenv(name)
    code, steps = walk(doctor)
    assert code == 3
    assert missing(steps) == {"Intercom token"}
    assert "Developer Hub" in steps["Intercom token"]["remedy"]
    assert "Configure > Authentication" in steps["Intercom token"]["remedy"]
    assert steps["Slack"]["state"] == "optional"
    assert "https://api.slack.com/apps" in steps["Slack"]["remedy"]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "is empty"),
        ("Bearer dG9rOjEyMw", "starts with the word Bearer"),
        ("dG9rOjEyMw ", "begins or ends with white space"),
        ("'dG9rOjEyMw'", "is in quotes"),
    ],
)
def test_a_malformed_token_is_not_sent_and_not_shown(
    doctor: Doctor, env: pytest.MonkeyPatch, intercom: Sandbox, token: str, said: str
) -> None:
    env.setenv("INTERCOM_ACCESS_TOKEN", token)
    code, printed = doctor()
    assert code == 2
    assert said in printed
    assert "dG9rOjEyMw" not in printed
    assert intercom.requests == []


@pytest.mark.parametrize(
    ("fault", "step", "detail", "remedy"),
    [
        (Fault(name="refused-token"), "token", "refuses the token", "Compare the configured token"),
        (Fault(name="revoked-token"), "token", "revoked", "Configure > Authentication"),
        (Fault(name="expired-token"), "token", "expired", "Generate a new token"),
        (
            Fault(name="wrong-region", value="EU"),
            "region",
            "hosted in EU and the host of US is asked",
            "Set `region: eu` for this Intercom workspace (or INTERCOM_REGION=eu).",
        ),
        (Fault(name="blocked-by-load-balancer"), "network", "turned", "outgoing address"),
        (Fault(name="500"), "Intercom", "is failing", "www.intercomstatus.com"),
        (Fault(name="503"), "Intercom", "Nothing usable comes", "www.intercomstatus.com"),
        (
            Fault(name="endpoint-gone", status=400),
            "version",
            "API version",
            "Set `version:` (or INTERCOM_VERSION) to one that Intercom has",
        ),
        (
            Fault(name="version-mismatch", value="2.14"),
            "version",
            "asks for 2.15, and Intercom answers as 2.14",
            "Set `version:` (or INTERCOM_VERSION) to what it answers",
        ),
        (Fault(name="429"), "rate limit", "rate limit is used up", "Find which integration"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
def test_what_stands_in_the_way_is_named_as_the_step_it_is(
    doctor: Doctor, intercom: Sandbox, fault: Fault, step: str, detail: str, remedy: str
) -> None:
    intercom.faults.add(fault)
    code, steps = walk(doctor)
    assert code == 1
    assert missing(steps) == {f"{WORKSPACE}: {step}"}
    found = steps[f"{WORKSPACE}: {step}"]
    assert detail in found["detail"]
    assert remedy in found["remedy"]


def test_an_intercom_that_cannot_be_reached_is_the_network_and_exit_3(
    doctor: Doctor, env: pytest.MonkeyPatch
) -> None:
    env.setenv("INTERCOM_BASE_URL", "http://127.0.0.1:1")
    code, steps = walk(doctor)
    assert code == 3
    assert missing(steps) == {f"{WORKSPACE}: network"}
    assert "configured base URL" in steps[f"{WORKSPACE}: network"]["remedy"]


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (
            Fault(name="missing-scope", operation="GET /conversations", status=403),
            "lacks the permission read_conversations",
        ),
        (Fault(name="plan-restriction", operation="GET /conversations"), "workspace's plan"),
    ],
    ids=["scope", "plan"],
)
def test_what_a_token_may_not_call_is_named_with_its_cause_and_does_no_harm(
    doctor: Doctor, intercom: Sandbox, fault: Fault, detail: str
) -> None:
    intercom.faults.add(fault)
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (0, set())
    step = steps[f"{WORKSPACE}: permissions"]
    assert detail in step["detail"]
    assert step["operations"] == ["GET /conversations"]
    probes = steps[f"{WORKSPACE}: probes"]
    assert probes["detail"] == "25 of 27 probes answer."
    assert probes["operations"] == [
        "GET /conversations/{conversation_id}: GET /conversations, which says what there is to "
        "read, answered with 403"
    ]


def test_a_slack_token_that_is_wrong_is_the_step_and_not_shown(
    doctor: Doctor, env: pytest.MonkeyPatch
) -> None:
    env.setenv("SLACK_BOT_TOKEN", "xoxb-canary-1")
    code, printed = doctor()
    assert code == 1
    assert "MISSING Slack token: Slack answered invalid_auth: the token is not valid." in printed
    assert "OAuth & Permissions, Bot User OAuth Token" in printed
    assert "xoxb-canary-1" not in printed


@pytest.mark.parametrize(
    ("channel", "step", "remedy"),
    [
        ("typo", "Slack channel", "Check the name"),
        ("general", "Slack channel", "Say in #general: /invite @intercheck"),
    ],
)
def test_a_channel_that_cannot_be_posted_to_is_named_with_what_to_do(
    doctor: Doctor, env: pytest.MonkeyPatch, channel: str, step: str, remedy: str
) -> None:
    env.setenv("SLACK_CHANNEL", channel)
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (1, {step})
    assert remedy in steps[step]["remedy"]


def test_every_channel_that_something_leads_to_is_asked_about(
    doctor: Doctor, env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "intercheck.yaml").write_text(
        "alerting:\n  notifiers: {pager: {type: stdout}}\n  fallback: nobody\n"
        f"  routes: [{{to: [pagr, pager, '#{DEFAULT_CHANNEL}']}}]\n"
    )
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (1, {"Slack channel pagr", "Slack channel nobody"})
    assert "did you mean `pager`?" in steps["Slack channel pagr"]["remedy"]
    env.delenv("SLACK_BOT_TOKEN")
    env.delenv("SLACK_CHANNEL")
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (1, {"Routes"})
    assert "leads to pagr, which is no notifier" in steps["Routes"]["detail"]


def test_a_history_that_cannot_be_read_is_its_own_step(doctor: Doctor, slack: SlackStandIn) -> None:
    slack.scopes.discard("channels:history")
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (1, {"Slack history"})
    assert "channels:history" in steps["Slack history"]["remedy"]


def test_a_slack_token_without_a_channel_is_one_sentence(
    doctor: Doctor, env: pytest.MonkeyPatch
) -> None:
    env.delenv("SLACK_CHANNEL")
    code, printed = doctor()
    assert code == 2
    assert "set SLACK_CHANNEL" in printed


def test_a_webhook_is_said_to_be_untried(doctor: Doctor, env: pytest.MonkeyPatch) -> None:
    env.delenv("SLACK_BOT_TOKEN")
    env.setenv("SLACK_WEBHOOK_URL", "http://127.0.0.1:1/services/T0/B0/secret")
    code, printed = doctor()
    assert code == 0
    assert "whether it works cannot be seen without posting" in printed
    assert "secret" not in printed


def test_a_history_in_the_way_is_a_step(
    doctor: Doctor, env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("a shopping list\n" * 100)
    env.setenv("INTERCHECK_HISTORY", str(tmp_path / "notes.txt"))
    code, steps = walk(doctor)
    assert (code, missing(steps)) == (1, {"History"})
    assert "is not a database" in steps["History"]["detail"]
