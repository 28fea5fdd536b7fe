"""PagerDuty's Events API v2: an incident of ours is one alert there, by `dedup_key`.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from contracts.clock import Clock
from contracts.errors import NotificationError
from contracts.rules import Severity
from contracts.workspaces import Secret
from monitors.alerting.events import event_in
from monitors.alerting.notifiers.posting import UNTRIED, host_of, request
from monitors.records import Delivery, QueuedNotice, TransitionKind

BASE_URL: Final = "https://events.pagerduty.com"
PATH: Final = "/v2/enqueue"
MAX_SUMMARY: Final = 1024  # characters
SHOWN: Final = 20  # items of a list: an event has 512 kB at most
_SEVERITIES: Final = {
    Severity.CRITICAL.value: "critical",
    Severity.WARNING.value: "warning",
    Severity.INFO.value: "info",
}
_ACTIONS: Final = {
    TransitionKind.ACKNOWLEDGED.value: "acknowledge",
    TransitionKind.RESOLVED.value: "resolve",
}


class PagerDuty:
    """Triggers, acknowledges and resolves."""

    has_threads: bool = False
    takes_events: bool = True
    keeps_state: bool = True

    def __init__(
        self, name: str, routing_key: Secret, *, clock: Clock, base_url: str = BASE_URL
    ) -> None:
        self._name = name
        self._key = routing_key
        self._clock = clock
        self._url = Secret(base_url.rstrip("/") + PATH)

    def send(self, queued: QueuedNotice) -> Delivery:
        """Send what happened; NotificationError where it was not taken.

        PagerDuty ignores that something unknown is acknowledged or resolved, so what it has not
        heard of yet is triggered first; what is over by then without waking anybody.
        """
        event = event_in(queued.notice)
        if "incident" not in event:
            raise NotificationError(
                f"the notifier {self._name}",
                "it takes incidents only",
                permanent=True,
                concerns_message=True,
            )
        action = _ACTIONS.get(queued.notice.kind.value, "trigger")
        if action != "trigger" and queued.parent is None:
            severity = event["severity"] if event["is_open"] else Severity.INFO.value
            self._post("trigger", {**event, "severity": severity})
        self._post(action, event)
        return Delivery(receipt=(self._name, queued.notice.incident_id), at=self._clock.now())

    def check(self) -> str:
        """Return what can be seen of it without sending anything."""
        return f"Messages go to {host_of(self._url)}; {UNTRIED}"

    def _post(self, action: str, event: Mapping[str, Any]) -> None:
        document: dict[str, object] = {
            "routing_key": self._key.reveal(),
            "event_action": action,
            "dedup_key": event["incident"],
        }
        if action == "trigger":
            document["payload"] = _payload(event)
            document["client"] = "intercheck"
            if event["report_url"]:
                document["client_url"] = event["report_url"]
            document["links"] = [
                {"href": one["runbook"], "text": f"Runbook of {one['name']}"}
                for one in event["consumers"][:SHOWN]
                if one["runbook"]
            ]
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        request("POST", self._name, self._url, body=body, headers=headers, is_idempotent=True)


def _payload(event: Mapping[str, Any]) -> dict[str, object]:
    keys = ("location", "expected", "observed", "certainty", "request_id", "deployment")
    details = {key: event[key] for key in keys if event.get(key)}
    workspaces = event["workspaces"]
    shown = ", ".join(workspaces[:SHOWN])
    return {
        "summary": event["summary"][:MAX_SUMMARY],
        "source": shown or "intercom",
        "severity": _SEVERITIES[event["severity"]],
        "timestamp": event["began_at"],
        "component": event["operation"],
        "class": event["rule"],
        "custom_details": {
            "what to do": event["remedy"],
            "Intercom workspaces": f"{len(workspaces)}: {shown}",
            "hurts": ", ".join(
                f"{one['name']} ({one['owner']})" for one in event["consumers"][:SHOWN]
            ),
            **details,
        },
    }
