"""`st run`, Schemathesis's own command, beside ours: against the same server in the same run."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planting.servers import Serving

ST: Final = Path(sys.executable).parent / "st"


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What a run said: the kind of failure and the operation, no place. `is_complete` is False
    where the time ended it."""

    said: frozenset[tuple[str, str]]
    requests: int
    seconds: float
    is_complete: bool

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(operation for _, operation in self.said)

    def beyond(self, other: "Flags") -> "frozenset[str]":
        """Return the operations of which it says something that `other` does not."""
        return frozenset(operation for _, operation in self.said - other.said)


def st_run(
    serving: Serving, document: dict[str, Any], token: str, *arguments: str, patience: float = 900
) -> Flags:
    """Run `st run` over a description against a server, with `arguments` as well."""
    before = len(serving.seen)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "description.json").write_text(json.dumps(document, default=str))
        done = subprocess.run(
            [
                ST,
                *("run", "description.json", "--url", serving.url, "--no-color"),
                *("--continue-on-failure", "--no-shrink"),
                *("--header", f"Authorization: Bearer {token or 'none'}"),
                *("--report", "json", "--report-json-path", "report.json"),
                *arguments,
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
        written = folder / "report.json"
        if not written.is_file():
            raise SystemExit(f"st run wrote no report: {(done.stdout + done.stderr)[-2000:]}")
        report = json.loads(written.read_text())
    return Flags(
        said=frozenset(
            (failure["code"], operation)
            for failure in report["failures"]
            for operation in failure["operations"]
        ),
        requests=len(serving.seen) - before,
        seconds=report["running_time"],
        is_complete=report["stop_reason"] != "max_time",
    )


def with_twenty_times(
    planted: Serving,
    sound: Serving,
    document: dict[str, Any],
    *,
    token: str,
    requests: int,
    most_seconds: int,
) -> tuple[Flags, frozenset[str]]:
    """Run every phase and check with 20 times `requests`, or for `most_seconds`, against the server
    with the bugs and the `sound` one.

    Returns the run over the bugs, and the operations of which it says what it does not say of the
    sound server. It names no place, so whoever scores it by operation gives it more than it
    deserves.
    """
    operations = sum(len(path) for path in document["paths"].values())
    each = max(1, 20 * requests // operations)
    arguments = ("--max-examples", str(each), "--max-time", str(most_seconds), "--seed", "1")
    over_bugs = st_run(planted, document, token, *arguments, patience=2 * most_seconds + 60)
    over_none = st_run(sound, document, token, *arguments, patience=2 * most_seconds + 60)
    return over_bugs, over_bugs.beyond(over_none)


def told(flags: Flags, found: Collection[object], planted: int) -> str:
    """Return the line that says what came of it."""
    return (
        f"{'st run, all phases and checks':28} found at most {len(found)} of {planted} (by "
        f"operation alone)   {flags.requests} requests   {flags.seconds:.1f} s"
        + ("" if flags.is_complete else "   (cut off by the time)")
    )
