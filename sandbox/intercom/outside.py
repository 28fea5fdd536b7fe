"""Stand-ins for what is not Intercom's API: its status page, and a host to compare with.

Both stand beside the API, so that an outage of the one need not be one of the other: a fault only
meets them where it names them (`GET /_outside/control`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sandbox.intercom import breakage
from sandbox.intercom.answers import Reply, Request
from sandbox.intercom.faults import CONTROL_HOST, STATUS_PAGE, Fault
from sandbox.intercom.switchboard import Faults, Situation

OUTSIDE: Final = "/_outside/"
_LASTS: Final = timedelta(hours=1)


def respond(request: Request, faults: Faults, now: datetime) -> Reply:
    """Answer for whoever is asked."""
    identity = f"{request.method} {request.path}"
    hit = faults.hitting(Situation(operation=identity, page=1, token="", app_id=""), only=True)
    page = _PAGES.get(identity)
    body = b"" if page is None else json.dumps(page(hit, now)).encode()
    fields = (("content-type", "application/json"), ("date", f"{now:%a, %d %b %Y %H:%M:%S GMT}"))
    status = 404 if page is None else 200
    whole = Reply(status=status, fields=fields, body=body, operation=identity)
    seconds, _ = breakage.seconds(hit, 0.0)
    whole = breakage.reply(hit, whole, request=request, now=now)
    return Reply(
        status=whole.status,
        fields=whole.fields,
        body=whole.body,
        seconds=seconds,
        delivery=whole.delivery,
        operation=identity,
    )


def _status_page(faults: tuple[Fault, ...], now: datetime) -> Mapping[str, object]:
    """The summary of a Statuspage, less what nobody reads."""
    incidents = [
        {
            "id": f"incident{number}",
            "name": str(fault.value or "Elevated API errors"),
            "status": "investigating",
            "impact": "major",
            "created_at": now.isoformat(),
            "components": [{"name": "Intercom APIs", "status": "partial_outage"}],
        }
        for number, fault in enumerate(faults)
        if fault.name == "status-incident"
    ]
    maintenances = [
        {
            "id": f"maintenance{number}",
            "name": str(fault.value or "Scheduled database maintenance"),
            "status": "in_progress",
            "impact": "maintenance",
            "scheduled_for": now.isoformat(),
            "scheduled_until": (now + _LASTS).isoformat(),
            "components": [{"name": "Intercom APIs", "status": "under_maintenance"}],
        }
        for number, fault in enumerate(faults)
        if fault.name == "status-maintenance"
    ]
    indicator = "major" if incidents else "maintenance" if maintenances else "none"
    return {
        "page": {"id": "sandbox", "name": "Sandbox", "updated_at": now.isoformat()},
        "status": {"indicator": indicator, "description": indicator},
        "components": [],
        "incidents": incidents,
        "scheduled_maintenances": maintenances,
    }


def _here(faults: tuple[Fault, ...], now: datetime) -> Mapping[str, object]:
    return {"here": True}


_PAGES: Final[Mapping[str, Callable[[tuple[Fault, ...], datetime], Mapping[str, object]]]] = {
    STATUS_PAGE: _status_page,
    CONTROL_HOST: _here,
}
