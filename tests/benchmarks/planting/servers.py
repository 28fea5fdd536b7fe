"""Servers for the benchmarks: one that answers from a description's examples, one in between.

Plain `http.server` and nothing of intercheck's: what is measured must not depend on our own idea of
how Intercom answers.
"""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

_METHODS: Final = ("get", "put", "post", "delete", "patch")
_JSON: Final = "application/json"
_ANY_ID: Final = "123"
_WITHOUT_BODY: Final = (204, 304)
_OF_THE_CONNECTION: Final = frozenset({"content-length", "transfer-encoding", "connection", "host"})


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request. `headers` by lower-case name; `path` and `query` as on the wire."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. `document` is what its JSON says; None means `body` is sent as it is."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Api = Callable[[Ask], Answer]


class Documented:
    """The operations of a description (a parsed OpenAPI document), matched by literal segments
    first."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.shown_null = frozenset(_nulls(document["paths"]))
        """Type of object and field, where an example shows null whatever the schema says."""
        self._routes: list[tuple[str, re.Pattern[str], str]] = []
        for path in sorted(document["paths"], key=lambda path: (path.count("{"), path)):
            pattern = re.compile(
                "/".join(
                    "[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")
                )
            )
            for method in _METHODS:
                if method in document["paths"][path]:
                    self._routes.append((method.upper(), pattern, path))

    def match(self, ask: Ask) -> str | None:
        """Return the path template that a request belongs to."""
        for method, pattern, path in self._routes:
            if method == ask.method and pattern.fullmatch(ask.path):
                return path
        return None

    def resolve(self, value: Any) -> Any:
        """Follow references inside the document; None where they lead nowhere."""
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            found: Any = self.document
            for step in value["$ref"].lstrip("#/").split("/"):
                found = found.get(step) if isinstance(found, dict) else None
            value = found
        return value

    def success(self, method: str, path: str) -> tuple[int, Any, Any]:
        """Return status, schema and example of the first documented 2xx answer in JSON."""
        operation = self.document["paths"][path][method.lower()]
        for status, raw in sorted((str(key), raw) for key, raw in operation["responses"].items()):
            if not status.startswith("2"):
                continue
            media = ((self.resolve(raw) or {}).get("content") or {}).get(_JSON) or {}
            shown = [one.get("value") for one in (media.get("examples") or {}).values()]
            return int(status), media.get("schema"), media.get("example", next(iter(shown), None))
        return 200, None, None

    def plain_question(self, method: str, path: str) -> Ask:
        """Return the plainest question: what is required only, as the description shows it."""
        item = self.document["paths"][path]
        given = [*(item.get("parameters") or ()), *(item[method.lower()].get("parameters") or ())]
        query: dict[str, str] = {}
        for one in map(self.resolve, given):
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", quote(self._shown(one), safe=""))
            elif one["in"] == "query" and one.get("required"):
                query[one["name"]] = self._shown(one)
        return Ask(method=method, path=path, query=urlencode(query))

    def _shown(self, parameter: dict[str, Any]) -> str:
        schema = self.resolve(parameter.get("schema")) or {}
        shown = [one.get("value") for one in (parameter.get("examples") or {}).values()]
        known = [parameter.get("example"), *shown, schema.get("example"), *schema.get("enum", ())]
        return str(next((one for one in known if one is not None), _ANY_ID))

    def asks(self, path: str, name: str) -> bool:
        """Return whether a GET documents a parameter of its query."""
        operation = self.document["paths"][path].get("get", {})
        parameters = [self.resolve(one) for one in operation.get("parameters", ())]
        return any(one.get("name") == name for one in parameters if one)

    def asked(self, method: str, path: str) -> Any:
        """Return the first documented example of what an operation is sent in JSON."""
        operation = self.document["paths"].get(path, {}).get(method.lower(), {})
        raw = self.resolve(operation.get("requestBody")) or {}
        media = (raw.get("content") or {}).get(_JSON) or {}
        shown = [one.get("value") for one in (media.get("examples") or {}).values()]
        return media.get("example", next(iter(shown), None))


def _nulls(value: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _nulls(one)
    if isinstance(value, dict):
        for name, one in value.items():
            if one is None and isinstance(value.get("type"), str):
                yield value["type"], name
            yield from _nulls(one)


def from_examples(described: Documented) -> Api:
    """An API that knows nothing but the examples of its description."""

    def respond(ask: Ask) -> Answer:
        path = described.match(ask)
        if path is None:
            return Answer(status=404, document={"type": "error.list", "errors": [{"code": "x"}]})
        status, schema, example = described.success(ask.method, path)
        if example is None:
            is_list = (described.resolve(schema) or {}).get("type") == "array"
            return Answer(status=status, document=[] if is_list else {})
        return Answer(status=status, document=example)

    return respond


def forwarded(base_url: str) -> Api:
    """The API at `base_url`."""
    parts = urlsplit(base_url)
    local = threading.local()

    def respond(ask: Ask) -> Answer:
        if not hasattr(local, "connection"):
            kind = (
                http.client.HTTPSConnection
                if parts.scheme == "https"
                else (http.client.HTTPConnection)
            )
            local.connection = kind(parts.netloc, timeout=30)
        target = f"{parts.path}{ask.path}" + (f"?{ask.query}" if ask.query else "")
        headers = {k: v for k, v in ask.headers.items() if k not in _OF_THE_CONNECTION}
        headers["accept-encoding"] = "identity"
        try:
            local.connection.request(ask.method, target, ask.body or None, headers)
            response = local.connection.getresponse()
        except ConnectionError:  # the server had closed the idle connection meanwhile
            local.connection.close()
            local.connection.request(ask.method, target, ask.body or None, headers)
            response = local.connection.getresponse()
        body = response.read()
        passing = {k.lower(): v for k, v in response.getheaders()}
        passing = {k: v for k, v in passing.items() if k not in _OF_THE_CONNECTION}
        try:
            return Answer(
                status=response.status, document=json.loads(body), headers=passing, body=body
            )
        except ValueError:
            return Answer(status=response.status, headers=passing, body=body)

    return respond


class Serving:
    """A running server: its `url`, and every request it got as `METHOD path`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[tuple[str, str]] = []


@contextmanager
def serve(api: Api) -> Iterator[Serving]:
    """Serve `api` on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _respond(self) -> None:
            path, _, query = self.path.partition("?")
            serving.seen.append((self.command, path))
            length = int(self.headers.get("content-length") or 0)
            answer = api(
                Ask(
                    method=self.command,
                    path=path,
                    query=query,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length) if length else b"",
                )
            )
            body = answer.body if answer.document is None else json.dumps(answer.document).encode()
            if answer.status in _WITHOUT_BODY:
                body = b""  # what came after would be taken for the next answer
            self.send_response_only(answer.status)
            for name, value in ({"content-type": _JSON} | answer.headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _respond
        do_HEAD = do_OPTIONS = do_TRACE = _respond

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = Serving(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()


def with_document(answer: Answer, document: Any) -> Answer:
    """The same answer with another document."""
    return replace(answer, document=document)
