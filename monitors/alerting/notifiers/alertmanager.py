"""Alertmanager's v2 API: one alert a workspace of an incident, so that its own routes, groups,
inhibitions and silences apply (https://prometheus.io/docs/alerting/latest/alerts_api/).

Labels identify an alert there, so they hold only what does not change while an incident lasts; what
may change is an annotation. Severity is the exception that routes need: when it rises, the alert of
the lower one is ended in the same request.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.clock import Clock
from contracts.errors import NotificationError
from contracts.rules import Severity
from contracts.workspaces import Secret
from monitors.alerting.events import event_in
from monitors.alerting.notifiers.posting import request
from monitors.records import Delivery, Notice, QueuedNotice

PATH: Final = "/api/v2/alerts"
STATUS_PATH: Final = "/api/v2/status"
LIFETIME: Final = timedelta(hours=2)
"""How long an alert stands after it was last sent: an hourly cron may miss one pass."""
RESEND: Final = timedelta(minutes=1)  # as Prometheus does; clients are asked for 30 s to 3 min


class Alertmanager:
    """Sends alerts, ends them, and sends those that stand again and again."""

    has_threads: bool = False
    takes_events: bool = True
    keeps_state: bool = True

    def __init__(
        self,
        name: str,
        url: str,
        *,
        clock: Clock,
        authorization: Secret | None = None,
        lifetime: timedelta = LIFETIME,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self._url = Secret(url.rstrip("/") + PATH)
        self._clock = clock
        self._authorization = authorization
        self._lifetime = lifetime
        self._labels = dict(labels or {})
        self._sent_at: float | None = None

    def send(self, queued: QueuedNotice) -> Delivery:
        """Send the incident's alerts as they are now; NotificationError where they were not
        taken."""
        self._post([queued.notice])
        return Delivery(receipt=(self._name, queued.notice.incident_id), at=self._clock.now())

    def check(self) -> str:
        """Return what was seen of it without sending an alert; NotificationError where it is not
        ready."""
        status = Secret(self._url.reveal().replace(PATH, STATUS_PATH))
        request("GET", self._name, status, headers=self._headers(), is_idempotent=True)
        return "It answers."

    def sustain(self, notices: Sequence[Notice]) -> None:
        """Send what is still open again, at most once in `RESEND`; raises NotificationError."""
        now = self._clock.monotonic()
        is_early = self._sent_at is not None and now - self._sent_at < RESEND.total_seconds()
        if notices and not is_early:
            self._sent_at = now
            self._post(notices)

    def _post(self, notices: Sequence[Notice]) -> None:
        now = self._clock.now()
        alerts = [one for notice in notices for one in self._alerts(event_in(notice), now)]
        if not alerts:
            raise NotificationError(
                f"the notifier {self._name}",
                "it takes incidents only",
                permanent=True,
                concerns_message=True,
            )
        headers = {"Content-Type": "application/json", **self._headers()}
        body = json.dumps(alerts).encode()
        request("POST", self._name, self._url, body=body, headers=headers, is_idempotent=True)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self._authorization.reveal()} if self._authorization else {}

    def _alerts(self, event: Mapping[str, Any], now: datetime) -> Iterator[dict[str, object]]:
        if "incident" not in event:
            return
        stands = event["severity"] if event["is_open"] else None
        ended = event["ended_at"] or now.isoformat()
        for workspace in event["workspaces"] or ["-"]:
            for severity in (Severity.WARNING.value, Severity.CRITICAL.value):
                if event["is_open"] and severity not in (stands, Severity.WARNING.value):
                    continue  # it was never that severe
                is_on = severity == stands
                yield {
                    "labels": {
                        "alertname": event["rule"],
                        "severity": severity,
                        "workspace": workspace,
                        "operation": event["identity"],
                        "cause": event["cause"],
                        "service": "intercom",
                        **self._labels,
                    },
                    "annotations": _annotations(event),
                    "startsAt": event["began_at"],
                    "endsAt": (now + self._lifetime).isoformat() if is_on else ended,
                    **({"generatorURL": event["report_url"]} if event["report_url"] else {}),
                }


def _annotations(event: Mapping[str, Any]) -> dict[str, str]:
    consumers = event["consumers"]
    runbooks = [one["runbook"] for one in consumers if one["runbook"]]
    said = {
        "summary": event["summary"],
        "description": event["message"],
        "remedy": event["remedy"],
        "evidence": f"{event['location']}: {event['evidence']}",
        "incident": event["incident"],
        "consumers": ", ".join(one["name"] for one in consumers),
        "owners": ", ".join(dict.fromkeys(one["owner"] for one in consumers if one["owner"])),
        "runbook_url": runbooks[0] if runbooks else "",
        "request_id": event["request_id"] or "",
        "acknowledged_by": event["acknowledged_by"],
        "version": event["version"] or "",
        "region": event["region"],
    }
    return {name: value for name, value in said.items() if value}
