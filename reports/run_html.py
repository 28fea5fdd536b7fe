"""A run as one page: what departs and how to ask again, and how much of the contract was tested."""

from collections import Counter
from typing import Final

from markupsafe import Markup

from reports.curl import curl_of, supply_of
from reports.html import environment, source
from reports.runs import Run
from reports.verdicts import Verdict
from reports.words import counted

MAX_OPERATIONS: Final = 400
"""Rows of the table of operations; the largest description has fewer, JSON has all."""


def render(run: Run) -> str:
    """Return the page as HTML; nothing in it needs a script or the network."""
    verdict = _verdict(run)
    whys = Counter(one.why for one in run.operations if one.why)
    return (
        environment()
        .get_template("contract.html")
        .render(
            run=run,
            verdict=verdict,
            headline=_headline(run),
            style=Markup(source("report.css")),  # noqa: S704 - our own file, nothing put in
            again={one.fingerprint: curl_of(one, run.base_url) for one in run.open},
            supply={one.fingerprint: supply_of(one) for one in run.open},
            whys=whys.most_common(),
            seen=sorted(run.coverage.each, key=lambda one: one.share) if run.coverage else [],
            findings_at=Counter(
                one.operation.identity for one in run.open if one.operation is not None
            ),
            MAX_OPERATIONS=MAX_OPERATIONS,
        )
    )


def _verdict(run: Run) -> Verdict:
    if run.failing:
        return Verdict.BROKEN
    if not run.exercised:
        return Verdict.UNKNOWN
    little = run.coverage is not None and run.coverage.warning is not None
    return Verdict.DEGRADED if run.open or little else Verdict.HEALTHY


def _headline(run: Run) -> str:
    version = f" {run.version}" if run.version else ""
    if run.failing:
        return f"Contract{version}: {counted(len(run.failing), 'finding')} to look at"
    if not run.exercised:
        return f"Contract{version}: nothing could be measured"
    if run.coverage is not None and run.coverage.warning is not None:
        return f"Contract{version}: kept, as far as little was tested"
    return f"Contract{version}: kept"
