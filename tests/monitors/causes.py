"""What a pass comes to that saw these exchanges."""

from typing import TYPE_CHECKING, Any

from contracts.exchanges import Exchange
from contracts.findings import Finding
from monitors.detectors import Context, detect
from monitors.diagnosis import Diagnosed, Expectation, Observation, diagnose

if TYPE_CHECKING:
    pass

ME = "GET /me"
OTHERS = ("GET /tags", "GET /contacts", "GET /contacts/{contact_id}", "GET /companies")
PAGE = b"<html><body>Please sign in</body></html>"
KNOWN = Context(known=frozenset())
APP = {"type": "admin", "app": {"type": "app", "id_code": "acme1", "region": "US"}}


def refused(code: str, message: str = "No.") -> dict[str, Any]:
    return {"type": "error.list", "errors": [{"code": code, "message": message}]}


def told(
    *exchanges: Exchange, context: Context = KNOWN, expected: Expectation | None = None
) -> tuple[Diagnosed, ...]:
    seen = [Observation(exchange=one, findings=detect(one, context)) for one in exchanges]
    return diagnose(seen, expected=expected or Expectation(consumers=("crm", "inbox")))


def only(*exchanges: Exchange, expected: Expectation | None = None) -> Finding:
    (diagnosed,) = told(*exchanges, expected=expected)
    return diagnosed.finding
