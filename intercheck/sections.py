"""What `intercheck.yaml` may say: its sections as models, and what is said of a wrong one.

The sections that belong to a package are that package's own models.
"""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import ConfigurationError
from contracts.workspaces import is_version
from intercheck.configuration import ConfigurationFile
from monitors.alerting.settings import AlertingSettings
from monitors.complaints import remedy_of, value_of, weightiest
from monitors.settings import MonitorSettings

DEFAULT_VERSION: Final = "2.15"
_SECRET_WORDS: Final = (
    *("token", "url", "slack", "workspaces"),
    *("authorization", "key", "password", "secret", "notifiers"),
)
"""Keys beside which a secret may have been written, also where keys of their own are due."""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=_kebab,
        populate_by_name=False,
    )


def _version(written: str) -> str:
    if not is_version(written):
        raise ValueError('write a version of Intercom\'s API such as "2.15" or Preview')
    return written


class WorkspaceSection(_Section):
    """One Intercom workspace."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """What messages and reports call it; names must differ."""
    token: str | None = None
    """The access token of your app (Developer Hub > your app > Configure > Authentication), best as
    `${INTERCOM_ACCESS_TOKEN}`."""
    token_file: Path | None = None
    """A file that holds the token, relative to this one."""
    region: Literal["us", "eu", "au"] = "us"
    """Where the workspace is hosted."""
    version: Annotated[str, AfterValidator(_version)] = DEFAULT_VERSION
    """The version of the API to ask for, in quotes: 2.10 without them is 2.1."""
    base_url: str = ""
    """Ask this host instead of the region's, a sandbox for one."""
    app_id: str | None = None
    """The `id_code` that GET /me answers; a token that speaks for another is a finding."""
    writes: Literal["never", "test-workspace"] = "never"
    """Whether property tests may write here; `test-workspace` needs `app-id`."""


class SlackSection(_Section):
    """Where alerts go: a bot token with a channel, or an incoming webhook."""

    token: str | None = None
    """The bot token (xoxb-…), best as `${SLACK_BOT_TOKEN}`."""
    token_file: Path | None = None
    """A file that holds the bot token, relative to this one."""
    app_token: str | None = None
    """The app-level token (xapp-…) with the scope connections:write, best as `${SLACK_APP_TOKEN}`:
    with it `serve` listens to the buttons of messages."""
    app_token_file: Path | None = None
    """A file that holds the app-level token."""
    channel: str | None = None
    """The channel's name or id; the app has to be invited to it."""
    webhook_url: str | None = None
    """An incoming webhook; by it messages can neither be updated nor read back."""
    webhook_url_file: Path | None = None
    """A file that holds the webhook's URL, relative to this one."""
    base_url: str = "https://slack.com/api/"
    """Slack's API, or a stand-in for it."""


class FileSettings(_Section):
    """The whole of `intercheck.yaml`."""

    workspaces: list[WorkspaceSection] = []
    """The Intercom workspaces to look at."""
    slack: SlackSection | None = None
    """Where alerts go; without it findings are printed and reported, and nobody is told."""
    monitoring: MonitorSettings = MonitorSettings()
    """How probes are asked and incidents opened."""
    alerting: AlertingSettings = AlertingSettings()
    """Who hears of what, and when."""
    spec_dir: Path | None = None
    """A directory of Intercom's published descriptions, instead of the cache."""
    cache_dir: Path | None = None
    """Where downloaded descriptions and their parsed forms are kept."""
    history: str | None = None
    """What was seen: a file, or a URL (sqlite:///… or postgresql://…)."""
    report_dir: Path | None = None
    """Where reports are written."""
    deviations: Path | None = None
    """Departures that are accepted on purpose (default: `deviations.yaml` beside this file)."""
    consumers: Path | None = None
    """Who reads what of the API (default: `consumers.yaml` beside this file)."""


def read_sections(file: ConfigurationFile) -> FileSettings:
    """Read the sections; raises ConfigurationError with file, line, key and what to write."""
    try:
        return FileSettings.model_validate(file.values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, file)) from None


def _explain(error: ValidationError, file: ConfigurationFile) -> str:
    found = weightiest(error.errors(include_url=False))
    place = _written_place(found["loc"], file)
    where = file.where(place)
    key = ".".join(str(part) for part in place)
    if found["type"] == "extra_forbidden":
        known = _known_keys(FileSettings, found["loc"][:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}."
        return f"{where} has the unknown key `{key}`: {hint}"
    if found["type"] == "missing":
        return f"{where} lacks the key `{place[-1]}`: add it."
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    value = "" if any(word in name for word in _SECRET_WORDS) else value_of(found)
    said = remedy_of(found)
    end = "" if said.endswith("?") else "."
    return f"{where} has a wrong value for `{key}`{value}: {said}{end}"


def _written_place(place: Iterable[str | int], file: ConfigurationFile) -> tuple[str | int, ...]:
    """Return a place as it is written: without the names by which a model tells alternatives."""
    *above, last = place
    written: tuple[str | int, ...] = ()
    for part in above:
        if (*written, part) in file.lines:
            written = (*written, part)
    return written if last == "[key]" else (*written, last)


def _known_keys(model: type[BaseModel], place: Iterable[str | int]) -> list[str]:
    """Return the keys that the model at `place` knows, following lists, optionals, mappings and
    alternatives (by their `type`)."""
    waiting: list[type[BaseModel]] = []
    is_named_freely = False
    for part in place:
        if isinstance(part, int) or is_named_freely:
            is_named_freely = False
            continue
        if waiting:  # a key of a mapping, or the name of an alternative
            chosen = next((one for one in waiting if part in _types_of(one)), None)
            if chosen is None:
                continue
            model, waiting = chosen, []
            continue
        inner = next(
            (one for one in model.model_fields.values() if part in (one.alias, one.title)), None
        )
        found = list(_models_in(inner.annotation)) if inner else []
        if not found:
            return []
        if len(found) > 1:
            waiting = found
        else:
            model = found[0]
            is_named_freely = inner is not None and get_origin(inner.annotation) is dict
    return [one.alias or name for name, one in model.model_fields.items()]


def _types_of(model: type[BaseModel]) -> tuple[object, ...]:
    field = model.model_fields.get("type")
    return get_args(field.annotation) if field else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)
