"""Stored records as Intercom shows them, before they are fitted to a version of the description."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sandbox.intercom.fitting import HOST
from sandbox.intercom.store import Record, Store

View = dict[str, Any]

NEWEST_PARTS: Final = 500
"""Parts of a conversation that are shown at most."""
EMBEDDED: Final = 10
"""Tags, notes and companies that stand inside a contact at most."""


def view(record: Record, store: Store) -> View:
    """Return a record as Intercom would show it in full."""
    show = _VIEWS.get(record.kind)
    shown = {"type": record.kind, "id": record.id, "workspace_id": store.app_id}
    shown |= record.fields
    return {**shown, **show(record, store)} if show else shown


def reference(record: Record) -> View:
    """Return a record as another one names it."""
    named = {"type": record.kind, "id": record.id}
    for field in ("name", "external_id", "email"):
        if field in record.fields:
            named[field] = record.fields[field]
    return named


def _addressable(kind: str, records: Sequence[Record], owner: Record) -> View:
    url = f"{HOST}/contacts/{owner.id}/{kind}"
    items = [
        {"type": one.kind, "id": one.id, "url": f"/{kind}/{one.id}"} for one in records[:EMBEDDED]
    ]
    return {
        "type": "list",
        "data": items,
        "url": url,
        "total_count": len(records),
        "has_more": len(records) > EMBEDDED,
    }


def _contact(record: Record, store: Store) -> View:
    email = record.fields.get("email")
    return {
        "email_domain": email.partition("@")[2] if isinstance(email, str) else None,
        "tags": _addressable("tags", store.linked("tag", record), record),
        "notes": _addressable("notes", list(store.where("note", contact_id=record.id)), record),
        "companies": _addressable("companies", store.linked("company", record), record),
        "social_profiles": {"type": "list", "data": []},
    }


def _company(record: Record, store: Store) -> View:
    users = [one for one in store.all("contact") if record.id in one.fields["company_ids"]]
    return {
        "app_id": store.app_id,
        "user_count": len(users),
        "tags": {"type": "tag.list", "tags": [_tag_of(one) for one in store.linked("tag", record)]},
        "segments": {
            "type": "segment.list",
            "segments": [view(one, store) for one in store.linked("segment", record)],
        },
    }


def _tag_of(record: Record) -> View:
    return {"type": "tag", "id": record.id, "name": record.fields["name"]}


def _note(record: Record, store: Store) -> View:
    author = store.find("admin", record.fields.get("admin_id"))
    company = record.fields.get("company_id")
    return {
        "contact": {"type": "contact", "id": record.fields.get("contact_id")},
        "company": {"type": "company", "id": company} if company else None,
        "author": view(author, store) if author else None,
    }


def _segment(record: Record, store: Store) -> View:
    held = [one for one in store.all("contact") if record.id in one.fields["segment_ids"]]
    return {"count": len(held)}


def _author(record: Record | None) -> View | None:
    if record is None:
        return None
    kind = record.fields.get("role", "user") if record.kind == "contact" else record.kind
    return {
        "type": kind,
        "id": record.id,
        "name": record.fields.get("name"),
        "email": record.fields.get("email"),
    }


def _part(record: Record, store: Store) -> View:
    fields = record.fields
    assignee = store.find("admin", fields.get("assignee_id"))
    kind, identifier = fields["author"]
    return {
        "type": fields.get("part_kind", "conversation_part"),
        "author": _author(store.find(kind, identifier)) or {"type": kind, "id": identifier},
        "assigned_to": {"type": "admin", "id": assignee.id} if assignee else None,
        "attachments": [],
        "redacted": fields.get("redacted", False),
    }


def _parts_of(record: Record, store: Store) -> list[View]:
    parts = list(store.where("part", of=record.id))[-NEWEST_PARTS:]
    return [view(one, store) for one in parts]


def _people(record: Record, store: Store) -> list[View]:
    return [reference(one) for one in store.linked("contact", record)]


def _conversation(record: Record, store: Store) -> View:
    fields = record.fields
    contacts = store.linked("contact", record)
    parts = _parts_of(record, store)
    admins = [one for one in (store.find("admin", fields.get("admin_assignee_id")),) if one]
    return {
        "read": fields["state"] == "closed",
        "open": fields["state"] == "open",
        "contacts": {"type": "contact.list", "contacts": _people(record, store)},
        "teammates": {
            "type": "admin.list",
            "admins": [reference(one) for one in admins],
            "teammates": [reference(one) for one in admins],
        },
        "tags": {"type": "tag.list", "tags": [_tag_of(one) for one in store.linked("tag", record)]},
        "source": {
            "type": "conversation",
            "id": str(int(record.id) + 500_000_000),
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": fields["body"],
            "author": _author(contacts[0]) if contacts else None,
            "attachments": [],
            "url": None,
            "redacted": False,
        },
        "first_contact_reply": {
            "created_at": fields["created_at"],
            "type": "conversation",
            "url": None,
        },
        "statistics": _statistics(record, len(parts)),
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        },
        "linked_objects": {"type": "list", "total_count": 0, "has_more": False, "data": []},
        "topics": {"type": "topic.list", "topics": [], "total_count": 0},
        "ticket": None,
        "ai_agent_participated": False,
        "ai_agent": None,
        "sla_applied": None,
        "conversation_rating": None,
    }


def _statistics(record: Record, parts: int) -> View:
    created, updated = record.fields["created_at"], record.fields["updated_at"]
    replied = created + 300  # five minutes to the first answer
    moments = {
        f"{name}_at": replied
        for name in (
            "first_assignment",
            "first_admin_reply",
            "last_assignment",
            "last_assignment_admin_reply",
            "last_admin_reply",
        )
    }
    spans = ("time_to_assignment", "time_to_admin_reply", "median_time_to_reply", "handling_time")
    return {
        "type": "conversation_statistics",
        **moments,
        **dict.fromkeys(spans, replied - created),
        "time_to_first_close": updated - created,
        "time_to_last_close": updated - created,
        "first_contact_reply_at": created,
        "last_contact_reply_at": updated,
        "first_close_at": updated,
        "last_close_at": updated,
        "last_closed_by_id": record.fields.get("admin_assignee_id"),
        "count_reopens": 0,
        "count_assignments": 1,
        "count_conversation_parts": parts,
        "assigned_team_first_response_time": [],
        "assigned_team_first_response_time_in_office_hours": [],
    }


def _ticket(record: Record, store: Store) -> View:
    fields = record.fields
    kind = store.find("ticket_type", fields["ticket_type_id"])
    state = store.find("ticket_state", fields["ticket_state_id"])
    parts = _parts_of(record, store)
    shown_state = view(state, store) if state else None
    return {
        "ticket_id": str(int(record.id) % 100_000),
        "category": kind.fields["category"] if kind else "Customer",
        "ticket_type": view(kind, store) if kind else None,
        "ticket_state": shown_state,
        "ticket_state_internal_label": state.fields["internal_label"] if state else None,
        "ticket_state_external_label": state.fields["external_label"] if state else None,
        "contacts": {"type": "contact.list", "contacts": _people(record, store)},
        "linked_objects": {"type": "list", "total_count": 0, "has_more": False, "data": []},
        "ticket_parts": {
            "type": "ticket_part.list",
            "ticket_parts": parts,
            "total_count": len(parts),
        },
    }


def _ticket_type(record: Record, store: Store) -> View:
    states = [view(one, store) for one in store.all("ticket_state")]
    return {
        "ticket_type_attributes": {
            "type": "list",
            "ticket_type_attributes": [],
            "data": record.fields.get("attributes", []),
        },
        "ticket_states": {"type": "list", "data": states},
    }


def _article(record: Record, store: Store) -> View:
    tags = [_tag_of(one) for one in store.linked("tag", record)]
    return {
        "url": f"https://help.example.com/en/articles/{record.id}",
        "tags": {"type": "tag.list", "tags": tags},
        "statistics": None,
        "translated_content": None,
    }


_VIEWS: Final[dict[str, Callable[[Record, Store], View]]] = {
    "contact": _contact,
    "company": _company,
    "note": _note,
    "segment": _segment,
    "part": _part,
    "conversation": _conversation,
    "ticket": _ticket,
    "ticket_type": _ticket_type,
    "article": _article,
}
