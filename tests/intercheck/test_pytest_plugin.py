"""The same property tests under pytest: one test for each operation, inert until it is asked."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.intercom import Fault, Sandbox

PROJECT = Path(__file__).parents[2]

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Pytest:
    """Run pytest with the plugin in an empty project; only what is named is loaded."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")

    def call(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "pytest", "-p", "intercheck.pytest_plugin", "-rA", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(PROJECT),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "INTERCHECK_CACHE_DIR": str(tmp_path / "cache"),
                **environ,
            },
        )

    return call


def test_it_is_inert_and_imports_nothing_heavy_until_it_is_asked(
    run: Pytest, tmp_path: Path
) -> None:
    (tmp_path / "test_alone.py").write_text(
        "import sys\n\n\ndef test_alone():\n"
        "    heavy = {'click', 'schemathesis', 'sqlalchemy', 'pydantic', 'contracts'}\n"
        "    assert not heavy & set(sys.modules)\n",
        "utf-8",
    )
    done = run()
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_each_operation_is_a_test_that_passes_fails_or_is_skipped(run: Pytest) -> None:
    with Sandbox(latency=False) as sandbox:
        sandbox.faults.add(
            Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        )
        arguments = ("--intercheck", "--intercheck-include-path-regex=^/(contacts|tags)$")
        environ = {
            "INTERCOM_ACCESS_TOKEN": sandbox.token,
            "INTERCOM_BASE_URL": sandbox.url,
        }
        done = run(*arguments, **environ)
        assert done.returncode == 1
        assert "FAILED intercheck::GET /contacts" in done.stdout
        assert "PASSED intercheck::GET /tags" in done.stdout
        assert "schema-required" in done.stdout
        assert "cause: v1:" in done.stdout
        assert "not on the list" in done.stdout
        assert "1 failed, 2 passed, 2 skipped" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
        assert sandbox.token not in done.stdout + done.stderr


def test_collecting_sends_nothing(run: Pytest) -> None:
    with Sandbox(latency=False) as sandbox:
        environ = {
            "INTERCOM_ACCESS_TOKEN": sandbox.token,
            "INTERCOM_BASE_URL": sandbox.url,
        }
        done = run("--intercheck", "--collect-only", "-q", **environ)
        assert "intercheck::GET /contacts" in done.stdout
        assert not sandbox.requests


def test_a_wrong_option_is_wrong_usage_in_one_sentence(run: Pytest) -> None:
    done = run("--intercheck", "--intercheck-spec=2.99")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'2.99' is neither a file nor a published version" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_selection_that_asks_nothing_is_wrong_usage_and_not_green(run: Pytest) -> None:
    arguments = ("--intercheck-include-path=/events", "--intercheck-include-method=POST")
    done = run("--intercheck", *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    why = "nothing that is selected is sent (POST /events: an event cannot be deleted)"
    assert why in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_run_that_measured_nothing_is_not_green(run: Pytest) -> None:
    with Sandbox(latency=False) as sandbox:
        sandbox.faults.add(Fault(name="missing-scope"))
        environ = {"INTERCOM_ACCESS_TOKEN": sandbox.token, "INTERCOM_BASE_URL": sandbox.url}
        done = run("--intercheck", "--intercheck-include-path=/tags", **environ)
    assert done.returncode == 1
    assert "Nothing was measured: Intercom refuses it to this token" in done.stdout
