"""`intercheck replay`: answers that come late, in recordings of days and weeks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import exp
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.clock import DEFAULT_START
from tests.intercheck.replayed import line, replay, replay_json, rules_of, tags


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no configuration and nothing was ever pulled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR"):
        monkeypatch.delenv(name, raising=False)


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


@pytest.mark.parametrize(
    ("calm", "end"),
    [(10, "as usual since 02 Mar 14:50 UTC, and may come back."), (60, "over since")],
)
def test_slowness_that_pauses_at_the_end_of_a_recording_may_come_back_and_is_over_in_the_end(
    calm: int, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = [800.0] * 8
    times = [100.0] * 30 + slow + [100.0] * 20 + slow + [100.0] * calm
    (found,) = slowness_of(capsys, tags=times)
    assert " Began 02 Mar 11:30 UTC, " in found["message"]
    assert end in found["message"]
    assert found.get("course") == ("pauses" if calm == 10 else None)


def test_what_lasts_in_a_recording_is_told_as_usual_in_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (found,) = slowness_of(capsys, tags=[100.0] * 60 + [800.0] * 12 * 24 * 4 + [800.0] * 24)
    assert found["course"] == "settled"
    assert "Began 02 Mar 14:00 UTC, not over, but taken for usual since 06 Mar" in found["message"]
    assert "ended_at" not in found


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


CONSUMERS = """
- name: web
  owner: web-team
  runbook: https://example.com/web
  objective: {latency: 200ms, target: 99%}
  reads:
    GET /tags: ["/data/*/id"]
"""


def test_what_was_noted_of_an_operation_is_one_trouble_with_what_it_became(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("consumers.yaml").write_text(CONSUMERS)
    Path("intercheck.yaml").write_text("consumers: consumers.yaml\n")
    chance = Random(5)
    times = [100.0] * 770 + [145.0] * 40 + [145.0, 260.0, 145.0, 145.0] * 6 + [100.0] * 30
    begun = [DEFAULT_START + number * timedelta(minutes=15) for number in range(len(times))]
    Path("slow.jsonl").write_text(
        "\n".join(
            line(
                "/tags",
                tags(),
                elapsed_ms=ms * exp(chance.gauss(0, 0.08)),
                started_at=at.isoformat(),
            )
            for ms, at in zip(times, begun, strict=True)
        )
    )
    findings: Any = replay_json(capsys, "slow.jsonl")[1]["findings"]
    (found,) = findings  # a regression for information at first, not over before it is over
    assert (found["rule"], found["severity"]) == ("latency-objective", "warning")
    assert datetime.fromisoformat(found["began_at"]) < begun[780]
    assert datetime.fromisoformat(found["ended_at"]) >= begun[834]


def test_a_region_is_named_where_several_were_recorded_and_only_one_is_slow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosts = {"https://api.eu.intercom.io": 800.0, "https://api.intercom.io": 100.0}
    Path("slow.jsonl").write_text(
        "\n".join(
            line(
                "/tags",
                tags(),
                host=host,
                elapsed_ms=(ms if number >= 30 else 100.0) + number % 7,
                started_at=(DEFAULT_START + number * timedelta(minutes=5)).isoformat(),
            )
            for host, ms in hosts.items()
            for number in range(50)
        )
    )
    assert "warning  acme (eu)  latency-regression  GET /tags" in replay(capsys, "slow.jsonl")[1]
