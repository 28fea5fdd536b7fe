"""What to talk to and where to keep things: defaults, then the file, then the environment.

The sections that belong to a package are that package's own models; this module composes them,
reads secrets from where they are kept, and says in one sentence what is wrong with a file.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import ConfigurationError, NothingMeasuredError
from contracts.workspaces import REGIONS, Secret, Workspace
from intercheck.configuration import ConfigurationFile, read_configuration
from intercheck.tokens import HOW_TO_GET_ONE, check_token, read_secret
from monitors.settings import MonitorSettings

FILE_NAME: Final = "intercheck.yaml"
DEVIATIONS_NAME: Final = "deviations.yaml"
CONSUMERS_NAME: Final = "consumers.yaml"
DEFAULT_VERSION: Final = "2.15"


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=_kebab, populate_by_name=False
    )


class WorkspaceSection(_Section):
    """One Intercom workspace."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    token: str | None = None
    token_file: Path | None = None
    region: Literal["us", "eu", "au"] = "us"
    version: str = DEFAULT_VERSION
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """How to reach Slack; either `token` with `channel`, or `webhook_url`."""

    token: Secret | None = None
    channel: str = ""
    webhook_url: Secret | None = None
    base_url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every command works with."""

    workspaces: tuple[Workspace, ...] = ()
    slack: SlackSettings | None = None
    monitoring: MonitorSettings = field(default_factory=MonitorSettings)
    spec_dir: Path | None = None
    cache_dir: Path
    history_url: str
    report_dir: Path
    deviations: Path = Path(DEVIATIONS_NAME)
    """The user's own ledger of accepted deviations; need not exist."""
    consumers: Path | None = None
    """A file of the user's own consumers, where there is one."""
    source: Path | None = None
    """The file they came from, where there is one."""

    def require_workspaces(self) -> tuple[Workspace, ...]:
        """Return the workspaces, or raise NothingMeasuredError naming the missing step."""
        if not self.workspaces:
            raise NothingMeasuredError(
                f"No Intercom token is configured: {HOW_TO_GET_ONE}, then set "
                f"INTERCOM_ACCESS_TOKEN or name it in {FILE_NAME} (`intercheck demo` needs none)."
            )
        return self.workspaces


def find_file(start: Path) -> Path | None:
    """Return the nearest `intercheck.yaml` in `start` or above it."""
    for folder in (start, *start.parents):
        if (candidate := folder / FILE_NAME).is_file():
            return candidate
    return None


def load_settings(
    path: Path | None, environ: Mapping[str, str], *, working_directory: Path | None = None
) -> Settings:
    """Compose the settings; `path` is what --config named.

    Raises ConfigurationError with file, line, key and the nearest right key.
    """
    directory = working_directory or Path.cwd()
    if path is None and (named := environ.get("INTERCHECK_CONFIG")):
        path = Path(named)
    source = path or find_file(directory)
    if source is None:
        return _compose(FileSettings(), None, environ, directory)
    file = read_configuration(source, environ)
    try:
        sections = FileSettings.model_validate(file.values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, file)) from None
    return _compose(sections, file, environ, directory)


def _compose(
    sections: FileSettings,
    file: ConfigurationFile | None,
    environ: Mapping[str, str],
    directory: Path,
) -> Settings:
    base = file.path.parent if file else directory
    state = platformdirs.user_state_path("intercheck")
    cache = environ.get("INTERCHECK_CACHE_DIR") or sections.cache_dir
    history = environ.get("INTERCHECK_HISTORY") or sections.history
    spec_dir = environ.get("INTERCHECK_SPEC_DIR") or sections.spec_dir
    report_dir = environ.get("INTERCHECK_REPORT_DIR") or sections.report_dir
    return Settings(
        workspaces=_workspaces(sections, file, environ, base),
        slack=_slack(sections.slack, file, environ, base),
        monitoring=sections.monitoring,
        spec_dir=base / spec_dir if spec_dir else None,
        cache_dir=base / cache if cache else platformdirs.user_cache_path("intercheck"),
        history_url=_history_url(history, state),
        report_dir=base / report_dir if report_dir else default_report_dir(directory),
        deviations=base / (sections.deviations or DEVIATIONS_NAME),
        consumers=_consumers(sections, file, base),
        source=file.path if file else None,
    )


def _consumers(sections: FileSettings, file: ConfigurationFile | None, base: Path) -> Path | None:
    """Return the file that was named, which has to exist, else the usual one where it is there."""
    path = base / (sections.consumers or CONSUMERS_NAME)
    if path.is_file():
        return path
    if sections.consumers is not None and file is not None:
        raise ConfigurationError(
            f"{file.where(('consumers',))} names {path}, which is no file: `intercheck init` "
            "writes an example."
        )
    return None


