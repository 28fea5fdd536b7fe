"""The kinds of objects that a run may create, because it knows how to find and to delete them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Body = dict[str, Any]
Known = Callable[[str], str | None]
"""An id of some object that was seen, by the path that reads it; None where none was."""


MARK: Final = "intercheck-"
"""What the names begin with of everything that a run creates."""
LETTERS: Final = "é漢"
"""Letters beyond ASCII, one of them beyond Latin: what loses them loses what customers write."""
_SHORTEST: Final = 5  # characters of a text that is taken for the beginning of another
DESCRIPTION: Final = f"Made by a test, and removed by it {LETTERS}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind: the identities of its operations.

    `field` holds the name that was given; `changes` is the field that an update writes, and `also`
    the one that another update writes, without the first. `body`
    makes what to create from a name and what is known, None where it cannot. `find` is the
    operation that finds an object by its name, with the question's query or body; `list` the one
    that lists its kind, and `lists_new` whether what was just created is there.
    """

    kind: str
    create: str
    read: str
    delete: str
    body: Callable[[str, Known], Body | None]
    field: str = "name"
    changes: str = "name"
    also: str | None = None
    update: str | None = None
    archive: str | None = None
    list: str | None = None
    lists_new: bool = True
    find: str
    find_query: Callable[[str], dict[str, str]] = lambda name: {}
    find_body: Callable[[str], Body] | None = None

    @property
    def writes(self) -> tuple[str, ...]:
        """The operations by which an object of this kind lives."""
        every = (self.create, self.update, self.archive, self.delete)
        return tuple(one for one in every if one is not None)

    def name(self, run_id: str) -> str:
        """Return what an object of this kind is called in a run. A key of somebody's own system is
        plain; what people write has letters."""
        name = f"{MARK}{run_id}-{self.kind}"
        if self.field == "url":
            return f"https://example.com/{name}"
        return name if self.field.endswith("_id") else f"{name}-{LETTERS}"


def is_ours(told: object, written: object) -> bool:
    """Whether a text is a name of ours, or what a careless server made of one: in other letters,
    or cut short."""
    if not isinstance(told, str) or not isinstance(written, str) or MARK not in written:
        return False
    reaches_mark = len(told) >= written.index(MARK) + _SHORTEST
    return reaches_mark and any(
        one.casefold().startswith(told.casefold()) for one in (written, plain(written))
    )


def plain(text: str) -> str:
    """Return a text as a server shows it that knows only ASCII."""
    return text.encode("ascii", "replace").decode()


def _by_external_id(name: str) -> Body:
    return {"query": {"field": "external_id", "operator": "=", "value": name}}


def _with_author(known: Known, body: Callable[[int], Body]) -> Body | None:
    """Make a body that needs a teammate."""
    author = known("/admins/{id}")
    return body(int(author)) if author is not None and author.isdigit() else None


def _inside(known: Known, path: str, name: str, body: Body) -> Body | None:
    """Make a body that names what it is inside of."""
    outer = known(path)
    return {**body, name: int(outer)} if outer is not None and outer.isdigit() else None


