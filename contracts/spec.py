"""An OpenAPI 3.0 description as operations.

A `Spec` answers what a description says of an operation; it resolves references and matches paths,
and never guesses: a reference that leads nowhere is an error when it is resolved and stands in
`unresolvable`. What merely is untidy (an undeclared path parameter) is tolerated here and reported
by `contracts.lint`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from contracts.documents import Document, read_document
from contracts.errors import SpecError
from contracts.exchanges import Operation
from contracts.paths import PathTree
from contracts.pointers import escape, follow, references

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON: Final = "application/json"
PREVIEW: Final = "0"
"""Intercom's moving version: its file lies under 0 and has called itself Unstable and Preview."""
PREVIEW_NAMES: Final = frozenset({PREVIEW, "preview", "unstable"})
"""What people and the file itself call it, in lower case."""
_PARAMETER: Final = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an operation. `location` is path, query, header or cookie."""

    name: str
    location: str
    required: bool
    schema: dict[str, Any]
    definition: dict[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpecOperation:
    """An operation as a description defines it. `pointer` is where (`/paths/~1me/get`)."""

    operation: Operation
    operation_id: str | None
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...] = field(repr=False)
    pointer: str
    definition: dict[str, Any] = field(repr=False)
    responses: dict[str, Any] = field(repr=False)
    """What is documented by status as written: `200`, `4XX`, `default`."""
    spec: "Spec" = field(repr=False)

    def response_key(self, status: int) -> str | None:
        """Return which of the documented statuses `status` falls under, the most exact first."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                return key
        return None

    def response(self, status: int) -> dict[str, Any] | None:
        """Return what is said of an answer with `status`, None where nothing is; SpecError where it
        is a reference that leads nowhere."""
        key = self.response_key(status)
        return None if key is None else self.spec.dereference(self.responses[key])

    def media_types(self, status: int) -> tuple[str, ...]:
        """Return the media types documented for `status`, lower case, without parameters."""
        content = (self.response(status) or {}).get("content")
        return tuple(
            name.partition(";")[0].strip().lower()
            for name in (content if isinstance(content, dict) else ())
        )

    def response_schema(self, status: int) -> dict[str, Any] | None:
        """Return the schema of a JSON answer with `status` as written (it may be a `$ref`), None
        where the description has none."""
        return _json_schema(self.response(status))

    @property
    def request_schema(self) -> dict[str, Any] | None:
        """The schema of a JSON request body as written, None where the description has none."""
        return _json_schema(self._request_body)

    @property
    def requires_body(self) -> bool:
        """Whether a request has to have a body."""
        return (self._request_body or {}).get("required") is True

    @property
    def _request_body(self) -> dict[str, Any] | None:
        body = self.definition.get("requestBody")
        return self.spec.dereference(body) if isinstance(body, dict) else None


