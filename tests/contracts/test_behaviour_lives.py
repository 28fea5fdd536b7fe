"""What is written to an Intercom that keeps, shows or removes it otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.behaviour.inquiry import DELETION, LISTED, PERSISTENCE, SEARCH
from contracts.behaviour.lifecycles import LONGEST_LIFE, lifecycles, live_through
from contracts.behaviour.pages import walk
from contracts.exchanges import Exchange
from contracts.journal import Journal
from contracts.resources import LETTERS, is_ours
from contracts.spec import Spec
from sandbox.intercom import Sandbox

ARTICLE, ARTICLES = "/articles/{article_id}", "/articles"
KINDS = ("contact", "company", "tag", "article")


@pytest.fixture
def live(
    behind: Any, contract: Spec, tmp_path: Path
) -> Callable[..., tuple[set[tuple[str, str, str]], Journal]]:
    """Let one object of a kind live, and return what was found and the journal."""

    def live(kind: str, answered: Any = None) -> tuple[set[tuple[str, str, str]], Journal]:
        inquirer = behind(answered=answered)
        inquirer.check("GET /admins")
        journal = Journal(tmp_path / "journal.jsonl")
        # What every other kind of a run would have shown.
        inquirer.inquiry.shown |= {PERSISTENCE, LISTED, DELETION, SEARCH}
        names = {one.operation.identity for one in contract.operations}
        for life in lifecycles(contract, names):
            if life.resource.kind == kind:
                if life.resource.list in names:
                    inquirer.check(life.resource.list, walk)
                before = inquirer.gate.requests
                live_through(inquirer.inquiry, life, journal)
                assert inquirer.gate.requests - before <= LONGEST_LIFE
        return inquirer.found, journal

    return live


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_life_finds_nothing_and_leaves_nothing(
    live: Any, sandbox: Sandbox, kind: str
) -> None:
    before = len(sandbox.store().all(kind))
    found, journal = live(kind)
    assert found == set()
    assert journal.left() == ()
    assert len(sandbox.store().all(kind)) == before
    assert any(seen.method == "DELETE" for seen in sandbox.requests)


def at(method: str, path: str, change: Callable[[Any], Any]) -> Callable[[Exchange, Any], Any]:
    def answered(exchange: Exchange, document: Any) -> Any:
        is_it = str(exchange.operation) == f"{method} {path}"
        return change(document) if is_it and exchange.is_success else None

    return answered


def cut(document: Any) -> Any:
    return {**document, "title": document["title"][:12]}


def in_ascii(document: Any) -> Any:
    return {**document, "description": document["description"].encode("ascii", "replace").decode()}


def nulled(document: Any) -> Any:
    return {**document, "description": None}


def emptied(document: Any) -> Any:
    """The description, once the title was changed."""
    return {**document, "description": ""} if "-changed" in document["title"] else None


def says_not(document: Any) -> Any:
    return {**document, "deleted": False}


def old_in_list(document: Any) -> Any:
    for one in document["data"]:
        one["title"] = one["title"].replace("-changed", "")
    return document


def spread(document: Any) -> Any:
    ours = [one["title"] for one in document["data"] if "intercheck-" in one["title"]]
    if not ours:
        return None
    others = [one for one in document["data"] if "intercheck-" not in one["title"]]
    others[0]["title"] = ours[0]
    return document


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (at("POST", ARTICLES, cut), ("write-lost", f"POST {ARTICLES}", "/title")),
        (at("POST", ARTICLES, in_ascii), ("write-lost", f"POST {ARTICLES}", "/description")),
        (at("GET", ARTICLE, nulled), ("write-lost", f"GET {ARTICLE}", "/description")),
        (at("GET", ARTICLE, emptied), ("write-lost", f"GET {ARTICLE}", "/description")),
        (at("GET", ARTICLES, old_in_list), ("write-lost", f"GET {ARTICLES}", "/data/*/title")),
        (at("GET", ARTICLES, spread), ("write-spread", f"GET {ARTICLES}", "/data/*/title")),
        (at("DELETE", ARTICLE, says_not), ("write-undeleted", f"DELETE {ARTICLE}", "/deleted")),
    ],
)
def test_what_is_not_kept_or_shows_elsewhere_is_told(
    live: Any, answered: Any, expected: tuple[str, str, str]
) -> None:
    assert live("article", answered)[0] == {expected}


def test_what_is_deleted_and_can_still_be_changed_is_told(live: Any) -> None:
    def late(exchange: Exchange, document: Any) -> Any:
        is_put = str(exchange.operation) == f"PUT {ARTICLE}"
        if is_put and b"-late" in (exchange.request.body or b""):
            return exchange.response and type(exchange.response).of(
                200, exchange.response.headers, b'{"id": "1"}'
            )
        return None

    assert live("article", late)[0] == {("write-undeleted", f"PUT {ARTICLE}", "status")}


def test_an_answer_that_is_about_something_else_is_never_deleted(
    live: Any, sandbox: Sandbox
) -> None:
    other = sandbox.store().all("article")[3]

    def another(document: Any) -> Any:
        return {**document, "id": other.id, "title": "Intercom", "description": "ours"}

    found, journal = live("article", at("POST", ARTICLES, another))
    assert found == set()
    assert not any(seen.method in ("PUT", "DELETE") for seen in sandbox.requests)
    assert [one.identifier for one in journal.left()] == [None]  # it is looked for by its name


def test_what_was_not_in_the_list_before_is_ours_whatever_it_is_called(
    live: Any, sandbox: Sandbox
) -> None:
    before = len(sandbox.store().all("tag"))
    found, journal = live("tag", at("POST", "/tags", lambda document: {**document, "name": "x"}))
    assert found == {("write-lost", "POST /tags", "/name")}
    assert journal.left() == ()
    assert len(sandbox.store().all("tag")) == before


@pytest.mark.parametrize(
    ("told", "is_it"),
    [
        (f"intercheck-run-tag-{LETTERS}", True),
        ("intercheck-run-tag-??", True),
        ("INTERCHECK-run", True),
        ("interc", True),
        ("inte", False),
        ("intercom", False),
        ("", False),
        (None, False),
    ],
)
def test_a_text_is_ours_also_where_a_server_mangled_it(told: object, is_it: bool) -> None:
    assert is_ours(told, f"intercheck-run-tag-{LETTERS}") is is_it
    assert not is_ours("draft", "draft")
    assert not is_ours("https://example.com", "https://example.com/intercheck-run")
