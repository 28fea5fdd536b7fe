"""`intercheck diff`: what changes for a client from one description to another."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from contracts.clock import SystemClock
from contracts.evolution import Change
from contracts.findings import Finding
from contracts.rules import Severity
from intercheck import options
from intercheck.exits import ExitCode, exit_code
from intercheck.filters import filters, selection_of
from intercheck.output import COLORS, Coverage, Envelope, print_json
from intercheck.settings import Places
from intercheck.upgrading import Pair, findings_of, pair_of
from monitors.detectors.descriptions import Rewording, rewordings
from reports.words import counted


@click.command()
@click.argument("earlier", metavar="VERSION|PATH")
@click.argument("later", metavar="VERSION|PATH")
@click.option("--all", "shows_all", is_flag=True, help="What is added, too.")
@filters
@options.spec_dir
@options.config
@options.output_format
@options.fail_on
def command(
    earlier: str,
    later: str,
    shows_all: bool,
    spec_dir: Path | None,
    config_path: Path | None,
    output_format: str,
    fail_on: Severity,
    **given: tuple[str, ...],
) -> ExitCode:
    """Say what changes for a client from one description to another.

    A field that is gone, has another type or may be null, a request that is refused or needs more:
    each is a warning. What is added breaks nobody, and is for information. A change in a schema
    that many operations share is told once. What the later one says otherwise of ends (an operation
    deprecated, a field to be removed) stands below, in its own words; it changes nothing yet.

    \b
    Examples:
      intercheck diff 2.15 2.16
      intercheck diff 2.11 2.15 --include-tag Contacts --all
      intercheck diff ./2.15-old.yaml ./2.15-new.yaml --format json --fail-on critical
    """
    started = time.perf_counter()
    places = options.places_from(config_path)
    pair = pair_of(
        earlier,
        later,
        Places(spec_dir=spec_dir or places.spec_dir, cache_dir=places.cache_dir),
    )
    selection = selection_of(given)
    chosen = [
        one.operation
        for spec in (pair.before, pair.after)
        for one in spec.operations
        if selection.picks(one)
    ]
    picked = {one.identity for one in chosen}
    names = {str(one) for one in chosen}
    said = [one for one in rewordings(pair.before, pair.after) if _operation_of(one) in names]
    found = [
        (change, finding)
        for change, finding in findings_of(pair, None, accepted={}, at=SystemClock().now())
        if change.operation.identity in picked
    ]
    findings = [finding for _, finding in found]
    if output_format == "json":
        coverage = Coverage(
            selected=len(picked), exercised=len(picked), seconds=time.perf_counter() - started
        )
        extra: dict[str, object] = {"said": [asdict(one) for one in said]}
        print_json(Envelope(command="diff", findings=findings, coverage=coverage, extra=extra))
    else:
        _print(pair, found, said, shows_all=shows_all)
    return exit_code(findings, fail_on=fail_on, measured=True)


def _operation_of(said: Rewording) -> str:
    """Return the operation whose end, or part, it speaks of, as it is shown."""
    return " ".join(said.place.split(" ")[:2])


def _print(
    pair: Pair,
    found: Sequence[tuple[Change, Finding]],
    said: Sequence[Rewording],
    *,
    shows_all: bool,
) -> None:
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for change, finding in found:
        key = (change.rule, change.place, change.expected, change.observed, change.values)
        groups.setdefault(key, []).append(finding)
    shown = sorted(groups.items(), key=lambda item: -item[1][0].severity.rank)
    for (_, place, *_), findings in shown:
        first = findings[0]
        if first.severity is not Severity.INFO or shows_all:
            _print_change(str(place), findings)
    if said:
        click.echo(f"What {pair.later} says of ends otherwise than {pair.earlier}:")
    for one in said:
        click.echo(f"         {one}")
    counts = _counts(groups)
    words = ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing changes"
    note = "" if shows_all or not counts.get("info") else " (--all lists those for information)"
    source = ", by the relied-upon contract" if pair.is_embedded else ""
    ends = f"; {counted(len(said), 'announcement')}" if said else ""
    click.echo(f"{pair.earlier} to {pair.later}{source}: {words}{note}{ends}.")


def _print_change(place: str, findings: Sequence[Finding]) -> None:
    first = findings[0]
    mark = click.style(f"{first.severity.value:8}", fg=COLORS[first.severity])
    operations = len({str(one.operation) for one in findings})
    more = f", and {counted(operations - 1, 'operation')} more" if operations > 1 else ""
    click.echo(f"{mark} {first.rule.name}  {first.operation} {first.location}{more}")
    click.echo(f"         {first.message}")
    if not place.startswith(str(first.operation)):
        click.echo(f"         schema {place}")


def _counts(groups: Mapping[tuple[Any, ...], Sequence[Finding]]) -> dict[str, int]:
    severities = [findings[0].severity for findings in groups.values()]
    counts = {one.value: severities.count(one) for one in reversed(Severity)}
    return {name: number for name, number in counts.items() if number}
