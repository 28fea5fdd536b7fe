"""What `intercheck.yaml` may say: its sections as models, and what is said of a wrong one.

The sections that belong to a package are that package's own models.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import ConfigurationError
from contracts.workspaces import is_version
from intercheck.configuration import ConfigurationFile
from monitors.complaints import remedy_of, value_of, weightiest
from monitors.settings import MonitorSettings

DEFAULT_VERSION: Final = "2.15"
_SECRET_WORDS: Final = ("token", "url", "slack", "workspaces")
"""Keys beside which a secret may have been written, also where keys of their own are due."""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=_kebab, populate_by_name=False
    )


def _version(written: str) -> str:
    if not is_version(written):
        raise ValueError('write a version of Intercom\'s API such as "2.15" or Preview')
    return written


class WorkspaceSection(_Section):
    """One Intercom workspace."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    token: str | None = None
    token_file: Path | None = None
    region: Literal["us", "eu", "au"] = "us"
    version: Annotated[str, AfterValidator(_version)] = DEFAULT_VERSION
    base_url: str = ""
    app_id: str | None = None
    writes: Literal["never", "test-workspace"] = "never"


class SlackSection(_Section):
    """Where alerts go: a bot token with a channel, or an incoming webhook."""

    token: str | None = None
    token_file: Path | None = None
    channel: str | None = None
    webhook_url: str | None = None
    webhook_url_file: Path | None = None
    base_url: str = "https://slack.com/api/"


class FileSettings(_Section):
    """The whole of `intercheck.yaml`."""

    workspaces: list[WorkspaceSection] = []
    slack: SlackSection | None = None
    monitoring: MonitorSettings = MonitorSettings()
    spec_dir: Path | None = None
    cache_dir: Path | None = None
    history: str | None = None
    report_dir: Path | None = None
    deviations: Path | None = None
    consumers: Path | None = None


def read_sections(file: ConfigurationFile) -> FileSettings:
    """Read the sections; raises ConfigurationError with file, line, key and what to write."""
    try:
        return FileSettings.model_validate(file.values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, file)) from None


def _explain(error: ValidationError, file: ConfigurationFile) -> str:
    found = weightiest(error.errors(include_url=False))
    place = tuple(part for part in found["loc"])
    where = file.where(place)
    key = ".".join(str(part) for part in place)
    if found["type"] == "extra_forbidden":
        known = _known_keys(FileSettings, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}."
        return f"{where} has the unknown key `{key}`: {hint}"
    if found["type"] == "missing":
        return f"{where} lacks the key `{place[-1]}`: add it."
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    value = "" if any(word in name for word in _SECRET_WORDS) else value_of(found)
    return f"{where} has a wrong value for `{key}`{value}: {remedy_of(found)}."


def _known_keys(model: type[BaseModel], place: Iterable[str | int]) -> list[str]:
    """Return the keys that the model at `place` knows, following lists and optionals."""
    for part in place:
        if isinstance(part, int):
            continue
        inner = next(
            (one for one in model.model_fields.values() if part in (one.alias, one.title)), None
        )
        found = _model_in(inner.annotation) if inner else None
        if found is None:
            return []
        model = found
    return [one.alias or name for name, one in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if found := _model_in(argument):
            return found
    return None
