"""`intercheck contract`: property tests over a description, safe to point at production."""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click
from hypothesis.configuration import set_hypothesis_home_dir

from contracts.cleaning import clean_up
from contracts.client import IntercomClient
from contracts.clock import Clock, SystemClock
from contracts.errors import ConfigurationError
from contracts.exchanges import Operation
from contracts.identifiers import describe_path, lists_by_kind
from contracts.journal import Journal, journal_of
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.planning import Plan, plan
from contracts.rules import Severity
from contracts.spec import PREVIEW, Spec
from contracts.suite import MOST_REQUESTS, SuiteReport, default_budget, run_suite
from contracts.workspaces import Secret, Workspace
from intercheck import options
from intercheck.accepting import ledger_of, reads_for
from intercheck.concluding import conclude, run_of
from intercheck.descriptions import open_description
from intercheck.exits import ExitCode, exit_code, is_failing
from intercheck.filters import filters, selection_of
from intercheck.output import Coverage, Envelope, Skipped, print_finding, print_json
from intercheck.run_options import ResultOptions
from intercheck.run_options import results as results_options
from intercheck.run_results import file_of
from intercheck.settings import Settings
from reports.curl import curl_of

NO_TOKEN: Final = "intercheck-no-token-configured"  # noqa: S105 - says that there is none
SANDBOX_APP: Final = "sbx1main"
"""The app that the embedded sandbox says it is."""


@click.command()
@options.spec
@options.spec_dir
@click.option("--base-url", metavar="URL", help="Test this host instead of Intercom's own.")
@click.option("--workspace", metavar="NAME", help="Which Intercom workspace of the configuration.")
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    help="Send no more than this (default: three for each operation, and no more than "
    f"{MOST_REQUESTS}).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same requests.")
