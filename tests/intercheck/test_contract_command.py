"""`intercheck contract` as people call it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.clock import SystemClock
from contracts.resources import RESOURCES
from intercheck.cli import main
from sandbox.intercom import Fault, Sandbox
from sandbox.intercom.store import KINDS


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in an empty directory; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    for name in ("INTERCHECK_CONFIG", "INTERCOM_ACCESS_TOKEN", "INTERCHECK_SPEC_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["contract", *arguments])
        streams = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, streams.out, streams.err

    return call


Run = Callable[..., tuple[int, str, str]]


def test_without_a_token_it_runs_over_the_sandbox_and_says_so(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--include-path", "/tags", "--include-path", "/me")
    assert code == 0
    assert "embedded sandbox" in err
    assert "0 findings; 2 of 3 operations exercised" in out
    assert "nothing is created" in out
    assert "Score " in out
    assert {found.name for found in tmp_path.iterdir()} <= {"cache"}, "it leaves nothing behind"


def test_the_plan_says_what_would_be_sent_and_sends_nothing(run: Run) -> None:
    code, out, _ = run("--plan", "--include-tag", "Contacts", "--exclude-method", "post")
    assert code == 0
    assert "GET /contacts/{id from GET /contacts}/notes" in out
    assert "POST" not in out
    assert "nothing was sent" in out
    code, out, _ = run("--plan", "--format", "json", "--max-requests", "7")
    document = json.loads(out)
    assert document["max_requests"] == 7
    assert "GET /me" in document["plan"]
    assert document["coverage"]["requests"] == 0


def test_a_finding_is_exit_code_1_and_one_json_object(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(latency=False) as sandbox:
        monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", sandbox.token)
        sandbox.faults.add(
            Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        )
        arguments = ("--base-url", sandbox.url, "--include-path", "/contacts", "--max-requests=4")
        code, out, err = run(*arguments, "--format", "json")
        document: dict[str, Any] = json.loads(out)
        assert code == 1
        finding = document["findings"][0]
        assert finding["rule"] == "schema-required"
        assert finding["location"] == "/data/*/email"
        assert finding["consumers"] == ["crm-sync"]
        assert document["coverage"]["selected"] == 2
        assert document["coverage"]["exercised"] == 1
        assert sandbox.token not in out + err
        code, out, _ = run(*arguments)
        assert code == 1
        assert "schema-required" in out
        sandbox.faults.clear()
        code, _, _ = run(*arguments, "--fail-on", "info")
        assert code == 0


def test_phases_and_modes_are_chosen_and_the_report_says_what_each_took(run: Run) -> None:
    arguments = ("--include-path", "/contacts", "--phases", "coverage,behaviour", "--mode", "all")
    code, out, _ = run(*arguments, "--max-requests", "40", "--format", "json")
    document = json.loads(out)
    assert code == 0, "what a sandbox takes though it is forbidden fails nothing"
    assert set(document["phases"]) == {"opening", "behaviour", "coverage"}
    (seen, _) = document["seen"]["operations"]
    assert seen["operation"] == "GET /contacts"
    assert seen["requests"] == sum(document["phases"].values()) <= 40
    assert 0 < seen["fields"][0] <= seen["fields"][1]
    code, _, err = run("--phases", "fuzz")
    assert code == 2
    assert "'fuzz' is no phase" in err
    code, _, err = run("--mode", "all", "--base-url", "http://127.0.0.1:9")
    assert code == 2
    assert "is no proven test workspace" in err


def test_a_run_that_asked_five_operations_of_many_says_that_it_tested_little(run: Run) -> None:
    code, out, _ = run("--max-requests", "5")
    assert code == 0
    assert "This run tested little (score 7 of 100): 5 of 49 operations" in out


def test_phases_that_the_budget_left_nothing_for_are_named(run: Run) -> None:
    code, out, _ = run("--include-path", "/me", "--max-requests", "60")
    assert code == 0
    assert "not reached" not in out, "there is nothing left to ask"
    code, out, _ = run("--include-path-regex", "^/contacts(/{contact_id})?$", "--max-requests", "5")
    assert code == 0
    assert "not reached: stateful, examples, coverage, fuzzing, because the 5 requests" in out
    assert "too few requests were left" in out
    _, out, _ = run(
        *("--include-path", "/contacts", "--max-requests", "5"),
        *("--format", "json"),
    )
    assert json.loads(out)["unreached"] == ["examples", "coverage", "fuzzing"]


def test_without_a_budget_every_phase_has_its_turn(run: Run) -> None:
    code, out, _ = run("--include-path-regex", "^/(contacts|tags)(/|$)", "--format", "json")
    assert code == 0
    phases = set(json.loads(out)["phases"])
    assert phases >= {"behaviour", "stateful", "examples", "coverage", "fuzzing"}
    assert json.loads(out)["unreached"] == []


def test_where_the_token_may_read_nothing_nothing_was_measured(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(latency=False) as sandbox:
        monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", sandbox.token)
        sandbox.faults.add(Fault(name="missing-scope", operation="GET /tags"))
        code, out, _ = run("--base-url", sandbox.url, "--include-path", "/tags")
    assert code == 3
    assert "refuses it to this token (401 token_unauthorized)" in out


def test_filters_that_pick_nothing_are_wrong_usage(run: Run) -> None:
    code, _, err = run("--include-path", "/contakts")
    assert code == 2
    assert "No operation of the relied-upon contract for 2.15 is what --include-" in err


def test_a_workspace_nobody_configured_is_wrong_usage(run: Run) -> None:
    code, _, err = run("--workspace", "acme")
    assert code == 2
    assert "'acme'" in err


def test_a_description_that_is_none_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").write_text("just: notes\n")
    code, _, err = run("--spec", "notes.yaml")
    assert code == 2
    assert "notes.yaml" in err


def test_a_published_description_that_is_not_here_says_how_to_get_it(run: Run) -> None:
    code, _, err = run("--spec", "2.16")
    assert code == 3
    assert "spec pull" in err


def test_a_published_description_is_held_over_a_sandbox_of_it(run: Run, shared_dir: Path) -> None:
    code, out, _ = run(
        *("--spec", "2.16", "--spec-dir", str(shared_dir / "intercom-openapi")),
        *("--include-tag", "Tags", "--format", "json"),
    )
    assert code == 0
    assert json.loads(out)["coverage"]["exercised"] >= 2


def test_a_run_that_is_killed_is_cleaned_up_after_and_one_that_is_stopped_cleans_up_itself(
    run: Run, tmp_path: Path
) -> None:
    with Sandbox(latency=False, clock=SystemClock()) as sandbox:
        (tmp_path / "intercheck.yaml").write_text(
            "workspaces:\n"
            f"  - name: test\n    token: {sandbox.token}\n    base-url: {sandbox.url}\n"
            "    app-id: sbx1main\n    writes: test-workspace\n"
        )
        # What was made is not read before the test has done what it wants.
        sandbox.faults.add(Fault(name="slow", operation="GET /tags/{}", milliseconds=1_500))
        before = objects(sandbox)
        process = begun(tmp_path, sandbox)
        process.kill()
        process.communicate()
        assert objects(sandbox) != before
        code, out, _ = run("-c", "intercheck.yaml", "--clean-up")
        assert code == 0
        assert "1 object of earlier runs is gone" in out
        assert objects(sandbox) == before
        process = begun(tmp_path, sandbox)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate()
        assert process.returncode == 143
        assert "The rest was not asked: The run was stopped" in said
        assert objects(sandbox) == before


def begun(folder: Path, sandbox: Sandbox) -> "subprocess.Popen[str]":
    """Start a run, and wait until it has made something."""
    before = len(sandbox.store().all("tag"))
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            Path(sys.executable).with_name("intercheck"),
            *("contract", "-c", "intercheck.yaml", "--phases", "stateful"),
            *("--include-path-regex", "^/tags", "--max-requests", "60"),
        ],
        cwd=folder,
        env=os.environ | {"INTERCHECK_CACHE_DIR": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while len(sandbox.store().all("tag")) == before:
        assert process.poll() is None
        time.sleep(0.005)
    return process


def objects(sandbox: Sandbox) -> dict[str, int]:
    kinds = [one.kind for one in RESOURCES if one.kind in KINDS]  # others it answers from examples
    return {kind: len(sandbox.store().all(kind)) for kind in kinds}