class Spec:
    """A description. `source` names it in messages; `version` is the API's, as text ("2.15"), and
    "0" for Preview whatever the file calls it."""

    def __init__(self, document: dict[str, Any], *, source: str, version: str | None) -> None:
        self.document = document
        self.source = source
        self.version = version
        self.operations: tuple[SpecOperation, ...] = tuple(self._read_operations())
        self._by_identity = {found.operation.identity: found for found in self.operations}
        self._paths = PathTree(
            (found.operation.method, found.operation.path, found) for found in self.operations
        )
        self._unresolvable: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"Spec({self.source!r}, version={self.version!r}, {len(self.operations)} operations)"

    def get(self, identity: str) -> SpecOperation | None:
        """Return the operation of an identity (`GET /contacts/{}`; parameter names are ignored)."""
        return self._by_identity.get(_PARAMETER.sub("{}", identity))

    def match(self, method: str, path: str) -> SpecOperation | None:
        """Return the operation that a concrete path belongs to; literal segments win over
        parameters. A query is ignored."""
        return self._paths.match(method.upper(), path.partition("?")[0])

    def resolve(self, ref: str) -> Any:
        """Return what a `$ref` leads to, through further references; SpecError where it leads
        nowhere, in circles or out of the document."""
        seen: list[str] = []
        while True:
            if ref in seen:
                raise SpecError(f"{self.source}: the reference {ref} leads back to itself.")
            seen.append(ref)
            target = self._follow(ref)
            if not (isinstance(target, dict) and isinstance(target.get("$ref"), str)):
                return target
            ref = target["$ref"]

    def dereference(self, value: Any) -> dict[str, Any]:
        """Return the object `value`, or the one it refers to where it is a reference."""
        ref = value.get("$ref") if isinstance(value, dict) else None
        found = self.resolve(ref) if isinstance(ref, str) else value
        if not isinstance(found, dict):
            raise SpecError(f"{self.source}: {ref or 'a definition'} is not an object.")
        return found

    @property
    def unresolvable(self) -> frozenset[str]:
        """Every `$ref` in the description that leads nowhere."""
        if self._unresolvable is None:
            refs = {ref for _, ref in references(self.document)}
            self._unresolvable = frozenset(ref for ref in refs if not self._leads_somewhere(ref))
        return self._unresolvable

    def _leads_somewhere(self, ref: str) -> bool:
        try:
            self.resolve(ref)
        except SpecError:
            return False
        return True

    def _follow(self, ref: str) -> Any:
        if not ref.startswith("#"):
            raise SpecError(
                f"{self.source}: the reference {ref} leads out of the document; put what it means "
                "into the document."
            )
        try:
            return follow(self.document, unquote(ref[1:]))
        except LookupError:
            raise SpecError(
                f"{self.source}: the reference {ref} leads nowhere in the document."
            ) from None

    def _read_operations(self) -> Iterator[SpecOperation]:
        for path, item in self.document["paths"].items():
            where = f"/paths/{escape(path)}"
            if path.startswith("x-"):
                continue
            if not path.startswith("/"):
                raise SpecError(f"{self.source}: the path {path!r} does not begin with a slash.")
            if not isinstance(item, dict):
                raise SpecError(f"{self.source}: {where} is not an object.")
            for method in METHODS:
                definition = item.get(method)
                if definition is None:
                    continue
                if not isinstance(definition, dict):
                    raise SpecError(f"{self.source}: {where}/{method} is not an object.")
                responses = definition.get("responses") or {}
                if not isinstance(responses, dict):
                    raise SpecError(f"{self.source}: {where}/{method}/responses is not an object.")
                yield SpecOperation(
                    operation=Operation(method=method.upper(), path=path),
                    operation_id=_text(definition.get("operationId")),
                    tags=tuple(str(tag) for tag in _list(definition.get("tags"))),
                    parameters=self._read_parameters(item, definition),
                    pointer=f"{where}/{method}",
                    definition=definition,
                    # Other YAML readers make numbers of unquoted statuses.
                    responses={str(key): said for key, said in responses.items()},
                    spec=self,
                )

    def _read_parameters(
        self, item: dict[str, Any], definition: dict[str, Any]
    ) -> tuple[Parameter, ...]:
        """Those of the path, overridden by those of the operation; what leads nowhere is left to
        `unresolvable`."""
        found: dict[tuple[str, str], Parameter] = {}
        for owner in (item, definition):
            for raw in _list(owner.get("parameters")):
                if isinstance(raw, dict) and isinstance(raw.get("$ref"), str):
                    if not self._leads_somewhere(raw["$ref"]):
                        continue
                    raw = self.resolve(raw["$ref"])
                if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
                    continue
                location = str(raw.get("in", ""))
                schema = raw.get("schema")
                found[raw["name"], location] = Parameter(
                    name=raw["name"],
                    location=location,
                    required=raw.get("required") is True or location == "path",
                    schema=schema if isinstance(schema, dict) else {},
                    definition=raw,
                )
        return tuple(found.values())


def parse_spec(document: object, *, source: str) -> Spec:
    """Take a parsed document as a description; SpecError where it is not an OpenAPI 3.0 one."""
    if not isinstance(document, dict) or "openapi" not in document:
        raise SpecError(
            f"{source} is not an OpenAPI description: it needs `openapi: 3.0.x` and `paths`."
        )
    if not str(document["openapi"]).startswith("3.0"):
        raise SpecError(
            f"{source} says `openapi: {document['openapi']}`: only OpenAPI 3.0 is read, the form "
            "Intercom publishes."
        )
    if not isinstance(document.get("paths"), dict):
        raise SpecError(f"{source} has no `paths`: it is not an OpenAPI description.")
    information = document.get("info")
    version = information.get("version") if isinstance(information, dict) else None
    if version is not None and not isinstance(version, str):
        raise SpecError(
            f"{source}: info.version is not text but a number (2.10 reads as 2.1): quote it."
        )
    return Spec(document, source=source, version=_named(version))


def read_spec(path: Path) -> Spec:
    """Read a description from a YAML or JSON file; SpecError with file and line where it cannot be
    used as one."""
    document = read_document(path)
    _refuse_unquoted_version(document)
    return parse_spec(document.value, source=str(path))


def _refuse_unquoted_version(document: Document) -> None:
    if not isinstance(document.value, dict) or not isinstance(document.value.get("info"), dict):
        return
    if isinstance(document.value["info"].get("version"), (int, float)):
        written = document.plain_scalar("info", "version")
        if written is None:
            return  # JSON: `parse_spec` says it without a line
        raise SpecError(
            f"{document.source}:{document.line('info', 'version')}: info.version is written "
            f"without quotes and reads as a number (2.10 as 2.1): write '{written}'."
        )


def _named(version: str | None) -> str | None:
    return PREVIEW if version is not None and version.lower() in PREVIEW_NAMES else version


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _json_schema(holder: dict[str, Any] | None) -> dict[str, Any] | None:
    """The schema of the JSON media type in a response or request body."""
    content = (holder or {}).get("content")
    for name, media in content.items() if isinstance(content, dict) else ():
        if name.partition(";")[0].strip().lower() == JSON and isinstance(media, dict):
            schema = media.get("schema")
            return schema if isinstance(schema, dict) else None
    return None
