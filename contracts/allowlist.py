"""What may be sent: the list of operations that holds the promise not to write by accident.

The list is matched on literal segments of the path exactly as it goes on the wire. Whatever a
server could read differently from us (dot segments, encoded slashes, another case, a `.json`
suffix, full-width letters) is refused, not normalised: the guard must not depend on how a router
somewhere else is built.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final
from urllib.parse import unquote_to_bytes

from contracts.documents import parse_document
from contracts.errors import ConfigurationError
from contracts.paths import is_plain

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""Those that Intercom documents. HEAD, OPTIONS and TRACE are nobody's contract."""

_PARAMETER: Final = "{}"
_TEMPLATE: Final = re.compile(r"\{[^{}/]*\}")
_CACHED_PATHS: Final = 4096  # probes ask for the same few hundred paths again and again


class NotAllowedError(ConfigurationError):
    """A request that is not on the list; nothing was sent."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation} was not sent: {reason}")
        self.operation = operation
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Prohibition:
    """A path under which nothing is ever sent, with its reason and its exceptions (method and
    path)."""

    segments: tuple[str, ...]
    because: str
    exceptions: frozenset[tuple[str, tuple[str, ...]]] = frozenset()


class Allowlist:
    """The operations that may be sent; with `writes`, every operation that is not prohibited."""

    def __init__(
        self,
        reads: Iterable[tuple[str, tuple[str, ...]]],
        prohibitions: Sequence[Prohibition] = (),
        *,
        writes: bool = False,
    ) -> None:
        self.writes = writes
        self._reads = frozenset(reads)
        self._prohibitions = tuple(prohibitions)
        self._literals = _children(self._reads)
        self._refusal = lru_cache(maxsize=_CACHED_PATHS)(self._judge)
        self._is_read = lru_cache(maxsize=_CACHED_PATHS)(self._stands_on_the_list)

    def is_allowed(self, method: str, path: str) -> bool:
        """Whether `method` may be sent to `path`, a template or a path as it goes on the wire."""
        return self._refusal(method, path) is None

    def is_read(self, method: str, path: str) -> bool:
        """Whether it is on the list of reads, and so needs no permission to write."""
        return self._is_read(method, path)

    def refusal(self, method: str, path: str) -> str | None:
        """Say why not, or None where it is allowed."""
        return self._refusal(method, path)

    def _judge(self, method: str, path: str) -> str | None:
        if method not in METHODS:
            return "its method is none of those that Intercom documents"
        segments = _split(path)
        if segments is None:
            return "its path can be read in more than one way"
        plain = tuple(_spelling(segment) for segment in segments)
        for prohibition in self._prohibitions:
            if _covers(prohibition.segments, plain):
                if (method, segments) in prohibition.exceptions:
                    break
                return prohibition.because
        template = self._template(segments, plain)
        if template is None:
            return "its path resembles another operation's without being it"
        if (method, template) in self._reads or self.writes:
            return None
        return "it is not on the list of reads without side effects"

    def _stands_on_the_list(self, method: str, path: str) -> bool:
        segments = _split(path)
        if segments is None:
            return False
        template = self._template(segments, tuple(map(_spelling, segments)))
        return template is not None and (method, template) in self._reads

    def _template(
        self, segments: tuple[str, ...], plain: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Blank what are parameters. A literal always wins, and there is no way back from it: a
        contact called `search` cannot be read."""
        template: tuple[str, ...] = ()
        for segment, spelling in zip(segments, plain, strict=True):
            literals = self._literals.get(template, frozenset())
            if segment in literals:
                template += (segment,)
            elif spelling in literals:
                return None
            else:
                template += (_PARAMETER,)
        return template


def shipped_allowlist(*, writes: bool = False) -> Allowlist:
    """The list that intercheck ships, `contracts/allowlist.yaml`."""
    reads, prohibitions = _shipped()
    return Allowlist(reads, prohibitions, writes=writes)


def is_allowed(method: str, path: str) -> bool:
    """Whether the shipped list lets `method` be sent to `path` without permission to write."""
    return _reads_only().is_allowed(method, path)


@cache
def _reads_only() -> Allowlist:
    return shipped_allowlist()


@cache
def _shipped() -> tuple[frozenset[tuple[str, tuple[str, ...]]], tuple[Prohibition, ...]]:
    text = files("contracts").joinpath("allowlist.yaml").read_text(encoding="utf-8")
    document = parse_document(text, source="contracts/allowlist.yaml").value
    return frozenset(map(_operation, document["reads"])), tuple(
        Prohibition(
            segments=_segments(entry["path"]),
            because=entry["because"],
            exceptions=frozenset(map(_operation, entry.get("except", ()))),
        )
        for entry in document["never"]
    )


def _operation(text: str) -> tuple[str, tuple[str, ...]]:
    method, _, path = text.partition(" ")
    return method, _segments(path)


def _segments(template: str) -> tuple[str, ...]:
    return tuple(_TEMPLATE.sub(_PARAMETER, template).strip("/").split("/"))


def _children(
    operations: Iterable[tuple[str, tuple[str, ...]]],
) -> Mapping[tuple[str, ...], frozenset[str]]:
    """Literal segments that may follow each template prefix."""
    found: dict[tuple[str, ...], set[str]] = {}
    for _, segments in operations:
        for depth, segment in enumerate(segments):
            if segment != _PARAMETER:
                found.setdefault(segments[:depth], set()).add(segment)
    return {prefix: frozenset(literals) for prefix, literals in found.items()}


def _covers(pattern: tuple[str, ...], plain: tuple[str, ...]) -> bool:
    return len(plain) >= len(pattern) and all(
        wanted in (_PARAMETER, found) for wanted, found in zip(pattern, plain, strict=False)
    )


def _split(path: str) -> tuple[str, ...] | None:
    """Return the segments as they are on the wire, or None where any of them is ambiguous."""
    if not path.startswith("/"):
        return None
    segments = tuple(path[1:].split("/"))
    return segments if all(map(is_plain, segments)) else None


def _spelling(segment: str) -> str:
    """Return what a forgiving router could take the segment for: its letters, whatever their case,
    width or encoding, up to a suffix such as `.json`."""
    text = unicodedata.normalize("NFKC", unquote_to_bytes(segment).decode())
    return text.casefold().partition(".")[0]
