"""What operations on different kinds have in common: show, list, delete, hang on, take off."""

from collections.abc import Mapping
from typing import Any

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.pagination import whole


def show(kind: str) -> Handler:
    """Show the object whose id the path gives."""
    return lambda call: Answer(record=call.store.get(kind, call.ids[-1]))


def delete(kind: str) -> Handler:
    """Delete the object whose id the path gives."""

    def remove(call: Call) -> Answer:
        record = call.store.get(kind, call.ids[0])
        call.store.remove(record)
        receipt = {"id": record.id, "object": kind, "type": kind, "deleted": True}
        return Answer(document=receipt, wrote=True)

    return remove


def every(kind: str) -> Handler:
    """List all objects of a kind on one page."""
    return lambda call: whole(call.store.all(kind))


def linked(kind: str, owner: str) -> Handler:
    """List the objects of a kind that hang on the owner in the path."""

    def listed(call: Call) -> Answer:
        return whole(call.store.linked(kind, call.store.get(owner, call.ids[0])))

    return listed


def attach_tag(owner: str) -> Handler:
    def attach(call: Call) -> Answer:
        holder = call.store.get(owner, call.ids[0])
        tag = call.store.get("tag", call.text("id"))
        call.store.link(holder, tag)
        return Answer(record=tag, wrote=True)

    return attach


def detach(kind: str, owner: str) -> Handler:
    def detached(call: Call) -> Answer:
        holder = call.store.get(owner, call.ids[0])
        record = call.store.get(kind, call.ids[1])
        call.store.unlink(holder, record)
        return Answer(record=record, wrote=True)

    return detached


def attributes_in(call: Call) -> Mapping[str, Any]:
    """Return the custom attributes of the body; Refusal where they are no object."""
    custom = call.body["custom_attributes"]
    if custom is not None and not isinstance(custom, Mapping):
        raise Refusal(400, "parameter_invalid", "custom_attributes must be an object")
    return custom or {}
