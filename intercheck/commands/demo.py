"""`intercheck demo`: the whole job on the embedded sandbox."""

import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from hypothesis.configuration import set_hypothesis_home_dir

from contracts.client import IntercomClient
from contracts.overlays import embedded_contract
from contracts.reliance import Reliance, consumers_of
from contracts.suite import SuiteReport, run_suite
from contracts.workspaces import Secret, Workspace
from intercheck import options
from intercheck.checkup import State, check_slack, check_workspace
from intercheck.commands.doctor import print_step
from intercheck.demonstration import READ_TIMEOUT, Demonstration, Verdict
from intercheck.exits import ExitCode
from intercheck.output import Coverage, Envelope, print_json
from intercheck.settings import Settings, SlackSettings, default_report_dir
from intercheck.wiring import announcer_of, channels_of, probes_of, promises_of
from monitors.history import History
from monitors.monitor import Monitor
from monitors.settings import MonitorSettings
from reports.reading import summary_of
from reports.writing import write_reports, write_whole
from sandbox.clock import VirtualClock
from sandbox.intercom import Sandbox
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

CONTRACT_REQUESTS: Final = 60
"""Every read of the embedded contract once, and some twice."""


@click.command()
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where report and Slack page go (default: reports/out in a checkout, else "
    "./intercheck-report).",
)
@options.output_format
def command(report_dir: Path | None, output_format: str) -> ExitCode:
    """Do the whole job on a sandbox: break it seven ways, see each diagnosed, posted, resolved.

    Starts a local Intercom and a local Slack, walks the set-up, runs property tests, and lives
    through some hours of a virtual day. Needs no token and no network. The exit code is 0 only if
    each fault was diagnosed rightly, posted exactly once and resolved, and nothing else was posted.

    \b
    Examples:
      intercheck demo
      intercheck demo --report-dir /tmp/intercheck --format json
    """
    started = time.perf_counter()
    demo = _Demo(report_dir or default_report_dir(Path.cwd()), is_quiet=output_format == "json")
    is_right = demo.run()
    seconds = time.perf_counter() - started
    if output_format == "json":
        print_json(demo.envelope(seconds))
    else:
        demo.conclude(is_right, seconds)
    return ExitCode.CLEAN if is_right else ExitCode.FINDINGS


