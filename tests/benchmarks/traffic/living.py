"""What people do in an Intercom workspace between two passes, over its own API."""

from typing import Any

import requests


def five_minutes(url: str, session: requests.Session, turn: int) -> None:
    """Let new and other objects come into every list, and change those that are read by id.

    Somebody signs up, two are edited and one is archived; a conversation begins and two go on; a
    ticket and a company are added, and a note to the contact that is listed first.
    """

    def call(method: str, path: str, **body: Any) -> Any:
        answer = session.request(method, f"{url}{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    contacts = call("GET", "/contacts?per_page=4")["data"]
    admin = call("GET", "/admins")["admins"][0]["id"]
    kind = call("GET", "/ticket_types")["data"][0]["id"]
    held = [one["id"] for one in call("GET", "/conversations?per_page=5")["conversations"]]
    first, second, third, gone = (one["id"] for one in contacts)
    call("POST", "/contacts", email=f"turn{turn}@example.com", name=f"Turn {turn}", role="user")
    for person in (second, first):
        call("PUT", f"/contacts/{person}", name=f"Person {turn}", last_seen_at=1_700_000_000 + turn)
    call("POST", f"/contacts/{gone}/archive")
    call("POST", f"/contacts/{first}/notes", body=f"note {turn}", admin_id=admin)
    call(
        "POST", "/conversations", body=f"question {turn}", **{"from": {"type": "user", "id": third}}
    )
    for conversation in (held[-1], held[0]):
        call(
            "POST",
            f"/conversations/{conversation}/reply",
            type="admin",
            admin_id=admin,
            message_type="comment",
            body=f"answer {turn}",
        )
    call(
        "POST",
        "/tickets",
        ticket_type_id=kind,
        contacts=[{"id": third}],
        ticket_attributes={"_default_title_": f"ticket {turn}"},
    )
    call("POST", "/companies", company_id=f"company-{turn}", name=f"Company {turn}")
