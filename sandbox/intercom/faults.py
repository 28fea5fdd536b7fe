"""Faults: what can be made to go wrong, on which operation and under which condition."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Self

from contracts.exchanges import Operation

FAULTS: Final[Mapping[str, str]] = {
    "refused-token": "401 unauthorized, as for a token that does not exist",
    "revoked-token": "401 token_revoked",
    "expired-token": "401 token_expired",
    "blocked-token": "401 token_blocked",
    "suspended-token": "401 token_suspended",
    "missing-scope": "401 token_unauthorized; 403 forbidden with status 403",
    "plan-restriction": "403 api_plan_restricted",
    "wrong-region": "401 unauthorized; /me still answers and names another region (value)",
    "changed-workspace": "the token speaks for another workspace (value: its id_code)",
    "blocked-by-load-balancer": "403 HTML of awselb/2.0, without a request id",
    "field-removed": "the field at pointer is gone",
    "field-renamed": "the field at pointer has another name (value)",
    "field-retyped": "the field at pointer has another type (value: its name)",
    "field-nulled": "the field at pointer is null",
    "field-added": "a field nobody described stands at pointer (value)",
    "unknown-enum-value": "the text at pointer is one nobody listed (value)",
    "deprecation": "a Deprecation header (form: rfc9745, imf-fixdate, true, epoch; at; link)",
    "sunset": "a Sunset header (form: imf-fixdate, utc, rfc850, asctime; at; link)",
    "warning": 'a Warning header (299 - "Deprecated API")',
    "version-mismatch": "intercom-version names another version (value)",
    "endpoint-gone": "404, 410 or 400 intercom_version_invalid (status)",
    "422": "422 unprocessable_entity",
    "429": "429 rate_limit_exceeded, nothing left until the window ends",
    "500": "500 server_error; an HTML page with form html",
    "502": "502 HTML of a load balancer",
    "503": "503 with an empty body",
    "504": "504 HTML of a load balancer",
    "slow": "factor times as slow, plus milliseconds; form network leaves x-runtime as it was",
    "larger-answers": "value times as many bytes, each thousand of them taking milliseconds",
    "new-deployment": "x-intercom-version names another commit (value)",
    "stalled-body": "half the body, then nothing until the client gives up",
    "connection-reset": "a TCP reset instead of an answer",
    "truncated-body": "half of the bytes that Content-Length promises",
    "non-json-body": "200 with HTML under application/json",
    "empty-body": "200 without a body",
    "wrong-media-type": "the right body under text/html",
    "oversized-body": "a body of megabytes (value: how many)",
    "redirect-loop": "302 to the same place",
    "status-incident": "the status page has an incident of the API (value: its title)",
    "status-maintenance": "the status page has maintenance under way (value: its title)",
}
"""Every name, and what it does."""

STATUS_PAGE: Final = "GET /_outside/api/v2/summary.json"
CONTROL_HOST: Final = "GET /_outside/control"
"""What is not Intercom's API; any fault of an answer that names it as its operation meets it."""

ON_THE_STATUS_PAGE: Final = frozenset({"status-incident", "status-maintenance"})
"""What is said there, while the API may be well."""

FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "deprecation": ("rfc9745", "imf-fixdate", "true", "boolean", "epoch"),
    "sunset": ("imf-fixdate", "utc", "rfc850", "asctime"),
    "slow": ("network",),
    "500": ("html",),
}
"""Faults that come in several forms; of the headers the first is the usual one."""

STATUSES: Final[Mapping[str, tuple[int, ...]]] = {
    "endpoint-gone": (404, 410, 400),
    "missing-scope": (401, 403),
}
"""Faults that come with several statuses; the first is the usual one."""

TYPES: Final = ("boolean", "integer", "number", "string", "array", "object", "null")
"""What a field can be retyped to."""

POINTER_FAULTS: Final = frozenset(
    {
        "field-removed",
        "field-renamed",
        "field-retyped",
        "field-nulled",
        "field-added",
        "unknown-enum-value",
    }
)

