"""Operations on conversations and tickets."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.generic import attach_tag, delete, detach, every, show
from sandbox.intercom.pagination import INBOX, by_cursor
from sandbox.intercom.search import compile_query
from sandbox.intercom.store import Record
from sandbox.intercom.views import view

_CONVERSATION_SEARCH: Final = """
id title created_at updated_at waiting_since snoozed_until state open read priority source
admin_assignee_id team_assignee_id contacts contact_ids teammate_ids tag_ids statistics
conversation_rating custom_attributes ai_agent ai_agent_participated channel_initiated topics
"""
_TICKET_SEARCH: Final = """
id created_at updated_at title description category ticket_type_id contact_ids teammate_ids
admin_assignee_id team_assignee_id open state snoozed_until ticket_attribute
"""
_SEARCHABLE_CONVERSATION: Final = frozenset(_CONVERSATION_SEARCH.split())
_SEARCHABLE_TICKET: Final = frozenset(_TICKET_SEARCH.split())
_STATES: Final[Mapping[str, str]] = {"close": "closed", "snoozed": "snoozed", "open": "open"}


def list_conversations(call: Call) -> Answer:
    return by_cursor(call, _latest(call, "conversation"), INBOX)


def search_conversations(call: Call) -> Answer:
    return _search(call, "conversation", _SEARCHABLE_CONVERSATION)


def search_tickets(call: Call) -> Answer:
    return _search(call, "ticket", _SEARCHABLE_TICKET)


def _search(call: Call, kind: str, known: frozenset[str]) -> Answer:
    matches = compile_query(call.body.get("query"), known=known)
    found = [one for one in _latest(call, kind) if matches(view(one, call.store))]
    return by_cursor(call, found, INBOX)


def _latest(call: Call, kind: str) -> list[Record]:
    """The last updated first."""
    return sorted(call.store.all(kind), key=lambda one: (-one.fields["updated_at"], one.id))


def create_conversation(call: Call) -> Answer:
    sender = call.need("from")
    contact = call.store.get("contact", sender.get("id") if isinstance(sender, Mapping) else None)
    conversation = call.store.add(
        "conversation",
        title=None,
        created_at=call.now,
        updated_at=call.now,
        waiting_since=call.now,
        snoozed_until=None,
        state="open",
        priority="not_priority",
        admin_assignee_id=None,
        team_assignee_id=None,
        custom_attributes={},
        body=f"<p>{call.text('body')}</p>",
        contact_ids=[contact.id],
        tag_ids=[],
    )
    message = {
        "type": "user_message",
        "id": str(int(conversation.id) + 500_000_000),
        "created_at": call.now,
        "subject": None,
        "body": call.text("body"),
        "message_type": "inapp",
        "conversation_id": conversation.id,
    }
    return Answer(document=message, wrote=True)


def update_conversation(call: Call) -> Answer:
    record = call.store.get("conversation", call.ids[0])
    given: dict[str, Any] = {}
    if isinstance(call.body.get("custom_attributes"), Mapping):
        known = record.fields["custom_attributes"]
        given["custom_attributes"] = {**known, **call.body["custom_attributes"]}
    if isinstance(call.body.get("title"), str):
        given["title"] = call.body["title"]
    call.store.change(record, **given, updated_at=call.now)
    return Answer(record=record, wrote=True)


def _author(call: Call) -> tuple[str, str]:
    """Who writes, as the body says: an admin, or a contact by one of its names."""
    store = call.store
    if (admin := call.body.get("admin_id")) is not None:
        return "admin", store.get("admin", admin).id
    if (contact := call.body.get("intercom_user_id")) is not None:
        return "contact", store.get("contact", contact).id
    for name, field in (("user_id", "external_id"), ("email", "email")):
        if (value := call.body.get(name)) is not None:
            found = next(store.where("contact", **{field: value}), None)
            return "contact", (found or store.get("contact", None)).id
    raise Refusal(400, "parameter_not_found", "admin_id or a contact is required")


def _add_part(call: Call, owner: Record, part_type: str, **fields: Any) -> Record:
    fields = {"body": None, "external_id": None, **fields}
    part = call.store.add(
        "part",
        of=owner.id,
        part_kind="ticket_part" if owner.kind == "ticket" else "conversation_part",
        part_type=part_type,
        created_at=call.now,
        updated_at=call.now,
        notified_at=call.now,
        **fields,
    )
    call.store.change(owner, updated_at=call.now)
    return part


def reply_to_conversation(call: Call) -> Answer:
    last = call.ids[0] == "last"
    found = _last_of_contact(call) if last else call.store.get("conversation", call.ids[0])
    author = _author(call)
    part_type = str(call.body.get("message_type") or "comment")
    if part_type not in ("comment", "note", "quick_reply"):
        raise Refusal(400, "parameter_invalid", "message_type is invalid")
    _add_part(call, found, part_type, author=author, body=f"<p>{call.text('body')}</p>")
    call.store.change(found, state="open", waiting_since=None)
    return Answer(record=found, wrote=True)


def _last_of_contact(call: Call) -> Record:
    _, contact = _author(call)
    held = [one for one in _latest(call, "conversation") if contact in one.fields["contact_ids"]]
    return held[0] if held else call.store.get("conversation", None)


def manage_conversation(call: Call) -> Answer:
    """Close, snooze, open or assign a conversation."""
    record = call.store.get("conversation", call.ids[0])
    action = call.text("message_type")
    author = ("admin", call.store.get("admin", call.need("admin_id")).id)
    if action in _STATES:
        until = call.body.get("snoozed_until") if action == "snoozed" else None
        call.store.change(record, state=_STATES[action], snoozed_until=until)
        _add_part(call, record, action, author=author)
    elif action == "assignment":
        _assign(call, record, author)
    else:
        raise Refusal(400, "parameter_invalid", "message_type is invalid")
    return Answer(record=record, wrote=True)


def _assign(call: Call, record: Record, author: tuple[str, str]) -> None:
    assignee = call.text("assignee_id")
    if assignee == "0":
        call.store.change(record, admin_assignee_id=None, team_assignee_id=None)
    elif (admin := call.store.find("admin", assignee)) is not None:
        call.store.change(record, admin_assignee_id=int(admin.id))
    elif (team := call.store.find("team", assignee)) is not None:
        call.store.change(record, team_assignee_id=int(team.id))
    else:
        raise Refusal(404, "assignee_not_found", "Assignee not found")
    _add_part(call, record, "assignment", author=author, assignee_id=assignee)


def delete_conversation(call: Call) -> Answer:
    record = call.store.get("conversation", call.ids[0])
    call.store.remove(record)
    receipt = {"id": record.id, "object": "conversation", "type": "conversation", "deleted": True}
    return Answer(document=receipt, wrote=True)


def add_customer(call: Call) -> Answer:
    record = call.store.get("conversation", call.ids[0])
    customer = call.need("customer")
    named = customer.get("intercom_user_id") if isinstance(customer, Mapping) else None
    call.store.link(record, call.store.get("contact", named))
    return Answer(record=record, wrote=True)


def remove_customer(call: Call) -> Answer:
    record = call.store.get("conversation", call.ids[0])
    contact = call.store.get("contact", call.ids[1])
    if record.fields["contact_ids"] == [contact.id]:
        raise Refusal(422, "validation_error", "The last contact of a conversation must stay")
    call.store.unlink(record, contact)
    return Answer(record=record, wrote=True)


def redact(call: Call) -> Answer:
    record = call.store.get("conversation", call.text("conversation_id"))
    if call.text("type") == "conversation_part":
        part = call.store.find("part", call.body.get("conversation_part_id"))
        if part is None or part.fields["of"] != record.id:
            raise Refusal(
                404,
                "conversation_part_or_message_not_found",
                "Conversation part or message not found",
            )
        call.store.change(part, body=None, redacted=True)
    return Answer(record=record, wrote=True)


def create_ticket(call: Call) -> Answer:
    people = call.need("contacts")
    if not isinstance(people, list) or not people:
        raise Refusal(400, "parameter_invalid", "contacts must be a list")
    named = [one.get("id") if isinstance(one, Mapping) else None for one in people]
    contacts = [call.store.get("contact", one).id for one in named]
    return Answer(record=_new_ticket(call, contacts), wrote=True)


def convert_to_ticket(call: Call) -> Answer:
    conversation = call.store.get("conversation", call.ids[0])
    ticket = _new_ticket(call, list(conversation.fields["contact_ids"]))
    return Answer(record=ticket, wrote=True)


def _new_ticket(call: Call, contacts: list[str]) -> Record:
    store = call.store
    kind = store.get("ticket_type", call.text("ticket_type_id"))
    attributes = call.body.get("ticket_attributes") or call.body.get("attributes")
    return store.add(
        "ticket",
        ticket_type_id=kind.id,
        ticket_state_id=store.all("ticket_state")[0].id,
        ticket_attributes=dict(attributes) if isinstance(attributes, Mapping) else {},
        admin_assignee_id="0",
        team_assignee_id="0",
        contact_ids=contacts,
        tag_ids=[],
        created_at=call.now,
        updated_at=call.now,
        open=True,
        is_shared=True,
    )


def update_ticket(call: Call) -> Answer:
    ticket = call.store.get("ticket", call.ids[0])
    given: dict[str, Any] = {
        name: call.body[name]
        for name in ("open", "is_shared", "snoozed_until")
        if name in call.body
    }
    if isinstance(call.body.get("ticket_attributes"), Mapping):
        known = ticket.fields["ticket_attributes"]
        given["ticket_attributes"] = {**known, **call.body["ticket_attributes"]}
    if (state := call.body.get("ticket_state_id")) is not None:
        if call.store.find("ticket_state", state) is None:
            raise Refusal(400, "ticket_state_id_invalid", "Ticket state is invalid")
        given["ticket_state_id"] = str(state)
    if (assignee := call.body.get("assignee_id")) is not None:
        if call.store.find("admin", assignee) is None:
            raise Refusal(404, "assignee_not_found", "Assignee not found")
        given["admin_assignee_id"] = str(assignee)
    call.store.change(ticket, **given, updated_at=call.now)
    return Answer(record=ticket, wrote=True)


def reply_to_ticket(call: Call) -> Answer:
    ticket = call.store.get("ticket", call.ids[0])
    part_type = str(call.body.get("message_type") or "comment")
    author = _author(call)
    part = _add_part(call, ticket, part_type, author=author, body=f"<p>{call.text('body')}</p>")
    return Answer(record=part, wrote=True)


def create_ticket_type(call: Call) -> Answer:
    record = call.store.add(
        "ticket_type",
        name=call.text("name"),
        category="Customer",
        description="",
        icon="🎟️",
        archived=False,
        is_internal=False,
        created_at=call.now,
        updated_at=call.now,
    )
    return Answer(record=_change_ticket_type(call, record), wrote=True)


def update_ticket_type(call: Call) -> Answer:
    record = call.store.get("ticket_type", call.ids[0])
    return Answer(record=_change_ticket_type(call, record), wrote=True)


def _change_ticket_type(call: Call, record: Record) -> Record:
    names = ("name", "description", "icon", "archived", "category", "is_internal")
    given = {name: call.body[name] for name in names if call.body.get(name) is not None}
    return call.store.change(record, **given, updated_at=call.now)


OPERATIONS: Final[Mapping[str, Handler]] = {
    "GET /conversations": list_conversations,
    "POST /conversations": create_conversation,
    "POST /conversations/search": search_conversations,
    "POST /conversations/redact": redact,
    "GET /conversations/{}": show("conversation"),
    "PUT /conversations/{}": update_conversation,
    "DELETE /conversations/{}": delete_conversation,
    "POST /conversations/{}/reply": reply_to_conversation,
    "POST /conversations/{}/parts": manage_conversation,
    "POST /conversations/{}/customers": add_customer,
    "DELETE /conversations/{}/customers/{}": remove_customer,
    "POST /conversations/{}/tags": attach_tag("conversation"),
    "DELETE /conversations/{}/tags/{}": detach("tag", "conversation"),
    "POST /conversations/{}/convert": convert_to_ticket,
    "POST /tickets": create_ticket,
    "POST /tickets/search": search_tickets,
    "GET /tickets/{}": show("ticket"),
    "PUT /tickets/{}": update_ticket,
    "DELETE /tickets/{}": delete("ticket"),
    "POST /tickets/{}/reply": reply_to_ticket,
    "POST /tickets/{}/tags": attach_tag("ticket"),
    "DELETE /tickets/{}/tags/{}": detach("tag", "ticket"),
    "GET /ticket_types": every("ticket_type"),
    "POST /ticket_types": create_ticket_type,
    "GET /ticket_types/{}": show("ticket_type"),
    "PUT /ticket_types/{}": update_ticket_type,
    "GET /ticket_states": every("ticket_state"),
}
