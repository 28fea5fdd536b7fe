"""Intercom's own SDK takes the sandbox for Intercom."""

from collections.abc import Iterator

import httpx
import pytest
from intercom import (
    CreateArticleRequest,
    CreateContactRequestWithEmail,
    CreateOrUpdateCompanyRequest,
    CreateOrUpdateTagRequest,
    Intercom,
    MultipleFilterSearchRequest,
    SingleFilterSearchRequest,
)
from intercom.core.api_error import ApiError
from intercom.errors import NotFoundError, UnauthorizedError
from intercom.types import StartingAfterPaging

from sandbox.intercom import Fault, Sandbox


@pytest.fixture
def intercom(sandbox: Sandbox) -> Iterator[Intercom]:
    with httpx.Client(timeout=10) as connection:
        yield Intercom(token=sandbox.token, base_url=sandbox.url, httpx_client=connection)


def test_the_sdk_learns_who_it_is_and_where(intercom: Intercom) -> None:
    me = intercom.admins.identify()
    assert me is not None
    assert me.app is not None
    assert (me.type, me.app.id_code, me.app.region) == ("admin", "sbx1main", "US")


def test_the_sdk_lists_the_workspace(intercom: Intercom) -> None:
    assert len(intercom.admins.list().admins or []) == 5
    assert len(intercom.teams.list().teams or []) == 3
    assert len(intercom.segments.list().segments or []) == 4
    assert len(intercom.tags.list().data or []) > 20
    assert intercom.data_attributes.list().data
    assert intercom.ticket_types.list().data
    assert intercom.ticket_states.list_ticket_states().data


def test_the_sdk_reads_one_of_each(intercom: Intercom, sandbox: Sandbox) -> None:
    store = sandbox.store()
    admin, team, tag = store.all("admin")[0], store.all("team")[0], store.all("tag")[0]
    found = intercom.admins.find(admin_id=int(admin.id))
    assert found is not None
    assert found.name == admin.fields["name"]
    assert intercom.teams.find(team_id=team.id).name == "Support"
    assert intercom.tags.find(tag_id=tag.id).name == tag.fields["name"]
    conversation = store.all("conversation")[0]
    shown = intercom.conversations.find(conversation_id=conversation.id)
    assert shown.conversation_parts is not None
    assert len(shown.conversation_parts.conversation_parts or []) == 3


def test_the_sdk_pages_through_every_contact_once(intercom: Intercom, sandbox: Sandbox) -> None:
    # python-intercom 5.0.1 sends the first page's cursor for every page of a search, so that its
    # own pager never ends: the cursor is passed on by hand here.
    query = SingleFilterSearchRequest(field="role", operator="=", value="user")
    seen: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    while cursor is not None or not sizes:
        pagination = StartingAfterPaging(per_page=20, starting_after=cursor)
        page = intercom.contacts.search(query=query, pagination=pagination).response
        sizes.append(len(page.data or []))
        seen += [str(contact.id) for contact in page.data or []]
        assert page.total_count == 36
        cursor = page.pages.next.starting_after if page.pages and page.pages.next else None
    assert sizes == [20, 16]
    living = [one for one in sandbox.store().where("contact", role="user") if not one.is_archived]
    assert sorted(seen) == sorted(one.id for one in living)


def test_the_sdk_pages_through_companies_and_conversations(intercom: Intercom) -> None:
    assert len(list(intercom.companies.list(per_page=20))) == 24
    assert len(list(intercom.conversations.list(per_page=20))) == 32
    assert len(list(intercom.articles.list(per_page=20))) == 23


def test_the_sdk_searches_with_nested_filters(intercom: Intercom) -> None:
    query = MultipleFilterSearchRequest(
        operator="AND",
        value=[
            SingleFilterSearchRequest(field="role", operator="=", value="user"),
            SingleFilterSearchRequest(field="email", operator="^", value="ada."),
        ],
    )
    found = list(intercom.contacts.search(query=query))
    assert found
    assert all(str(contact.email).startswith("ada.") for contact in found)


