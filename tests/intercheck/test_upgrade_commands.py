"""`intercheck diff` and `intercheck can-i-upgrade`, as a shell sees them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from intercheck.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; its exit code, stdout and stderr."""
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "INTERCOM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(list(arguments))
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


def written(path: Path, properties: dict[str, Any]) -> str:
    thing = {"type": "object", "properties": properties}
    answer = {"description": "d", "content": {"application/json": {"schema": reference("thing")}}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "2.15"},
        "paths": {
            path_: {"get": {"responses": {"200": answer}, "tags": [tag]}}
            for path_, tag in (("/things", "Things"), ("/others", "Others"))
        },
        "components": {"schemas": {"thing": thing}},
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    text, number = {"type": "string"}, {"type": "integer"}
    before = written(tmp_path / "before.yaml", {"id": text, "size": number})
    after = written(tmp_path / "after.yaml", {"id": number, "size": number, "more": text})
    return before, after


def test_what_many_operations_share_is_told_once_and_fails(run: Run, pair: tuple[str, str]) -> None:
    code, out, err = run("diff", *pair)
    assert (code, err) == (1, "")
    assert out.count("schema-type") == 1
    assert "/id, and 1 operation more\n         /id may be integer in after.yaml: string in" in out
    assert "schema thing/id" in out
    assert "1 warning, 1 info (--all lists those for information)" in out
    assert "schema-undocumented" in run("diff", *pair, "--all")[1]


def test_json_has_every_operation_and_filters_and_severities_apply(
    run: Run, pair: tuple[str, str]
) -> None:
    code, out, _ = run("diff", *pair, "--format", "json", "--fail-on", "critical")
    findings = json.loads(out)["findings"]
    assert code == 0
    retyped = [one["operation"] for one in findings if one["rule"] == "schema-type"]
    assert sorted(retyped) == ["GET /others", "GET /things"]
    out = run("diff", *pair, "--format", "json", "--include-tag", "Others")[1]
    assert {one["operation"] for one in json.loads(out)["findings"]} == {"GET /others"}


def test_what_does_not_change_is_said_and_exit_0(run: Run, pair: tuple[str, str]) -> None:
    code, out, _ = run("diff", pair[0], pair[0])
    assert code == 0
    assert out.endswith("nothing changes.\n")


def test_what_is_said_of_ends_is_told_as_an_announcement(
    run: Run, pair: tuple[str, str], tmp_path: Path
) -> None:
    number = {"type": "integer"}
    ending = {"type": "string", "deprecated": True}
    after = written(tmp_path / "ending.yaml", {"id": ending, "size": number})
    code, out, _ = run("diff", pair[0], after, "--include-tag", "Things")
    assert code == 0, "it changes nothing yet"
    assert "  GET /things /id: announced: deprecated\n" in out
    assert "GET /others" not in out
    assert out.endswith(": nothing changes; 1 announcement.\n")
    _, out, _ = run("diff", pair[0], after, "--format", "json")
    said = json.loads(out)["said"]
    assert {one["place"] for one in said} == {"GET /things /id", "GET /others /id"}
    _, out, _ = run("diff", pair[0], pair[1])
    assert "says of ends" not in out


def test_without_anything_pulled_the_contract_says_who_would_notice(run: Run) -> None:
    code, out, err = run("can-i-upgrade", "2.16", "--from", "2.15")
    assert (code, err) == (1, "")
    assert "/owner_id may be string in 2.16: integer in 2.15." in out
    assert "crm-sync (revenue-operations): no" in out
    assert "messenger-backend (product-engineering): yes" in out
    assert "by the relied-upon contract, not by what is published" in out
    assert "packaged example consumers" in out


def test_who_reads_nothing_that_changes_may_upgrade(run: Run, tmp_path: Path) -> None:
    mine = [{"name": "mine", "owner": "me", "runbook": "https://example.com/"}]
    mine[0]["reads"] = {"GET /contacts": ["/data/*/email"]}  # type: ignore[assignment]
    (tmp_path / "consumers.yaml").write_text(yaml.safe_dump(mine))
    code, out, _ = run("can-i-upgrade", "2.16", "--from", "2.15")
    assert (code, out) == (
        0,
        "mine (me): yes\nFrom 2.15 to 2.16 (by the relied-upon contract, not by what is "
        "published): yes.\n",
    )
    mine[0]["reads"] = {"GET /contacts": ["/data/*/owner_id"]}  # type: ignore[assignment]
    (tmp_path / "consumers.yaml").write_text(yaml.safe_dump(mine))
    code, out, _ = run("can-i-upgrade", "2.16", "--from", "2.15", "--format", "json")
    envelope = json.loads(out)
    assert code == 1
    assert envelope["can_upgrade"] == {"mine": False}
    (finding,) = envelope["findings"]
    assert (finding["location"], finding["consumers"]) == ("/data/*/owner_id", ["mine"])

    run(
        "deviations", "accept", "--cause", finding["cause"], "--reason", "we cope", "--until", "30d"
    )
    (tmp_path / "deviations.yaml").write_text(
        yaml.safe_dump([{"cause": finding["cause"], "reason": "we cope", "until": "2099-01-01"}])
    )
    code, out, _ = run("can-i-upgrade", "2.16", "--from", "2.15")
    assert code == 0
    assert "1 change accepted" in out


def test_what_is_published_is_no_change_where_recorded_answers_show_none(
    run: Run, shared_dir: Path
) -> None:
    """2.11 publishes no null where answers always had one; 2.15 says so."""
    arguments = ("2.15", "--from", "2.11", "--spec-dir", str(shared_dir / "intercom-openapi"))
    code, out, _ = run("can-i-upgrade", *arguments, "--format", "json")
    findings = json.loads(out)["findings"]
    assert code == 1
    assert sum(one["accepted"] is not None for one in findings) > 100
    left = [one for one in findings if one["accepted"] is None]
    answers = {one["location"] for one in left if one["rule"] != "request-refused"}
    assert answers == {"/tickets/*/ticket_state"}  # a text in 2.11, an object since


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["diff", "nowhere", "2.16"], 2, "'nowhere' is neither a file nor a published version"),
        (["diff", "2.12", "2.16"], 3, "intercheck spec pull 2.12"),
        (["can-i-upgrade", "2.16", "--from", "2.7"], 3, "intercheck spec pull 2.7"),
    ],
)
def test_what_is_not_at_hand_is_one_sentence(
    run: Run, arguments: list[str], code: int, says: str
) -> None:
    given, out, err = run(*arguments)
    assert (given, out) == (code, "")
    assert says in err