RESOURCES: Final = (
    Resource(
        kind="contact",
        create="POST /contacts",
        read="GET /contacts/{}",
        update="PUT /contacts/{}",
        archive="POST /contacts/{}/archive",
        delete="DELETE /contacts/{}",
        body=lambda name, known: {
            "role": "user",
            "external_id": name,
            "name": f"{name} {LETTERS}",
            "email": f"{name}@example.com",
        },
        field="external_id",
        list="GET /contacts",
        find="POST /contacts/search",
        find_body=_by_external_id,
    ),
    Resource(
        kind="company",
        create="POST /companies",
        read="GET /companies/{}",
        update="PUT /companies/{}",
        delete="DELETE /companies/{}",
        also="industry",
        body=lambda name, known: {
            "company_id": name,
            "name": f"{name} {LETTERS}",
            "industry": DESCRIPTION,
        },
        field="company_id",
        list="GET /companies",
        lists_new=False,  # companies without users are not listed
        find="GET /companies",
        find_query=lambda name: {"company_id": name},
    ),
    Resource(
        kind="tag",
        create="POST /tags",
        read="GET /tags/{}",
        delete="DELETE /tags/{}",
        body=lambda name, known: {"name": name},
        list="GET /tags",
        find="GET /tags",
    ),
    Resource(
        kind="article",
        create="POST /articles",
        read="GET /articles/{}",
        update="PUT /articles/{}",
        delete="DELETE /articles/{}",
        also="description",
        body=lambda name, known: _with_author(
            known,
            lambda author: {
                "title": name,
                "description": DESCRIPTION,
                "body": DESCRIPTION,
                "author_id": author,
                "state": "draft",
            },
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
        also="description",
        body=lambda name, known: {"name": name, "description": DESCRIPTION},
        list="GET /help_center/collections",
        find="GET /help_center/collections",
    ),
    Resource(
        kind="internal_article",
        create="POST /internal_articles",
        read="GET /internal_articles/{}",
        update="PUT /internal_articles/{}",
        delete="DELETE /internal_articles/{}",
        also="body",
        body=lambda name, known: _with_author(
            known,
            lambda author: {
                "title": name,
                "body": DESCRIPTION,
                "author_id": author,
                "owner_id": author,
            },
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
        body=lambda name, known: _with_author(
            known,
            lambda author: {
                "title": name,
                "body": DESCRIPTION,
                "sender_id": author,
                "state": "draft",
                "deliver_silently": True,
            },
        ),
        field="title",
        changes="title",
        list="GET /news/news_items",
        find="GET /news/news_items",
    ),
    Resource(
        kind="section",
        create="POST /help_center/sections",
        read="GET /help_center/sections/{}",
        update="PUT /help_center/sections/{}",
        delete="DELETE /help_center/sections/{}",
        body=lambda name, known: _inside(
            known, "/help_center/collections/{id}", "parent_id", {"name": name}
        ),
        list="GET /help_center/sections",
        find="GET /help_center/sections",
    ),
    Resource(
        kind="audience",
        create="POST /audiences",
        read="GET /audiences/{}",
        update="PUT /audiences/{}",
        delete="DELETE /audiences/{}",
        body=lambda name, known: {"name": name},
        list="GET /audiences",
        find="GET /audiences",
    ),
    Resource(
        kind="content-snippet",
        create="POST /content_snippets",
        read="GET /content_snippets/{}",
        update="PUT /content_snippets/{}",
        delete="DELETE /content_snippets/{}",
        also="body_markdown",
        body=lambda name, known: {"title": name, "body_markdown": DESCRIPTION, "locale": "en"},
        field="title",
        changes="title",
        list="GET /content_snippets",
        find="GET /content_snippets",
    ),
    Resource(
        kind="office-hours-schedule",
        create="POST /office_hours_schedules",
        read="GET /office_hours_schedules/{}",
        update="PUT /office_hours_schedules/{}",
        delete="DELETE /office_hours_schedules/{}",
        body=lambda name, known: {
            "name": name,
            "time_zone_name": "Europe/Dublin",
            "time_intervals": [{"start_minute": 540, "end_minute": 1020}],
        },
        list="GET /office_hours_schedules",
        find="GET /office_hours_schedules",
    ),
    Resource(
        kind="data-connector",  # a draft: it calls nobody
        create="POST /data_connectors",
        read="GET /data_connectors/{}",
        update="PATCH /data_connectors/{}",
        delete="DELETE /data_connectors/{}",
        also="description",
        body=lambda name, known: {"name": name, "description": DESCRIPTION},
        list="GET /data_connectors",
        find="GET /data_connectors",
    ),
    Resource(
        kind="content-import-source",
        create="POST /ai/content_import_sources",
        read="GET /ai/content_import_sources/{}",
        update="PUT /ai/content_import_sources/{}",
        delete="DELETE /ai/content_import_sources/{}",
        body=lambda name, known: {
            "sync_behavior": "api",  # Intercom reads nothing there
            "url": name,
        },
        field="url",
        changes="url",
        list="GET /ai/content_import_sources",
        find="GET /ai/content_import_sources",
    ),
    Resource(
        kind="external-page",
        create="POST /ai/external_pages",
        read="GET /ai/external_pages/{}",
        update="PUT /ai/external_pages/{}",
        delete="DELETE /ai/external_pages/{}",
        also="html",
        body=lambda name, known: _inside(
            known,
            "/ai/content_import_sources/{id}",
            "source_id",
            {
                "title": f"{name} {LETTERS}",
                "html": DESCRIPTION,
                "locale": "en",
                "external_id": name,
                "ai_agent_availability": False,
                "ai_copilot_availability": False,
            },
        ),
        field="external_id",
        changes="title",
        list="GET /ai/external_pages",
        find="GET /ai/external_pages",
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
    "POST /conversations/attributes": "an attribute can be archived and never deleted",
    "POST /conversations": _TEAMMATES,
    "POST /conversations/{}/reply": _TEAMMATES,
    "POST /conversations/{}/parts": _TEAMMATES,
    "POST /tickets": _TEAMMATES,
    "POST /tickets/{}/reply": _TEAMMATES,
    "PUT /admins/{}/away": "it changes what a teammate is, and no run created one",
}
"""What a run creates nowhere, and why; of others nothing says that they can be removed."""
