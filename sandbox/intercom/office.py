"""Operations on the workspace: who asks, admins, teams, attributes, events, articles."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.generic import attach_tag, delete, detach, every, show
from sandbox.intercom.pagination import CONTENT, INBOX, by_number
from sandbox.intercom.store import Record
from sandbox.intercom.views import view

_ARTICLE_FIELDS: Final = [
    "title",
    "description",
    "body",
    "author_id",
    "state",
    "parent_id",
    "parent_type",
    "translated_content",
]
_COLLECTION_FIELDS: Final = ["name", "description", "parent_id", "help_center_id"]
_ATTRIBUTE_FIELDS: Final = ["description", "options", "archived", "messenger_writable"]


def identify(call: Call) -> Answer:
    """Say who the token is: an admin, with the app and the region that it belongs to."""
    admin = call.store.all("admin")[0]
    app = {
        "type": "app",
        "id_code": call.token.app_id,
        "name": "Sandbox of Acme",
        "created_at": admin.fields.get("created_at", 1_700_000_000),
        "secure": False,
        "identity_verification": False,
        "timezone": "Europe/Dublin",
        "region": call.token.region.upper(),
    }
    return Answer(document={**view(admin, call.store), "app": app})


def set_away(call: Call) -> Answer:
    admin = call.store.get("admin", call.ids[0])
    given = {}
    for name in ("away_mode_enabled", "away_mode_reassign"):
        if not isinstance(call.need(name), bool):
            raise Refusal(400, "parameter_invalid", f"{name} must be a boolean")
        given[name] = call.body[name]
    return Answer(record=call.store.change(admin, **given), wrote=True)


def activity_logs(call: Call) -> Answer:
    after, before = _moment(call, "created_at_after"), _moment(call, "created_at_before")
    found = [
        one
        for one in call.store.all("activity_log")
        if (after is None or one.fields["created_at"] > after)
        and (before is None or one.fields["created_at"] < before)
    ]
    return by_number(call, found, INBOX)


def _moment(call: Call, name: str) -> int | None:
    value = call.parameter(name)
    if value is None and any(
        one.name == name and one.required for one in call.operation.parameters
    ):
        raise Refusal(400, "parameter_not_found", f"{name} is required")
    try:
        return None if value is None else int(value)
    except ValueError:
        raise Refusal(400, "parameter_invalid", f"{name} must be a timestamp") from None


def list_attributes(call: Call) -> Answer:
    model = call.parameter("model")
    found = call.store.all("data_attribute")
    if model is not None:
        found = [one for one in found if one.fields["model"] == model]
    return Answer(records=found, envelope={"type": "list"})


def create_attribute(call: Call) -> Answer:
    name, model = call.text("name"), call.text("model")
    if model not in ("contact", "company", "conversation"):
        raise Refusal(400, "parameter_invalid", "model is invalid")
    if next(call.store.where("data_attribute", name=name, model=model), None):
        raise Refusal(400, "parameter_invalid", f"You already have '{name}' in your {model} data.")
    record = call.store.add(
        "data_attribute",
        model=model,
        name=name,
        full_name=f"custom_attributes.{name}",
        label=name,
        description="",
        data_type=str(call.body.get("data_type") or "string"),
        options=[],
        api_writable=True,
        messenger_writable=False,
        ui_writable=True,
        custom=True,
        archived=False,
        created_at=call.now,
        updated_at=call.now,
        admin_id=call.store.all("admin")[0].id,
    )
    return Answer(record=_change(call, record, _ATTRIBUTE_FIELDS), wrote=True)


def update_attribute(call: Call) -> Answer:
    record = call.store.get("data_attribute", call.ids[0])
    return Answer(record=_change(call, record, _ATTRIBUTE_FIELDS), wrote=True)


def _change(call: Call, record: Record, names: Sequence[str]) -> Record:
    given = {name: call.body[name] for name in names if call.body.get(name) is not None}
    return call.store.change(record, **given, updated_at=call.now)


def create_event(call: Call) -> Answer:
    call.text("event_name")
    call.text("created_at")
    if not any(call.body.get(name) for name in ("id", "user_id", "email")):
        raise Refusal(400, "parameter_not_found", "id, user_id or email is required")
    call.store.add("event", **{**call.body, "id_of": call.body.get("id")})
    return Answer(wrote=True)


def list_articles(call: Call) -> Answer:
    newest = sorted(call.store.all("article"), key=lambda one: -one.fields["updated_at"])
    return by_number(call, newest, CONTENT)


def search_articles(call: Call) -> Answer:
    phrase, state = (call.parameter("phrase") or "").lower(), call.parameter("state")
    found = [
        one
        for one in call.store.all("article")
        if phrase in one.fields["title"].lower() and state in (None, "all", one.fields["state"])
    ]
    shown = [view(one, call.store) for one in found[: CONTENT.default]]
    document = {
        "type": "list",
        "total_count": len(found),
        "data": {"articles": shown, "highlights": []},
        "pages": {"type": "pages", "page": 1, "per_page": 10, "total_pages": 1, "next": None},
    }
    return Answer(document=document)


def create_article(call: Call) -> Answer:
    title = call.text("title")
    author = call.store.get("admin", call.need("author_id"))
    state = call.body.get("state") or "draft"
    if state not in ("published", "draft"):
        raise Refusal(400, "parameter_invalid", "state must be published or draft")
    parent = call.body.get("parent_id")
    record = call.store.add(
        "article",
        title=title,
        description=call.body.get("description"),
        body=call.body.get("body"),
        author_id=int(author.id),
        state=state,
        created_at=call.now,
        updated_at=call.now,
        parent_id=parent,
        parent_ids=[parent] if parent is not None else [],
        parent_type=call.body.get("parent_type"),
        default_locale="en",
        tag_ids=[],
    )
    return Answer(record=record, wrote=True)


def update_article(call: Call) -> Answer:
    record = call.store.get("article", call.ids[0])
    return Answer(record=_change(call, record, _ARTICLE_FIELDS), wrote=True)


def list_collections(call: Call) -> Answer:
    return by_number(call, call.store.all("collection"), INBOX)


def create_collection(call: Call) -> Answer:
    record = call.store.add(
        "collection",
        name=call.text("name"),
        description=None,
        created_at=call.now,
        updated_at=call.now,
        url=None,
        icon="book-bookmark",
        order=len(call.store.all("collection")) + 1,
        default_locale="en",
        parent_id=None,
        help_center_id=123,
    )
    return Answer(record=_change(call, record, _COLLECTION_FIELDS), wrote=True)


def update_collection(call: Call) -> Answer:
    record = call.store.get("collection", call.ids[0])
    return Answer(record=_change(call, record, _COLLECTION_FIELDS), wrote=True)


def contact_subscriptions(call: Call) -> Answer:
    call.store.get("contact", call.ids[0])
    found: Any = call.store.all("subscription_type")
    return Answer(records=found, envelope={"type": "list"})


OPERATIONS: Final[Mapping[str, Handler]] = {
    "GET /me": identify,
    "GET /admins": every("admin"),
    "GET /admins/{}": show("admin"),
    "PUT /admins/{}/away": set_away,
    "GET /admins/activity_logs": activity_logs,
    "GET /teams": every("team"),
    "GET /teams/{}": show("team"),
    "GET /data_attributes": list_attributes,
    "POST /data_attributes": create_attribute,
    "PUT /data_attributes/{}": update_attribute,
    "POST /events": create_event,
    "GET /subscription_types": every("subscription_type"),
    "GET /contacts/{}/subscriptions": contact_subscriptions,
    "GET /articles": list_articles,
    "POST /articles": create_article,
    "GET /articles/search": search_articles,
    "GET /articles/{}": show("article"),
    "PUT /articles/{}": update_article,
    "DELETE /articles/{}": delete("article"),
    "POST /articles/{}/tags": attach_tag("article"),
    "DELETE /articles/{}/tags/{}": detach("tag", "article"),
    "GET /help_center/collections": list_collections,
    "POST /help_center/collections": create_collection,
    "GET /help_center/collections/{}": show("collection"),
    "PUT /help_center/collections/{}": update_collection,
    "DELETE /help_center/collections/{}": delete("collection"),
}
