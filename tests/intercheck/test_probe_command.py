"""`intercheck probe` and `intercheck serve`, as a shell sees them, over the sandbox."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.clock import SystemClock
from contracts.errors import HistoryError
from intercheck.cli import main
from monitors.history import History
from monitors.records import NoticeStatus
from sandbox.intercom import Fault, Sandbox
from sandbox.serving import Server
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

Run = Callable[..., tuple[int, str, str]]
PROGRAM = "import sys; from intercheck.cli import main; main(sys.argv[1:])"
PATIENCE = 30  # seconds; a process on a busy machine


@pytest.fixture
def intercom() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(
    tmp_path: Path, intercom: Sandbox, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What a user would have set."""
    settings = {
        "INTERCOM_ACCESS_TOKEN": intercom.token,
        "INTERCOM_BASE_URL": intercom.url,
        "INTERCHECK_HISTORY": str(tmp_path / "history.sqlite"),
        "INTERCHECK_CACHE_DIR": str(tmp_path / "cache"),
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_CHANNEL": DEFAULT_CHANNEL,
        "SLACK_BASE_URL": slack.url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("INTERCHECK_CONFIG", raising=False)
    monkeypatch.delenv("INTERCHECK_SPEC_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return settings


@pytest.fixture
def run(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(list(arguments))
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


def test_a_healthy_pass_is_a_table_a_line_and_exit_0(run: Run, tmp_path: Path) -> None:
    code, out, err = run("probe", "--report", "html,junit")
    assert code == 0, err
    assert out.count("  healthy  ") == 27
    assert "27 probes: 27 healthy; 0 open incidents; 28 requests" in out
    assert (tmp_path / "intercheck-report" / "report.html").is_file()
    assert (tmp_path / "intercheck-report" / "junit.xml").is_file()


def test_a_dead_token_is_a_finding_one_message_and_exit_1(
    run: Run, intercom: Sandbox, slack: SlackStandIn
) -> None:
    intercom.faults.add(Fault(name="revoked-token"))
    code, out, _ = run("probe", "--report", "")
    assert code == 1
    assert "critical auth-token-revoked" in out
    assert "1 open incident: opened auth-token-revoked; 4 requests; 1 alert delivered" in out
    named = re.search(
        r"^opened incident (\w{8})  auth-token-revoked  (v1:\w+)  \(cause (v1:\w+)\)$", out, re.M
    )
    assert named is not None
    assert f"· {named[3]} ·" in out, "the finding's cause"
    (message,) = slack.messages(DEFAULT_CHANNEL)
    assert all(name in str(message.attachments) for name in named.groups())
    shown = [run("incidents", "show", name)[1] for name in named.groups()]
    assert f"Identity             {named[2]}  (cause {named[3]})" in shown[0]
    assert len(set(shown)) == 1

    code, out, _ = run("probe", "--report", "", "--format", "json", "--fail-on-new")
    envelope = json.loads(out)
    assert code == 0  # an open incident has it
    assert [one["rule"] for one in envelope["findings"]] == ["auth-token-revoked"]
    assert [one["rule"] for one in envelope["incidents"]] == ["auth-token-revoked"]
    assert envelope["coverage"]["selected"] == 27
    assert len(envelope["coverage"]["skipped"]) == 25
    assert intercom.token not in out
    assert len(slack.messages(DEFAULT_CHANNEL)) == 1


def test_an_alert_that_cannot_be_delivered_is_exit_1_and_kept(
    run: Run,
    intercom: Sandbox,
    slack: SlackStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intercom.faults.add(Fault(name="revoked-token"))
    monkeypatch.setenv("SLACK_CHANNEL", "no-such-channel")
    code, out, err = run("probe", "--report", "", "--fail-on-new")
    assert code == 1
    assert "1 alert undeliverable" in out
    again, said, _ = run("probe", "--report", "", "--fail-on-new")
    assert (again, "1 alert waiting" in said) == (1, True), "it is not due yet, and undelivered"
    assert "no-such-channel" in err
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=SystemClock()) as history:
        assert len(history.notices(NoticeStatus.PENDING)) == 1


def test_the_plan_says_what_would_be_sent_and_sends_nothing(run: Run, intercom: Sandbox) -> None:
    code, out, _ = run("probe", "--plan")
    assert code == 0
    assert "GET /admins/{id from GET /admins}" in out
    assert "27 probes of 1 Intercom workspace" in out
    assert intercom.requests == []


def test_filters_choose_probes_and_bring_the_lists_they_need(run: Run, intercom: Sandbox) -> None:
    code, out, _ = run("probe", "--report", "", "--include-path", "/contacts/{contact_id}/tags")
    assert code == 0
    paths = [seen.path for seen in intercom.requests]
    assert len(paths) == 2
    assert paths[0] == "/contacts"
    assert "2 probes: 2 healthy" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--include-tag", "Nonsense"), 2, "No probe has what the filters ask for"),
        (("--workspace", "acme"), 2, "no Intercom workspace 'acme': configured are default"),
        (("--spec", "9.99"), 2, "neither a file nor a published version"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = run("probe", "--report", "", *arguments)
    assert (found, said in err) == (code, True), err


def test_a_host_that_cannot_be_reached_leaves_nothing_measured(run: Run) -> None:
    code, out, _ = run("probe", "--report", "", "--base-url", "http://127.0.0.1:1")
    assert code == 3
    assert "critical connection-refused" in out


def test_a_rate_limit_that_is_used_up_leaves_nothing_measured(run: Run, intercom: Sandbox) -> None:
    intercom.faults.add(Fault(name="429"))
    code, out, _ = run("probe", "--report", "")
    assert code == 3
    assert "27 not measured" in out
    assert "rate-limit-exceeded" in out


def test_an_intercom_that_answers_nothing_but_errors_was_measured(
    run: Run, intercom: Sandbox
) -> None:
    intercom.faults.add(Fault(name="503"))
    assert run("probe", "--report", "")[0] == 1


def test_an_operation_is_chosen_whatever_its_parameters_are_called(run: Run) -> None:
    code, out, err = run("probe", "--plan", "--include-path", "/contacts/{id}/tags")
    assert code == 0, err
    assert "GET /contacts/{id from GET /contacts}/tags" in out
    assert "2 probes of 1 Intercom workspace, with" in out


def test_without_a_token_nothing_can_be_measured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERCOM_ACCESS_TOKEN")
    code, _, err = run("probe")
    assert code == 3
    assert "No Intercom token is configured" in err


def test_a_history_that_cannot_be_used_is_exit_2_and_nothing_is_sent(
    run: Run, intercom: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "history.sqlite").write_text("a shopping list\n" * 100)
    code, _, err = run("probe")
    assert code == 2
    assert "history.sqlite is not a database: move it away" in err
    assert intercom.requests == []


def test_the_dead_man_service_hears_that_the_monitor_works_whatever_the_api_does(
    run: Run, intercom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings: list[str] = []

    async def take(request: Request) -> Response:
        pings.append(request.path_params["rest"])
        return Response()

    app = Starlette(routes=[Route("/check{rest:path}", take, methods=["POST"])])
    with Server(app) as service:
        monkeypatch.setenv("INTERCHECK_HEARTBEAT_URL", f"{service.url}/check")
        intercom.faults.add(Fault(name="revoked-token"))
        assert run("probe", "--report", "")[0] == 1
        monkeypatch.setenv("INTERCHECK_HISTORY", "/dev/null/history.sqlite")
        assert run("probe", "--report", "")[0] == 2
    assert pings == ["/start", "/0", "/start", "/2"]


def test_a_pass_over_the_published_description(run: Run, shared_dir: Path) -> None:
    folder = str(shared_dir / "intercom-openapi")
    code, out, err = run("probe", "--report", "", "--spec", "2.16", "--spec-dir", folder)
    assert "27 probes" in out, err
    assert code == 0  # what the sandbox's 2.15 does otherwise is a first sight


def test_serve_probes_until_it_is_told_to_stop_and_shows_how_it_stands(
    environment: dict[str, str], tmp_path: Path, intercom: Sandbox
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        [sys.executable, "-c", PROGRAM, "serve", "--listen", str(port)],
        env={**os.environ, **environment},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            while len(intercom.requests) < 27 and process.poll() is None:
                time.sleep(0.02)
            health = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=PATIENCE)
        finally:
            watchdog.cancel()
            process.kill()
    assert process.returncode == 0, log
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert "27 probes: 27 healthy" in log
    assert log.rstrip().endswith("stopped")
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=SystemClock()) as history:
        assert len(history.passes()) == 1


def test_a_schedule_that_does_not_fit_is_refused_before_anything_is_sent(
    run: Run, intercom: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "intercheck.yaml").write_text("monitoring: {rate-limit: 5}\n")
    code, _, err = run("serve")
    assert code == 2
    assert "the schedule needs 4.2 requests a minute" in err
    assert intercom.requests == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_report_that_cannot_be_written_hides_no_finding(
    run: Run, intercom: Sandbox, slack: SlackStandIn, tmp_path: Path, form: str
) -> None:
    intercom.faults.add(Fault(name="revoked-token"))
    (tmp_path / "taken").write_text("a file")
    arguments = ("--report-dir", str(tmp_path / "taken" / "below"), "--format", form)
    code, out, err = run("probe", *arguments)
    assert code == 2  # our trouble comes before the API's
    assert "auth-token-revoked" in out
    assert len(slack.messages(DEFAULT_CHANNEL)) == 1
    said = json.loads(out)["errors"] if form == "json" else [err.strip()]
    assert [("The report cannot be written" in one) for one in said] == [True]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_history_that_fails_during_the_pass_hides_no_finding(
    run: Run,
    intercom: Sandbox,
    slack: SlackStandIn,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intercom.faults.add(Fault(name="revoked-token"))

    def fail(*_: object, **__: object) -> None:
        raise HistoryError("The disk is full: free some space.")

    monkeypatch.setattr("monitors.history.History.record", fail)
    code, out, err = run("probe", "--format", form)
    assert code == 2
    assert "auth-token-revoked" in out
    assert slack.messages(DEFAULT_CHANNEL) == ()  # nothing is sent that is not recorded
    said = json.loads(out)["errors"] if form == "json" else [err.strip()]
    assert ["The disk is full" in one for one in said] == [True]
