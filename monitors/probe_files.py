"""Read files of probes: the packaged one, and a user's own that changes and extends it."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from contracts.allowlist import Allowlist, shipped_allowlist
from contracts.documents import Document, read_document
from contracts.errors import ConfigurationError, SpecError
from contracts.exchanges import Operation
from contracts.spec import Spec
from monitors.complaints import remedy_of, weightiest
from monitors.probes import SHORTEST_INTERVAL, Identifier, Probe, in_order, path_parameters
from monitors.settings import Duration, ResponseTime

PACKAGED: Final = Path(__file__).with_name("probes.yaml")

_POINTER: Final = re.compile(r"(/([^~/]|~[01])*)+\Z")


def _operation(written: object) -> Operation:
    if not isinstance(written, str):
        raise ValueError("write an operation such as 'GET /contacts/{contact_id}'")
    return Operation.parse(written)


def _pointer(written: object) -> str:
    if not isinstance(written, str) or not _POINTER.match(written):
        raise ValueError("write a JSON Pointer such as /data/0/id")
    return written


_Operation = Annotated[Any, BeforeValidator(_operation)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Ago(_Model):
    ago: Duration


class _IdentifierEntry(_Model):
    source: Annotated[_Operation, Field(alias="from")]
    at: Annotated[str, BeforeValidator(_pointer)]


class _ProbeEntry(_Model):
    operation: _Operation
    every: Annotated[Duration, Field(ge=SHORTEST_INTERVAL)] = timedelta(minutes=5)
    query: Mapping[str, str | int | _Ago] = {}
    body: dict[str, object] | None = None
    enabled: bool = True
    maximum_response_time: Annotated[ResponseTime | None, Field(alias="maximum-response-time")] = (
        None
    )


class _ProbeFile(_Model):
    identifiers: Mapping[str, _IdentifierEntry] = {}
    probes: Sequence[_ProbeEntry] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """A file of probes with the lines of its entries."""

    document: Document
    content: _ProbeFile

    def where(self, *steps: str | int) -> str:
        """Return `file:line` of a place, or of the nearest one around it that has a line."""
        while steps and self.document.line(*steps) is None:
            steps = steps[:-1]
        return f"{self.document.source}:{self.document.line(*steps) or 1}"

    def identifiers(self) -> dict[str, Identifier]:
        return {
            name: Identifier(name=name, source=entry.source, pointer=entry.at)
            for name, entry in self.content.identifiers.items()
        }


def load_probes(
    own: Path | None = None,
    *,
    specs: Sequence[Spec] = (),
    allowlist: Allowlist | None = None,
) -> tuple[Probe, ...]:
    """Return the packaged probes, changed and extended by the user's `own` file, in the order of a
    pass.

    Raises ConfigurationError with file, line and remedy; also for a probe in `own` that none of
    `specs` (where there are any) knows or that may not be sent.
    """
    files = [_read(PACKAGED), *([_read(own)] if own else ())]
    identifiers: dict[str, Identifier] = {}
    for file in files:
        identifiers.update(file.identifiers())
    places: dict[str, tuple[_Read, int]] = {}
    for file in files:
        for index, entry in enumerate(file.content.probes):
            places[entry.operation.identity] = (file, index)
    probes: dict[str, Probe] = {}
    for identity, (file, index) in places.items():
        entry = file.content.probes[index]
        where = file.where("probes", index, "operation")
        if file is not files[0]:
            _require_known(entry.operation, specs, where)
            _require_allowed(entry.operation, allowlist or shipped_allowlist(), where)
        if entry.enabled:
            probes[identity] = _probe(entry, identifiers, where)
    _require_sources(probes, places)
    return in_order(probes.values())


def _read(path: Path) -> _Read:
    try:
        document = read_document(path)
    except SpecError as error:
        raise ConfigurationError(_own_words(str(error))) from None
    try:
        content = _ProbeFile.model_validate(document.value)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, document)) from None
    return _Read(document, content)


def _probe(entry: _ProbeEntry, identifiers: Mapping[str, Identifier], where: str) -> Probe:
    names = path_parameters(entry.operation)
    for name in names:
        if name not in identifiers:
            raise ConfigurationError(
                f"{where} needs {{{name}}}, and no identifier has that name: add it under "
                f"`identifiers:`, or use one of {_listed(identifiers)}."
            )
    return Probe(
        operation=entry.operation,
        every=entry.every,
        query={
            name: value.ago if isinstance(value, _Ago) else str(value)
            for name, value in entry.query.items()
        },
        body=entry.body,
        identifiers=tuple(identifiers[name] for name in names),
        maximum_response_time=entry.maximum_response_time,
    )


def _require_known(operation: Operation, specs: Sequence[Spec], where: str) -> None:
    if not specs or any(spec.get(operation.identity) for spec in specs):
        return
    known = [str(one.operation) for spec in specs for one in spec.operations]
    near = difflib.get_close_matches(str(operation), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "see `intercheck spec list`."
    named = " or ".join(dict.fromkeys(spec.source for spec in specs))
    raise ConfigurationError(f"{where} probes {operation}, which is not in {named}: {hint}")


def _require_allowed(operation: Operation, allowlist: Allowlist, where: str) -> None:
    reason = allowlist.refusal(operation.method, operation.path)
    if reason is not None:
        raise ConfigurationError(
            f"{where} probes {operation}, which is never sent since {reason}: remove it."
        )


def _require_sources(probes: Mapping[str, Probe], places: Mapping[str, tuple[_Read, int]]) -> None:
    for identity, probe in probes.items():
        for identifier in probe.identifiers:
            if identifier.source.identity not in probes:
                file, index = places[identity]
                raise ConfigurationError(
                    f"{file.where('probes', index, 'operation')} reads {probe.operation} with an "
                    f"identifier from {identifier.source}, which is not probed: probe that too, or "
                    "leave this one out."
                )


def _own_words(sentence: str) -> str:
    """Say of a file that somebody wrote what is said of a description that was fetched."""
    return (
        sentence.replace("of the description", "of the probes")
        .replace("; was the file cut off? Get it again.", ": mend that line or the one above.")
        .replace("the file is empty; get it again.", "the file is empty: write `probes:` into it.")
    )


def _explain(error: ValidationError, document: Document) -> str:
    found = weightiest(error.errors(include_url=False))
    steps = tuple(step for step in found["loc"] if not str(step).startswith("_"))
    around = steps
    while around and document.line(*around) is None:
        around = around[:-1]
    where = f"{document.source}:{document.line(*around) or 1}"
    if found["type"] == "extra_forbidden":
        known = _known_keys(steps)
        near = difflib.get_close_matches(str(steps[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}."
        return f"{where} has the unknown key `{steps[-1]}`: {hint}"
    if found["type"] == "missing":
        return f"{where} lacks the key `{steps[-1]}`: add it."
    if not around:
        return f"{where} must be a mapping with `probes:` or `identifiers:`; it is something else."
    key = ".".join(str(step) for step in around)
    return f"{where} has a wrong value for `{key}`: {remedy_of(found)}."


def _known_keys(steps: Sequence[str | int]) -> list[str]:
    model: type[BaseModel] = _ProbeFile
    if steps[0] == "probes" and len(steps) > 1:
        model = _ProbeEntry if len(steps) == 3 else _Ago
    elif steps[0] == "identifiers" and len(steps) > 1:
        model = _IdentifierEntry
    return [one.alias or name for name, one in model.model_fields.items()]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