class _Demo:
    """One run of the demo."""

    def __init__(self, report_dir: Path, *, is_quiet: bool) -> None:
        self._report_dir = report_dir
        self._is_quiet = is_quiet
        self._clock = VirtualClock()
        self._suite: SuiteReport | None = None
        self._verdicts: list[Verdict] = []
        self._requests = 0
        self._passes = 0
        self._written: dict[str, Path] = {}

    def run(self) -> bool:
        """Play everything; return whether all went as it must."""
        clock = self._clock
        with (
            TemporaryDirectory(prefix="intercheck-demo-") as folder,
            Sandbox(clock=clock) as sandbox,
            SlackStandIn(clock=clock) as slack,
        ):
            settings = _settings(Path(folder), sandbox, slack, self._report_dir)
            self._say(f"A local Intercom runs at {sandbox.url}, a local Slack at {slack.page_url}")
            ready = self._walk(settings)
            clean = self._test_properties(settings)
            self._monitor(settings, sandbox, slack)
        return ready and clean and all(verdict.is_right for verdict in self._verdicts)

    def envelope(self, seconds: float) -> Envelope:
        """What `--format json` prints."""
        return Envelope(
            command="demo",
            findings=self._suite.findings if self._suite else (),
            coverage=Coverage(
                selected=self._suite.selected if self._suite else 0,
                exercised=self._suite.exercised if self._suite else 0,
                requests=self._requests,
                seconds=seconds,
            ),
            extra={
                "scenarios": [_as_json(verdict) for verdict in self._verdicts],
                "written": {name: str(path) for name, path in self._written.items()},
            },
        )

    def conclude(self, is_right: bool, seconds: float) -> None:
        """Print what it all came to, for people."""
        self._heading("What came of it")
        rows = [
            (
                verdict.scenario.title,
                verdict.diagnosed,
                _after(verdict.passes_to_open),
                f"{verdict.posted} time" + "s" * (verdict.posted != 1),
                _after(verdict.passes_to_resolve),
            )
            for verdict in self._verdicts
        ]
        _print_table(("injected", "diagnosed as", "after", "posted", "resolved after"), rows)
        for verdict in self._verdicts:
            for problem in verdict.problems:
                click.echo(click.style(f"NOT RIGHT: {verdict.scenario.title}: {problem}", fg="red"))
        click.echo("")
        for name, path in self._written.items():
            click.echo(f"{name:32} {path}")
        said = "each fault was diagnosed, posted once and resolved" if is_right else "NOT RIGHT"
        click.echo(
            f"\n{self._passes} passes and {self._requests} requests in {seconds:.0f} s: {said}."
        )

    def _say(self, line: str) -> None:
        if not self._is_quiet:
            click.echo(line)

    def _heading(self, text: str) -> None:
        self._say(click.style(f"\n{text}", bold=True))

    def _walk(self, settings: Settings) -> bool:
        """Walk the set-up as `intercheck doctor` does."""
        self._heading("Is everything set up? (intercheck doctor)")
        checkup = check_workspace(
            settings.workspaces[0],
            probes=probes_of(settings),
            promises=promises_of(settings),
            settings=settings,
            clock=self._clock,
            on_visit=lambda workspace, visit: None,
        )
        steps = [*checkup.steps, *check_slack(settings, self._clock)]
        if not self._is_quiet:
            for step in steps:
                print_step(step)
        self._requests += checkup.requests
        return all(step.state is not State.MISSING for step in steps)

    def _test_properties(self, settings: Settings) -> bool:
        """Run property tests as `intercheck contract` does."""
        self._heading("Does it keep its contract? (intercheck contract)")
        # Hypothesis would keep its notes in the working directory.
        set_hypothesis_home_dir(settings.cache_dir / "hypothesis")
        contract = embedded_contract(cache_dir=settings.cache_dir)
        assert contract is not None  # noqa: S101 - it speaks for the default version
        with IntercomClient(settings.workspaces[0], clock=self._clock) as client:
            self._suite = run_suite(
                contract,
                client,
                clock=self._clock,
                most_requests=CONTRACT_REQUESTS,
                reads=Reliance(contract, consumers_of(contract)),
            )
        suite = self._suite
        self._requests += suite.requests
        self._say(
            f"{len(suite.findings)} findings; {suite.exercised} of {suite.selected} operations "
            f"exercised with {suite.requests} requests (writes are never sent)."
        )
        return not suite.findings and suite.exercised > 0

    def _monitor(self, settings: Settings, sandbox: Sandbox, slack: SlackStandIn) -> None:
        """Break, watch and heal; keep the pages."""
        self._heading("Does it notice? (intercheck probe, again and again)")
        channels = channels_of(settings, clock=self._clock)
        with History.open(settings.history_url, clock=self._clock) as history:
            monitor = Monitor(
                workspaces=settings.workspaces,
                probes=probes_of(settings),
                promises=promises_of(settings),
                history=history,
                channels=channels,
                announcer=announcer_of(settings, channels),
                clock=self._clock,
                new_id=lambda: uuid.uuid4().hex,
                settings=settings.monitoring,
            )
            with monitor:
                show = Demonstration(
                    monitor=monitor,
                    sandbox=sandbox,
                    slack=slack,
                    channel=DEFAULT_CHANNEL,
                    clock=self._clock,
                    on_step=self._progress,
                    on_opened=lambda: self._keep_page(slack, "slack-during.html"),
                )
                self._verdicts = show.play()
            self._requests += show.requests
            self._passes = show.passes
            summary = summary_of(history, now=self._clock.now())
        self._keep_page(slack, "slack.html")
        report, *_ = write_reports(summary, ("html",), self._report_dir)
        self._written["report"] = report
        self._written["Slack, at the end"] = self._report_dir / "slack.html"
        self._written["Slack, while the last was open"] = self._report_dir / "slack-during.html"

    def _progress(self, line: str) -> None:
        self._say(f"{self._clock.now():%H:%M} {line}")

    def _keep_page(self, slack: SlackStandIn, name: str) -> None:
        self._report_dir.mkdir(parents=True, exist_ok=True)
        write_whole(self._report_dir / name, slack.page(DEFAULT_CHANNEL))


def _settings(folder: Path, sandbox: Sandbox, slack: SlackStandIn, report_dir: Path) -> Settings:
    """What a user's own settings would be, with the sandbox in Intercom's place."""
    return Settings(
        workspaces=(Workspace(name="demo", token=Secret(sandbox.token), base_url=sandbox.url),),
        slack=SlackSettings(
            token=Secret(slack.token), channel=f"#{DEFAULT_CHANNEL}", base_url=slack.url
        ),
        monitoring=MonitorSettings().model_copy(update={"read_timeout": READ_TIMEOUT}),
        cache_dir=folder / "cache",
        history_url=f"sqlite:///{folder / 'history.sqlite'}",
        report_dir=report_dir,
    )


def _after(passes: int | None) -> str:
    if passes is None:
        return "never"
    return "1 pass" if passes == 1 else f"{passes} passes"


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "injected": verdict.scenario.title,
        "faults": [fault.as_json() for fault in verdict.scenario.faults],
        "diagnosed": verdict.diagnosed,
        "passes_to_open": verdict.passes_to_open,
        "passes_to_resolve": verdict.passes_to_resolve,
        "posted": verdict.posted,
        "problems": list(verdict.problems),
    }


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = "  ".join(cells).rstrip()
        click.echo(click.style(line, bold=True) if row is head else line)
