"""What `contract` does with its results: reports, and the state that CI compares with."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from intercheck.run_results import (
    FILES,
    STATE_NAME,
    known_findings,
    make_report_folder,
    make_state_folder,
)
from intercheck.settings import Settings

_NAMES: Final = ", ".join(FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOptions:
    """`formats` to write into `directory` (None: the settings' own); with `fails_on_new`, only what
    the file `state` (None: the usual one) does not know fails; `updates_state` writes it."""

    formats: tuple[str, ...] = ()
    directory: Path | None = None
    fails_on_new: bool = False
    state: Path | None = None
    updates_state: bool = False

    def state_path(self, settings: Settings) -> Path:
        """Return the state file: beside `intercheck.yaml` where there is one, else here."""
        return self.state or (settings.source.parent if settings.source else Path()) / STATE_NAME

    def refuse_beside(self, flag: str) -> None:
        """Raise UsageError where something is to be written that `flag` leaves nothing for."""
        wanted = {"--report": bool(self.formats), "--update-state": self.updates_state}
        if given := " and ".join(name for name, is_wanted in wanted.items() if is_wanted):
            raise click.UsageError(f"With {flag} nothing is tested: leave out {given}.")

    def make_ready(self, settings: Settings) -> None:
        """Make sure before anything is sent that what is to be written can be; raises ReportError
        or ConfigurationError."""
        if self.formats:
            make_report_folder(self.directory or settings.report_dir)
        if self.updates_state:
            make_state_folder(self.state_path(settings))

    def known(self, settings: Settings) -> frozenset[str]:
        """Return the fingerprints that fail nothing; says so where there is no state yet."""
        if not self.fails_on_new:
            return frozenset()
        path = self.state_path(settings)
        if not path.exists():
            click.echo(
                f"{path} does not exist, so everything is new: write it with --update-state, and "
                "commit it.",
                err=True,
            )
        return known_findings(path)


def _read_formats(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    for name in names:
        if name not in FILES:
            raise click.BadParameter(f"{name!r} is none of {_NAMES}.")
    return names


_OPTIONS: Final = (
    click.option(
        "--report",
        "report_formats",
        default="",
        callback=_read_formats,
        metavar="FORMAT,…",
        help=f"Reports to write: {_NAMES}.",
    ),
    click.option(
        "--report-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where reports go (default: reports/out in a checkout, else ./intercheck-report).",
    ),
    click.option(
        "--fail-on-new", is_flag=True, help="Fail only on findings that the state does not know."
    ),
    click.option(
        "--state",
        "state_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The state to compare with, and to commit (default: {STATE_NAME}).",
    ),
    click.option("--update-state", is_flag=True, help="Write what this run found as the state."),
)


def results(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as `results`."""

    @functools.wraps(function)
    def wrapped(
        report_formats: tuple[str, ...],
        report_dir: Path | None,
        fail_on_new: bool,
        state_path: Path | None,
        update_state: bool,
        **others: Any,
    ) -> Any:
        chosen = ResultOptions(
            formats=report_formats,
            directory=report_dir,
            fails_on_new=fail_on_new,
            state=state_path,
            updates_state=update_state,
        )
        return function(results=chosen, **others)

    decorated: Callable[..., Any] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
