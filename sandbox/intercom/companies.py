"""Operations on companies, and on what hangs on people and companies: tags, notes, segments."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.contacts import living
from sandbox.intercom.generic import attributes_in, delete, every, linked, show
from sandbox.intercom.pagination import COMPANIES, CONTACTS, by_number
from sandbox.intercom.store import NEVER, Record

SCROLL_IDLE: Final = 60  # seconds until an open scroll is forgotten
_SCROLL: Final = "5f2c1a7e-scroll"

_COMPANY_FIELDS: Final = (
    "name",
    "website",
    "industry",
    "size",
    "monthly_spend",
    "remote_created_at",
)


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
    """All of them, in the order in which somebody of theirs was last seen."""
    companies = sorted(
        call.store.all("company"),
        key=lambda one: one.fields.get("last_request_at") or 0,
        reverse=(call.parameter("order") or "desc") == "desc",
    )
    return by_number(call, companies, COMPANIES)


def scroll_companies(call: Call) -> Answer:
    """The whole list at once, then an empty page that ends the scroll; one at a time per app."""
    store, parameter = call.store, call.parameter("scroll_param")
    is_open = call.now - store.scrolled_at <= SCROLL_IDLE
    if parameter is None and is_open:
        raise Refusal(400, "scroll_exists", "scroll already exists for this workspace")
    if parameter is not None and not (is_open and parameter == _SCROLL):
        raise Refusal(404, "not_found", "scroll parameter not found")
    store.scrolled_at = call.now if parameter is None else NEVER
    companies = store.all("company") if parameter is None else []
    envelope = {"scroll_param": _SCROLL, "total_count": None, "pages": None}
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
        given["custom_attributes"] = attributes_in(call)
    return given


def _change_company(call: Call, record: Record, given: dict[str, Any]) -> Answer:
    known = record.fields["custom_attributes"]
    given["custom_attributes"] = {**known, **given.get("custom_attributes", {})}
    call.store.change(record, **given, updated_at=call.now)
    return Answer(record=record, wrote=True)


def update_company(call: Call) -> Answer:
    return _change_company(call, call.store.get("company", call.ids[0]), _company_fields(call))


def company_contacts(call: Call) -> Answer:
    company = call.store.get("company", call.ids[0])
    held = [one for one in living(call) if company.id in one.fields["company_ids"]]
    return by_number(call, held, CONTACTS)


def notes_of(kind: str) -> Handler:
    """List the notes of a contact or a company, the newest first."""

    def notes(call: Call) -> Answer:
        owner = call.store.get(kind, call.ids[0])
        found = list(call.store.where("note", **{f"{kind}_id": owner.id}))
        return by_number(call, found[::-1], CONTACTS)

    return notes


def create_note(kind: str) -> Handler:
    """Write a note on a contact or a company."""

    def create(call: Call) -> Answer:
        owner = call.store.get(kind, call.ids[0])
        admin = call.body.get("admin_id")
        note = call.store.add(
            "note",
            admin_id=call.store.get("admin", admin).id if admin is not None else None,
            body=f"<p>{call.text('body')}</p>",
            created_at=call.now,
            **{f"{kind}_id": owner.id},
        )
        return Answer(record=note, wrote=True)

    return create


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


OPERATIONS: Final[Mapping[str, Handler]] = {
    "GET /contacts/{}/notes": notes_of("contact"),
    "POST /contacts/{}/notes": create_note("contact"),
    "POST /companies/{}/notes": create_note("company"),
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
