"""Operations on what teammates read and what customers are told: internal articles, news items."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.intercom.answers import Answer, Call, Handler, Refusal
from sandbox.intercom.generic import delete, show
from sandbox.intercom.pagination import CONTENT, by_number
from sandbox.intercom.store import Record

_ARTICLE_FIELDS: Final = ["title", "body", "author_id", "owner_id", "locale"]
_NEWS_FIELDS: Final = [
    "title",
    "body",
    "sender_id",
    "state",
    "deliver_silently",
    "labels",
    "reactions",
    "newsfeed_assignments",
]


def _listed(kind: str) -> Handler:
    return lambda call: by_number(call, call.store.all(kind), CONTENT)


def _changed(kind: str, fields: Sequence[str]) -> Handler:
    def change(call: Call) -> Answer:
        record = call.store.get(kind, call.ids[0])
        given = _given(call, fields)
        return Answer(record=call.store.change(record, **given, updated_at=call.now), wrote=True)

    return change


def create_article(call: Call) -> Answer:
    author, owner = _teammate(call, "author_id"), _teammate(call, "owner_id")
    article = _add(call, "internal_article", locale="en", body=None)
    call.store.change(article, **_given(call, _ARTICLE_FIELDS))
    return _created(call, article, author_id=author, owner_id=owner)


def create_news(call: Call) -> Answer:
    sender = _teammate(call, "sender_id")
    if call.body.get("state") not in (None, "draft", "live"):
        raise Refusal(400, "parameter_invalid", "state must be draft or live")
    item = _add(
        call,
        "news-item",
        body=None,
        state="draft",
        labels=[],
        reactions=[],
        newsfeed_assignments=[],
        cover_image_url=None,
        deliver_silently=False,
    )
    call.store.change(item, **_given(call, _NEWS_FIELDS))
    return _created(call, item, sender_id=sender)


def _add(call: Call, kind: str, **fields: Any) -> Record:
    title = call.text("title")
    return call.store.add(kind, title=title, created_at=call.now, updated_at=call.now, **fields)


def _created(call: Call, record: Record, **fields: Any) -> Answer:
    return Answer(record=call.store.change(record, **fields), wrote=True)


def _given(call: Call, fields: Sequence[str]) -> dict[str, Any]:
    return {name: call.body[name] for name in fields if call.body.get(name) is not None}


def _teammate(call: Call, field: str) -> int:
    return int(call.store.get("admin", call.need(field)).id)


OPERATIONS: Final[Mapping[str, Handler]] = {
    "GET /internal_articles": _listed("internal_article"),
    "POST /internal_articles": create_article,
    "GET /internal_articles/{}": show("internal_article"),
    "PUT /internal_articles/{}": _changed("internal_article", _ARTICLE_FIELDS),
    "DELETE /internal_articles/{}": delete("internal_article"),
    "GET /news/news_items": _listed("news-item"),
    "POST /news/news_items": create_news,
    "GET /news/news_items/{}": show("news-item"),
    "PUT /news/news_items/{}": _changed("news-item", _NEWS_FIELDS),
    "DELETE /news/news_items/{}": delete("news-item"),
}
