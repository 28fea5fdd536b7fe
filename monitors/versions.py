"""Which version of the API a workspace's app has by default, and how far behind the asked one is.

Whoever sends no `Intercom-Version` gets the app's default, which somebody can change in the
Developer Hub; an answer names it. So `/me` is asked without a version, once a day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.pins import is_pinned, nearest_pin, newer_pins
from contracts.rules import RULES
from contracts.workspaces import Workspace, is_version
from monitors.probes import CANARY

ASK_EVERY: Final = timedelta(days=1)
"""One request a day; a default is changed by hand, a few times a year."""
NEWS_FOR: Final = timedelta(days=7)
"""How long a change stays an incident; by then whoever it hurts has seen it or lives with it."""
LEAST_BEHIND: Final = 2
"""Releases; one behind is where nearly everybody is for the months after each."""
HEADER: Final = "header:intercom-version"


@dataclass(slots=True, kw_only=True)
class Versions:
    """What is known of one workspace: its app's default version, what that was before, and how
    many releases the version that is asked for was behind when that was last said."""

    default: str | None = None
    before: str | None = None
    moved_at: datetime | None = None
    asked_at: datetime | None = None
    behind: int | None = None

    @classmethod
    def of(cls, document: object) -> Self:
        """Read what `document` gave; anything else is nothing known."""
        if not isinstance(document, Mapping):
            return cls()
        behind = document.get("behind")
        return cls(
            default=_text(document.get("default")),
            before=_text(document.get("before")),
            moved_at=_moment(document.get("moved_at")),
            asked_at=_moment(document.get("asked_at")),
            behind=behind if isinstance(behind, int) else None,
        )

    def document(self) -> dict[str, object]:
        """Return it for the history."""
        return {
            "default": self.default,
            "before": self.before,
            "moved_at": self.moved_at.isoformat() if self.moved_at else None,
            "asked_at": self.asked_at.isoformat() if self.asked_at else None,
            "behind": self.behind,
        }

    def is_due(self, now: datetime) -> bool:
        """Whether to ask for the default again."""
        return self.asked_at is None or now - self.asked_at >= ASK_EVERY

    def take(self, exchange: Exchange) -> None:
        """Take what an answer to a request without a version says."""
        response = exchange.response
        if response is None or not response.is_success:
            return
        self.asked_at = exchange.started_at
        said = response.headers.get("intercom-version", "").strip()
        if not is_version(said) or said == self.default:
            return
        if self.default is not None:
            self.before, self.moved_at = self.default, exchange.started_at
        self.default = said

    def findings(self, workspace: Workspace, now: datetime) -> Iterator[Finding]:
        """Yield a default that has changed, and once how many releases behind the version is."""
        if self.before and self.default and self.moved_at and now - self.moved_at < NEWS_FOR:
            yield _finding(
                "version-default",
                workspace,
                now,
                expected=self.before,
                observed=self.default,
                message=f"The app's default API version is {self.default} since "
                f"{self.moved_at:%Y-%m-%d %H:%M} UTC, and was {self.before}: whoever asks for no "
                f"version gets other answers now{_judged_by(self.default)}.",
                certainty=Certainty.RECORDED,
            )
        newer = newer_pins(workspace.version)
        if len(newer) != (self.behind or 0):
            self.behind = len(newer)
            if len(newer) >= LEAST_BEHIND:
                yield _finding(
                    "version-behind",
                    workspace,
                    now,
                    expected="newest",
                    observed="older",
                    message=f"API version {workspace.version} is {len(newer)} releases behind "
                    f"{newer[-1].version}, the newest that intercheck knows.",
                    certainty=Certainty.DOCUMENTED,
                )


def _judged_by(version: str) -> str:
    if is_pinned(version):
        return ""
    pin = nearest_pin(version)
    judge = f"judged by {pin.title}, the nearest older one" if pin else "so nothing judges it"
    return f"; {version} is no version that intercheck has a description of, {judge}"


def _finding(
    rule: str,
    workspace: Workspace,
    now: datetime,
    *,
    expected: str,
    observed: str,
    message: str,
    certainty: Certainty,
) -> Finding:
    return Finding(
        rule=RULES[rule],
        severity=RULES[rule].severity,
        workspace=workspace.name,
        region=workspace.region,
        version=workspace.version,
        operation=CANARY,
        location=HEADER,
        expected=expected,
        observed=observed,
        message=message,
        certainty=certainty,
        observed_at=now,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
