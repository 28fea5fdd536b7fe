"""`intercheck explain INCIDENT --for-support`, over passes of the real command on a sandbox."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contracts.clock import SystemClock
from intercheck.cli import main
from sandbox.intercom import Fault, Sandbox


@pytest.fixture(scope="module")
def intercom() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        yield sandbox


def bearer(intercom: Sandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {intercom.token}"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_an_incident_is_put_together_for_support_without_token_or_values(
    intercom: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("INTERCHECK_CONFIG", "SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERCHECK_HISTORY", str(tmp_path / "history.sqlite"))
    monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", intercom.token)
    monkeypatch.setenv("INTERCOM_BASE_URL", intercom.url)
    monkeypatch.chdir(tmp_path)
    probing = ("probe", "--report", "", "--include-path", "/tags", "--include-path", "/me")
    run(capsys, *probing)
    intercom.faults.add(Fault(name="field-removed", operation="GET /tags", pointer="/data/*/name"))
    code, _, err = run(capsys, *probing)
    assert code == 1, err
    _, listed, _ = run(capsys, "incidents", "list", "--format", "json")
    (incident,) = json.loads(listed)["incidents"]

    code, out, _ = run(capsys, "explain", incident["id"][:8], "--for-support")
    assert code == 0
    for line in (
        r"Operation +GET /tags",
        r"Place +/data/\*/name",
        r"Expected +string",
        r"Observed +absent",
        r"API version +2\.15",
        r"Region +US",
        r"App id +sbx1main \(default\)",
        r"First seen +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        r"Deployment +[0-9a-f]{40} \(the same as before it began\)",
        r"Request ids(\n  [0-9a-v]{20}  20.*)*\n  [0-9a-v]{20}  20\d\d-.* UTC  200  GET /tags",
    ):
        assert re.search(line, out), (line, out)
    assert intercom.token not in out
    answer = requests.get(f"{intercom.url}/admins", headers=bearer(intercom), timeout=5).json()
    assert not any(one["name"] in out for one in answer["admins"])

    code, explained, _ = run(capsys, "explain", incident["id"][:8])
    assert (code, explained.startswith("schema-required")) == (0, True)
    code, printed, _ = run(
        capsys, "explain", incident["cause"], "--for-support", "--format", "json"
    )
    assert json.loads(printed)["for_support"] == out.rstrip()


def test_a_rule_is_nothing_for_support(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "explain", "schema-null", "--for-support")
    assert (code, out) == (2, "")
    assert "`intercheck incidents list`" in err
