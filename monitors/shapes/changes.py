"""What a young kind of value means that is taken for a change: its name, and what speaks for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from monitors.shapes.kinds import LIST, PLAIN, SAYS_NOTHING, base_of
from monitors.shapes.state import ABSENT, NULL, Field, Group, Seen, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something in an answer that is not as it used to be. `rule`, `location`, `expected` and
    `observed` are as a description's departure has them, `evidence` says what speaks for it."""

    rule: str
    location: str
    expected: str
    observed: str
    evidence: str


def change_of(group: Group, known: Field, kind: str) -> Change | None:
    """Name a young kind that is taken for a change; None where it contradicts nothing."""
    seen = known.kinds.get(kind)
    grown = known.share if kind == NULL and known.share and known.share.since is not None else None
    if seen is None or (seen.since is None and grown is None):
        return None  # the rest of the answer has shown otherwise
    before = [one for one, other in known.kinds.items() if other.met is None]
    usual = _main([one for one in before if one not in (ABSENT, "null") and one[0] != "="])
    evidence = grown.evidence() if grown else _evidence(group, known, kind, seen)

    def change(rule: str, expected: str, observed: str) -> Change:
        return Change(
            rule=rule,
            location=known.location,
            expected=expected,
            observed=observed,
            evidence=evidence,
        )

    if kind.startswith("="):
        if usual != "string":
            return None  # its type is the change
        return change("schema-enum", "enum", "string")
    if kind == ABSENT:
        return change("schema-required", usual or "any", ABSENT)
    if not usual:
        if any(one == "null" for one in before) or kind == "null":
            return None  # what was null so far has got a value, or is new and null
        return change("schema-undocumented", ABSENT, base_of(kind))
    if kind == "null":
        return change("schema-null", usual, "null")
    if base_of(kind) not in {base_of(one) for one in before}:
        return change("schema-type", usual, base_of(kind))
    return _other_form(change, before, kind)


def _other_form(
    change: Callable[[str, str, str], Change], before: Iterable[str], kind: str
) -> Change | None:
    base = base_of(kind)
    forms = [one for one in before if base_of(one) == base and one not in SAYS_NOTHING]
    if len(forms) != 1 or kind in SAYS_NOTHING:
        return None
    if base == LIST:
        made = change("schema-type", *(one.partition(":")[2] for one in (forms[0], kind)))
        return replace(made, location=f"{made.location}/*")
    if base == "string" and forms[0] != PLAIN:
        return change("schema-format", forms[0].partition(":")[2], "string")
    if (forms[0], kind) == ("integer:seconds", "integer:milliseconds"):
        return change("schema-format", "unix-time", "milliseconds")
    return None


def _main(kinds: Iterable[str]) -> str:
    return "|".join(sorted({base_of(one) for one in kinds}))


def successor(state: State, location: str) -> str:
    """Return the location of the field that came when the one at `location` went, if it is gone,
    and there is one such field of its type alone; else nothing."""
    found = {
        _renamed(group, known)
        for group in state.groups.values()
        for known in group.fields.values()
        if known.location == location and ABSENT in known.kinds
    } - {None}
    return found.pop() or "" if len(found) == 1 else ""


def _renamed(group: Group, gone: Field) -> str | None:
    """Return the one field of the same type that came with the object in which `gone` was first
    missed, if there is one."""
    missed = gone.kinds[ABSENT]
    went = gone.last if missed.met is None else missed.before
    usual = {base_of(one) for one in gone.kinds if _is_value(one)}
    came = [
        other.location
        for other in group.fields.values()
        if other is not gone
        and (values := {one: seen for one, seen in other.kinds.items() if _is_value(one)})
        and min(seen.before for seen in values.values()) == went
        and {base_of(one) for one in values} == usual
    ]
    return came[0] if len(came) == 1 else None


def _is_value(kind: str) -> bool:
    return kind not in (ABSENT, "null") and not kind.startswith("=")


def _evidence(group: Group, known: Field, kind: str, seen: Seen) -> str:
    if seen.met is None:  # a sparse field that is gone, or null from now on
        wait = group.objects - known.last
        return (
            f"it had a value in {known.times} of {known.last} objects, and has none in the {wait} "
            "since"
        )
    days = "1 day" if seen.days <= 1 else f"{seen.days} days"
    before = f"{seen.before} of {seen.before}" if kind == ABSENT else f"none of {seen.before}"
    is_now = "missing" if kind == ABSENT else "there"
    met = seen.times + seen.turned
    return f"until now in {before} objects over {days}, now {is_now} in {met}"
