"""What property tests find of what is broken on purpose, beside `st run` in the same run.

Static mutants break one place in every answer of an operation. The answers come from a little
server that knows nothing but the examples of the description, or from `--base-url`, and pass a
proxy that breaks them. `--conditional` plants bugs in the sandbox that show only under a condition,
all at once. `--check` exits 1 where a bar is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from beside import st_run, told, with_twenty_times
from planting import conditional
from planting.bugs import blanked
from planting.servers import Answer, Api, Ask, Documented, Serving, forwarded, from_examples, serve
from planting.static import Mutant, mutated, plant

from contracts.allowlist import is_allowed
from contracts.clock import SystemClock
from contracts.pins import is_pinned, load_published
from contracts.spec import Spec, read_spec
from sandbox.intercom import Sandbox

SHARED: Final = Path(__file__).parents[3] / "shared" / "intercom-openapi"
CACHE: Final = Path(tempfile.gettempdir()) / "intercheck-benchmarks"
PROGRAMS: Final = Path(sys.executable).parent
SANDBOX_APP: Final = "sbx1main"
PLANTED: Final = 40
MOST_PER_OPERATION: Final = 3  # requests; the bar for static mutants
CONDITIONAL_BAR: Final = 36  # of 40, the bar for conditional ones
CONDITIONAL_REQUESTS: Final = 600
CLEANING: Final = 20  # of those, kept for proving the workspace and for what bugs leave behind


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a tool found of `planted`, and what it said that is not so."""

    tool: str
    planted: int
    found: int
    false_flags: tuple[str, ...]
    missed: tuple[str, ...]
    requests: int
    seconds: float

    def __str__(self) -> str:
        each = max(self.found, 1)
        return (
            f"{self.tool:28} found {self.found:3} of {self.planted}   false flags "
            f"{len(self.false_flags):3}   {self.requests:6} requests   {self.seconds:6.1f} s   "
            f"per mutant found {self.requests / each:7.1f} requests {self.seconds / each:5.2f} s"
        )


def closed(value: Any) -> Any:
    """Close every object schema that does not say whether it is: for `st run`."""
    if isinstance(value, list):
        return [closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: closed(item) for key, item in value.items()}
    if isinstance(value.get("properties"), dict) and isinstance(value.get("type"), str):
        copy.setdefault("additionalProperties", False)
    return copy


