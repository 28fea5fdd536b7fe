"""What the tests of contracts share."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from contracts.behaviour import Check, Inquiry, Turn
from contracts.behaviour.shown import EVERYTHING, is_search
from contracts.behaviour.watch import Watch
from contracts.client import Credentials, IntercomClient
from contracts.documents import parse_document
from contracts.exchanges import Exchange, Operation, Response
from contracts.gate import Gate
from contracts.identifiers import Identifiers
from contracts.overlays import embedded_contract
from contracts.parsed import remember
from contracts.spec import Spec, SpecOperation, parse_spec
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Sandbox


@pytest.fixture(scope="session")
def published(shared_dir: Path, pytestconfig: pytest.Config) -> Callable[[str], Spec]:
    """Read a published description by its path in the shared folder.

    Two dozen of them cost ten seconds to parse, so pytest's own cache keeps what they say.
    """
    store = getattr(pytestconfig, "cache", None)  # None with -p no:cacheprovider
    kept = store.mkdir("descriptions") if store is not None else None

    @cache
    def read(path: str) -> Spec:
        content = (shared_dir / path).read_bytes()
        if kept is None:
            return parse_spec(parse_document(content, source=path).value, source=path)
        document = remember(
            kept / f"{hashlib.sha256(content).hexdigest()}.json",
            lambda: parse_document(content, source=path).value,
        )
        return parse_spec(document, source=path)

    return read


Answered = Callable[[Exchange, Any], Any]
"""From an exchange, and a copy of its JSON, to other JSON or another response; None leaves it."""
Asked = Callable[[Operation, Any], Any]
"""From an operation and the JSON of a request to other JSON."""


class Broken(IntercomClient):
    """A client behind which Intercom answers, or understands, otherwise."""

    def __init__(
        self, sandbox: Sandbox, *, answered: Answered | None = None, asked: Asked | None = None
    ) -> None:
        workspace = Workspace(
            name="acme",
            token=Secret(sandbox.token),
            base_url=sandbox.url,
            writes=True,
            app_id="sbx1main",
        )
        super().__init__(workspace, clock=sandbox.clock)
        self._answered = answered
        self._asked = asked

    def forward(self, operation: Operation, path: str, **options: Any) -> Exchange:
        body = options.get("body")
        if self._asked is not None and body is not None:
            options["body"] = json.dumps(self._asked(operation, json.loads(body))).encode()
        exchange = super().forward(operation, path, **options)
        if body is not None:  # what was meant is what was sent
            exchange = replace(exchange, request=replace(exchange.request, body=body))
        if self._answered is None or exchange.response is None:
            return exchange
        changed = self._answered(exchange, copy.deepcopy(exchange.response.document))
        if changed is None:
            return exchange
        if not isinstance(changed, Response):
            changed = replace(exchange.response, document=changed)
        return replace(exchange, response=changed)


class Inquirer:
    """Runs single checks over the sandbox; `found` is what counts of what they suspect."""

    def __init__(self, sandbox: Sandbox, spec: Spec, client: IntercomClient) -> None:
        self.spec = spec
        self.gate = Gate(client, spec, clock=sandbox.clock, most_requests=400)
        self._identifiers = Identifiers()
        self.inquiry = Inquiry(self, spec, fill=self._identifiers.fill, run_id="run")
        self._watch = Watch(self.inquiry)

    def ask(self, operation: SpecOperation, **options: Any) -> Exchange:
        exchange = self.gate.ask(operation, **options)
        if options.get("credentials", Credentials.OWN) is Credentials.OWN:
            self._identifiers.learn(exchange)
            self._watch.take(exchange)
        return exchange

    def check(self, identity: str, *checks: Check) -> None:
        """Ask an operation as a run does first, then what the checks ask."""
        operation = self.spec.get(identity)
        assert operation is not None
        params = self.inquiry.fill(operation.operation) or {}
        body = EVERYTHING if is_search(operation) else None
        exchange = self.ask(operation, path_params=params, body=body)
        turn = Turn(operation=operation, exchange=exchange, path_params=params)
        self.inquiry.first[identity] = turn
        for check in checks:
            check(self.inquiry, turn)

    @property
    def found(self) -> set[tuple[str, str, str]]:
        """Rule, operation and location."""
        self._watch.settle()
        return {
            (one.departure.rule, str(one.exchange.operation), one.departure.location)
            for one in self.inquiry.confirmed()
        }


@pytest.fixture(scope="session")
def contract() -> Spec:
    spec = embedded_contract()
    assert spec is not None
    return spec


@pytest.fixture(scope="module")
def standing() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(standing: Sandbox) -> Sandbox:
    standing.reset()
    return standing


@pytest.fixture
def broken(sandbox: Sandbox) -> Iterator[Callable[..., IntercomClient]]:
    """Make a client of an Intercom that is broken."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(Broken(sandbox, **how))


@pytest.fixture
def behind(
    sandbox: Sandbox, contract: Spec, broken: Callable[..., IntercomClient]
) -> Callable[..., Inquirer]:
    """Make an inquirer of an Intercom that is broken."""
    return lambda **how: Inquirer(sandbox, contract, broken(**how))