def default_report_dir(directory: Path) -> Path:
    """Return `reports/out` in a checkout, else `intercheck-report`."""
    checkout = (directory / "pyproject.toml").is_file() and (directory / "reports").is_dir()
    return directory / ("reports/out" if checkout else "intercheck-report")


def _history_url(history: str | None, state: Path) -> str:
    if history is None:
        return f"sqlite:///{state / 'history.sqlite'}"
    return history if "://" in history else f"sqlite:///{Path(history).absolute()}"


def _workspaces(
    sections: FileSettings,
    file: ConfigurationFile | None,
    environ: Mapping[str, str],
    base: Path,
) -> tuple[Workspace, ...]:
    if not sections.workspaces:
        token = environ.get("INTERCOM_ACCESS_TOKEN")
        if token is None:
            return ()
        return (_workspace_from(environ, token),)
    found: list[Workspace] = []
    for index, section in enumerate(sections.workspaces):
        assert file is not None  # noqa: S101 - a section comes from a file
        where = file.where(("workspaces", index))
        if any(one.name == section.name for one in found):
            raise ConfigurationError(
                f"{where} names a second workspace {section.name!r}: names must differ."
            )
        secret = read_secret(section.token, section.token_file, base, f"{where} (token)")
        if secret is None:
            raise ConfigurationError(
                f"{where} gives the workspace {section.name!r} no token: {HOW_TO_GET_ONE}, and "
                "name it with `token: ${INTERCOM_ACCESS_TOKEN}` or `token-file:`."
            )
        if section.writes == "test-workspace" and not section.app_id:
            raise ConfigurationError(
                f"{where} allows writes without naming the app: add `app-id:` with the id_code "
                "that GET /me answers, so that only that test workspace is ever written to."
            )
        found.append(
            Workspace(
                name=section.name,
                token=check_token(secret, where),
                region=section.region,
                version=section.version,
                base_url=section.base_url,
                app_id=section.app_id,
                writes=section.writes == "test-workspace",
            )
        )
    return tuple(found)


def _workspace_from(environ: Mapping[str, str], token: str) -> Workspace:
    region = environ.get("INTERCOM_REGION", "us").lower()
    if region not in REGIONS:
        raise ConfigurationError(
            f"INTERCOM_REGION is {region!r}, which is no region of Intercom's: use us, eu or au."
        )
    return Workspace(
        name="default",
        token=check_token(Secret(token), "INTERCOM_ACCESS_TOKEN"),
        region=region,
        version=environ.get("INTERCOM_VERSION", DEFAULT_VERSION),
        base_url=environ.get("INTERCOM_BASE_URL", ""),
    )


def _slack(
    section: SlackSection | None,
    file: ConfigurationFile | None,
    environ: Mapping[str, str],
    base: Path,
) -> SlackSettings | None:
    where = file.where(("slack",)) if file else "the environment"
    section = section or SlackSection()
    token = read_secret(section.token, section.token_file, base, where)
    token = Secret(environ["SLACK_BOT_TOKEN"]) if "SLACK_BOT_TOKEN" in environ else token
    webhook = read_secret(section.webhook_url, section.webhook_url_file, base, where)
    if "SLACK_WEBHOOK_URL" in environ:
        webhook = Secret(environ["SLACK_WEBHOOK_URL"])
    channel = environ.get("SLACK_CHANNEL") or section.channel or ""
    if token is None and webhook is None:
        return None
    if token is not None and not channel:
        raise ConfigurationError(
            f"{where} has a Slack token and no channel: set SLACK_CHANNEL or `slack: channel:`."
        )
    return SlackSettings(
        token=token,
        channel=channel,
        webhook_url=webhook,
        base_url=environ.get("SLACK_BASE_URL") or section.base_url,
    )


def _explain(error: ValidationError, file: ConfigurationFile) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    place = tuple(part for part in first["loc"])
    where = file.where(place)
    key = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        known = _known_keys(FileSettings, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}."
        return f"{where} has the unknown key `{key}`: {hint}"
    if first["type"] == "missing":
        return f"{where} lacks the key `{place[-1]}`: add it."
    if "token" in str(place[-1]) or "url" in str(place[-1]):
        return f"{where} has a wrong value for `{key}`: {first['msg']}."
    return f"{where} has a wrong value for `{key}` ({first['input']!r}): {first['msg']}."


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
