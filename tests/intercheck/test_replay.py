"""`intercheck replay`: the detectors over recordings, offline, and nothing of anybody's in what it
prints."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intercheck.cli import main
from sandbox.clock import DEFAULT_START

TOKEN = "canary-dG9rOjEyMzQ1Njc4OTAx"
EMAIL = "canary.customer@example.com"
ATTRIBUTE = "canary_attribute_of_a_customer"
NAME = "Canary Customer"
CANARIES = (TOKEN, EMAIL, ATTRIBUTE, NAME, "canary", "Canary")

HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "intercom-version": "2.15",
    "x-request-id": "000on04msi4jpk7d3u60",
}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no configuration and nothing was ever pulled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR"):
        monkeypatch.delenv(name, raising=False)


def line(url: str, body: object, *, status: int = 200, **more: object) -> str:
    """Return one exchange as a JSON line."""
    return json.dumps(
        {
            "method": "GET",
            "url": f"https://api.intercom.io{url}",
            "status": status,
            "headers": HEADERS,
            "body": body,
            "version": "2.15",
            "workspace": "acme",
            "started_at": DEFAULT_START.isoformat(),
            **more,
        }
    )


def tags(**changes: object) -> dict[str, object]:
    tag = {"type": "tag", "id": "123", "name": NAME, **changes}
    return {"type": "list", "data": [{k: v for k, v in tag.items() if v is not ...}]}


def refusal(code: str) -> dict[str, object]:
    return {
        "type": "error.list",
        "request_id": "000on04msi4jpk7d3u60",
        "errors": [{"code": code, "message": "Access Token Invalid"}],
    }


def replay(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", *arguments])
    assert isinstance(ended.value.code, int)
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def replay_json(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, object]]:
    code, out, _ = replay(capsys, *arguments, "--format", "json")
    document = json.loads(out)
    assert isinstance(document, dict)
    return code, document


def rules_of(document: dict[str, object]) -> list[str]:
    findings = document["findings"]
    assert isinstance(findings, list)
    return [finding["rule"] for finding in findings]


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


@pytest.mark.parametrize(("slow", "code"), [(3, 0), (4, 0), (5, 1)])
def test_answers_slower_than_the_recording_itself_shows_to_be_usual_are_found(
    slow: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [100.0, 110.0, 95.0, 105.0, 100.0, 98.0, *[2600.0] * slow]
    begun = [DEFAULT_START + number * timedelta(minutes=5) for number in range(len(times))]
    Path("slow.jsonl").write_text(
        "\n".join(
            line("/tags", tags(), elapsed_ms=elapsed, started_at=at.isoformat())
            for elapsed, at in zip(times, begun, strict=True)
        )
    )
    exited, document = replay_json(capsys, "slow.jsonl")
    assert exited == code
    assert rules_of(document) == ["latency-regression"] * (slow > 3)


def slowness_of(capsys: pytest.CaptureFixture[str], **times: Sequence[float]) -> list[Any]:
    """Replay what a pass every five minutes took of some operations; return what is slower."""
    lines = [
        line(
            f"/{name}",
            tags(),
            elapsed_ms=ms + number % 7,
            started_at=(DEFAULT_START + number * timedelta(minutes=5)).isoformat(),
        )
        for name, several in times.items()
        for number, ms in enumerate(several)
    ]
    Path("slow.jsonl").write_text("\n".join(lines))
    _, document = replay_json(capsys, "slow.jsonl")
    findings = document["findings"]
    assert isinstance(findings, list)
    return [one for one in findings if one["rule"] == "latency-regression"]


def test_slowness_that_is_over_is_told_as_it_was_and_with_when_it_was_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (found,) = slowness_of(capsys, tags=[100.0] * 30 + [800.0] * 20 + [100.0] * 20)
    ended_at = datetime.fromisoformat(found["ended_at"])
    fast_again = DEFAULT_START + 50 * timedelta(minutes=5)
    assert fast_again <= ended_at <= fast_again + timedelta(hours=1)
    assert "p50 803 ms, 7.8 times the usual 103 ms" in found["message"]
    assert found["message"].endswith(
        f" Began 02 Mar 11:30 UTC, over since 02 Mar {ended_at:%H:%M} UTC."
    )


def test_slowness_that_goes_on_to_the_end_of_a_recording_is_not_called_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (found,) = slowness_of(capsys, tags=[100.0] * 30 + [800.0] * 20)
    assert "ended_at" not in found
    assert found["message"].endswith(" Began 02 Mar 11:30 UTC, not over yet.")


def test_what_began_together_is_told_once_as_what_it_was_when_most_was_slow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The first is told by itself, and one of the others is slow for longer than all the rest.
    slow = dict.fromkeys(("admins", "teams", "segments"), [100.0] * 33 + [800.0] * 20)
    times = {name: [*one, *[100.0] * 30] for name, one in slow.items()}
    times["tags"] = [100.0] * 30 + [2000.0] * 23 + [100.0] * 30
    times["teams"][53:63] = [800.0] * 10
    (found,) = slowness_of(capsys, **times)
    assert found["operation"] == "*"
    assert found["operations"] == ["GET /admins", "GET /segments", "GET /tags", "GET /teams"]
    assert found["message"].startswith("4 of 4 operations are slower")
    ended_at = datetime.fromisoformat(found["ended_at"])
    assert ended_at >= DEFAULT_START + 63 * timedelta(minutes=5)


def test_durations_that_are_none_are_left_out_and_counted_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = ["80", float("nan"), -5, 1e308, "fast", -1]
    Path("odd.jsonl").write_text("\n".join(line("/tags", tags(), elapsed_ms=one) for one in odd))
    code, out, err = replay(capsys, "odd.jsonl")
    assert code == 0
    assert "6 exchanges of 6 judged: nothing found" in out
    (said,) = err.splitlines()
    assert "latency of 4 exchanges was left out" in said
    assert said.endswith("the first is odd.jsonl:2.")


def test_entries_that_are_broken_alike_are_summed_up_for_people_and_each_named_in_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = [DEFAULT_START.isoformat(), "yesterday", 17, True, "2026-13-40T00:00:00Z"]
    lines = [line("/tags", tags(), started_at=at) for at in times]
    Path("times.jsonl").write_text("\n".join([*lines, "no json"]))
    code, out, err = replay(capsys, "times.jsonl")
    assert code == 0
    assert "1 exchange of 6 judged" in out
    assert err.splitlines() == [
        "times.jsonl:2 has a start time that is not ISO 8601, and 3 more likewise; they were left "
        "out: mend them or record them again.",
        "times.jsonl:6 is not valid JSON (one exchange is due on each line); it was left out: "
        "mend it or record it again.",
    ]
    _, document = replay_json(capsys, "times.jsonl")
    errors = document["errors"]
    assert isinstance(errors, list)
    assert [one.split()[0] for one in errors] == [f"times.jsonl:{number}" for number in range(2, 7)]


@pytest.mark.parametrize(
    ("late", "severity"),
    [((20,), "info"), ((20, 21), "info"), ((20, 21, 22), "critical"), ((2, 9, 14, 20), "critical")],
)
def test_one_or_two_answers_that_a_consumer_does_not_wait_for_are_a_spike_and_more_are_critical(
    late: tuple[int, ...], severity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("late.jsonl").write_text(
        "\n".join(
            line(
                "/tags",
                tags(),
                elapsed_ms=130_000 if number in late else 100 + number % 7,
                started_at=(DEFAULT_START + number * timedelta(minutes=5)).isoformat(),
                workspace="acme",
            )
            for number in range(24)
        )
    )
    Path("intercheck.yaml").write_text("monitoring:\n  maximum-response-time: 200s\n")
    code, document = replay_json(capsys, "late.jsonl")
    findings = document["findings"]
    assert isinstance(findings, list)
    assert {one["rule"]: one["severity"] for one in findings}["latency-timeout"] == severity
    assert code == (severity == "critical")
    assert f"{severity:8} acme  latency-timeout  GET /tags" in replay(capsys, "late.jsonl")[1]


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
