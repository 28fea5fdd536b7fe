"""A webhook of one's own: CloudEvents 1.0 as JSON, in structured mode
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md).

With a secret each request is signed as Standard Webhooks says (https://www.standardwebhooks.com):
HMAC-SHA256 over `id.timestamp.body`, in `webhook-signature`. What was not confirmed is sent again
with the same id.
"""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Final

from contracts.clock import Clock
from contracts.workspaces import Secret
from monitors.alerting.events import event_in
from monitors.alerting.notifiers.posting import UNTRIED, host_of, request
from monitors.records import Delivery, Notice, QueuedNotice

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
SOURCE: Final = "/intercheck"
TYPE: Final = "intercheck.incident"
_PREFIX: Final = "whsec_"


class Webhook:
    """POSTs every notice as an event."""

    has_threads: bool = False
    takes_events: bool = True
    keeps_state: bool = False

    def __init__(
        self,
        name: str,
        url: Secret,
        *,
        clock: Clock,
        secret: Secret | None = None,
        source: str = SOURCE,
    ) -> None:
        self._name = name
        self._url = url
        self._clock = clock
        self._secret = secret
        self._source = source

    def send(self, queued: QueuedNotice) -> Delivery:
        """Send what happened; NotificationError where it was not taken."""
        now = self._clock.now()
        notice = queued.notice
        id = f"{notice.incident_id}.{notice.sequence}.{notice.form.value}"
        document = cloud_event(notice, id=id, source=self._source, at=queued.created_at.isoformat())
        body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": MEDIA_TYPE}
        if self._secret is not None:
            stamp = str(int(now.timestamp()))
            signature = sign(self._secret, f"{id}.{stamp}.".encode() + body)
            headers |= {
                "webhook-id": id,
                "webhook-timestamp": stamp,
                "webhook-signature": f"v1,{signature}",
            }
        request("POST", self._name, self._url, body=body, headers=headers, is_idempotent=False)
        return Delivery(receipt=None, at=now, possibly_repeated=queued.ambiguous)

    def check(self) -> str:
        """Return what can be seen of it without sending anything."""
        return f"Messages go to {host_of(self._url)}; {UNTRIED}"


def cloud_event(notice: Notice, *, id: str, source: str, at: str) -> dict[str, object]:
    """Return the event with its envelope; `data` is the document of docs/alerts.md."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": f"{TYPE}.{notice.kind.value}",
        "subject": notice.incident_id,
        "time": at,
        "datacontenttype": "application/json",
        "data": event_in(notice),
    }


def sign(secret: Secret, content: bytes) -> str:
    """Return the signature of `content` in base64; a secret that begins with `whsec_` is base64."""
    value = secret.reveal()
    key = value.encode()
    if value.startswith(_PREFIX):
        try:
            key = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = value.encode()
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
