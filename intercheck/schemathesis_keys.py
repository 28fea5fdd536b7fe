"""The keys of `schemathesis.toml`: which apply here, and who decides instead of the others."""

import difflib
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from contracts.errors import ConfigurationError

_GENERATION: Final = (
    "max-examples",
    "allow-x00",
    "allow-extra-parameters",
    "codec",
    "exclude-header-characters",
    "unique-inputs",
    "dictionaries.*",
)
_FILTERS: Final = tuple(
    f"{verb}-{name}{regex}"
    for verb in ("include", "exclude")
    for name in ("path", "method", "tag", "operation-id")
    for regex in ("", "-regex")
)
APPLIES: Final = (
    "seed",
    "parameters.*",
    "dictionaries.*",
    "generation.mode",
    *(f"generation.{name}" for name in _GENERATION),
    "phases.enabled",
    *(f"phases.{name}.enabled" for name in ("examples", "coverage", "fuzzing", "stateful")),
    "phases.examples.fill-missing",
    "phases.coverage.generate-duplicate-query-parameters",
    *(f"phases.fuzzing.generation.{name}" for name in _GENERATION),
    "operations.enabled",
    "operations.parameters.*",
    *(f"operations.{name}" for name in _FILTERS),
)
"""Keys that apply; `*` stands for whatever is below."""

_CONNECTION: Final = "the connection, and with it time limits and redirects, is intercheck's own"
_TOKEN: Final = "the token comes from intercheck.yaml or INTERCOM_ACCESS_TOKEN"  # noqa: S105
_BUDGET: Final = "how much is asked, and how fast, follows from --max-requests and the rate limit"
_RESULTS: Final = "results are chosen with --report, --report-dir and --format"
_SAFETY: Final = "it could send what the list of allowed requests would never let out"

REFUSED: Final[Mapping[str, str]] = {
    "auth*": _TOKEN,
    "*.auth*": _TOKEN,
    "generation.with-security-parameters": _TOKEN,
    "*.with-security-parameters": _TOKEN,
    "headers*": "the version header is pinned, and only documented headers pass",
    "*.headers*": "the version header is pinned, and only documented headers pass",
    "base-url": "the host is named by --base-url or by the Intercom workspace",
    "origin": "the host is named by --base-url or by the Intercom workspace",
    "servers*": "the host is named by --base-url or by the Intercom workspace",
    "*.servers*": "the host is named by --base-url or by the Intercom workspace",
    "hooks": _SAFETY,
    "phases.coverage.unexpected-methods": _SAFETY,
    "rate-limit": _BUDGET,
    "*.rate-limit": _BUDGET,
    "workers": _BUDGET,
    "max-failures": _BUDGET,
    "max-time": _BUDGET,
    "fuzz*": _BUDGET,
    "continue-on-failure": _BUDGET,
    "*.continue-on-failure": _BUDGET,
    "phases.stateful*": "objects live as long as their life cycle in a test workspace takes",
    "checks*": "what counts is chosen with --fail-on and `intercheck deviations`",
    "*.checks*": "what counts is chosen with --fail-on and `intercheck deviations`",
    "warnings*": "what counts is chosen with --fail-on and `intercheck deviations`",
    "*.warnings*": "what counts is chosen with --fail-on and `intercheck deviations`",
    "baseline": "known findings are kept with --state and --fail-on-new",
    "reports*": _RESULTS,
    "output*": _RESULTS,
    "color": _RESULTS,
    "cache*": "nothing of an earlier run decides what this one asks",
    "*database": "nothing of an earlier run decides what this one asks",
    "*deterministic": "every run is: the same --seed asks the same",
    "*no-shrink": "nothing is asked again to make it smaller",
    "*maximize": "which question is next follows from what answers have not shown yet",
    "*operation-ordering": "which question is next follows from what answers have not shown yet",
    "*extra-data-sources*": "ids come from the answers of list operations",
    "*error-feedback*": "which question is next follows from what answers have not shown yet",
    "*include-by": "operations are chosen by path, method, tag and operation id",
    "*exclude-by": "operations are chosen by path, method, tag and operation id",
    "*clude-name*": "operations are chosen by path, method, tag and operation id",
    "project*": "there is one API here: write the keys outside of [[project]]",
    "suppress-health-check": "no health check of Hypothesis stops a run",
    "*graphql-allow-null": "Intercom's API is not GraphQL",
    "wait-for-schema": "descriptions are files: see --spec",
    "analysis*": "there is no application whose source could be read",
    "phases.*.generation*": "it is set for all phases and operations, under [generation]",
    "operations.generation*": "it is set for all phases and operations, under [generation]",
    "operations.phases*": "phases are chosen for all operations, under [phases]",
    "*proxy": _CONNECTION,
    "*tls-verify": _CONNECTION,
    "*request-*": _CONNECTION,
    "*max-redirects": _CONNECTION,
    "*max-stream-events": _CONNECTION,
}
"""Keys that are refused, each with who decides instead; the first that fits counts."""


def check_keys(document: Mapping[str, Any], source: str) -> None:
    """Raise ConfigurationError that names the first key which does not apply."""
    for key in dict.fromkeys(_keys(document)):
        _check(source, key)


def _keys(value: object, prefix: str = "") -> Iterator[str]:
    """Yield the keys of a document; a table in a list counts as the list."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _keys(item, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _keys(item, prefix)
    elif prefix:
        yield prefix


def _check(source: str, key: str) -> None:
    if any(fnmatchcase(key, one) or f"{key}.*" == one for one in APPLIES):
        if re.search(r"(?:^|\.)parameters\.(?:header|cookie)\.", key):
            raise ConfigurationError(
                f"{source}: {key} is refused: parameters are given for paths and queries."
            )
        return
    near = difflib.get_close_matches(key, _names(), n=1, cutoff=0.85)
    for pattern, reason in REFUSED.items():
        if fnmatchcase(key, pattern):
            raise ConfigurationError(f"{source}: {key} is refused: {reason}.")
    meant = f" Did you mean {near[0]}?" if near else ""
    raise ConfigurationError(f"{source}: {key} is no key of Schemathesis's.{meant}")


def _names() -> list[str]:
    return [one.removesuffix(".*") for one in (*APPLIES, *REFUSED) if not one.startswith("*")]
