"""Whatever is written to the sandbox, it answers, and what it answers keeps its schema."""

import json
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.overlays import embedded_contract
from contracts.spec import Spec
from sandbox.clock import VirtualClock
from sandbox.intercom.answers import Request
from sandbox.intercom.descriptions import descriptions_of
from sandbox.intercom.fitting import accepts
from sandbox.intercom.service import OPERATIONS, Service
from sandbox.intercom.shapes import Shapes
from sandbox.intercom.store import KINDS, Store
from sandbox.intercom.tokens import Tokens

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["AND", "OR", "=", "IN", ">", "^", "lead", "user", "assignment", "close"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "field", "operator", "value", "company_id", "untag"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
MEMBERS = (
    "query pagination sort email external_id role name avatar custom_attributes owner_id body from "
    "into id company_id plan users companies message_type admin_id assignee_id intercom_user_id "
    "user_id snoozed_until title contacts ticket_type_id ticket_attributes ticket_state_id open "
    "author_id state parent_id model data_type event_name created_at customer conversation_id "
    "conversation_part_id type description size monthly_spend remote_created_at website translated_"
    "content category icon archived options last_seen_at signed_up_at attributes"
)
NAMES = MEMBERS.split()
PLURALS = {f"{kind}s": kind for kind in KINDS} | {"companies": "company", "customers": "contact"}


@cache
def contract() -> Spec:
    spec = embedded_contract()
    assert spec is not None
    return spec


@cache
def shapes() -> Shapes:
    return Shapes(contract())


@cache
def service() -> Service:
    tokens = Tokens()
    tokens.add("token")
    return Service(
        descriptions_of(contract()),
        seed=0,
        clock=VirtualClock(),
        latency=False,
        rate_limit=10**9,
        tokens=tokens,
    )


def references(store: Store) -> st.SearchStrategy[Any]:
    """Ids of what exists, as text and as numbers."""
    ids = [one.id for kind in KINDS for one in store.all(kind)[:2]]
    return st.sampled_from(ids) | st.sampled_from([int(one) for one in ids if one.isdigit()])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_body_is_answered(data: st.DataObject) -> None:
    service().reset()
    store = service().store("sbx1main")
    identities = sorted(one for one in OPERATIONS if contract().get(one))
    operation = contract().get(data.draw(st.sampled_from(identities)))
    assert operation is not None
    ids = references(store)
    segments = operation.operation.path.split("/")
    for index, segment in enumerate(segments):
        if segment.startswith("{"):
            kind = PLURALS.get(segments[index - 1])
            named = [one.id for one in store.all(kind)] if kind else []
            segments[index] = data.draw(st.sampled_from(named)) if named else "0"
    path = "/".join(segments)
    body = data.draw(st.dictionaries(st.sampled_from(NAMES), VALUES | ids, max_size=6))
    query = data.draw(
        st.dictionaries(
            st.sampled_from(["page", "per_page", "starting_after", "model", "phrase", "name"]),
            st.text(max_size=5) | st.integers(-1, 20).map(str),
            max_size=3,
        )
    )
    reply = service().respond(
        Request(
            method=operation.operation.method,
            path=path,
            query=query,
            headers={"authorization": "Bearer token"},
            body=json.dumps(body).encode(),
        )
    )
    schema = operation.response_schema(reply.status)
    assert reply.status < 500
    if schema is not None:
        assert accepts(shapes().of(schema), json.loads(reply.body))