_IN_HEADERS: Final = frozenset(
    {"deprecation", "sunset", "warning", "version-mismatch", "new-deployment", "wrong-media-type"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a fault applies; what is None does not matter.

    `page` counts from 1. `index` is an item's place on its page, from 0; it and `archived` (a
    contact's) narrow pointer faults to such items. `share` is the share of answers, `times` how
    often at all. `token` and `app_id` narrow it to one token or workspace, `after` lets that many
    requests pass first.
    """

    page: int | None = None
    index: int | None = None
    archived: bool | None = None
    share: float | None = None
    times: int | None = None
    after: int | None = None
    token: str | None = field(default=None, repr=False)
    app_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. `operation` is `GET /contacts/{}` (any parameter names), None for
    all of them; `pointer` is a JSON Pointer in which `*` stands for every item or key."""

    name: str
    operation: str | None = None
    pointer: str | None = None
    value: object = None
    status: int | None = None
    form: str | None = None
    at: int | str | None = None
    """A moment for headers: Unix seconds or ISO 8601."""
    link: str | None = None
    milliseconds: float = 0.0
    factor: float = 1.0
    when: Condition = field(default_factory=Condition)

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"there is no fault {self.name!r}; there are {', '.join(FAULTS)}")
        if self.name in POINTER_FAULTS and not (self.pointer or "").startswith("/"):
            raise ValueError(f"{self.name} needs a pointer such as /data/*/email")
        _one_of(self.name, "form", self.form, FORMS.get(self.name, ()))
        _one_of(self.name, "status", self.status, STATUSES.get(self.name, ()))
        if self.name == "field-retyped":
            _one_of(self.name, "value", self.value, TYPES)
        if self.name in ON_THE_STATUS_PAGE:
            object.__setattr__(self, "operation", STATUS_PAGE)
        if self.at is not None:
            moment(self.at)
        for text in (self.value if self.name in _IN_HEADERS else None, self.link):
            if isinstance(text, str) and not (text.isascii() and text.isprintable()):
                raise ValueError(f"{self.name} cannot put {text!r} into a header")
        if self.operation is not None:  # frozen: normalised once, compared often
            identity = Operation.parse(self.operation).identity
            object.__setattr__(self, "operation", identity)

    @classmethod
    def parse(cls, document: object) -> Self:
        """Read a fault from JSON; ValueError with one sentence where it is none."""
        given = _members(document, cls, "a fault")
        if "name" not in given:
            raise ValueError("a fault needs a name")
        if "when" in given:
            given["when"] = Condition(**_members(given["when"], Condition, "when"))
        return cls(**given)

    def as_json(self) -> dict[str, object]:
        """Return what `parse` reads, without what is not set; no token."""
        shown = {name: value for name, value in asdict(self).items() if value is not None}
        when = shown.pop("when")
        when.pop("token")
        if kept := {name: value for name, value in when.items() if value is not None}:
            shown["when"] = kept
        return shown


_ANYTHING: Final = frozenset({"value", "when"})
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("status", "page", "index", "times", "after"), (int,)),
    **dict.fromkeys(("milliseconds", "factor", "share"), (int, float)),
    "archived": (bool,),
    "at": (int, str),
}
"""What members are in JSON; the others are text."""


def moment(at: int | str) -> datetime:
    """Return the moment that Unix seconds or ISO 8601 name; ValueError where they name none."""
    if isinstance(at, int):
        return datetime.fromtimestamp(at, UTC)
    named = datetime.fromisoformat(at)
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def _one_of(name: str, member: str, given: object, known: Sequence[object]) -> None:
    if given is not None and given not in known:
        there = f"; it has {', '.join(map(str, known))}" if known else ""
        raise ValueError(f"{name} has no {member} {given}{there}")


def _members(document: object, owner: type[Any], what: str) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError(f"{what} must be an object")
    known = {one.name for one in fields(owner)}
    if unknown := document.keys() - known:
        raise ValueError(
            f"{what} has no {', '.join(sorted(map(str, unknown)))}; "
            f"it may have {', '.join(sorted(known))}"
        )
    for name, value in document.items():
        kinds = _KINDS.get(name, (str,))
        is_right = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if name not in _ANYTHING and value is not None and not is_right:
            raise ValueError(f"{name} of {what} cannot be {value!r}")
    return dict(document)
