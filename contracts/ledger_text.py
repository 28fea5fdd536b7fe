"""Change the text of a ledger without touching what else stands in it: comments, order, spelling.

Pure: text in, text out. What comes out has been read again, and says what it should.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date

from contracts.deviations import Deviation, parse_deviations
from contracts.documents import parse_document
from contracts.errors import ConfigurationError, SpecError
from contracts.findings import Finding

HEADER = (
    "# Deviations that are accepted on purpose, each with its reason and its last day.\n"
    "# `intercheck deviations` lists, adds and drops entries; comments stay.\n"
)


def entry_of(
    finding: Finding,
    *,
    reason: str,
    until: date,
    link: str = "",
    causes: Collection[str] = (),
) -> Deviation:
    """Return the entry that accepts what `finding` says, and the other `causes` it stands for."""
    return Deviation(
        keys=tuple(dict.fromkeys((finding.cause, *causes))),
        reason=reason,
        until=until,
        link=link,
        seen=f"{finding.rule.name} {finding.operation or '*'} {finding.location} "
        f"{finding.expected}>{finding.observed}",
    )


def with_entries(
    text: str, entries: Sequence[Deviation], *, source: str, today: date | None = None
) -> str:
    """Return `text` with `entries` (of causes) at its end, in the place of those that have expired
    by `today` and that they accept anew; ConfigurationError where `text` is not a ledger that can
    be extended."""
    before = _read(text, source)
    renewed = {key for one in entries for key in one.keys}
    over = {
        index
        for index, one in enumerate(before)
        if today is not None and not one.is_in_force(today) and renewed.issuperset(one.keys)
    }
    if over:
        with suppress(ConfigurationError):  # one that cannot be taken out stays beside the new one
            text = without_entries(text, over, source=source)
            before = _read(text, source)
    text = text or HEADER
    written = "".join(f"\n{_written(one)}" for one in entries)
    extended = f"{text}{'' if text.endswith(chr(10)) else chr(10)}{written}"
    after = _read(extended, source)
    if [one.keys for one in after] != [one.keys for one in (*before, *entries)]:
        raise ConfigurationError(f"{source}: cannot be extended as it is written; add it by hand.")
    return extended


def without_entries(text: str, dropped: Collection[int], *, source: str) -> str:
    """Return `text` less the entries with these indexes; a comment above an entry stays."""
    before = _read(text, source)
    document = parse_document(text, source=source)
    lines = text.splitlines(keepends=True)
    starts = [(document.line(index) or 1) - 1 for index in range(len(before))]
    gone: set[int] = set()
    for index in dropped:
        end = starts[index + 1] if index + 1 < len(starts) else len(lines)
        while end > starts[index] and _is_aside(lines[end - 1]):
            end -= 1
        gone.update(range(starts[index], end))
    left = "".join(line for number, line in enumerate(lines) if number not in gone)
    kept = [one.keys for index, one in enumerate(before) if index not in dropped]
    if [one.keys for one in _read(left, source)] != kept:
        raise ConfigurationError(f"{source}: cannot be changed as it is written; do it by hand.")
    return left


def _read(text: str, source: str) -> tuple[Deviation, ...]:
    if all(_is_aside(line) for line in text.splitlines()):
        return ()
    try:
        return parse_deviations(parse_document(text, source=source))
    except SpecError as error:
        raise ConfigurationError(str(error)) from None


def _is_aside(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _written(one: Deviation) -> str:
    return "\n".join(_lines(one)) + "\n"


def _lines(one: Deviation) -> Iterator[str]:
    # A JSON string is a YAML scalar that needs no rules of quoting.
    yield f"- cause: {one.keys[0]}" if len(one.keys) == 1 else f"- cause: [{', '.join(one.keys)}]"
    for key, value in (("seen", one.seen), ("reason", one.reason), ("link", one.link)):
        if value:
            yield f"  {key}: {json.dumps(value, ensure_ascii=False)}"
    yield f"  until: {one.until.isoformat()}"
