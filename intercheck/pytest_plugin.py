"""The property tests of `intercheck contract` as tests of pytest, one for each operation.

Inert, and nothing of intercheck is imported, unless `--intercheck` is given. The plugin reads what
the command prints as JSON: the same run, the same identities, the same exit of each finding.
"""

import contextlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

_VALUES: Final = {
    "spec": "A description: a file, or a published version such as 2.15.",
    "spec-dir": "A directory of published descriptions.",
    "base-url": "Test this host instead of Intercom's own.",
    "workspace": "Which Intercom workspace of the configuration.",
    "max-requests": "Send no more than this.",
    "phases": "Which phases, with commas: behaviour, stateful, examples, coverage, fuzzing.",
    "mode": "Data that the description allows (positive), forbids (negative), or both (all).",
    "seed": "Same seed, same requests.",
    "config": "Configuration file.",
    "fail-on": "The lowest severity that fails a test: info, warning (default), critical.",
    "state": "The state that --intercheck-fail-on-new compares with.",
}
_LISTS: Final = tuple(
    f"{verb}-{name}{regex}"
    for verb in ("include", "exclude")
    for name in ("path", "method", "tag", "operation-id")
    for regex in ("", "-regex")
)
_RANKS: Final = ("info", "warning", "critical")
_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_EVERY_OPERATION: Final = "every operation"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what the command offers, each with `--intercheck-` in front."""
    group = parser.getgroup("intercheck", "Intercom's API held to its contract")
    group.addoption("--intercheck", action="store_true", help="Add intercheck's property tests.")
    for name, meaning in _VALUES.items():
        group.addoption(f"--intercheck-{name}", default=None, metavar="VALUE", help=meaning)
    for name in _LISTS:
        group.addoption(
            f"--intercheck-{name}",
            action="append",
            default=[],
            metavar="VALUE",
            help=f"As --{name} of `intercheck contract`; may be repeated.",
        )
    group.addoption(
        "--intercheck-ignore-schemathesis-toml",
        action="store_true",
        help="Leave schemathesis.toml unread.",
    )
    group.addoption(
        "--intercheck-fail-on-new",
        action="store_true",
        help="Fail only on findings that the state does not know.",
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each operation; nothing is sent before the first of them runs."""
    if not config.getoption("--intercheck"):
        return
    run = _Run(arguments=_arguments(config))
    planned = run.plan()
    if not planned["plan"]:
        raise pytest.UsageError(f"intercheck: {_nothing_to_ask(planned['coverage']['skipped'])}")
    skipped = [str(one["operation"]) for one in planned["coverage"]["skipped"]]
    names = dict.fromkeys(_blank(one) for one in (*planned["plan"], *skipped))
    parent = _Contract.from_parent(session, name="intercheck", nodeid="intercheck")
    items.extend(
        _Operation.from_parent(parent, name=name, run=run) for name in (*names, _EVERY_OPERATION)
    )


def _arguments(config: pytest.Config) -> list[str]:
    found = []
    for name in _VALUES:
        value = config.getoption(f"--intercheck-{name}")
        found += [] if value is None else [f"--{name}={value}"]
    for name in _LISTS:
        found += [f"--{name}={value}" for value in config.getoption(f"--intercheck-{name}")]
    for flag in ("fail-on-new", "ignore-schemathesis-toml"):
        if config.getoption(f"--intercheck-{flag}"):
            found.append(f"--{flag}")
    return found


def _nothing_to_ask(skipped: Sequence[dict[str, Any]]) -> str:
    """Say why a run that would pass without asking anything is refused."""
    first = skipped[0]
    return (
        f"nothing that is selected is sent ({first['operation']}: {first['why']}): select more "
        "with --intercheck-include-…, or less with --intercheck-exclude-…."
    )


def _blank(operation: str) -> str:
    """Name an operation by its identity, whatever its parameters are called."""
    return _PARAMETER.sub("{}", operation)


