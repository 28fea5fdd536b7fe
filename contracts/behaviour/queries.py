"""Questions in Intercom's search language, with what their answers have to be like."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.behaviour.inquiry import SEARCH, Inquiry, Turn
from contracts.behaviour.lists import Page, ask_page
from contracts.behaviour.shown import EVERYTHING

DAY: Final = 86_400
"""Seconds. Until 2.16 contacts are searched by calendar day of the workspace's own time zone:
`> time` begins with the next day there, which begins within this of any time."""

NOTHING: Final = {"query": {"field": "id", "operator": "=", "value": "intercheck-none"}}
_NOBODY: Final[dict[str, Any]] = NOTHING["query"]
_EVERYBODY: Final[dict[str, Any]] = EVERYTHING["query"]
_WORDS: Final = ("role", "state", "priority", "open", "read")
"""Fields with few values, on which searches are documented."""
_TEXTS: Final = ("email", "name")
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


def questions(items: list[dict[str, Any]]) -> Iterator[Question]:
    """Yield questions that divide these items."""
    yield from _on_words(items)
    yield from _on_texts(items)
    dates = sorted(item["created_at"] for item in items if isinstance(item.get("created_at"), int))
    if len(dates) > 1 and dates[-1] - dates[0] > 4 * DAY:
        yield from _of_times("created_at", statistics.median_low(dates))


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


def _on_words(items: list[dict[str, Any]]) -> Iterator[Question]:
    for name in _WORDS:
        values = list(dict.fromkeys(item.get(name) for item in items if _is_word(item.get(name))))
        if len(values) >= 2:
            return _of_words(name, values[0], values[1])
    return iter(())


def _of_words(name: str, one: object, other: object) -> Iterator[Question]:
    both = [one, other]
    yield Question(
        name=name, operator="=", value=one, holds=lambda found: bool(found == one), is_walked=True
    )
    yield Question(name=name, operator="!=", value=one, holds=lambda found: bool(found != one))
    yield Question(name=name, operator="IN", value=[other], holds=lambda found: found == other)
    yield Question(name=name, operator="IN", value=both, holds=lambda found: found in both)
    yield Question(name=name, operator="NIN", value=[other], holds=lambda found: found != other)


def _on_texts(items: list[dict[str, Any]]) -> Iterator[Question]:
    for name in _TEXTS:
        values = [item[name] for item in items if isinstance(item.get(name), str)]
        if len(values) >= 2 and len(values[0]) >= _SHORTEST and values[0].isascii():
            return _of_texts(name, values[0].lower())
    return iter(())


def _of_texts(name: str, text: str) -> Iterator[Question]:
    part, start, end = text[1:-1], text[:3], text[-3:]
    asked: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
        ("~", part, lambda found: part in found),
        ("!~", part, lambda found: part not in found),
        ("^", start, lambda found: found.startswith(start)),
        ("^", part, lambda found: found.startswith(part)),
        ("$", end, lambda found: found.endswith(end)),
    )
    for operator, value, holds in asked:
        yield Question(
            name=name,
            operator=operator,
            value=value,
            holds=_of_text(holds),
        )


def _of_text(holds: Callable[[str], bool]) -> Predicate:
    return lambda found: holds(str(found or "").lower())


def _is_word(value: object) -> bool:
    return isinstance(value, (str, bool)) and value != ""


def combine(inquiry: Inquiry, turn: Turn, everything: Page) -> None:
    """AND excludes what either side excludes, OR takes what either side takes, also one inside
    another."""
    found = [one for one in _on_words(everything.items) if one.operator == "="]
    if not found:
        return
    asked = found[0]
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
