"""What Intercom does with one request: from its bytes to those of the answer."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from random import Random
from typing import Any, Final
from urllib.parse import unquote

from contracts.clock import Clock
from contracts.errors import SpecError
from contracts.exchanges import refuse_constant
from contracts.spec import JSON, SpecOperation
from sandbox.intercom import breakage, companies, contacts, inbox, office, publications
from sandbox.intercom.answers import Answer, Call, Handler, Refusal, Reply, Request
from sandbox.intercom.bodies import REDIRECTS, Bodies, documented_example, success_status
from sandbox.intercom.descriptions import Description, Descriptions
from sandbox.intercom.faults import Fault
from sandbox.intercom.headers import JSON as JSON_FIELD
from sandbox.intercom.headers import Stamp, new_request_id, rate_limit_fields
from sandbox.intercom.pacing import Latency, RateLimit
from sandbox.intercom.pagination import page_of
from sandbox.intercom.population import populate
from sandbox.intercom.shapes import MISSING
from sandbox.intercom.store import Store
from sandbox.intercom.switchboard import Faults, Situation
from sandbox.intercom.tokens import Token, Tokens, authorize

OPERATIONS: Final[Mapping[str, Handler]] = {
    **contacts.OPERATIONS,
    **companies.OPERATIONS,
    **inbox.OPERATIONS,
    **office.OPERATIONS,
    **publications.OPERATIONS,
}
"""Operations with a life of their own, by identity; any other answers with its example."""


class Service:
    """An Intercom: descriptions, tokens, workspaces, faults. Not safe between threads, except that
    faults and tokens may be changed from another."""

    def __init__(
        self,
        descriptions: Descriptions,
        *,
        seed: int,
        clock: Clock,
        latency: bool,
        rate_limit: int,
        tokens: Tokens,
    ) -> None:
        self.descriptions = descriptions
        self.tokens = tokens
        self.faults = Faults(Random(f"faults {seed}"))
        self.url = ""
        self._seed = seed
        self._clock = clock
        self._has_latency = latency
        self._rate_limit = rate_limit
        self._bodies: dict[int, Bodies] = {}
        self.reset()

    def reset(self) -> None:
        """Go back to the beginning: stored objects, counters, chance and faults; tokens stay."""
        self.faults.restart(Random(f"faults {self._seed}"))
        self._random = Random(f"requests {self._seed}")
        self._latency = Latency(self._seed, is_on=self._has_latency)
        self._limit = RateLimit(self._rate_limit)
        self._stamp = Stamp(self._random)
        self._stores: dict[str, Store] = {}
        self._began = int(self._clock.now().timestamp())

    def store(self, app_id: str) -> Store:
        """Return the workspace of an app, populated when it is first asked for."""
        if app_id not in self._stores:
            store = Store(Random(f"{self._seed} {app_id}"), app_id=app_id)
            populate(store, now=self._began)
            self._stores[app_id] = store
        return self._stores[app_id]

    def respond(self, request: Request) -> Reply:
        """Answer one request."""
        exchange = _Exchange(self, request)
        return exchange.reply()


class _Exchange:
    """One request on its way to its answer."""

    def __init__(self, service: Service, request: Request) -> None:
        self._service = service
        self._request = request
        self._request_id = new_request_id(service._random)
        self._now = service._clock.now()
        self._description: Description = service.descriptions.default
        self._operation: SpecOperation | None = None
        self._version: str | None = None
        self._limits: list[tuple[str, str]] = []
        self._archived: list[bool] = []

    def reply(self) -> Reply:
        service, request = self._service, self._request
        refused: Refusal | None = None
        try:
            self._description = service.descriptions.named(request.headers.get("intercom-version"))
        except Refusal as refusal:  # said only to who may ask at all
            refused = refusal
        self._version = self._description.version
        self._operation = self._description.spec.match(request.method, request.path)
        identity = self._operation.operation.identity if self._operation else f"{request.method} *"
        seconds = service._latency.seconds(identity)
        faults: tuple[Fault, ...] = ()
        wrote, document = False, MISSING
        try:
            token, body = self._admit(refused), self._body()
            faults = service.faults.hitting(
                Situation(
                    operation=identity,
                    page=page_of(request.query, body),
                    token=token.value,
                    app_id=token.app_id,
                )
            )
            token = breakage.token(faults, token, identity)
            status, document, wrote = self._carry_out(token, body, faults)
        except Refusal as refusal:
            status = refusal.status
            document = self._bodies.error(self._operation, refusal, self._request_id)
            self._limits = [*(dict(self._limits) | dict(refusal.headers)).items()]
        if status < 300 and document is not MISSING:
            document = breakage.document(faults, document, archived=self._archived)
        seconds, told = breakage.seconds(faults, seconds)
        body_bytes, media_type = self._bytes(status, document)
        fields = service._stamp.fields(
            status=f"{status} {HTTPStatus(status).phrase}",
            request_id=self._request_id,
            version=self._version,
            seconds=told,
            now=self._now,
            body=body_bytes,
            media_type=media_type,
            wrote=wrote,
        )
        if status in REDIRECTS:
            fields.append(("location", f"{service.url}/_sandbox/file"))
        reply = Reply(
            status=status,
            fields=(*fields, *self._limits),
            body=body_bytes,
            seconds=seconds,
            operation=self._operation.operation.identity if self._operation else None,
        )
        return breakage.reply(faults, reply, request=request, now=self._now)

    @property
    def _bodies(self) -> Bodies:
        known = self._service._bodies
        key = id(self._description.shapes)
        if key not in known:
            known[key] = Bodies(self._description)
        return known[key]

    def _admit(self, wrong_version: Refusal | None) -> Token:
        """Return whose request this is, counted against their limit."""
        service = self._service
        token = service.tokens.find(self._request.headers.get("authorization"))
        left, ends = service._limit.count(token.app_id, self._now.timestamp())
        self._limits = rate_limit_fields(service._limit.limit, left, ends)
        if left < 0:
            raise breakage.too_many(service._limit.limit)
        if wrong_version is not None:
            raise wrong_version
        return token

    def _body(self) -> Mapping[str, Any]:
        raw = self._request.body
        if not raw.strip():
            return {}
        try:
            document = json.loads(raw, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            raise Refusal(400, "parameter_invalid", "The request body is not valid JSON") from None
        if not isinstance(document, dict):
            raise Refusal(400, "parameter_invalid", "The request body must be a JSON object")
        return document

    def _carry_out(
        self, token: Token, body: Mapping[str, Any], faults: tuple[Fault, ...]
    ) -> tuple[int, Any, bool]:
        """Return status, document and whether something was written."""
        service, operation = self._service, self._operation
        if operation is None:
            raise Refusal(404, "not_found", "The requested resource was not found")
        method, path = operation.operation.method, operation.operation.path
        breakage.refuse(faults, operation, limit=service._limit.limit)
        authorize(token, operation)
        store = service.store(token.app_id)
        call = Call(
            operation=operation,
            ids=_path_ids(path, self._request.path),
            query=self._request.query,
            body=body,
            token=token,
            store=store,
            now=int(self._now.timestamp()),
            url=service.url,
        )
        handler = OPERATIONS.get(operation.operation.identity)
        answer = handler(call) if handler else Answer(wrote=method != "GET")
        if answer.record is not None:
            self._archived = [answer.record.is_archived]
        elif answer.records is not None:
            self._archived = [one.is_archived for one in answer.records]
        document = self._bodies.success(operation, answer, store)
        return answer.status or success_status(operation), document, answer.wrote

    def _bytes(self, status: int, document: Any) -> tuple[bytes, str]:
        """Return the body and its media type."""
        if document is not MISSING:
            text = json.dumps(document, separators=(",", ":"))
            return text.encode(), JSON_FIELD
        if self._operation is None or status == HTTPStatus.NO_CONTENT or status in REDIRECTS:
            return b"", JSON_FIELD
        return _other_body(self._operation, status)


def _path_ids(template: str, path: str) -> tuple[str, ...]:
    """Return what stands in a path in place of the template's parameters."""
    pairs = zip(template.split("/"), path.split("/"), strict=True)
    return tuple(unquote(given) for named, given in pairs if named.startswith("{"))


def _other_body(operation: SpecOperation, status: int) -> tuple[bytes, str]:
    """Return a body that is no JSON where the description promises one (a transcript, a file)."""
    try:
        others = [one for one in operation.media_types(status) if one != JSON]
    except SpecError:
        others = []
    if not others:
        return b"", JSON_FIELD
    example = documented_example(operation, status)
    return (example if isinstance(example, str) else "sandbox\n").encode(), others[0]