class _Departure(Exception):
    """An operation departs from its contract."""


@dataclass(slots=True)
class _Run:
    """The one run behind all tests; it is made when the first of them needs it."""

    arguments: Sequence[str]
    _document: dict[str, Any] | None = field(default=None, repr=False)

    def plan(self) -> dict[str, Any]:
        """Return the plan of the command; raises pytest.UsageError where it refuses."""
        try:
            return self._call("--plan")
        except _Refusal as refusal:
            raise pytest.UsageError(f"intercheck: {refusal}") from None

    def document(self) -> dict[str, Any]:
        """Return what the run found."""
        if self._document is None:
            self._document = self._call()
        return self._document

    def findings(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the findings about an operation, `every operation` for those about all."""
        for one in self.document()["findings"]:
            about = _EVERY_OPERATION if one["operation"] == "*" else _blank(one["operation"])
            if about == name:
                yield one

    def why_not_exercised(self, name: str) -> str | None:
        skipped = self.document()["coverage"]["skipped"]
        return next((str(one["why"]) for one in skipped if _blank(one["operation"]) == name), None)

    def why_nothing_was_measured(self) -> str | None:
        """Say why no operation was exercised; None where one was, or a finding says it."""
        coverage = self.document()["coverage"]
        if coverage["exercised"] or any(not one["accepted"] for one in self.document()["findings"]):
            return None
        # Those that were never to be asked come first.
        return str(self.document()["stopped"] or coverage["skipped"][-1]["why"]).rstrip(".")

    def _call(self, *more: str) -> dict[str, Any]:
        import click

        from contracts.errors import IntercheckError
        from intercheck.commands.contract import command
        from intercheck.stopping import INTERRUPTED, TERMINATED

        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                code = command.main(
                    [*self.arguments, *more, "--format", "json"],
                    prog_name="intercheck contract",
                    standalone_mode=False,
                )
        except IntercheckError as error:
            raise _Refusal(str(error)) from None
        except click.ClickException as error:
            raise _Refusal(error.format_message().replace("'--", "'--intercheck-")) from None
        if code in (INTERRUPTED, TERMINATED):
            raise KeyboardInterrupt  # the command ended in order; pytest has to end as well
        document: dict[str, Any] = json.loads(printed.getvalue())
        return document


class _Refusal(Exception):
    """The command refused; the message says why."""


class _Contract(pytest.Collector):
    """Where the tests hang in the report."""

    def collect(self) -> list[pytest.Item]:
        return []  # the tests are added when all others are collected


class _Operation(pytest.Item):
    """One operation held to its contract."""

    def __init__(self, *, run: _Run, **others: Any) -> None:
        super().__init__(**others)
        self._run = run

    def runtest(self) -> None:
        failing = [one for one in self._run.findings(self.name) if self._counts(one)]
        if failing:
            raise _Departure("\n\n".join(map(_told, failing)))
        if self.name == _EVERY_OPERATION and (why := self._run.why_nothing_was_measured()):
            raise _Departure(f"Nothing was measured: {why}.")
        why = self._run.why_not_exercised(self.name)
        if why is not None:
            pytest.skip(f"not exercised: {why}")

    def _counts(self, finding: dict[str, Any]) -> bool:
        lowest = self.config.getoption("--intercheck-fail-on") or "warning"
        known = self._run.document().get("known", [])
        return (
            finding["accepted"] is None
            and _RANKS.index(finding["severity"]) >= _RANKS.index(lowest)
            and finding["fingerprint"] not in known
        )

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, (_Departure, _Refusal)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return "intercheck", None, self.name


def _told(finding: dict[str, Any]) -> str:
    return (
        f"{finding['severity']}: {finding['rule']}\n{finding['message']}\n"
        f"where: {finding['operation']} {finding['location']} "
        f"({finding['expected']} -> {finding['observed']})\n"
        f"what to do: {finding['remedy']}\ncause: {finding['cause']}"
    )
