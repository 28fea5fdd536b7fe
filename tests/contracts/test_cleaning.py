"""What a run created is removed, whatever became of the run and of the answers it waited for."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.budget import RateBudget
from contracts.cleaning import LATEST, SETTLING, clean_up, clean_up_abandoned
from contracts.client import IntercomClient
from contracts.errors import ConfigurationError
from contracts.exchanges import Exchange, Operation
from contracts.journal import Journal, Left, own_journal
from contracts.overlays import embedded_contract
from contracts.phases import Phase
from contracts.resources import LETTERS, RESOURCES, plain
from contracts.selection import Selection, Trait, Traits
from contracts.spec import Spec
from contracts.suite import SuiteReport, run_suite
from contracts.workspaces import Secret, Workspace
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.intercom.store import KINDS

KEPT = tuple(one for one in RESOURCES if one.kind in KINDS)
"""The kinds that the sandbox keeps; others it answers from examples."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as running:
        yield running


def workspace_of(sandbox: Sandbox) -> Workspace:
    return Workspace(
        name="acme",
        token=Secret(sandbox.token),
        base_url=sandbox.url,
        writes=True,
        app_id="sbx1main",
    )


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[IntercomClient]:
    with IntercomClient(workspace_of(sandbox), clock=sandbox.clock) as open_client:
        yield open_client


