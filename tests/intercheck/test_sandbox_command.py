"""`intercheck sandbox` as a process of its own."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from intercheck.cli import main

RUN = "import sys; from intercheck.cli import main; main(sys.argv[1:])"
PATIENCE = 30  # seconds; a process on a busy machine


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        [sys.executable, "-c", RUN, "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def read_object(process: "subprocess.Popen[str]") -> dict[str, dict[str, str]]:
    """Read the one JSON object that the process prints before it waits."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    shown: dict[str, dict[str, str]] = json.loads(text)
    return shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_both_until_it_is_told_to_stop_and_needs_no_token(
    number: signal.Signals, tmp_path: Path
) -> None:
    config = tmp_path / "intercheck.yaml"
    config.write_text("workspaces: [{name: a, token: '${NOT_SET_YET}'}]\n", "utf-8")
    with running("--latency", "off", "--format", "json", "--config", str(config)) as process:
        shown = read_object(process)
        intercom, slack = shown["intercom"], shown["slack"]
        answer = requests.get(
            f"{intercom['url']}/me",
            headers={"Authorization": f"Bearer {intercom['token']}"},
            timeout=PATIENCE,
        )
        assert answer.json()["app"]["region"] == "US"
        answer = requests.post(
            f"{slack['url']}auth.test",
            headers={"Authorization": f"Bearer {slack['token']}"},
            timeout=PATIENCE,
        )
        assert answer.json()["ok"] is True
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0


def test_a_taken_port_is_wrong_usage_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("--port", str(port)) as process:
            _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert f"--port {port} cannot be listened on" in errors
    assert "Traceback" not in errors


def test_what_it_says_to_export_points_the_doctor_at_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTERCHECK_CONFIG", raising=False)
    monkeypatch.setenv("INTERCHECK_HISTORY", str(tmp_path / "history.sqlite"))
    monkeypatch.chdir(tmp_path)
    with running("--latency", "off") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                monkeypatch.setenv(name, value)
                if name == "SLACK_BASE_URL":  # the last one
                    break
        with pytest.raises(SystemExit) as checked:
            main(["doctor"])
    out = capsys.readouterr().out
    assert checked.value.code == 0, out
    assert "intercom-alerts" in out
