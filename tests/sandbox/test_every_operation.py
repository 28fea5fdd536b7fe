"""Every operation of every description answers with a body that keeps its schema."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from contracts.conformance import Conformance
from contracts.consumers import consumers_of
from contracts.examples import self_contradictions
from contracts.exchanges import Exchange, Headers, Request, Response
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.reliance import Reliance
from contracts.spec import Spec, SpecOperation, read_spec
from sandbox.intercom import Sandbox
from sandbox.intercom.bodies import LISTED_AS
from sandbox.intercom.fitting import fit
from sandbox.intercom.shapes import Shapes
from sandbox.intercom.store import Store

PUBLISHED: Final = ("2.7", "2.11", "2.14", "2.15", "2.16")
MOMENT: Final = datetime(2026, 3, 2, tzinfo=UTC)
FILTER: Final = {"field": "created_at", "operator": ">", "value": 1}

KINDS: Final = {
    "contacts": "contact",
    "customers": "contact",
    "companies": "company",
    "tags": "tag",
    "notes": "note",
    "segments": "segment",
    "admins": "admin",
    "teams": "team",
    "conversations": "conversation",
    "tickets": "ticket",
    "ticket_types": "ticket_type",
    "articles": "article",
    "internal_articles": "internal_article",
    "news_items": "news-item",
    "collections": "collection",
    "data_attributes": "data_attribute",
    "subscriptions": "subscription_type",
}
"""What a path parameter names, by the segment before it."""

HUNG_ON: Final = ("}/tags/{}", "}/companies/{}", "}/customers/{}")

REQUIRED_NOWHERE: Final = ("/topics", "/statistics", "/total_count")
"""Names that 2.11 requires of objects which do not have them: there they must be, undocumented."""

BODIES: Final[dict[str, Callable[[Store], dict[str, Any]]]] = {
    "POST /contacts": lambda store: {"email": "new@example.com"},
    "PUT /contacts/{}": lambda store: {"name": "Another name"},
    "POST /contacts/search": lambda store: {"query": FILTER},
    "POST /conversations/search": lambda store: {"query": FILTER},
    "POST /tickets/search": lambda store: {"query": FILTER},
    "POST /contacts/merge": lambda store: {
        "from": next(store.where("contact", role="lead")).id,
        "into": next(store.where("contact", role="user")).id,
    },
    "POST /contacts/{}/companies": lambda store: {"id": store.all("company")[0].id},
    "POST /contacts/{}/tags": lambda store: {"id": store.all("tag")[0].id},
    "POST /contacts/{}/notes": lambda store: {"body": "A note."},
    "POST /conversations/{}/tags": lambda store: {"id": store.all("tag")[0].id},
    "POST /conversations": lambda store: {
        "from": {"type": "user", "id": store.all("contact")[0].id},
        "body": "Hello",
    },
    "POST /conversations/{}/reply": lambda store: {
        "message_type": "comment",
        "type": "admin",
        "admin_id": store.all("admin")[0].id,
        "body": "Hello back",
    },
    "POST /conversations/{}/parts": lambda store: {
        "message_type": "assignment",
        "type": "admin",
        "admin_id": store.all("admin")[0].id,
        "assignee_id": store.all("team")[0].id,
    },
    "POST /conversations/{}/customers": lambda store: {
        "customer": {"intercom_user_id": store.all("contact")[3].id}
    },
    "POST /conversations/redact": lambda store: {
        "type": "conversation_part",
        "conversation_id": store.all("conversation")[0].id,
        "conversation_part_id": store.all("part")[0].id,
    },
    "POST /tickets": lambda store: {
        "ticket_type_id": store.all("ticket_type")[0].id,
        "contacts": [{"id": store.all("contact")[0].id}],
    },
    "PUT /tickets/{}": lambda store: {"open": False},
    "POST /tickets/{}/reply": lambda store: {
        "message_type": "comment",
        "type": "admin",
        "admin_id": store.all("admin")[0].id,
        "body": "Seen.",
    },
    "POST /tickets/{}/tags": lambda store: {"id": store.all("tag")[0].id},
    "POST /articles/{}/tags": lambda store: {"id": store.all("tag")[0].id},
    "POST /conversations/{}/convert": lambda store: {
        "ticket_type_id": store.all("ticket_type")[0].id
    },
    "POST /companies/{}/notes": lambda store: {"body": "A note."},
    "POST /tags": lambda store: {"name": "New"},
    "POST /articles": lambda store: {
        "title": "New",
        "author_id": int(store.all("admin")[0].id),
    },
    "POST /internal_articles": lambda store: {
        "title": "New",
        "author_id": int(store.all("admin")[0].id),
        "owner_id": int(store.all("admin")[0].id),
    },
    "POST /news/news_items": lambda store: {
        "title": "New",
        "sender_id": int(store.all("admin")[0].id),
    },
}
"""Bodies that name what exists; any other operation is sent its schema's own example."""


