"""`intercheck contract`: property tests over a description, safe to point at production."""

import secrets
import time
from contextlib import ExitStack
from pathlib import Path

import click
from hypothesis.configuration import set_hypothesis_home_dir

from contracts.client import IntercomClient
from contracts.clock import SystemClock
from contracts.journal import own_journal
from contracts.overlays import embedded_contract
from contracts.phases import Mode, Phase
from contracts.planning import plan
from contracts.rules import Severity
from contracts.spec import Spec
from contracts.suite import MOST_PER_OPERATION, MOST_REQUESTS, default_budget, run_suite
from intercheck import options
from intercheck.accepting import ledger_of, reads_for
from intercheck.concluding import conclude, run_of, was_measured
from intercheck.exits import ExitCode, exit_code, is_failing
from intercheck.filters import filters, refuse_empty, selection_of
from intercheck.phase_options import asking_of, asking_options
from intercheck.run_options import ResultOptions
from intercheck.run_options import results as results_options
from intercheck.run_output import envelope_of, progress, show, show_plan
from intercheck.run_results import file_of
from intercheck.stopping import sigterm_like_ctrl_c
from intercheck.targets import configured_workspace, description_of, refuse_negative, target_of
from intercheck.tidying import clean_up_and_say, clean_up_before


@click.command()
@options.spec
@options.spec_dir
@click.option("--base-url", metavar="URL", help="Test this host instead of Intercom's own.")
@click.option("--workspace", metavar="NAME", help="Which Intercom workspace of the configuration.")
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    help="Send no more than this (default: "
    f"{MOST_PER_OPERATION} for each operation, and no more than {MOST_REQUESTS}).",
)
@asking_options
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
    phases: frozenset[Phase] | None,
    mode: Mode | None,
    seed: int | None,
    ignores_file: bool,
    only_plans: bool,
    only_cleans_up: bool,
    fail_on: Severity,
    results: ResultOptions,
    config_path: Path | None,
    output_format: str,
    **chosen: tuple[str, ...],
) -> int:
    """Hold the API to a description with generated requests (the embedded contract by default).

    Only reads are sent, whatever the description says, unless the configuration proves a test
    workspace; there objects named intercheck-… are created, changed and deleted again. Without a
    token and without --base-url it runs over the embedded sandbox.

    A schemathesis.toml in the working directory or above it applies: seed, parameters,
    dictionaries, generation, phases and operations; what it must not decide is refused by name
    (docs/contract.md lists both).

    \b
    Examples:
      intercheck contract
      intercheck contract --spec 2.16 --plan
      intercheck contract --phases examples,coverage --mode all
      INTERCOM_ACCESS_TOKEN=… intercheck contract --include-tag Contacts --max-requests 60
      intercheck contract --base-url http://127.0.0.1:4010 --format json
      intercheck contract --report junit,sarif,html,markdown --fail-on-new
    """
    if only_plans and only_cleans_up:
        raise click.UsageError("--plan sends nothing, and --clean-up has to: give one of them.")
    if only_plans or only_cleans_up:
        results.refuse_beside("--plan" if only_plans else "--clean-up")
    settings = options.settings_from(config_path, base_url=base_url)
    asking = asking_of(phases, mode, seed, ignores_file=ignores_file)
    # Hypothesis would keep its notes in the working directory.
    set_hypothesis_home_dir(settings.cache_dir / "hypothesis")
    configured = configured_workspace(settings, workspace)
    description = description_of(spec, spec_dir or settings.spec_dir, settings, configured)
    relied: Spec | None = description
    if spec is not None:
        relied = embedded_contract(description.version or "", cache_dir=settings.cache_dir)
    selection = selection_of(chosen)
    today = SystemClock().now().date()
    known = results.known(settings)
    with (
        sigterm_like_ctrl_c() as stopping,
        target_of(
            description,
            configured,
            base_url,
            is_named=spec is not None,
            notes=settings.cache_dir,
        ) as target,
        IntercomClient(target.workspace, clock=target.clock) as client,
        ExitStack() as open_journals,
    ):
        refuse_negative(asking.mode, target.workspace)
        planned = plan(description, client, selection, asking.tuning)
        refuse_empty(planned, description)
        most_requests = max_requests or default_budget(planned)
        if only_plans:
            show_plan(planned, asking, most_requests, output_format)
            return ExitCode.CLEAN
        if only_cleans_up:
            return clean_up_and_say(client, target, output_format)
        results.make_ready(settings)
        run_id, journal = secrets.token_hex(4), None
        if target.workspace.writes and Phase.STATEFUL in asking.phases:
            clean_up_before(client, target)
            journal = open_journals.enter_context(
                own_journal(target.workspace, target.notes, run_id, clock=target.clock)
            )
        click.echo(f"Testing {target.name} against {description.source}.", err=True)
        started = time.perf_counter()
        report = run_suite(
            description,
            client,
            clock=target.clock,
            most_requests=most_requests,
            seed=asking.seed,
            selection=selection,
            phases=asking.phases,
            mode=asking.mode,
            tuning=asking.tuning,
            relied=relied,
            reads=reads_for(settings)(relied, description),
            accepted=ledger_of(settings, today).accepted(today),
            journal=journal,
            run_id=run_id,
            on_progress=progress(most_requests),
        )
    envelope = envelope_of(
        report, time.perf_counter() - started, base_url=target.workspace.url, known=known
    )
    run = run_of(
        envelope,
        report,
        base_url=target.workspace.url,
        description=description,
        selected=[one.operation for one in description.operations if selection.picks(one)],
        finished_at=SystemClock().now(),
        failing=[one for one in report.findings if is_failing(one, fail_on)],
        known=known,
    )
    show(report, envelope, output_format, base_url=target.workspace.url)
    file = file_of(spec, spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir)
    conclude(
        run,
        envelope,
        results,
        settings=settings,
        description=description,
        file=file,
        is_interrupted=report.is_interrupted,
    )
    if report.is_interrupted:
        return stopping.exit_code
    return exit_code(report.findings, fail_on=fail_on, measured=was_measured(report), known=known)
