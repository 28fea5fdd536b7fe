"""What a pass from cron does not load: each process pays for its imports anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.clock import SystemClock
from intercheck.cli import main
from sandbox.intercom import Sandbox

NEEDLESS = frozenset(
    {
        "alembic",
        "apscheduler",
        "hypothesis",
        "jinja2",
        "plotly",
        "prometheus_client",
        "pytest",
        "rich",
        "schemathesis",
        "slack_sdk",
        "starlette",
        "uvicorn",
        "xml",
    }
)
ARGUMENTS = ["probe", "--include-path", "/me", "--report", ""]
PASS = f"""
import json, sys
from intercheck.cli import main
try:
    main({ARGUMENTS})
finally:
    print(json.dumps([name for name in sys.modules if "." not in name]), file=sys.stderr)
"""


def test_a_pass_with_nothing_to_tell_loads_nothing_it_does_not_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in os.environ:
        if name.startswith(("INTERC", "SLACK_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        settings = {
            "INTERCOM_ACCESS_TOKEN": sandbox.token,
            "INTERCOM_BASE_URL": sandbox.url,
            "INTERCHECK_HISTORY": str(tmp_path / "history.sqlite"),
            "SLACK_BOT_TOKEN": "xoxb-made-up",
            "SLACK_CHANNEL": "alerts",
            "SLACK_BASE_URL": sandbox.url,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit):
            main(ARGUMENTS)  # the first pass makes the tables
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", PASS], capture_output=True, text=True, check=False
        )
    assert ended.returncode == 0, ended.stderr
    loaded = frozenset(json.loads(ended.stderr.splitlines()[-1]))
    assert {"requests", "sqlalchemy"} <= loaded
    assert not loaded & NEEDLESS
