"""Operations on contacts, companies, tags, notes and segments."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.pagination import COMPANIES, CONTACTS, by_cursor, by_number, whole
from sandbox.intercom.search import compile_query
from sandbox.intercom.store import Record
from sandbox.intercom.views import view

_CONTACT_FIELDS: Final = (
    "role email external_id phone name avatar signed_up_at last_seen_at owner_id "
    "unsubscribed_from_emails language_override"
).split()
_COMPANY_FIELDS: Final = "name website industry size monthly_spend remote_created_at".split()

_SEARCHABLE_CONTACT: Final = frozenset(
    "id role name avatar owner_id email email_domain phone external_id created_at signed_up_at "
    "updated_at last_seen_at last_contacted_at last_replied_at last_email_opened_at "
    "last_email_clicked_at language_override browser browser_language os location "
    "unsubscribed_from_emails marked_email_as_spam has_hard_bounced ios_last_seen_at "
    "ios_app_version ios_device ios_os_version android_last_seen_at android_app_name "
    "android_app_version android_device android_sdk_version android_os_version segment_id tag_id "
    "custom_attributes".split()
)
"""The accepted fields of the contact search, as its description lists them."""


def list_contacts(call: Call) -> Answer:
    return by_cursor(call, _living(call), CONTACTS)


def search_contacts(call: Call) -> Answer:
    matches = compile_query(call.body.get("query"), known=_SEARCHABLE_CONTACT, days=True)
    found = [one for one in _living(call) if matches(_searchable(call, one))]
    return by_cursor(call, _sorted(call, found), CONTACTS)


def _living(call: Call) -> list[Record]:
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
        given["custom_attributes"] = _attributes(call)
    return given


def _attributes(call: Call) -> Mapping[str, Any]:
    custom = call.body["custom_attributes"]
    if custom is not None and not isinstance(custom, Mapping):
        raise Refusal(400, "parameter_invalid", "custom_attributes must be an object")
    return custom or {}


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


def list_companies(call: Call) -> Answer:
    """All of them, or those that a filter names; one that is named by `company_id` or `name` comes
    alone."""
    store = call.store
    for field in ("company_id", "name"):
        if (value := call.parameter(field)) is not None:
            found = next(store.where("company", **{field: value}), None)
            if found is None:
                raise Refusal(404, "company_not_found", "Company Not Found")
            return by_number(call, [found], COMPANIES)
    companies = store.all("company")
    for kind in ("tag", "segment"):
        if (value := call.parameter(f"{kind}_id")) is not None:
            companies = [one for one in companies if value in one.fields[f"{kind}_ids"]]
    return by_number(call, companies, COMPANIES)


def list_all_companies(call: Call) -> Answer:
    companies = call.store.all("company")
    if (call.parameter("order") or "desc") == "desc":
        companies.reverse()
    return by_number(call, companies, COMPANIES)


def scroll_companies(call: Call) -> Answer:
    """The whole list at once, then an empty page that ends the scroll."""
    is_first = call.parameter("scroll_param") is None
    companies = call.store.all("company") if is_first else []
    envelope = {"scroll_param": "sandbox-scroll", "total_count": None, "pages": None}
    return Answer(records=companies, envelope=envelope)


def create_company(call: Call) -> Answer:
    """Create, or update where the `company_id` is known."""
    given = _company_fields(call)
    identifier = call.body.get("company_id")
    known = identifier and next(call.store.where("company", company_id=str(identifier)), None)
    if known:
        return _change_company(call, known, given)
    if not identifier and not given.get("name"):
        raise Refusal(400, "parameter_not_found", "company_id is required")
    record = call.store.add(
        "company",
        **{
            "company_id": str(identifier or given["name"]),
            "name": str(identifier),
            "created_at": call.now,
            "updated_at": call.now,
            "session_count": 0,
            "monthly_spend": 0,
            "custom_attributes": {},
            "tag_ids": [],
            "segment_ids": [],
            **given,
        },
    )
    return Answer(record=record, wrote=True)


def _company_fields(call: Call) -> dict[str, Any]:
    given = {name: call.body[name] for name in _COMPANY_FIELDS if call.body.get(name) is not None}
    if isinstance(call.body.get("plan"), str):
        given["plan"] = {"type": "plan", "id": "901", "name": call.body["plan"]}
    if "custom_attributes" in call.body:
        given["custom_attributes"] = _attributes(call)
    return given


def _change_company(call: Call, record: Record, given: dict[str, Any]) -> Answer:
    known = record.fields["custom_attributes"]
    given["custom_attributes"] = {**known, **given.get("custom_attributes", {})}
    call.store.change(record, **given, updated_at=call.now)
    return Answer(record=record, wrote=True)


def update_company(call: Call) -> Answer:
    return _change_company(call, call.store.get("company", call.ids[0]), _company_fields(call))


def attach_company(call: Call) -> Answer:
    contact = call.store.get("contact", call.ids[0])
    company = call.store.get("company", call.text("id"))
    call.store.link(contact, company)
    return Answer(record=company, wrote=True)


def company_contacts(call: Call) -> Answer:
    company = call.store.get("company", call.ids[0])
    held = [one for one in _living(call) if company.id in one.fields["company_ids"]]
    return by_number(call, held, CONTACTS)


def notes_of(kind: str) -> Handler:
    """List the notes of a contact or a company, the newest first."""

    def notes(call: Call) -> Answer:
        owner = call.store.get(kind, call.ids[0])
        found = list(call.store.where("note", **{f"{kind}_id": owner.id}))
        return by_number(call, found[::-1], CONTACTS)

    return notes


def create_note(call: Call) -> Answer:
    contact = call.store.get("contact", call.ids[0])
    admin = call.body.get("admin_id")
    if admin is not None and call.store.find("admin", admin) is None:
        raise Refusal(404, "not_found", "Resource Not Found")
    note = call.store.add(
        "note",
        contact_id=contact.id,
        admin_id=str(admin) if admin is not None else None,
        body=f"<p>{call.text('body')}</p>",
        created_at=call.now,
    )
    return Answer(record=note, wrote=True)


def create_tag(call: Call) -> Answer:
    """Create or rename a tag, or put it on (or off, `untag`) companies and users."""
    name, identifier = call.text("name"), call.body.get("id")
    tag = call.store.find("tag", identifier) if identifier is not None else None
    if identifier is not None and tag is None:
        raise Refusal(404, "not_found", "Resource Not Found")
    same = next((one for one in call.store.where("tag", name=name)), None)
    tag = call.store.change(tag, name=name) if tag else same or call.store.add("tag", name=name)
    for kind, members in (("company", "companies"), ("contact", "users")):
        for one in call.body.get(members) or ():
            holder = _member(call, kind, one)
            if isinstance(one, Mapping) and one.get("untag") is True:
                call.store.unlink(holder, tag)
            else:
                call.store.link(holder, tag)
    return Answer(record=tag, wrote=True)


def _member(call: Call, kind: str, named: object) -> Record:
    if isinstance(named, Mapping):
        if named.get("id") is not None:
            return call.store.get(kind, named["id"])
        if kind == "company" and named.get("company_id") is not None:
            found = next(call.store.where("company", company_id=named["company_id"]), None)
            if found is not None:
                return found
    return call.store.get(kind, None)


def delete_tag(call: Call) -> Answer:
    call.store.remove(call.store.get("tag", call.ids[0]))
    return Answer(wrote=True)


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


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
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
    "GET /contacts/{}/notes": notes_of("contact"),
    "POST /contacts/{}/notes": create_note,
    "GET /contacts/{}/segments": linked("segment", "contact"),
    "GET /notes/{}": show("note"),
    "GET /companies": list_companies,
    "POST /companies": create_company,
    "POST /companies/list": list_all_companies,
    "GET /companies/scroll": scroll_companies,
    "GET /companies/{}": show("company"),
    "PUT /companies/{}": update_company,
    "DELETE /companies/{}": delete("company"),
    "GET /companies/{}/contacts": company_contacts,
    "GET /companies/{}/segments": linked("segment", "company"),
    "GET /companies/{}/notes": notes_of("company"),
    "GET /tags": every("tag"),
    "POST /tags": create_tag,
    "GET /tags/{}": show("tag"),
    "DELETE /tags/{}": delete_tag,
    "GET /segments": every("segment"),
    "GET /segments/{}": show("segment"),
}
