"""The kinds of objects that a run may create, because it knows how to find and to delete them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind: the identities of its operations.

    `field` holds the name that was given; `changes` is the field that an update writes. `body`
    makes what to create from a name and an admin's id, None where it cannot. `find` is the
    operation that finds an object by its name, with the question's query or body.
    """

    kind: str
    create: str
    read: str
    delete: str
    body: Callable[[str, str | None], Body | None]
    field: str = "name"
    changes: str = "name"
    update: str | None = None
    archive: str | None = None
    list: str | None = None
    find: str
    find_query: Callable[[str], dict[str, str]] = lambda name: {}
    find_body: Callable[[str], Body] | None = None

    @property
    def writes(self) -> tuple[str, ...]:
        """The operations by which an object of this kind lives."""
        every = (self.create, self.update, self.archive, self.delete)
        return tuple(one for one in every if one is not None)


def _by_external_id(name: str) -> Body:
    return {"query": {"field": "external_id", "operator": "=", "value": name}}


_DESCRIPTION: Final = "Made by a test, and removed by it."

RESOURCES: Final = (
    Resource(
        kind="contact",
        create="POST /contacts",
        read="GET /contacts/{}",
        update="PUT /contacts/{}",
        archive="POST /contacts/{}/archive",
        delete="DELETE /contacts/{}",
        body=lambda name, author: {
            "role": "user",
            "external_id": name,
            "name": name,
            "email": f"{name}@example.com",
        },
        field="external_id",
        find="POST /contacts/search",
        find_body=_by_external_id,
    ),
    Resource(
        kind="company",
        create="POST /companies",
        read="GET /companies/{}",
        update="PUT /companies/{}",
        delete="DELETE /companies/{}",
        body=lambda name, author: {"company_id": name, "name": name},
        field="company_id",
        find="GET /companies",
        find_query=lambda name: {"company_id": name},
    ),
    Resource(
        kind="tag",
        create="POST /tags",
        read="GET /tags/{}",
        delete="DELETE /tags/{}",
        body=lambda name, author: {"name": name},
        list="GET /tags",
        find="GET /tags",
    ),
    Resource(
        kind="article",
        create="POST /articles",
        read="GET /articles/{}",
        update="PUT /articles/{}",
        delete="DELETE /articles/{}",
        body=lambda name, author: (
            {
                "title": name,
                "description": _DESCRIPTION,
                "author_id": int(author),
                "state": "draft",
            }
            if author is not None and author.isdigit()
            else None
        ),
        field="title",
        changes="title",
        list="GET /articles",
        find="GET /articles",
    ),
    Resource(
        kind="collection",
        create="POST /help_center/collections",
        read="GET /help_center/collections/{}",
        update="PUT /help_center/collections/{}",
        delete="DELETE /help_center/collections/{}",
        body=lambda name, author: {"name": name, "description": _DESCRIPTION},
        list="GET /help_center/collections",
        find="GET /help_center/collections",
    ),
    Resource(
        kind="internal_article",
        create="POST /internal_articles",
        read="GET /internal_articles/{}",
        update="PUT /internal_articles/{}",
        delete="DELETE /internal_articles/{}",
        body=lambda name, author: (
            {
                "title": name,
                "body": _DESCRIPTION,
                "author_id": int(author),
                "owner_id": int(author),
            }
            if author is not None and author.isdigit()
            else None
        ),
        field="title",
        changes="title",
        list="GET /internal_articles",
        find="GET /internal_articles",
    ),
    Resource(
        kind="news-item",
        create="POST /news/news_items",
        read="GET /news/news_items/{}",
        update="PUT /news/news_items/{}",
        delete="DELETE /news/news_items/{}",
        body=lambda name, author: (
            {"title": name, "sender_id": int(author), "state": "draft", "deliver_silently": True}
            if author is not None and author.isdigit()
            else None
        ),
        field="title",
        changes="title",
        list="GET /news/news_items",
        find="GET /news/news_items",
    ),
)
"""Those that Intercom finds by name and deletes for good: a note or an event would stay."""

_TEAMMATES: Final = "it reaches teammates and workflows, whatever is removed afterwards"
NEVER_CREATED: Final[Mapping[str, str]] = {
    "POST /contacts/{}/notes": "a note cannot be deleted",
    "POST /companies/{}/notes": "a note cannot be deleted",
    "POST /events": "an event cannot be deleted",
    "POST /data_attributes": "a data attribute can be archived and never deleted",
    "POST /ticket_types": "a type of tickets can be archived and never deleted",
    "POST /ticket_types/{}/attributes": "an attribute can be archived and never deleted",
    "POST /conversations": _TEAMMATES,
    "POST /conversations/{}/reply": _TEAMMATES,
    "POST /conversations/{}/parts": _TEAMMATES,
    "POST /tickets": _TEAMMATES,
    "POST /tickets/{}/reply": _TEAMMATES,
    "PUT /admins/{}/away": "it changes what a teammate is, and no run created one",
}
"""What a run creates nowhere, and why; of others nothing says that they can be removed."""
