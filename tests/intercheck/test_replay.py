"""`intercheck replay`: the detectors over recordings, offline, and nothing of anybody's in what it
prints."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import DEFAULT_START
from tests.intercheck.replayed import (
    ATTRIBUTE,
    CANARIES,
    EMAIL,
    HEADERS,
    NAME,
    TOKEN,
    line,
    refusal,
    replay,
    replay_json,
    rules_of,
    tags,
)


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no configuration and nothing was ever pulled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_a_recording_that_keeps_the_contract_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    Path("good.jsonl").write_text(line("/tags", tags()))
    code, document = replay_json(capsys, "good.jsonl")
    assert code == 0
    assert rules_of(document) == []
    assert document["coverage"] == {
        "selected": 1,
        "exercised": 1,
        "skipped": [],
        "requests": 0,
        "seconds": 0.0,
    }


def test_a_field_that_a_consumer_reads_and_that_is_gone_is_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("gone.jsonl").write_text(line("/tags", tags(name=...)))
    code, document = replay_json(capsys, "gone.jsonl")
    assert code == 1
    findings = document["findings"]
    assert isinstance(findings, list)
    (found,) = [one for one in findings if one["severity"] == "critical"]
    assert (found["rule"], found["location"]) == ("schema-required", "/data/*/name")
    assert found["workspace"] == "acme"
    assert found["consumers"]


def test_a_refused_token_is_one_finding_however_often_it_was_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = ("/me", "/tags", "/admins", "/teams", "/segments")
    Path("dead.jsonl").write_text(
        "\n".join(line(path, refusal("token_revoked"), status=401) for path in paths)
    )
    code, document = replay_json(capsys, "dead.jsonl")
    assert code == 1
    assert rules_of(document) == ["auth-token-revoked"]


def a_month_of_tags(*, until: int) -> str:
    """Return 30 days of answers, five more tags a day; from day `until` on a field that nobody
    described and that always was there is gone, and another deployment answers."""
    lines = []
    for day in range(30):
        is_over = day >= until
        listed = [
            {"type": "tag", "id": f"{day}{number}", "name": NAME}
            | ({} if is_over else {"colour": "red"})
            for number in range(5)
        ]
        lines.append(
            line(
                "/tags",
                {"type": "list", "data": listed},
                started_at=(DEFAULT_START + timedelta(days=day)).isoformat(),
                headers={**HEADERS, "x-intercom-version": ("b" if is_over else "a") * 40},
            )
        )
    return "\n".join(lines)


def test_what_is_not_as_it_was_in_the_same_recording_is_found_and_with_which_deployment_it_began(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("same.jsonl").write_text(a_month_of_tags(until=30))
    Path("gone.jsonl").write_text(a_month_of_tags(until=24))
    assert replay(capsys, "same.jsonl")[0] == 0
    code, document = replay_json(capsys, "gone.jsonl")
    assert code == 1
    findings = document["findings"]
    assert isinstance(findings, list)
    (found,) = [one for one in findings if one["severity"] == "warning"]
    assert (found["rule"], found["location"]) == ("schema-required", "/data/*/colour")
    assert "120 of 120 objects" in found["message"]
    assert "begins with Intercom's deployment bbbbbbbbbb" in found["message"]


def test_a_departure_is_noted_on_the_first_day_of_a_recording_and_news_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong, right = tags(type=7), tags()
    days = {"first": (0, [right, wrong, wrong]), "later": (2, [right, wrong, wrong])}
    severities = {}
    for name, (apart, bodies) in days.items():
        Path(f"{name}.jsonl").write_text(
            "\n".join(
                line(
                    "/tags",
                    body,
                    started_at=(DEFAULT_START + number * timedelta(days=apart)).isoformat(),
                )
                for number, body in enumerate(bodies)
            )
        )
        _, document = replay_json(capsys, f"{name}.jsonl")
        findings = document["findings"]
        assert isinstance(findings, list)
        severities[name] = {one["location"]: one["severity"] for one in findings}
    assert severities == {"first": {"/data/*/type": "info"}, "later": {"/data/*/type": "warning"}}


def test_fail_on_decides_what_counts(capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.jsonl").write_text(line("/tags", tags(color_that_is_new="red")))
    code, document = replay_json(capsys, "new.jsonl")
    assert code == 0
    assert rules_of(document) == ["schema-undocumented"]
    assert replay(capsys, "new.jsonl", "--fail-on", "info")[0] == 1


def har_entry(url: str, body: object, **response: object) -> dict[str, object]:
    return {
        "startedDateTime": "2026-03-02T09:00:00Z",
        "time": 120.0,
        "request": {
            "method": "GET",
            "url": url,
            "headers": [
                {"name": "Authorization", "value": f"Bearer {TOKEN}"},
                {"name": "Cookie", "value": f"session={TOKEN}"},
            ],
        },
        "response": {
            "status": 200,
            "headers": [{"name": name, "value": value} for name, value in HEADERS.items()],
            "content": {"size": 1, "text": json.dumps(body)},
            **response,
        },
    }


def write_har(name: str, *entries: object) -> None:
    Path(name).write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))


def test_a_har_with_broken_entries_loses_none_of_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_har(
        "browser.har",
        har_entry("https://app.example.com/tags", {"type": "something else"}),
        {"request": "lost"},
        har_entry("https://api.intercom.io/tags", tags(name=...)),
        har_entry("https://api.intercom.io/no/such/thing", {}),
    )
    code, document = replay_json(capsys, "browser.har")
    assert code == 1
    assert document["errors"] == [
        "browser.har:1: log.entries[1] has no `request`; it was left out: mend it or record it "
        "again."
    ]
    assert "schema-required" in rules_of(document)
    coverage = document["coverage"]
    assert isinstance(coverage, dict)
    assert (coverage["selected"], coverage["exercised"]) == (4, 1)
    assert [one["why"] for one in coverage["skipped"]] == [
        "1 exchange: not sent to a host of Intercom's",
        "1 exchange: no operation that version 2.15 describes",
    ]


def timed_har(**phases: Sequence[float]) -> None:
    """Write a HAR file of a request every five minutes."""
    entries = []
    for number, several in enumerate(zip(*phases.values(), strict=True)):
        timings = dict(zip(phases, several, strict=True)) | {"wait": 100.0 + number % 7}
        at = DEFAULT_START + number * timedelta(minutes=5)
        own = {"timings": timings, "startedDateTime": at.isoformat()}
        time = sum(value for name, value in timings.items() if value > 0 and name != "ssl")
        entry = har_entry("https://api.intercom.io/tags", tags())
        entries.append({**entry, **own, "time": time})
    write_har("timed.har", *entries)


def test_in_a_har_file_a_queue_of_the_recorder_is_not_the_apis_time_and_connecting_the_networks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue = [5.0] * 30 + [2000.0] * 20
    timed_har(blocked=queue, connect=[-1.0] * 50)
    assert replay_json(capsys, "timed.har")[1]["findings"] == []
    slow = [30.0] * 30 + [900.0] * 20 + [30.0] * 20
    connect = [ms + 20.0 for ms in slow]  # `ssl` is part of it
    timed_har(dns=slow, connect=connect, ssl=[20.0] * 70)
    findings: Any = replay_json(capsys, "timed.har")[1]["findings"]
    (found,) = findings
    assert (found["rule"], found["operation"]) == ("latency-connection", "*")
    assert "p50 1820 ms, 23 times the usual 80 ms" in found["message"]
    assert "over since 02 Mar 1" in found["message"]
    assert "ended_at" in found


def test_an_aborted_request_is_a_failure_of_the_connection(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_har(
        "down.har",
        har_entry(
            "https://api.intercom.io/tags", {}, status=0, _error="net::ERR_NAME_NOT_RESOLVED"
        ),
    )
    _, document = replay_json(capsys, "down.har")
    assert rules_of(document) == ["connection-dns"]


def test_nothing_of_a_customer_and_no_token_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    contact = {
        "type": "contact",
        "id": 77,
        "email": [EMAIL],
        "name": NAME,
        "custom_attributes": {ATTRIBUTE: {"nested": [EMAIL]}},
    }
    write_har(
        "private.har",
        har_entry(f"https://api.intercom.io/contacts/{EMAIL}?access_token={TOKEN}", contact),
        har_entry(f"https://api.intercom.io/secret/{EMAIL}/{TOKEN}", contact),
        har_entry("https://api.intercom.io/contacts", {"type": EMAIL, "data": [contact]}),
        har_entry("https://api.intercom.io/tags", {}, content={"size": 9, "text": f"<p>{EMAIL}"}),
        {"request": {"method": "GET", "url": f"http://[{EMAIL}"}, "response": {"status": EMAIL}},
    )
    Path("private.jsonl").write_text(
        "\n".join(
            [
                line("/contacts/1", contact, request_headers={"Authorization": f"Bearer {TOKEN}"}),
                line("/tags", {}, version=EMAIL),
                line("/tags", {}, failure=EMAIL),
                f'{{"method": "{TOKEN}',
            ]
        )
    )
    for output_format in ("text", "json"):
        code, out, err = replay(capsys, "private.har", "private.jsonl", "--format", output_format)
        assert code == 1
        assert "schema-type" in out
        assert [canary for canary in CANARIES if canary in out + err] == []


def test_text_says_what_to_do_and_how_much_was_judged(capsys: pytest.CaptureFixture[str]) -> None:
    Path("gone.jsonl").write_text(line("/tags", tags(name=...)) + "\n{")
    code, out, err = replay(capsys, "gone.jsonl")
    assert code == 1
    assert "schema-required" in out
    assert "do: " in out
    assert "1 exchange of 2 judged: 1 critical" in out
    assert "gone.jsonl:2 is not valid JSON" in err


def test_a_recording_of_which_nothing_can_be_judged_is_nothing_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("other.jsonl").write_text(line("/tags", {}, version="1.0"))
    code, _, err = replay(capsys, "other.jsonl")
    assert code == 3
    assert "no description of version 1.0" in err


def test_an_empty_recording_is_nothing_measured(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.jsonl").write_text("\n")
    assert replay(capsys, "empty.jsonl")[0] == 3


def test_a_file_that_is_not_there_or_cut_off_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = replay(capsys, "absent.har")
    assert (code, len(err.splitlines())) == (2, 1)
    Path("cut.har").write_text('{"log": {"entries": [\n{"request"')
    code, _, err = replay(capsys, "cut.har")
    assert code == 2
    assert "cut.har:2 is not valid JSON" in err


def test_a_published_description_judges_what_the_contract_does_not_know(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("calls.jsonl").write_text(line("/calls", {"type": "list", "data": [{"id": 5}]}))
    assert replay(capsys, "calls.jsonl")[0] == 3
    code, held = replay_json(
        capsys, "calls.jsonl", "--spec-dir", str(shared_dir / "intercom-openapi")
    )
    findings = held["findings"]
    assert isinstance(findings, list)
    assert ("schema-type", "/data/*/id") in {(one["rule"], one["location"]) for one in findings}
    assert code == 0  # nobody relies on it


def test_a_named_description_judges_every_version(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("old.jsonl").write_text(line("/tags", {"data": "none"}, version="1.0"))
    assert replay(capsys, "old.jsonl")[0] == 3
    named = str(shared_dir / "intercom-openapi" / "2.15.yaml")
    _, document = replay_json(capsys, "old.jsonl", "--spec", named)
    assert "schema-type" in rules_of(document)
    (note,) = document["notes"] if isinstance(document["notes"], list) else []
    assert note.startswith("Version 1.0 was held to ")


def test_a_version_that_is_not_pinned_is_judged_by_the_nearest_older_one_and_says_so(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("next.jsonl").write_text(line("/tags", tags(), version="2.99"))
    folder = str(shared_dir / "intercom-openapi")
    _, document = replay_json(capsys, "next.jsonl", "--spec-dir", folder)
    assert document["notes"] == ["Version 2.99 was held to Intercom's description of 2.16."]
