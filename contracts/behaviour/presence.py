"""Whether an object is where its kind is listed, and where it is searched for."""

from dataclasses import dataclass
from typing import Final

from contracts.behaviour.inquiry import Inquiry
from contracts.behaviour.lists import Page, ask_page, follow, page_of
from contracts.resources import Resource

MOST_PAGES: Final = 4
"""Pages after the first in which an object is looked for; a longer list is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where it was looked for: the ids there, whether that was all, and the last page."""

    ids: frozenset[str]
    is_whole: bool
    last: Page

    def suspect(
        self, inquiry: Inquiry, rule: str, expected: str, observed: str, ability: str
    ) -> None:
        """Suspect that the object should be there, or should not."""
        inquiry.suspect(
            self.last.exchange, rule, f"/{self.last.key}/*/id", expected, observed, needs=(ability,)
        )


def listed_of(inquiry: Inquiry, resource: Resource, name: str) -> Sighting | None:
    """Walk the list of a kind, or ask it for a name; None where there is no such list."""
    asked = resource.list or (resource.find if resource.find_body is None else None)
    listing = inquiry.spec.get(asked) if asked else None
    if listing is None:
        return None
    position = resource.find_query(name)
    first = ask_page(inquiry, listing, path_params={}, position=position)
    if first is None or first.key is None:
        return None
    pages = list(follow(inquiry, listing, first, most=MOST_PAGES, path_params={}))
    return _sighting(pages)


def found_by(inquiry: Inquiry, resource: Resource, name: str) -> Sighting | None:
    """Search for a name; None where its kind is not searched for."""
    search = inquiry.spec.get(resource.find)
    if search is None or resource.find_body is None:
        return None
    page = page_of(search, inquiry.ask(search, body=resource.find_body(name)))
    return _sighting([page]) if page is not None and page.key is not None else None


def _sighting(pages: list[Page]) -> Sighting:
    ids = frozenset(one for page in pages for one in page.ids)
    return Sighting(ids=ids, is_whole=pages[-1].next is None, last=pages[-1])
