"""Whether an object is where its kind is listed, and where it is searched for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts.behaviour.inquiry import Inquiry
from contracts.behaviour.lists import Page, ask_page, follow, page_of
from contracts.resources import Resource

MOST_PAGES: Final = 2
"""Pages after the first in which an object is looked for; a longer list is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where it was looked for: the items there by their ids, whether that was all, and the last
    page."""

    items: dict[str, dict[str, Any]]
    is_whole: bool
    last: Page

    def suspect(
        self,
        inquiry: Inquiry,
        rule: str,
        expected: str,
        observed: str,
        ability: str,
        *,
        field: str = "id",
    ) -> None:
        """Suspect that the object should be there, or should not, or not as it is."""
        place = f"/{self.last.key}/*/{field}"
        inquiry.suspect(self.last.exchange, rule, place, expected, observed, needs=(ability,))


def listings(inquiry: Inquiry, resource: Resource, name: str) -> Iterator[Sighting]:
    """Look for a name in the list of its kind, also asked for that name where it can be."""
    by_name = resource.find_query(name)
    if by_name:
        yield from _listed(inquiry, resource.find, by_name)
    if resource.list is not None:
        for seen in _listed(inquiry, resource.list, {}):
            yield seen if resource.lists_new else replace(seen, is_whole=False)


def _listed(inquiry: Inquiry, identity: str, query: dict[str, str]) -> Iterator[Sighting]:
    listing = inquiry.spec.get(identity)
    if listing is None:
        return
    # As many as the list was seen to give at once: some lists refuse to be asked for more.
    walked = inquiry.walked.get(identity)
    large = page_of(listing, walked) if walked else None
    position = {"per_page": str(large.per_page)} if large and large.per_page and not query else {}
    first = ask_page(inquiry, listing, path_params={}, position={**position, **query})
    if first is not None and first.key is not None:
        yield _sighting(list(follow(inquiry, listing, first, most=MOST_PAGES, path_params={})))


def found_by(inquiry: Inquiry, resource: Resource, name: str) -> Sighting | None:
    """Search for a name; None where its kind is not searched for."""
    search = inquiry.spec.get(resource.find)
    if search is None or resource.find_body is None:
        return None
    page = page_of(search, inquiry.ask(search, body=resource.find_body(name)))
    return _sighting([page]) if page is not None and page.key is not None else None


def _sighting(pages: list[Page]) -> Sighting:
    items = {str(one["id"]): one for page in pages for one in page.items if "id" in one}
    return Sighting(items=items, is_whole=pages[-1].next is None, last=pages[-1])