@filters
@click.option("--plan", "only_plans", is_flag=True, help="Say what would be sent; send nothing.")
@click.option(
    "--clean-up",
    "only_cleans_up",
    is_flag=True,
    help="Remove what an earlier run created and was killed before it removed; test nothing.",
)
@options.fail_on
@results_options
@options.config
@options.output_format
def command(
    spec: str | None,
    spec_dir: Path | None,
    base_url: str | None,
    workspace: str | None,
    max_requests: int | None,
    seed: int,
    only_plans: bool,
    only_cleans_up: bool,
    fail_on: Severity,
    results: ResultOptions,
    config_path: Path | None,
    output_format: str,
    **chosen: tuple[str, ...],
) -> ExitCode:
    """Hold the API to a description with generated requests (the embedded contract by default).

    Only reads are sent, whatever the description says, unless the configuration proves a test
    workspace; there objects named intercheck-… are created, changed and deleted again. Without a
    token and without --base-url it runs over the embedded sandbox.

    \b
    Examples:
      intercheck contract
      intercheck contract --spec 2.16 --plan
      INTERCOM_ACCESS_TOKEN=… intercheck contract --include-tag Contacts --max-requests 60
      intercheck contract --base-url http://127.0.0.1:4010 --format json
      intercheck contract --report junit,sarif,markdown --fail-on-new
    """
    settings = options.settings_from(config_path)
    # Hypothesis would keep its notes in the working directory.
    set_hypothesis_home_dir(settings.cache_dir / "hypothesis")
    configured = _configured(settings, workspace)
    description = _description(spec, spec_dir or settings.spec_dir, settings, configured)
    relied: Spec | None = description
    if spec is not None:
        relied = embedded_contract(description.version or "", cache_dir=settings.cache_dir)
    selection = selection_of(chosen)
    today = SystemClock().now().date()
    known = results.known(settings)
    with (
        _target(description, configured, base_url, is_named=spec is not None) as target,
        IntercomClient(target.workspace, clock=target.clock) as client,
    ):
        planned = plan(description, client, selection)
        most_requests = max_requests or default_budget(planned)
        if only_plans:
            _show_plan(planned, most_requests, output_format)
            return ExitCode.CLEAN
        journal = journal_of(target.workspace, settings.cache_dir)
        if only_cleans_up:
            return _clean_up(client, journal, output_format)
        click.echo(f"Testing {target.name} against {description.source}.", err=True)
        started = time.perf_counter()
        report = run_suite(
            description,
            client,
            clock=target.clock,
            most_requests=most_requests,
            seed=seed,
            selection=selection,
            relied=relied,
            reads=reads_for(settings)(relied, description),
            accepted=ledger_of(settings, today).accepted(today),
            journal=journal if target.workspace.writes else None,
            run_id=secrets.token_hex(4),
            on_progress=_progress(most_requests),
        )
    envelope = _envelope(
        report, time.perf_counter() - started, base_url=target.workspace.url, known=known
    )
    run = run_of(
        envelope,
        base_url=target.workspace.url,
        description=description,
        selected=[one.operation for one in description.operations if selection.picks(one)],
        finished_at=SystemClock().now(),
        failing=[one for one in report.findings if is_failing(one, fail_on)],
        known=known,
        stopped=report.stopped,
    )
    _show(report, envelope, output_format, base_url=target.workspace.url)
    file = file_of(spec, spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir)
    conclude(run, envelope, results, settings=settings, description=description, file=file)
    return exit_code(report.findings, fail_on=fail_on, measured=report.answered > 0, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What is tested. `name` is for people."""

    name: str
    workspace: Workspace
    clock: Clock


@contextmanager
def _target(
    description: Spec, configured: Workspace | None, base_url: str | None, *, is_named: bool
) -> Iterator[_Target]:
    """Yield what to test: a host that was named, the configured workspace, or a sandbox."""
    version = {None: None, PREVIEW: "Preview"}.get(description.version, description.version)
    if configured is None and base_url is None:
        from sandbox.intercom import Sandbox

        with Sandbox(description if is_named else None) as sandbox:
            yield _Target(
                name="the embedded sandbox (no token is configured)",
                workspace=Workspace(
                    name="sandbox",
                    token=Secret(sandbox.token),
                    version=version or "2.15",
                    base_url=sandbox.url,
                    # It is ours, and gone with this process.
                    writes=True,
                    app_id=SANDBOX_APP,
                ),
                clock=sandbox.clock,
            )
        return
    workspace = configured or Workspace(name="-", token=Secret(NO_TOKEN))
    workspace = replace(
        workspace,
        version=version or workspace.version,
        base_url=base_url or workspace.base_url,
    )
    yield _Target(name=workspace.url, workspace=workspace, clock=SystemClock())


def _configured(settings: Settings, name: str | None) -> Workspace | None:
    if name is None:
        return settings.workspaces[0] if settings.workspaces else None
    for workspace in settings.workspaces:
        if workspace.name == name:
            return workspace
    known = ", ".join(one.name for one in settings.workspaces) or "none is configured"
    raise ConfigurationError(f"There is no Intercom workspace {name!r}: {known}.")


def _description(
    name: str | None, spec_dir: Path | None, settings: Settings, configured: Workspace | None
) -> Spec:
    if name is not None or configured is None:
        return open_description(name, spec_dir=spec_dir, cache_dir=settings.cache_dir)
    contract = embedded_contract(configured.version, cache_dir=settings.cache_dir)
    if contract is None:
        raise ConfigurationError(
            f"The embedded contract says nothing of version {configured.version} (it speaks for "
            f"{', '.join(SUPPORTED)}): name a description with --spec."
        )
    return contract


def _progress(most_requests: int) -> Callable[[int, Operation], None]:
    """Return what shows progress on stderr: a line that changes, and nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda requests, operation: None

    def show(requests: int, operation: Operation) -> None:
        click.echo(f"\r\033[K{requests}/{most_requests} {operation}", nl=False, err=True)

    return show


def _show_plan(planned: Plan, max_requests: int, output_format: str) -> None:
    sources = lists_by_kind(one.operation for one in planned.operations)
    lines = [
        f"{one.operation.method} {describe_path(one.operation.path, sources)}"
        for one in planned.operations
    ]
    if output_format == "json":
        coverage = Coverage(
            selected=len(planned.operations) + len(planned.skipped),
            skipped=tuple(Skipped(operation=str(s.operation), why=s.why) for s in planned.skipped),
        )
        extra: dict[str, object] = {"plan": lines, "max_requests": max_requests}
        print_json(Envelope(command="contract", coverage=coverage, extra=extra))
        return
    for line in lines:
        click.echo(line)
    click.echo(f"\n{len(lines)} operations, at most {max_requests} requests; nothing was sent.")
    for skipped in planned.skipped:
        click.echo(f"not sent: {skipped.operation}, because {skipped.why}")


def _clean_up(client: IntercomClient, journal: Journal, output_format: str) -> ExitCode:
    """Remove what the journal says is left, and say so."""
    cleaned = clean_up(client, journal)
    names = [one.name for one in cleaned.remaining]
    if output_format == "json":
        extra: dict[str, object] = {
            "removed": [one.name for one in cleaned.removed],
            "remaining": names,
        }
        print_json(Envelope(command="contract", extra=extra))
    else:
        click.echo(f"{len(cleaned.removed)} objects of earlier runs are gone.")
        for name in names:
            click.echo(f"still there: {name}; delete it by hand, or try again.")
    return ExitCode.FINDINGS if names else ExitCode.CLEAN


def _envelope(
    report: SuiteReport, seconds: float, *, base_url: str, known: frozenset[str]
) -> Envelope:
    """Return what the run prints as JSON: beside the findings, which of them the state knows, and
    how to ask again for those that nobody accepted."""
    coverage = Coverage(
        selected=report.selected,
        exercised=report.exercised,
        skipped=tuple(Skipped(operation=str(s.operation), why=s.why) for s in report.skipped),
        requests=report.requests,
        seconds=seconds,
    )
    extra: dict[str, object] = {
        "score": report.coverage.score,
        "warning": report.coverage.warning,
        "not_measured": list(report.not_measured),
        "known": sorted(known & {one.fingerprint for one in report.findings}),
        "curl": {
            one.fingerprint: curl_of(one, base_url)
            for one in report.findings
            if one.accepted is None
        },
    }
    return Envelope(command="contract", findings=report.findings, coverage=coverage, extra=extra)


def _show(report: SuiteReport, envelope: Envelope, output_format: str, *, base_url: str) -> None:
    if output_format == "json":
        print_json(envelope)
        return
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    for finding in sorted(report.findings, key=lambda one: -one.severity.rank):
        print_finding(finding)
        if finding.accepted is None:
            click.echo(f"         again: {curl_of(finding, base_url)}")
    click.echo(
        f"{len(report.findings)} findings; {report.exercised} of {report.selected} operations "
        f"exercised with {report.requests} requests in {envelope.coverage.seconds:.1f} s."
    )
    fields, values = report.coverage.fields, report.coverage.values
    click.echo(
        f"Score {report.coverage.score} of 100: {fields[0]} of {fields[1]} documented fields of "
        f"what answered were seen, and {values[0]} of {values[1]} values of enums."
    )
    if report.coverage.warning:
        click.echo(f"warning: {report.coverage.warning}")
    if report.not_measured:
        click.echo(f"  not measured, as nothing shows it: {', '.join(report.not_measured)}")
    if report.stopped:
        click.echo(f"The rest was not asked: {report.stopped}")
    for why, count in Counter(skipped.why for skipped in report.skipped).most_common():
        click.echo(f"  not exercised: {count} operation{'s' * (count > 1)}, because {why}")