def test_a_contact_lives_and_dies(intercom: Intercom) -> None:
    created = intercom.contacts.create(
        request=CreateContactRequestWithEmail(email="grace@example.com", name="Grace")
    )
    assert created.id is not None
    updated = intercom.contacts.update(contact_id=created.id, name="Grace H.")
    assert updated.name == "Grace H."
    query = SingleFilterSearchRequest(field="email", operator="=", value="grace@example.com")
    assert [one.name for one in intercom.contacts.search(query=query)] == ["Grace H."]
    assert intercom.contacts.delete(contact_id=created.id).deleted is True
    with pytest.raises(ApiError) as caught:
        intercom.contacts.find(contact_id=created.id)
    assert caught.value.status_code == 404
    assert list(intercom.contacts.search(query=query)) == []


def test_an_archived_contact_is_in_no_search_but_can_be_read(
    intercom: Intercom, sandbox: Sandbox
) -> None:
    contact = sandbox.store().all("contact")[0]
    email = str(contact.fields["email"])
    query = SingleFilterSearchRequest(field="email", operator="=", value=email)
    assert intercom.contacts.archive(contact_id=contact.id).archived is True
    assert list(intercom.contacts.search(query=query)) == []
    assert intercom.contacts.find(contact_id=contact.id).email == email
    assert intercom.contacts.unarchive(contact_id=contact.id).archived is False
    assert len(list(intercom.contacts.search(query=query))) == 1


def test_a_company_lives_and_dies(intercom: Intercom) -> None:
    request = CreateOrUpdateCompanyRequest(name="Initech", company_id="initech")
    created = intercom.companies.create_or_update(request=request)
    again = intercom.companies.create_or_update(
        request=CreateOrUpdateCompanyRequest(name="Initech GmbH", company_id="initech")
    )
    assert again.id == created.id
    assert intercom.companies.find(company_id=created.id).name == "Initech GmbH"
    assert intercom.companies.delete(company_id=created.id).deleted is True
    with pytest.raises(NotFoundError):
        intercom.companies.find(company_id=created.id)


def test_a_tag_is_put_on_a_contact_and_dies_with_its_traces(
    intercom: Intercom, sandbox: Sandbox
) -> None:
    contact = sandbox.store().all("contact")[0].id
    tag = intercom.tags.create(request=CreateOrUpdateTagRequest(name="Reads manuals"))
    intercom.tags.tag_contact(contact_id=contact, tag_id=tag.id)
    listed = intercom.contacts.list_attached_tags(contact_id=contact)
    assert tag.id in [one.id for one in listed.data or []]
    intercom.tags.delete(tag_id=tag.id)
    listed = intercom.contacts.list_attached_tags(contact_id=contact)
    assert tag.id not in [one.id for one in listed.data or []]
    with pytest.raises(NotFoundError):
        intercom.tags.find(tag_id=tag.id)


def test_an_article_lives_and_dies(intercom: Intercom, sandbox: Sandbox) -> None:
    author = int(sandbox.store().all("admin")[0].id)
    created = intercom.articles.create(
        request=CreateArticleRequest(title="Getting started", author_id=author)
    )
    number = int(str(created.id))
    assert intercom.articles.update(article_id=number, title="Start here").title == "Start here"
    assert intercom.articles.find(article_id=number).title == "Start here"
    assert intercom.articles.delete(article_id=number).deleted is True
    with pytest.raises(NotFoundError):
        intercom.articles.find(article_id=number)


def test_a_refused_token_is_the_sdk_s_own_error(intercom: Intercom, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="refused-token"))
    with pytest.raises(UnauthorizedError) as caught:
        intercom.tags.list()
    assert caught.value.body is not None
    assert caught.value.body.errors[0].code == "unauthorized"


def test_the_sdk_is_told_when_to_come_back(intercom: Intercom, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="429"))
    with pytest.raises(ApiError) as caught:
        intercom.tags.list()
    assert caught.value.status_code == 429
    assert int((caught.value.headers or {})["x-ratelimit-remaining"]) == 0
