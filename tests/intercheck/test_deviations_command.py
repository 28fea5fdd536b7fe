"""`intercheck deviations`: what a run found is accepted, shown as accepted, and dropped again."""

import json
import shutil
from pathlib import Path

import pytest

from intercheck.cli import main
from sandbox.intercom import Fault, Sandbox

RECORDED = {
    "method": "GET",
    "url": "https://api.intercom.io/tags",
    "status": 200,
    "headers": {"content-type": "application/json", "intercom-version": "2.15"},
    "version": "2.15",
    "workspace": "acme",
    "started_at": "2026-03-02T09:00:00+00:00",
}
WRONG = {"type": "list", "data": [{"type": "tag", "id": "1", "name": 7}]}
RIGHT = {"type": "list", "data": [{"type": "tag", "id": "1", "name": "vip"}]}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERCHECK_HISTORY", str(tmp_path / "history.sqlite"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "INTERCOM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def replay(body: object) -> int:
    Path("recorded.jsonl").write_text(json.dumps({**RECORDED, "body": body}) + "\n", "utf-8")
    return run("replay", "recorded.jsonl", "--format", "json")


def accept(*arguments: str) -> int:
    return run("deviations", "accept", "--reason", "told Intercom", "--until", "90d", *arguments)


def test_what_a_run_found_is_accepted_and_still_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(WRONG) == 1
    capsys.readouterr()
    assert accept("--all") == 0
    capsys.readouterr()
    assert replay(WRONG) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {one["accepted"] for one in findings if one["rule"] == "schema-type"} == {
        "told Intercom"
    }


def test_what_was_found_under_another_configuration_is_neither_accepted_nor_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(WRONG)
    accept("--all")
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    capsys.readouterr()
    assert accept("--all") == 3
    assert "has left findings for" in capsys.readouterr().err
    replay(RIGHT)
    monkeypatch.chdir(tmp_path)
    before = Path("deviations.yaml").read_text("utf-8")
    assert run("deviations", "prune") == 0
    assert Path("deviations.yaml").read_text("utf-8") == before


def test_a_cause_is_accepted_by_its_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    replay(WRONG)
    findings = json.loads(capsys.readouterr().out)["findings"]
    cause = next(one["cause"] for one in findings if one["rule"] == "schema-type")
    assert accept(cause) == 0
    assert accept("v1:0000000000000000") == 2
    text = Path("deviations.yaml").read_text("utf-8")
    assert cause in text
    assert "0000000000000000" not in text


def test_the_cause_of_an_incident_is_accepted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(latency=False) as sandbox:
        monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", sandbox.token)
        monkeypatch.setenv("INTERCOM_BASE_URL", sandbox.url)
        sandbox.faults.add(
            Fault(name="field-removed", operation="GET /tags", pointer="/data/*/name")
        )
        probe = ("probe", "--include-path", "/tags", "--report", "json", "--format", "json")
        assert run(*probe) == 1
        (cause,) = {one["cause"] for one in json.loads(capsys.readouterr().out)["incidents"]}
        shutil.rmtree(tmp_path / "cache" / "found")
        assert accept(cause) == 0
        assert run(*probe) == 0


def test_an_expired_entry_accepts_nothing_and_is_warned_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    replay(WRONG)
    accept("--all")
    ledger = Path("deviations.yaml")
    lines = ledger.read_text("utf-8").splitlines()
    ledger.write_text(
        "\n".join("  until: 2026-01-01" if "until:" in line else line for line in lines), "utf-8"
    )
    capsys.readouterr()
    assert replay(WRONG) == 1
    assert "expired on 2026-01-01" in capsys.readouterr().err
    assert run("deviations", "prune") == 0
    assert "cause" not in ledger.read_text("utf-8").partition("entries; comments stay.")[2]


def test_prune_drops_what_was_asked_and_does_not_occur_and_keeps_what_was_not_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    replay(WRONG)
    accept("--all")
    ledger = Path("deviations.yaml")
    ledger.write_text(
        ledger.read_text("utf-8")
        + "\n# not asked\n- cause: v1:000000000000000a\n"
        + "  seen: schema-null GET /admins /admins/*/email string>null\n"
        + "  reason: known\n  until: 2099-01-01\n",
        "utf-8",
    )
    before = ledger.read_text("utf-8")
    assert run("deviations", "prune") == 0
    assert ledger.read_text("utf-8") == before, "everything occurs still, or was not asked"
    replay(RIGHT)
    assert run("deviations", "prune", "--dry-run") == 0
    assert ledger.read_text("utf-8") == before
    assert run("deviations", "prune") == 0
    left = ledger.read_text("utf-8")
    assert left.count("- cause:") == 1
    assert "# not asked" in left
    capsys.readouterr()


def test_list_shows_the_packaged_entries_and_the_own_ones_with_their_last_day(
    capsys: pytest.CaptureFixture[str],
) -> None:
    replay(WRONG)
    accept("--all")
    capsys.readouterr()
    assert run("deviations", "list", "--format", "json") == 0
    listed = json.loads(capsys.readouterr().out)["deviations"]
    assert any(
        "conversation_statistics/time_to_assignment integer>null" in one["accepts"]
        for one in listed
    )
    assert listed[-1]["reason"] == "told Intercom"
    assert run("deviations", "list") == 0
    assert "told Intercom" in capsys.readouterr().out


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01", "0d"])
def test_a_last_day_that_is_none_is_refused(until: str) -> None:
    replay(WRONG)
    arguments = ("deviations", "accept", "--all", "--reason", "known", "--until", until)
    assert run(*arguments) == 2
    assert not Path("deviations.yaml").exists()


@pytest.mark.parametrize("wrong", [("--reason", " "), ("--until", "soon")])
def test_what_is_wrong_is_said_also_where_there_is_nothing_to_accept(
    wrong: tuple[str, ...],
) -> None:
    assert replay({"type": "list", "data": []}) == 0
    assert run("deviations", "accept", "--all", *wrong) == 2


def test_without_a_terminal_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    replay(WRONG)
    assert run("deviations", "accept") == 2
    assert "Nobody is there to be asked" in capsys.readouterr().err


def test_with_no_run_before_there_is_nothing_to_accept() -> None:
    assert accept("--all") == 3


def test_recorded_mistakes_of_the_published_description_are_accepted(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = json.loads((shared_dir / "drift" / "cases.json").read_text("utf-8"))
    case = next(one for one in cases if one["id"] == "L01")
    line = {
        **RECORDED,
        "method": case["operation"]["method"],
        "url": f"https://api.intercom.io{case['operation']['path']}",
        "body": case["response"]["body"],
    }
    Path("live.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    spec_dir = str(shared_dir / "intercom-openapi")
    run("replay", "live.jsonl", "--spec-dir", spec_dir, "--format", "json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    nulls = [one for one in findings if "/statistics/" in one["location"]]
    nulls = [one for one in nulls if one["rule"] == "schema-null"]
    assert len(nulls) > 10
    assert all(one["accepted"] for one in nulls)