def link(store: Store, identity: str) -> tuple[Any, ...]:
    """Return the path parameters of an operation that takes one thing off another."""
    kind = KINDS[identity.split("/")[3]]
    holder = store.all(KINDS[identity.split("/")[1]])[0]
    record = store.all(kind)[-1]
    store.link(holder, record)
    return holder.id, record.id


def path_of(operation: SpecOperation, store: Store) -> str:
    """Return a path that leads to something which exists."""
    identity = operation.operation.identity
    is_linked = identity.startswith("DELETE ") and identity.endswith(HUNG_ON)
    if is_linked and identity.split("/")[1] in KINDS:
        values = iter(link(store, identity))
    else:
        values = iter(ids(identity, store))
    segments = operation.operation.path.split("/")
    return "/".join(next(values) if segment.startswith("{") else segment for segment in segments)


def ids(identity: str, store: Store) -> Iterator[str]:
    segments = identity.split("/")
    for before, segment in itertools.pairwise(segments):
        if before == "find_by_external_id":
            yield str(store.all("contact")[0].fields["external_id"])
        elif segment == "{}":
            yield store.all(KINDS[before])[0].id if before in KINDS else "12"


def body_of(operation: SpecOperation, store: Store, shapes: Shapes) -> Any:
    made = BODIES.get(operation.operation.identity)
    if made is not None:
        return made(store)
    schema = operation.request_schema
    return None if schema is None else fit(shapes.of(schema))


def ask(
    session: requests.Session, sandbox: Sandbox, operation: SpecOperation, shapes: Shapes
) -> Exchange:
    """Send one request that the operation takes; what others wrote is gone before a write."""
    if operation.operation.method != "GET":
        sandbox.reset()
    store = sandbox.store()
    url = f"{sandbox.url}{path_of(operation, store)}"
    body = body_of(operation, store, shapes)
    query = "?created_at_after=1" if "activity_logs" in url else ""
    answer = session.request(
        operation.operation.method,
        url + query,
        json=body,
        allow_redirects=False,
        timeout=10,
    )
    return Exchange(
        workspace="test",
        region="us",
        version=None,
        operation=operation.operation,
        request=Request(method=operation.operation.method, url=url),
        response=Response.of(answer.status_code, Headers(answer.headers), answer.content),
        started_at=MOMENT,
    )


def departures(spec: Spec) -> list[str]:
    """Ask every operation once; return what departs, in one line each."""
    conformance, shapes = Conformance(spec), Shapes(spec)
    reliance = Reliance(spec, consumers_of(spec))
    shown = [one for one in self_contradictions(spec) if one.operation in LISTED_AS]
    found: list[str] = []
    with Sandbox(spec, latency=False) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.token}"
        for operation in spec.operations:
            exchange = ask(session, sandbox, operation, shapes)
            assert exchange.response is not None
            status = exchange.response.status
            if status >= 400:
                found.append(f"{operation.operation} {status} {exchange.response.document}")
            found += [
                f"{operation.operation} {one.location} {one.rule} {one.kind}"
                for one in (*conformance.departures(exchange), *reliance.departures(exchange))
                if not (one.rule == "schema-unresolvable" and spec.unresolvable)
                and not (spec.version == "2.11" and one.location.endswith(REQUIRED_NOWHERE))
                and not any(it.covers(operation.operation.identity, one) for it in shown)
            ]
    return found


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_operation_of_the_embedded_contract_keeps_its_schema(version: str) -> None:
    spec = embedded_contract(version)
    assert spec is not None
    assert departures(spec) == []


@pytest.mark.parametrize("version", PUBLISHED)
def test_every_operation_of_a_published_description_keeps_its_schema(
    version: str, shared_dir: Path
) -> None:
    assert departures(read_spec(shared_dir / "intercom-openapi" / f"{version}.yaml")) == []


def test_a_list_shows_a_conversation_as_it_is_read(shared_dir: Path) -> None:
    # 2.7 describes the items of this list as news, and its example shows conversations.
    spec = read_spec(shared_dir / "intercom-openapi" / "2.7.yaml")
    with Sandbox(spec, latency=False) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.token}"
        listed = session.get(f"{sandbox.url}/conversations", timeout=10).json()["conversations"][0]
        read = session.get(f"{sandbox.url}/conversations/{listed['id']}", timeout=10).json()
    assert {name: read[name] for name in listed} == listed


def test_what_2_11_describes_wrongly_is_answered_as_intercom_does(shared_dir: Path) -> None:
    # Topics are required and not described; ticket types lie where no schema says.
    spec = read_spec(shared_dir / "intercom-openapi" / "2.11.yaml")
    with Sandbox(spec, latency=False) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.token}"
        listed = session.get(f"{sandbox.url}/conversations", timeout=10).json()
        types = session.get(f"{sandbox.url}/ticket_types", timeout=10).json()
    assert listed["conversations"][0]["topics"]["type"] == "topic.list"
    assert types["data"][0]["type"] == "ticket_type"
