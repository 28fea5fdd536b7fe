"""Exit codes: what the findings of this run mean to a shell."""

from collections.abc import Iterable
from enum import IntEnum

from contracts.errors import IntercheckError, NothingMeasuredError
from contracts.findings import Finding
from contracts.rules import Severity


class ExitCode(IntEnum):
    """The four answers; where several apply, 2 comes before 3, 3 before 1."""

    CLEAN = 0
    FINDINGS = 1
    WRONG_USAGE = 2
    NOTHING_MEASURED = 3


def exit_code_of(error: IntercheckError) -> ExitCode:
    """Return the exit code an error of ours ends a command with."""
    if isinstance(error, NothingMeasuredError):
        return ExitCode.NOTHING_MEASURED
    return ExitCode.WRONG_USAGE


def is_failing(finding: Finding, fail_on: Severity) -> bool:
    """Return whether a finding counts against the run."""
    return finding.accepted is None and finding.severity.rank >= fail_on.rank


def exit_code(
    findings: Iterable[Finding],
    *,
    fail_on: Severity,
    measured: bool,
    undelivered: bool = False,
    known: frozenset[str] = frozenset(),
) -> ExitCode:
    """Return the exit code of a run.

    `known` holds fingerprints that do not count (`--fail-on-new`). A refused token was measured:
    Intercom answered. Where nothing did, a finding that says why makes nothing measured.
    """
    failing = [one for one in findings if is_failing(one, fail_on)]
    if not measured:
        return ExitCode.NOTHING_MEASURED
    if undelivered or any(one.fingerprint not in known for one in failing):
        return ExitCode.FINDINGS
    return ExitCode.CLEAN