@pytest.fixture
def journal(sandbox: Sandbox, tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl", clock=sandbox.clock)


def made(sandbox: Sandbox) -> dict[str, int]:
    return {one.kind: len(sandbox.store().all(one.kind)) for one in KEPT}


@pytest.mark.parametrize("is_known", [False, True], ids=["answer lost", "id known"])
def test_every_kind_that_a_run_creates_is_found_and_removed(
    published: Callable[[str], Spec], tmp_path: Path, is_known: bool
) -> None:
    with Sandbox(published("intercom-openapi/2.16.yaml"), latency=False) as sandbox:
        workspace = replace(workspace_of(sandbox), version="2.16")
        journal = Journal(tmp_path / "journal.jsonl", clock=sandbox.clock)
        before = made(sandbox)
        with IntercomClient(workspace, clock=sandbox.clock) as client:
            for one in KEPT:
                name = one.name("a")
                journal.planned(one.kind, name)
                body = one.body(name, lambda path: sandbox.store().all("admin")[0].id)
                exchange = client.send(Operation.parse(one.create), body=body)
                assert exchange.response is not None
                identifier = str(exchange.response.document["id"])  # type: ignore[index]
                if one.archive and is_known:
                    archive = Operation.parse(one.archive.replace("{}", "{id}"))
                    assert client.send(archive, path_params={"id": identifier}).is_success
                if is_known:
                    journal.created(one.kind, name, identifier)
            assert made(sandbox) == {kind: count + 1 for kind, count in before.items()}
            cleaned = clean_up(client, journal)
        assert len(cleaned.removed) == len(KEPT)
        assert made(sandbox) == before
        assert journal.left() == ()


@pytest.mark.parametrize("fault", ["connection-reset", "truncated-body", "500"])
def test_what_was_made_though_its_answer_never_came_is_removed_at_the_end(
    sandbox: Sandbox, client: IntercomClient, journal: Journal, fault: str
) -> None:
    before = made(sandbox)
    sandbox.faults.add(Fault(name=fault, operation="POST /tags"))
    report = live(client, journal)
    assert made(sandbox) == before
    assert [one.name for one in report.cleaned.removed] == [f"intercheck-run-tag-{LETTERS}"]


def test_what_is_not_there_yet_is_looked_for_again_for_an_hour(
    sandbox: Sandbox, client: IntercomClient, journal: Journal
) -> None:
    journal.planned("tag", "intercheck-a-tag")  # the request may still be on its way
    with journal.path.open("ab") as file:
        file.write(b'{"created":"tag","na')  # killed while it wrote
    started = sandbox.clock.now()
    assert [one.kind for one in clean_up(client, journal).missing] == ["tag"]
    waited = sandbox.clock.now() - started
    assert timedelta(0) < waited <= timedelta(seconds=SETTLING + 1), "a search may be behind"
    sandbox.store().add("tag", name="intercheck-a-tag")
    assert [one.kind for one in clean_up(client, journal).removed] == ["tag"]
    journal.planned("tag", "intercheck-b-tag")
    sandbox.clock.sleep(LATEST + 1)
    assert [one.kind for one in clean_up(client, journal).removed] == ["tag"]
    assert clean_up(client, journal).requests == 0


def test_what_nobody_knows_how_to_remove_stays_in_the_journal(
    client: IntercomClient, journal: Journal
) -> None:
    journal.planned("visitor", "intercheck-a-visitor")
    assert clean_up(client, journal).removed == []
    (left,) = journal.left()
    assert replace(left, planned_at=0) == Left(kind="visitor", name="intercheck-a-visitor")


def test_nothing_is_removed_where_the_test_workspace_is_not_proven(
    sandbox: Sandbox, journal: Journal
) -> None:
    tag = sandbox.store().add("tag", name="intercheck-a-tag")
    journal.planned("tag", "intercheck-a-tag")
    elsewhere = replace(workspace_of(sandbox), app_id="sbx9other")
    with IntercomClient(elsewhere, clock=sandbox.clock) as client:
        cleaned = clean_up(client, journal)
    assert [one.kind for one in cleaned.remaining] == ["tag"]
    assert "belongs to the app" in cleaned.refused
    assert sandbox.store().find("tag", tag.id) is not None


def test_cleaning_up_waits_where_the_rate_limit_is_reached(
    sandbox: Sandbox, client: IntercomClient, journal: Journal
) -> None:
    tag = sandbox.store().add("tag", name="intercheck-a-tag")
    journal.planned("tag", "intercheck-a-tag")
    journal.created("tag", "intercheck-a-tag", tag.id)
    sandbox.faults.add(Fault.parse({"name": "429", "when": {"times": 1, "after": 1}}))
    started = sandbox.clock.now()
    cleaned = clean_up(client, journal, budget=RateBudget(clock=sandbox.clock))
    assert [one.kind for one in cleaned.removed] == ["tag"]
    assert sandbox.clock.now() > started


def test_of_two_runs_at_once_neither_removes_what_the_other_uses(
    sandbox: Sandbox, client: IntercomClient, tmp_path: Path
) -> None:
    workspace = workspace_of(sandbox)

    def clean() -> tuple[int, int]:
        cleaned = clean_up_abandoned(client, workspace, tmp_path, clock=sandbox.clock)
        return len(cleaned.removed), cleaned.living

    with own_journal(workspace, tmp_path, "one", clock=sandbox.clock) as living:
        living.planned("tag", "intercheck-one-tag")
        tag = sandbox.store().add("tag", name="intercheck-one-tag")
        with own_journal(workspace, tmp_path, "two", clock=sandbox.clock):
            assert clean() == (0, 2)
        assert sandbox.store().find("tag", tag.id) is not None
    assert clean() == (1, 0), "its process is gone now"
    assert sandbox.store().find("tag", tag.id) is None
    assert list((tmp_path / "journal").iterdir()) == [], "what is empty is not kept"


def test_without_a_place_for_the_journal_nothing_is_begun(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    with (
        pytest.raises(ConfigurationError, match="nothing is created that is not written down"),
        own_journal(workspace_of(sandbox), tmp_path, "one"),
    ):
        pass


@pytest.mark.parametrize("form", ["cursor", "cursor that is not read", "url"])
def test_an_object_is_looked_for_on_every_page(tmp_path: Path, form: str) -> None:
    pages = [[{"id": str(n), "name": f"other {n}"}] for n in range(3)]
    pages.append([{"id": "wanted", "name": "intercheck-a-tag"}])
    deleted: list[str] = []

    class Lists(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = self.path.partition("?")[2]
            asked = dict(one.split("=") for one in query.split("&") if one)
            understood = "page" if form != "cursor" else "starting_after"
            number = int(asked.get(understood, 1))
            following: object = {"page": number + 1, "starting_after": str(number + 1)}
            if form == "url":
                following = f"https://api.intercom.io/tags?page={number + 1}"
            last = number == len(pages)
            self._say({"data": pages[number - 1], "pages": {"next": None if last else following}})

        def do_DELETE(self) -> None:
            deleted.append(self.path)
            self._say({})

        def _say(self, document: dict[str, Any]) -> None:
            if self.path == "/me":
                document = {"app": {"id_code": "sbx1main"}}
            text = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Lists) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        clock = VirtualClock()
        workspace = Workspace(
            name="acme",
            token=Secret("t"),
            base_url=f"http://127.0.0.1:{server.server_port}",
            writes=True,
            app_id="sbx1main",
        )
        journal = Journal(tmp_path / "journal.jsonl", clock=clock)
        journal.planned("tag", "intercheck-a-tag")
        with IntercomClient(workspace, clock=clock) as client:
            cleaned = clean_up(client, journal)
        server.shutdown()
    assert deleted == ["/tags/wanted"]
    assert len(cleaned.removed) == 1


def test_a_run_that_is_stopped_removes_what_it_made_and_says_what_it_found(
    sandbox: Sandbox, journal: Journal
) -> None:
    class Impatient(IntercomClient):
        def forward(self, operation: Operation, *args: Any, **options: Any) -> Exchange:
            exchange = super().forward(operation, *args, **options)
            if operation.identity == "POST /tags":
                raise KeyboardInterrupt
            return exchange

    before = made(sandbox)
    with Impatient(workspace_of(sandbox), clock=sandbox.clock) as client:
        report = live(client, journal)
    assert report.is_interrupted
    assert report.exercised > 0
    assert made(sandbox) == before


def live(client: IntercomClient, journal: Journal) -> SuiteReport:
    """Let a tag live."""
    spec = embedded_contract()
    assert spec is not None
    return run_suite(
        spec,
        client,
        clock=journal.clock,
        phases=frozenset({Phase.STATEFUL}),
        selection=Selection(include=Traits(paths=Trait(values=frozenset({"/tags", "/tags/{}"})))),
        most_requests=40,
        journal=journal,
    )


def test_what_a_server_mangled_is_found_by_what_is_left_of_its_name(
    sandbox: Sandbox, client: IntercomClient, journal: Journal
) -> None:
    name = f"intercheck-a-tag-{LETTERS}"
    journal.planned("tag", name)
    sandbox.store().add("tag", name=plain(name))
    before = len(sandbox.store().all("tag"))
    clean_up(client, journal)
    assert len(sandbox.store().all("tag")) == before - 1
