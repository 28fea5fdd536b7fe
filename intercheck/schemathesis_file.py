"""`schemathesis.toml`: what of it applies here, and what is refused because something else owns it.

It is found as Schemathesis finds it: in the working directory or above, up to the root of the
repository. Nothing in it is ignored silently.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis.errors import SchemathesisError

from contracts.errors import ConfigurationError
from contracts.phases import EVERY_PHASE, Mode, Phase
from contracts.selection import Selection, Trait, Traits, path_key
from contracts.tuning import UNTUNED, Override, Tuning
from intercheck.schemathesis_keys import check_keys

FILE_NAME: Final = "schemathesis.toml"

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemathesisFile:
    """What a file chose; None where it says nothing. `path` is None where there is no file."""

    path: Path | None = None
    seed: int | None = None
    mode: Mode | None = None
    phases: frozenset[Phase] | None = None
    tuning: Tuning = UNTUNED


def find_schemathesis_file(start: Path) -> Path | None:
    """Return the nearest file in `start` or above it, up to the root of the repository."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        if (folder / ".git").is_dir():
            break
    return None


def read_schemathesis_file(path: Path, environ: Mapping[str, str]) -> SchemathesisFile:
    """Read what applies. Raises ConfigurationError that names a key which does not."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError is a ValueError
        raise ConfigurationError(f"{path.name} cannot be read: {error}.") from None
    check_keys(document, path.name)
    resolved = _resolve(document, environ, path)
    phases = resolved.get("phases", {})
    settings = {
        name: value
        for name, value in resolved.items()
        if name in ("generation", "dictionaries", "parameters")
    }
    settings["phases"] = {
        name: {key: value for key, value in said.items() if key != "enabled"}
        for name, said in phases.items()
        if isinstance(said, dict) and name != "stateful"
    }
    _validate(path, resolved)
    return SchemathesisFile(
        path=path,
        seed=resolved.get("seed"),
        mode=Mode(resolved["generation"]["mode"])
        if "mode" in resolved.get("generation", {})
        else None,
        phases=_phases(phases) if _chooses(phases) else None,
        tuning=Tuning(
            settings=settings,
            overrides=tuple(_overrides(resolved, path)),
            disabled=tuple(
                _selection(one)
                for one in resolved.get("operations", ())
                if one.get("enabled") is False
            ),
        ),
    )


def _validate(path: Path, document: dict[str, Any]) -> None:
    """Let Schemathesis say where a value has the wrong form."""
    try:
        schemathesis.Config.from_dict(document, base_dir=str(path.parent))
    except SchemathesisError as error:
        said = " ".join(line.strip(" -") for line in str(error).splitlines() if line.strip())
        raise ConfigurationError(f"{path.name}: {said.rstrip('.')}.") from None


def _resolve(value: Any, environ: Mapping[str, str], path: Path) -> Any:
    """Fill in `${NAME}` from the environment."""
    if isinstance(value, dict):
        return {key: _resolve(item, environ, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, environ, path) for item in value]
    if not isinstance(value, str):
        return value
    for name in _PLACEHOLDER.findall(value):
        if name not in environ:
            raise ConfigurationError(
                f"{path.name} names the environment variable {name}, which is not set."
            )
    return _PLACEHOLDER.sub(lambda found: environ[found[1]], value)


def _chooses(phases: Mapping[str, Any]) -> bool:
    return "enabled" in phases or any(
        isinstance(one, dict) and "enabled" in one for one in phases.values()
    )


def _phases(said: Mapping[str, Any]) -> frozenset[Phase]:
    """Return the phases that are on; our own is on unless all are off."""
    default = said.get("enabled", True)
    return frozenset(
        phase
        for phase in EVERY_PHASE
        if (said.get(phase.value) or {}).get("enabled", default) is True
    )


def _overrides(document: Mapping[str, Any], path: Path) -> Iterator[Override]:
    for selection, said in (
        (Selection(), document),
        *((_selection(one), one) for one in document.get("operations", ())),
    ):
        # What names a dictionary is drawn from it, by Schemathesis.
        values = {
            name: value
            for name, value in said.get("parameters", {}).items()
            if not isinstance(value, dict)
        }
        if values:
            yield Override(selection=selection, parameters=values)


def _selection(said: Mapping[str, Any]) -> Selection:
    return Selection(include=_traits("include", said), exclude=_traits("exclude", said))


def _traits(verb: str, said: Mapping[str, Any]) -> Traits:
    def trait(name: str, *, upper: bool = False) -> Trait:
        values = said.get(f"{verb}-{name}", [])
        values = values if isinstance(values, list) else [values]
        pattern = said.get(f"{verb}-{name}-regex")
        return Trait(
            values=frozenset(str(value).upper() if upper else str(value) for value in values),
            patterns=(re.compile(pattern, re.IGNORECASE if upper else 0),) if pattern else (),
        )

    paths = trait("path")
    return Traits(
        paths=Trait(values=frozenset(map(path_key, paths.values)), patterns=paths.patterns),
        methods=trait("method", upper=True),
        tags=trait("tag"),
        operation_ids=trait("operation-id"),
    )


def here() -> SchemathesisFile:
    """Read the file of the working directory, where there is one."""
    path = find_schemathesis_file(Path.cwd())
    return read_schemathesis_file(path, os.environ) if path else SchemathesisFile()