def with_closed_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the description with the schemas of its components closed."""
    components = {**document["components"], "schemas": closed(document["components"]["schemas"])}
    return {**document, "components": components}


Said = list[tuple[str, str, str, str]]
"""Operation, location, rule and kinds of each finding that nobody accepted."""


def run_ours(
    serving: Serving,
    description: str,
    seed: int,
    token: str,
    *more: str,
    writes: str = "never",
) -> tuple[Said, int, float]:
    """Run `intercheck contract` against a server; return what it said, the
    requests the server got, and the seconds."""
    before, started = len(serving.seen), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "intercheck.yaml").write_text(
            f"workspaces:\n  - name: test\n    token: {token or 'none'}\n"
            f"    base-url: {serving.url}\n    app-id: {SANDBOX_APP}\n    writes: {writes}\n"
        )
        done = subprocess.run(
            [
                PROGRAMS / "intercheck",
                *("contract", "-c", "intercheck.yaml"),
                *("--spec", description, "--spec-dir", SHARED),
                *("--seed", str(seed), "--format", "json", *more),
            ],
            cwd=folder,
            env=os.environ | {"INTERCHECK_CACHE_DIR": str(CACHE)},
            capture_output=True,
            text=True,
            check=False,
        )
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        said_last = (done.stdout + done.stderr)[-2000:]
        raise SystemExit(f"intercheck contract ended with {done.returncode}: {said_last}")
    said = [
        (one["operation"], one["location"], one["rule"], f"{one['expected']}>{one['observed']}")
        for one in json.loads(done.stdout)["findings"]
        if one["accepted"] is None
    ]
    return said, len(serving.seen) - before, seconds


def ours(
    serving: Serving, description: str, seed: int, token: str, mutants: list[Mutant], most: int
) -> Score:
    """Score our run over static mutants, with `most` requests."""
    budget = ("--max-requests", str(most))
    said, requests, seconds = run_ours(serving, description, seed, token, *budget)
    places = {
        (f"{mutant.method} {mutant.path}", pointer): mutant
        for mutant in mutants
        for pointer in mutant.pointers
    }
    found = {places[one[:2]] for one in said if one[:2] in places}
    return Score(
        tool="intercheck contract",
        planted=len(mutants),
        found=len(found),
        false_flags=tuple(" ".join(one) for one in said if one[:2] not in places),
        missed=tuple(str(mutant) for mutant in mutants if mutant not in found),
        requests=requests,
        seconds=seconds,
    )


def beside(
    tool: str,
    serving: Serving,
    document: dict[str, Any],
    token: str,
    mutants: list[Mutant],
    *arguments: str,
) -> Score:
    """Score `st run` over static mutants.

    It says places in prose only, so a failure anywhere in a broken operation counts as found: more
    than it deserves.
    """
    only = ("--include-method", "GET", "--checks", "response_schema_conformance")
    flags = st_run(serving, document, token, *only, *arguments)
    broken = {f"{mutant.method} {mutant.path}": mutant for mutant in mutants}
    return Score(
        tool=tool,
        planted=len(mutants),
        found=len(flags.operations & broken.keys()),
        false_flags=tuple(sorted(flags.operations - broken.keys())),
        missed=tuple(str(one) for name, one in broken.items() if name not in flags.operations),
        requests=flags.requests,
        seconds=flags.seconds,
    )


def readable(spec: Spec) -> list[tuple[str, str]]:
    """Return the GET operations that may be read anywhere."""
    return [
        ("GET", one.operation.path)
        for one in spec.operations
        if one.operation.method == "GET" and is_allowed("GET", one.operation.path)
    ]


def answered(
    api: Api, described: Documented, operations: list[tuple[str, str]], token: str
) -> list[tuple[str, str]]:
    """Return the operations that a server answers at all: what it refuses, it never breaks."""
    headers = {"authorization": f"Bearer {token}"}
    asked = {one: replace(described.plain_question(*one), headers=headers) for one in operations}
    return [one for one, ask in asked.items() if 200 <= api(ask).status < 300]


def open_description(name: str) -> Spec:
    """Open a published version, or a file."""
    if is_pinned(name):
        return load_published(name, spec_dir=SHARED, cache_dir=CACHE)
    return read_spec(Path(name))


def described_as(name: str) -> str:
    """Return what `--spec` is given for a published version, or for a file."""
    return name if is_pinned(name) else str(Path(name).resolve())


def measure(given: argparse.Namespace) -> bool:
    """Measure one description with one seed and print it; return whether the bars are met."""
    spec = open_description(given.spec)
    described = Documented(spec.document)
    api = forwarded(given.base_url) if given.base_url else from_examples(described)
    selected = sum(is_allowed(one.operation.method, one.operation.path) for one in spec.operations)
    most = MOST_PER_OPERATION * selected
    operations = answered(api, described, readable(spec), given.token or "none")
    mutants = plant(described, operations, count=PLANTED, seed=given.seed)
    with serve(mutated(api, described, mutants)) as serving:
        score = ours(serving, described_as(given.spec), given.seed, given.token, mutants, most)
        print(score)
        for line in (*score.missed, *score.false_flags):
            print(f"    {'missed' if line in score.missed else 'false flag'}: {line}")
        if not given.ours_only:
            for tool, document in (
                ("st run, examples", spec.document),
                ("st run, examples, closed", with_closed_schemas(spec.document)),
            ):
                phase = ("--phases", "examples")
                print(beside(tool, serving, document, given.token, mutants, *phase))
            limit = ("--max-time", str(max(1, round(score.seconds))))
            tool = "st run, all, our time"
            print(beside(tool, serving, spec.document, given.token, mutants, *limit))
    keeps = score.found == PLANTED and not score.false_flags and score.requests <= most
    print(
        f"bar: {PLANTED} of {PLANTED}, no false flag, at most {most} requests ({selected} "
        f"operations): {'ok' if keeps else 'MISSED'}"
    )
    return keeps


def measure_conditional(given: argparse.Namespace) -> bool:
    """Plant bugs that show under a condition in the sandbox, and print what is found of them."""
    spec = open_description(given.spec)
    described = Documented(spec.document)
    with Sandbox(spec, clock=SystemClock(), latency=False, rate_limit=1_000_000) as sandbox:
        sound_api = forwarded(sandbox.url)
        headers = {"authorization": f"Bearer {sandbox.token}", "content-type": "application/json"}

        def ask(method: str, path: str, body: bytes) -> Answer:
            return sound_api(Ask(method=method, path=path, headers=headers, body=body))

        planted = conditional.plant(described, ask, count=PLANTED, seed=given.seed)
        with serve(conditional.mutated(sound_api, described, planted)) as serving:
            said, requests, seconds = run_ours(
                serving,
                described_as(given.spec),
                given.seed,
                sandbox.token,
                *("--max-requests", str(CONDITIONAL_REQUESTS - CLEANING)),
                writes="test-workspace",
            )
            if not given.ours_only:
                with serve(sound_api) as sound:
                    st_flags, st_operations = with_twenty_times(
                        serving,
                        sound,
                        spec.document,
                        token=sandbox.token,
                        requests=CONDITIONAL_REQUESTS,
                        most_seconds=given.st_seconds,
                    )
    missed = [one for one in planted if not any(one.is_found_by(*what) for what in said)]
    broken = {operation for one in planted for operation in one.operations}
    # What follows from a bug, at its own operation, is true as well.
    elsewhere = [what for what in said if blanked(what[0]) not in broken]
    score = Score(
        tool="intercheck contract",
        planted=len(planted),
        found=len(planted) - len(missed),
        false_flags=tuple(" ".join(what) for what in elsewhere),
        missed=tuple(str(one) for one in missed),
        requests=requests,
        seconds=seconds,
    )
    print(score)
    for line in (*score.missed, *score.false_flags):
        print(f"    {'missed' if line in score.missed else 'false flag'}: {line}")
    if not given.ours_only:
        st_names = {blanked(one) for one in st_operations}
        st_found = [one for one in planted if one.operations & st_names]
        print(told(st_flags, st_found, len(planted)))
    kinds = len({one.kind for one in planted})
    keeps = score.found >= CONDITIONAL_BAR and not score.false_flags
    keeps = keeps and requests <= CONDITIONAL_REQUESTS
    if not given.ours_only:
        keeps = keeps and score.found > len(st_found)
    print(
        f"bar: {CONDITIONAL_BAR} of {PLANTED} ({kinds} kinds), no false flag, "
        f"{CONDITIONAL_REQUESTS} requests: {'ok' if keeps else 'MISSED'}"
    )
    return keeps


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", default="2.15", metavar="VERSION|PATH")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--base-url", metavar="URL", help="where the answers come from")
    parser.add_argument("--token", default="", help="for --base-url")
    parser.add_argument("--conditional", action="store_true", help="bugs that need a condition")
    parser.add_argument("--ours-only", action="store_true", help="leave `st run` out")
    parser.add_argument(
        "--st-seconds",
        type=int,
        default=300,
        help="at the most for each of two `st run` with 20 times our requests (--conditional)",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    given = parser.parse_args()
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    keeps = measure_conditional(given) if given.conditional else measure(given)
    return int(not keeps and given.check)


if __name__ == "__main__":
    sys.exit(main())
