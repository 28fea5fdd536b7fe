"""Operations on contacts."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.generic import attach_tag, attributes_in, detach, linked
from sandbox.intercom.pagination import CONTACTS, by_cursor
from sandbox.intercom.search import compile_query
from sandbox.intercom.store import Record
from sandbox.intercom.views import view

_CONTACT_FIELDS: Final = (
    "role",
    "email",
    "external_id",
    "phone",
    "name",
    "avatar",
    "signed_up_at",
    "last_seen_at",
    "owner_id",
    "unsubscribed_from_emails",
    "language_override",
)

_CONTACT_SEARCH: Final = """
id role name avatar owner_id email email_domain phone external_id created_at signed_up_at updated_at
last_seen_at last_contacted_at last_replied_at last_email_opened_at last_email_clicked_at
language_override browser browser_language os location unsubscribed_from_emails
marked_email_as_spam has_hard_bounced ios_last_seen_at ios_app_version ios_device ios_os_version
ios_app_device ios_app_name ios_sdk_version andoid_sdk_version
android_last_seen_at android_app_name android_app_version android_device android_sdk_version
android_os_version segment_id tag_id custom_attributes
"""
_SEARCHABLE_CONTACT: Final = frozenset(_CONTACT_SEARCH.split())
"""The accepted fields of the contact search, as its description lists them (andoid: sic)."""


def list_contacts(call: Call) -> Answer:
    return by_cursor(call, living(call), CONTACTS)


def search_contacts(call: Call) -> Answer:
    matches = compile_query(call.body.get("query"), known=_SEARCHABLE_CONTACT, days=True)
    found = [one for one in living(call) if matches(_searchable(call, one))]
    return by_cursor(call, _sorted(call, found), CONTACTS)


def living(call: Call) -> list[Record]:
    """Archived contacts are in no list and no search."""
    return [one for one in call.store.all("contact") if not one.is_archived]


def _searchable(call: Call, record: Record) -> Mapping[str, Any]:
    return {**view(record, call.store), "segment_id": record.fields["segment_ids"]}


def _sorted(call: Call, records: list[Record]) -> list[Record]:
    sort = call.body.get("sort")
    if not isinstance(sort, Mapping) or not isinstance(sort.get("field"), str):
        return records
    field = sort["field"]

    def key(record: Record) -> tuple[bool, str | float]:
        value = record.fields.get(field)
        return value is None, value if isinstance(value, (int, float)) else str(value or "")

    return sorted(records, key=key, reverse=sort.get("order") == "descending")


def show_contact(call: Call) -> Answer:
    return Answer(record=call.store.get("contact", call.ids[0]))


def show_contact_by_external_id(call: Call) -> Answer:
    found = next(call.store.where("contact", external_id=call.ids[0]), None)
    if found is None:
        raise Refusal(404, "not_found", "User Not Found")
    return Answer(record=found)


def create_contact(call: Call) -> Answer:
    given = _contact_fields(call)
    role = given.setdefault("role", "user" if given.get("external_id") else "lead")
    if role == "user" and not (given.get("email") or given.get("external_id")):
        raise Refusal(400, "parameter_invalid", "a user needs an email or an external_id")
    for unique in ("external_id", "email"):
        value = given.get(unique)
        taken = value and next(call.store.where("contact", **{unique: value}), None)
        if taken and not (unique == "email" and role == "lead"):
            raise Refusal(
                409,
                "conflict",
                f"A contact matching those details already exists with id={taken.id}",
            )
    record = call.store.add(
        "contact",
        **{
            "email": None,
            "external_id": None,
            "created_at": call.now,
            "updated_at": call.now,
            "custom_attributes": {},
            "has_hard_bounced": False,
            "marked_email_as_spam": False,
            "unsubscribed_from_emails": False,
            "archived": False,
            "tag_ids": [],
            "company_ids": [],
            "segment_ids": [],
            "location": {"type": "location", "country": None, "region": None, "city": None},
            **given,
        },
    )
    return Answer(record=record, wrote=True)


def _contact_fields(call: Call) -> dict[str, Any]:
    given = {name: call.body[name] for name in _CONTACT_FIELDS if name in call.body}
    if given.get("role") not in (None, "user", "lead"):
        raise Refusal(400, "parameter_invalid", "role must be user or lead")
    for name in ("email", "external_id", "name", "phone"):
        if given.get(name) is not None and not isinstance(given[name], str):
            raise Refusal(400, "parameter_invalid", f"{name} must be a string")
    if isinstance(given.get("avatar"), str):
        given["avatar"] = {"type": "avatar", "image_url": given["avatar"]}
    if "custom_attributes" in call.body:
        given["custom_attributes"] = attributes_in(call)
    return given


def update_contact(call: Call) -> Answer:
    record = call.store.get("contact", call.ids[0])
    given = _contact_fields(call)
    if "custom_attributes" in given:
        known = record.fields["custom_attributes"]
        given["custom_attributes"] = {**known, **given["custom_attributes"]}
    call.store.change(record, **given, updated_at=call.now)
    return Answer(record=record, wrote=True)


def delete_contact(call: Call) -> Answer:
    record = call.store.get("contact", call.ids[0])
    call.store.remove(record)
    return _contact_receipt(record, deleted=True)


def _contact_receipt(record: Record, **said: bool) -> Answer:
    receipt = {
        "id": record.id,
        "type": "contact",
        "external_id": record.fields.get("external_id"),
        **said,
    }
    return Answer(document=receipt, wrote=True)


def _archiving(archived: bool) -> Handler:
    def archive(call: Call) -> Answer:
        record = call.store.get("contact", call.ids[0])
        call.store.change(record, archived=archived)
        return _contact_receipt(record, archived=archived)

    return archive


def block_contact(call: Call) -> Answer:
    record = call.store.get("contact", call.ids[0])
    call.store.change(record, archived=True)
    return _contact_receipt(record, blocked=True)


def merge_contacts(call: Call) -> Answer:
    lead = call.store.get("contact", call.text("from"))
    user = call.store.get("contact", call.text("into"))
    if lead is user or lead.fields.get("role") != "lead":
        raise Refusal(400, "parameter_invalid", "from must be a lead, into a user")
    for kind in ("tag", "company", "segment"):
        for one in call.store.linked(kind, lead):
            call.store.link(user, one)
    call.store.remove(lead)
    return Answer(record=user, wrote=True)


def attach_company(call: Call) -> Answer:
    contact = call.store.get("contact", call.ids[0])
    company = call.store.get("company", call.text("id"))
    call.store.link(contact, company)
    return Answer(record=company, wrote=True)


OPERATIONS: Final[Mapping[str, Handler]] = {
    "GET /contacts": list_contacts,
    "POST /contacts": create_contact,
    "POST /contacts/search": search_contacts,
    "POST /contacts/merge": merge_contacts,
    "GET /contacts/{}": show_contact,
    "PUT /contacts/{}": update_contact,
    "DELETE /contacts/{}": delete_contact,
    "GET /contacts/find_by_external_id/{}": show_contact_by_external_id,
    "POST /contacts/{}/archive": _archiving(True),
    "POST /contacts/{}/unarchive": _archiving(False),
    "POST /contacts/{}/block": block_contact,
    "GET /contacts/{}/companies": linked("company", "contact"),
    "POST /contacts/{}/companies": attach_company,
    "DELETE /contacts/{}/companies/{}": detach("company", "contact"),
    "GET /contacts/{}/tags": linked("tag", "contact"),
    "POST /contacts/{}/tags": attach_tag("contact"),
    "DELETE /contacts/{}/tags/{}": detach("tag", "contact"),
    "GET /contacts/{}/segments": linked("segment", "contact"),
}
