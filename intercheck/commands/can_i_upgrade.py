"""`intercheck can-i-upgrade`: whether consumers would notice another version of the API."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.consumers import Consumer
from contracts.errors import ConfigurationError
from contracts.findings import Finding
from contracts.rules import Severity
from intercheck import options
from intercheck.exits import ExitCode, exit_code, is_failing
from intercheck.found import keep_found
from intercheck.output import Coverage, Envelope, print_finding, print_json
from intercheck.sections import DEFAULT_VERSION
from intercheck.settings import EVERYTHING, READING, Places, Settings
from intercheck.upgrading import (
    Pair,
    accepted_in,
    as_before,
    findings_of,
    newest,
    pair_of,
    reads_before,
)
from reports.words import counted


@click.command()
@click.argument("later", required=False, metavar="[VERSION|PATH]")
@click.option(
    "--from",
    "earlier",
    metavar="VERSION|PATH",
    help="What is asked for now (default: the version of the configured workspaces).",
)
@options.spec_dir
@options.config
@options.output_format
@options.fail_on
def command(
    later: str | None,
    earlier: str | None,
    spec_dir: Path | None,
    config_path: Path | None,
    output_format: str,
    fail_on: Severity,
) -> ExitCode:
    """Say which consumers would notice if another version of the API were asked for.

    Of what changes between the descriptions, only what a consumer reads or sends counts
    (consumers.yaml): by the newest version, unless another is named. What is accepted in
    deviations.yaml is no obstacle. Exit code 0: nobody would notice.

    \b
    Examples:
      intercheck can-i-upgrade
      intercheck can-i-upgrade 2.16 --from 2.11
      intercheck can-i-upgrade 2.16 --format json --fail-on critical
    """
    started = time.perf_counter()
    # Where the version is told nothing is asked of the workspaces, and no token is needed.
    settings = options.settings_from(config_path, READING if earlier else EVERYTHING)
    places = Places(spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir)
    pair = pair_of(earlier or _version_of(settings), later or newest(), places)
    reads = reads_before(settings, pair)
    if reads is None:
        raise ConfigurationError(
            f"Nobody is known to read anything of {pair.earlier}: name your consumers in "
            "consumers.yaml (`intercheck init` writes an example)."
        )
    now = SystemClock().now()
    found = findings_of(
        pair,
        reads,
        accepted=accepted_in(settings, now),
        at=now,
        is_as_before=as_before(pair, cache_dir=settings.cache_dir),
    )
    findings = sorted(
        (finding for _, finding in found if finding.consumers),
        key=lambda one: (one.accepted is not None, -one.severity.rank),
    )
    # No answer was seen, so nothing that is accepted is out of date.
    keep_found(settings, "can-i-upgrade", at=now, findings=findings, exercised=())
    used = {
        one.operation.identity: consumers
        for one in pair.before.operations
        if (consumers := reads.users(one.operation.identity))
    }
    every = {one.name: one for consumers in used.values() for one in consumers}
    if output_format == "json":
        coverage = Coverage(
            selected=len(pair.before.operations),
            exercised=len(used),
            seconds=time.perf_counter() - started,
        )
        verdicts = {name: _verdict(name, findings, fail_on) for name in sorted(every)}
        extra: dict[str, object] = {
            "from": pair.earlier, "to": pair.later, "can_upgrade": verdicts
        }  # fmt: skip
        print_json(
            Envelope(command="can-i-upgrade", findings=findings, coverage=coverage, extra=extra)
        )
    else:
        _print(sorted(every.values(), key=lambda one: one.name), findings, fail_on)
        upset = [name for name in sorted(every) if not _verdict(name, findings, fail_on)]
        word = f"no, for {', '.join(upset)}" if upset else "yes"
        noted = "; ".join(_notes(settings, pair, findings))
        note = f" ({noted})" if noted else ""
        click.echo(f"From {pair.earlier} to {pair.later}{note}: {word}.")
    return exit_code(findings, fail_on=fail_on, measured=True)


def _version_of(settings: Settings) -> str:
    versions = {one.version for one in settings.workspaces} or {DEFAULT_VERSION}
    if len(versions) > 1:
        raise ConfigurationError(
            f"The configured workspaces ask for several versions ({', '.join(sorted(versions))}): "
            "say with --from which one is meant."
        )
    return versions.pop()


def _verdict(name: str, findings: Sequence[Finding], fail_on: Severity) -> bool:
    return not any(name in one.consumers and is_failing(one, fail_on) for one in findings)


def _print(consumers: Sequence[Consumer], findings: Sequence[Finding], fail_on: Severity) -> None:
    told = [one for one in findings if one.accepted is None and one.severity is not Severity.INFO]
    for finding in told:
        print_finding(finding)
    if told:
        click.echo()
    for one in consumers:
        concerned = sum(one.name in finding.consumers for finding in told)
        word = "yes" if _verdict(one.name, findings, fail_on) else "no"
        note = f" ({counted(concerned, 'change')})" if concerned else ""
        click.echo(f"{one.name} ({one.owner}): {word}{note}")


def _notes(settings: Settings, pair: Pair, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what should be known of the verdict."""
    if pair.is_embedded:
        yield "by the relied-upon contract, not by what is published"
    if settings.consumers is None:
        yield "for the packaged example consumers: `intercheck init` scaffolds your own"
    if settled := sum(one.accepted is not None for one in findings):
        yield f"{counted(settled, 'change')} accepted"
