"""Replay real drift cases through the detectors: found where it is due, or not, and how loudly.

Each case is one answer, the description that was in force, and the places where a finding is due
(the format is in the README beside the cases). It is held to that description alone, after the
census: what is found is news. The contract we rely on has no say, since bodies are minimal and
lack on purpose what consumers read. Any one of the places suffices, and so does one inside it: a
case names the object that lacks a field, a finding the field. `*` in a finding is also any key of
a free-form map, which is a customer's and never shown.

`--check` exits 1 where a scored case is not found at its place, or a control is above info.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.conformance import Conformance
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import Finding
from contracts.rules import Severity
from contracts.spec import read_spec
from monitors.detectors import Context, detect

SHARED: Final = Path(__file__).parents[3] / "shared"
CONTROLS: Final = "(controls)"
UNSCORED: Final = "(not scored)"
FOUND, ELSEWHERE, MISSED, SILENT = "found", "elsewhere only", "missed", "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the detectors say of one case. `loud` are findings above info that are not where one is
    due; of a control, all that are."""

    case: dict[str, Any]
    verdict: str
    loud: tuple[Finding, ...]

    @property
    def group(self) -> str:
        if self.case["negative_control"]:
            return CONTROLS
        return str(self.case["kind"]) if self.case["scored"] else UNSCORED

    @property
    def keeps_bar(self) -> bool:
        if self.group == CONTROLS:
            return not self.loud
        return self.group == UNSCORED or self.verdict == FOUND


class Bench:
    """Judges cases whose descriptions lie below `shared`; each is read once."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared
        self._published = cache(self._read)

    def _read(self, name: str) -> Conformance:
        return Conformance(read_spec(self._shared / name))

    def judge(self, case: dict[str, Any]) -> Judged:
        """Hold one case to what was promised."""
        context = Context(published=self._published(case["spec"]), known=frozenset())
        findings = detect(exchange_of(case), context)
        due = [one for one in findings if is_due(one.location, case["expected"])]
        return Judged(
            case=case,
            verdict=_verdict(case, findings, due),
            loud=tuple(
                one for one in findings if one not in due and one.severity is not Severity.INFO
            ),
        )


def _verdict(case: dict[str, Any], findings: Sequence[Finding], due: Sequence[Finding]) -> str:
    if due:
        return FOUND
    if findings:
        return ELSEWHERE
    return SILENT if case["negative_control"] else MISSED


def exchange_of(case: dict[str, Any]) -> Exchange:
    """Make the answer of a case an exchange, as if it had just come over the wire."""
    answer, asked = case["response"], case["operation"]
    body = answer.get("body")
    headers = Headers({"Content-Type": answer["content_type"] or "", **answer["headers"]})
    is_text = isinstance(body, str) and "json" not in (answer["content_type"] or "")
    payload = b"" if body is None else body.encode() if is_text else json.dumps(body).encode()
    return Exchange(
        workspace="cases",
        region="us",
        version=case["version"],
        operation=Operation(method=asked["method"], path=asked["path"]),
        request=Request(method=asked["method"], url=f"https://api.intercom.io{asked['path']}"),
        response=Response.of(answer["status"], headers, payload),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def is_due(location: str, expected: list[str]) -> bool:
    """Whether a finding is at one of the places or inside it."""
    return any(_is_inside(location, place) for place in expected)


def _is_inside(location: str, place: str) -> bool:
    if not (location.startswith("/") and place.startswith("/")):
        return location == place
    steps, around = ([step for step in one.split("/") if step] for one in (location, place))
    return len(steps) >= len(around) and all(
        ours in (due, "*") for ours, due in zip(steps, around, strict=False)
    )


def main() -> int:
    """Judge every case, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "cases", nargs="?", type=Path, default=SHARED / "drift" / "cases.json", metavar="CASES.json"
    )
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="what the descriptions of cases are relative to"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where the bar is missed")
    options = parser.parse_args()
    if not options.cases.is_file():
        print(f"Nothing is measured: {options.cases} does not exist.")
        return int(options.check)
    bench = Bench(options.shared)
    judged = [bench.judge(case) for case in json.loads(options.cases.read_text("utf-8"))]
    _print(judged)
    return int(options.check and not all(one.keeps_bar for one in judged))


def _print(judged: list[Judged]) -> None:
    verdicts = (FOUND, ELSEWHERE, MISSED, SILENT)
    print(f"{'':18}", *(f"{verdict:>14}" for verdict in verdicts), f"{'loud beside it':>16}")
    groups = sorted({one.group for one in judged}, key=lambda name: (name.startswith("("), name))
    for group in groups:
        members = [one for one in judged if one.group == group]
        counts = Counter(one.verdict for one in members)
        loud = sum(len(one.loud) for one in members)
        print(f"{group:18}", *(f"{counts[one]:14}" for one in verdicts), f"{loud:16}")
    for one in judged:
        if not one.keeps_bar or one.loud:
            state = "" if one.keeps_bar else f"  {one.verdict.upper()}"
            print(f"  {one.case['id']}{state}: due at {', '.join(one.case['expected']) or '-'}")
            for finding in one.loud:
                print(f"    {finding.severity} {finding.rule.name} {finding.location}")
    scored = [one for one in judged if one.group not in (CONTROLS, UNSCORED)]
    controls = [one for one in judged if one.group == CONTROLS]
    print(
        f"{sum(one.keeps_bar for one in scored)} of {len(scored)} scored cases found (bar: all), "
        f"{sum(not one.keeps_bar for one in controls)} of {len(controls)} controls above info "
        "(bar: none)"
    )


if __name__ == "__main__":
    sys.exit(main())
