"""Questions in Intercom's search language, with what their answers have to be like."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.behaviour.inquiry import SEARCH, Inquiry, Turn
from contracts.behaviour.lists import Page, ask_page
from contracts.behaviour.shown import EVERYTHING, NOBODY

DAY: Final = 86_400
"""Seconds. Until 2.16 contacts are searched by calendar day of the workspace's own time zone:
`> time` begins with the next day there, which begins within this of any time."""

UNKNOWN_FIELD: Final = {"query": {"field": "intercheck_none", "operator": "=", "value": "1"}}
"""A search that no description forbids, and that has to be refused: there is no such field."""
_NOBODY: Final[dict[str, Any]] = NOBODY["query"]
_EVERYBODY: Final[dict[str, Any]] = EVERYTHING["query"]
_WORDS: Final = ("role", "state", "priority", "open", "read")
"""Fields with few values, on which searches are documented."""
_TEXTS: Final = ("email", "name")
_NO_TEXTS: Final = ("_at", "id", "url", "type")
"""Ends of the names of fields that hold no text."""
_SHORTEST: Final = 5  # characters of a text that can be cut at both ends

Predicate = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One filter. `holds` says of a value of the field whether it answers it; of those, an answer
    has to have all, or all that `misses` names. `is_walked` asks for its second page as well."""

    name: str
    operator: str
    value: object
    holds: Predicate
    misses: Predicate | None = None
    is_walked: bool = False

    @property
    def query(self) -> dict[str, Any]:
        """The filter as it is sent."""
        return {"field": self.name, "operator": self.operator, "value": self.value}


def mismatch(inquiry: Inquiry, page: Page, name: str, operator: str, observed: str) -> None:
    """Suspect that an answer has what its question excludes (`other`), or lacks what it asks for
    (`absent`)."""
    inquiry.suspect(
        page.exchange,
        "search-mismatch",
        f"/{page.key}/*/{name}",
        f"search {operator}",
        observed,
        needs=(SEARCH,),
    )


def questions(items: list[dict[str, Any]]) -> Iterator[Iterator[tuple[Question, ...]]]:
    """Yield questions that divide these items: of words, of texts and of times. Each is asked of
    one field, and those after it are asked where the target does not search the first."""
    yield (_of_words(name, *values[:2]) for name, values in _words(items))
    yield (_of_texts(name, text) for name, text in _texts(items))
    yield _times(items)


def _times(items: list[dict[str, Any]]) -> Iterator[tuple[Question, ...]]:
    dates = sorted(item["created_at"] for item in items if isinstance(item.get("created_at"), int))
    if len(dates) > 1 and dates[-1] - dates[0] > 4 * DAY:
        yield tuple(_of_times("created_at", statistics.median_low(dates)))


def _of_times(name: str, time: int) -> Iterator[Question]:
    yield Question(
        name=name,
        operator=">",
        value=str(time),
        holds=lambda found: isinstance(found, int) and found > time,
        misses=lambda found: found > time + DAY,
    )
    yield Question(
        name=name,
        operator="<",
        value=str(time),
        holds=lambda found: isinstance(found, int) and found < time,
        misses=lambda found: found < time - DAY,
    )


def _words(items: list[dict[str, Any]]) -> Iterator[tuple[str, list[object]]]:
    """Yield the fields that have few values, and their values; ids have many, but can be searched
    everywhere."""
    names = dict.fromkeys((*_WORDS, *(name for item in items for name in item)))
    for name in names:
        values = [item[name] for item in items if _is_word(item.get(name))]
        distinct: list[object] = list(dict.fromkeys(values))
        if 2 <= len(distinct) <= len(values) / 2 and not name.endswith("_at"):
            yield name, distinct
    ids: list[object] = [str(item["id"]) for item in items if _is_word(item.get("id"))]
    if len(ids) >= 2:
        yield "id", ids


def _of_words(name: str, one: object, other: object) -> tuple[Question, ...]:
    both = [one, other]
    asked: tuple[tuple[str, object, Predicate], ...] = (
        ("=", one, lambda found: bool(found == one)),
        ("!=", one, lambda found: bool(found != one)),
        ("IN", [other], lambda found: found == other),
        ("IN", both, lambda found: found in both),
        ("NIN", [other], lambda found: found != other),
        ("NIN", both, lambda found: found not in both),
    )
    return tuple(
        Question(name=name, operator=operator, value=value, holds=holds, is_walked=operator == "=")
        for operator, value, holds in asked
    )


def _texts(items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the fields that have different texts, those with many first, with one that can be cut
    at both ends."""
    names = dict.fromkeys(name for item in items for name in item)
    found: dict[str, list[str]] = {}
    for name in names:
        values = [item[name] for item in items if isinstance(item.get(name), str)]
        if len(set(values)) >= 2 and not name.endswith(_NO_TEXTS):
            found[name] = [one for one in values if len(one) >= _SHORTEST and one.isascii()]
    order = sorted(found, key=lambda name: (name not in _TEXTS, -len(set(found[name]))))
    return ((name, found[name][0].lower()) for name in order if found[name])


def _of_texts(name: str, text: str) -> tuple[Question, ...]:
    part, start, end = text[1:-1], text[:3], text[-3:]
    asked: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
        ("~", part, lambda found: part in found),
        ("!~", part, lambda found: part not in found),
        ("^", start, lambda found: found.startswith(start)),
        ("^", part, lambda found: found.startswith(part)),
        ("$", end, lambda found: found.endswith(end)),
        ("$", part, lambda found: found.endswith(part)),
    )
    return tuple(
        Question(name=name, operator=operator, value=value, holds=_of_text(holds))
        for operator, value, holds in asked
    )


def _of_text(holds: Callable[[str], bool]) -> Predicate:
    return lambda found: holds(str(found or "").lower())


def _is_word(value: object) -> bool:
    return isinstance(value, (str, bool)) and value != ""


def combine(inquiry: Inquiry, turn: Turn, asked: Question) -> None:
    """AND excludes what either side excludes, OR takes what either side takes, also one inside
    another. `asked` is a question that something answers."""
    inner = {"operator": "OR", "value": [asked.query, _NOBODY]}
    for operator, parts, is_none in (
        ("AND", [asked.query, _NOBODY], True),
        ("OR", [_NOBODY, asked.query], False),
        ("AND", [_EVERYBODY, inner], False),
    ):
        body = {"query": {"operator": operator, "value": parts}}
        page = ask_page(inquiry, turn.operation, path_params={}, position={}, body=body)
        if page is None or page.key is None:
            continue
        is_wrong = bool(page.items) if is_none else not page.items
        if is_wrong or any(not asked.holds(item.get(asked.name)) for item in page.items):
            mismatch(inquiry, page, asked.name, operator, "other")
