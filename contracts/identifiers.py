"""Identifiers for path parameters, found in the answers of list operations and by links.

An operation that reads by an invented id only ever tests a 404. A path says of what kind an id is
by the word before it, and a list by the word it ends with: ids from `GET /contacts` fit
`/contacts/{contact_id}/notes`, and those of its answer fit `/notes/{note_id}`. Where a description
says it with a link, that counts first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final
from urllib.parse import quote, urlsplit

from contracts.exchanges import Exchange, Operation
from contracts.paths import is_plain

MOST_PER_KIND: Final = 20
"""Identifiers kept of a kind; a page of the shortest lists."""

_LIST_WORDS: Final = frozenset({"list", "search"})
"""Last words of paths that say how a list is asked for, not of what."""


_BY_EXTERNAL_ID: Final = "find_by_external_id"
"""The word of a path after which the id is not Intercom's but the customer's own system's."""


class Identifiers:
    """What is known, by kind, in the order it was first seen.

    `told` yields what links tell of an answer: path template, name of the parameter, value. `paths`
    are all templates of the description: an object called `search` is not read by
    `/articles/search`, which asks something else.
    """

    def __init__(
        self,
        told: Callable[[Exchange], Iterable[tuple[str, str, str]]] = lambda exchange: (),
        *,
        paths: Iterable[str] = (),
    ) -> None:
        self._told = told
        self._words = _words(paths)
        self._known: dict[str, list[str]] = {}
        self._linked: dict[tuple[str, str], list[str]] = {}
        self._gone: set[tuple[str, str]] = set()

    def learn(self, exchange: Exchange) -> None:
        """Take the identifiers out of an answer."""
        for path, name, value in self._told(exchange):
            _add(self._linked.setdefault((path, name), []), value)
        if exchange.operation is None or exchange.response is None or not exchange.is_success:
            return
        if exchange.operation.method == "DELETE" and exchange.operation.path.count("{") == 1:
            for deleted, _ in _parameters(exchange.operation.path):
                self._gone.add((deleted, urlsplit(exchange.request.url).path.rpartition("/")[2]))
        kind = _kind_of(exchange.operation)
        document = exchange.response.document
        if kind is None or not isinstance(document, dict):
            return
        known = self._known.setdefault(kind, [])
        for items in document.values():
            for item in items if isinstance(items, list) else ():
                found = item.get("id") if isinstance(item, dict) else None
                if isinstance(found, (str, int)):
                    _add(known, str(found))
                outside = item.get("external_id") if isinstance(item, dict) else None
                if kind == "contacts" and isinstance(outside, str) and outside:
                    _add(self._known.setdefault(_BY_EXTERNAL_ID, []), outside)

    def fill(self, path: str, turn: int = 0) -> dict[str, str]:
        """Return values for the parameters of a path template, those that are known; another
        `turn` gives others where there are any. What was deleted is known no more."""
        found = {}
        for kind, name in _parameters(path):
            linked = self._linked.get((path, name), [])
            listed = dict.fromkeys([*linked, *self._known.get(kind, [])])
            words = self._words.get(_before(path, name), frozenset())
            known = [
                one for one in listed if (kind, one) not in self._gone and _word(one) not in words
            ]
            if known:
                found[name] = known[turn % len(known)]
        return found


def _add(known: list[str], value: str) -> None:
    # An external id is whatever a customer wrote: `../admins` would ask for another path than the
    # one that it is filled into, and what the client refuses to send is in the way of others.
    if value in known or len(known) >= MOST_PER_KIND:
        return
    if is_plain(quote(value, safe="", errors="replace")):
        known.append(value)


def _words(paths: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the words that descriptions have at each place of a path where there may be an id."""
    found: dict[str, set[str]] = {}
    for path in paths:
        steps = path.strip("/").split("/")
        for number, word in enumerate(steps):
            if not word.startswith("{"):
                found.setdefault(_blank(steps[:number]), set()).add(_word(word))
    return {before: frozenset(words) for before, words in found.items()}


def _word(segment: str) -> str:
    """Return what a forgiving router could take a segment for (`contracts.allowlist`)."""
    return segment.casefold().partition(".")[0]


def _before(path: str, name: str) -> str:
    return _blank(path.strip("/").partition(f"/{{{name}}}")[0].split("/"))


def _blank(steps: Iterable[str]) -> str:
    return "/".join("{}" if one.startswith("{") else one for one in steps)


def lists_by_kind(operations: Iterable[Operation]) -> dict[str, Operation]:
    """Return by kind the first operation whose answer would tell identifiers."""
    found: dict[str, Operation] = {}
    for operation in operations:
        kind = _kind_of(operation)
        if kind is not None:
            found.setdefault(kind, operation)
    return found


def describe_path(path: str, sources: Mapping[str, Operation], *, writes: bool = False) -> str:
    """Write a path template with where each identifier comes from: `/teams/{id from GET /teams}`;
    one without a source is `{generated}`. What `writes` is sent to the run's own objects only."""
    for kind, name in _parameters(path):
        source = sources.get(kind)
        read = f"{{id from {source}}}" if source else "{generated}"
        path = path.replace(f"{{{name}}}", "{id of what this run created}" if writes else read)
    return path


def _kind_of(operation: Operation) -> str | None:
    """What an operation lists, None where it lists nothing."""
    words = operation.path.strip("/").split("/")
    if words[-1] in _LIST_WORDS:
        words.pop()
    elif operation.method != "GET":
        return None
    return words[-1] if words and not words[-1].startswith("{") else None


def _parameters(path: str) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each parameter of a path template."""
    for kind, word in pairwise(path.strip("/").split("/")):
        if word.startswith("{"):
            yield kind, word[1:-1]
