"""What to talk to and where to keep things: defaults, then the file, then the environment.

What a file may say is in `intercheck.sections`; this module composes it with the environment and
reads secrets from where they are kept.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from contracts.errors import ConfigurationError, NothingMeasuredError
from contracts.workspaces import REGIONS, Secret, Workspace, is_version
from intercheck.configuration import ConfigurationFile, read_configuration
from intercheck.sections import DEFAULT_VERSION, FileSettings, SlackSection, read_sections
from intercheck.tokens import HOW_TO_GET_ONE, check_token, read_secret
from intercheck.unheeded import (
    refuse_another_slack,
    refuse_other_hosts,
    unheeded_of_intercom,
    unheeded_of_slack,
)
from monitors.alerting.settings import AlertingSettings
from monitors.settings import MonitorSettings

FILE_NAME: Final = "intercheck.yaml"
DEVIATIONS_NAME: Final = "deviations.yaml"
CONSUMERS_NAME: Final = "consumers.yaml"
EVERYTHING: Final = frozenset(one.alias or name for name, one in FileSettings.model_fields.items())
_PLACES: Final = frozenset({"spec-dir", "cache-dir"})
TELLING: Final = EVERYTHING - {"workspaces"}
"""What a command reads that tells people and asks no workspace: it needs no token of Intercom's."""
READING: Final = TELLING - {"slack", "alerting"}
"""What a command reads that only looks at the history: it needs no secret but the history's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """How to reach Slack; either `token` with `channel`, or `webhook_url`."""

    token: Secret | None = None
    channel: str = ""
    webhook_url: Secret | None = None
    app_token: Secret | None = None
    """With it `serve` listens to the buttons of messages."""
    base_url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every command works with."""

    workspaces: tuple[Workspace, ...] = ()
    slack: SlackSettings | None = None
    monitoring: MonitorSettings = field(default_factory=MonitorSettings)
    alerting: AlertingSettings = field(default_factory=AlertingSettings)
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
    unheeded: tuple[str, ...] = ()
    """What the environment asks for and does not get, as sentences."""

    def require_workspaces(self) -> tuple[Workspace, ...]:
        """Return the workspaces, or raise NothingMeasuredError naming the missing step."""
        if not self.workspaces:
            raise NothingMeasuredError(
                f"No Intercom token is configured: {HOW_TO_GET_ONE}, then set "
                f"INTERCOM_ACCESS_TOKEN or name it in {FILE_NAME} (`intercheck demo` needs none)."
            )
        return self.workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where descriptions are: all that a command needs that asks no workspace."""

    spec_dir: Path | None
    cache_dir: Path


def find_file(start: Path) -> Path | None:
    """Return the nearest `intercheck.yaml` in `start` or above it."""
    for folder in (start, *start.parents):
        if (candidate := folder / FILE_NAME).is_file():
            return candidate
    return None


def load_settings(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    working_directory: Path | None = None,
    only: Collection[str] = EVERYTHING,
    asked_at: str | None = None,
) -> Settings:
    """Compose the settings; `path` is what --config named, `only` the sections that are read, and
    `asked_at` what --base-url named.

    Raises ConfigurationError with file, line, key and the nearest right key.
    """
    directory = working_directory or Path.cwd()
    if path is None and (named := environ.get("INTERCHECK_CONFIG")):
        path = Path(named)
    source = path or find_file(directory)
    if source is None:
        return _compose(FileSettings(), None, environ, directory, only, asked_at)
    file = read_configuration(source, environ, without=EVERYTHING - set(only))
    return _compose(read_sections(file), file, environ, directory, only, asked_at)


def load_places(
    path: Path | None, environ: Mapping[str, str], *, working_directory: Path | None = None
) -> Places:
    """Compose the places as `load_settings` does; a token that is not there stops nothing."""
    settings = load_settings(path, environ, working_directory=working_directory, only=_PLACES)
    return Places(spec_dir=settings.spec_dir, cache_dir=settings.cache_dir)


def _compose(
    sections: FileSettings,
    file: ConfigurationFile | None,
    environ: Mapping[str, str],
    directory: Path,
    only: Collection[str],
    asked_at: str | None,
) -> Settings:
    base = file.path.parent if file else directory
    probes = sections.monitoring.probes

    def place(variable: str, written: Path | None) -> Path | None:
        """A path of the environment counts from here, one of the file from where the file is."""
        if named := environ.get(variable):
            return directory / named
        return base / written.expanduser() if written else None

    workspaces = _workspaces(sections, file, environ, base) if "workspaces" in only else ()
    unheeded: list[str] = []
    if sections.workspaces and workspaces and file is not None:
        places = [file.where(("workspaces", index)) for index in range(len(workspaces))]
        refuse_other_hosts(workspaces, places, environ, asked_at=asked_at)
        unheeded += unheeded_of_intercom(workspaces, str(file.path), environ)
    slack = None
    if "slack" in only:
        slack = _slack(sections.slack, file, environ, base)
        unheeded += unheeded_of_slack(
            slack.token if slack else None, slack.webhook_url if slack else None, environ
        )
    return Settings(
        workspaces=workspaces,
        slack=slack,
        unheeded=tuple(unheeded),
        alerting=sections.alerting,
        monitoring=sections.monitoring.model_copy(
            update={"probes": base / probes.expanduser() if probes else None}
        ),
        spec_dir=_existing(
            place("INTERCHECK_SPEC_DIR", sections.spec_dir),
            "INTERCHECK_SPEC_DIR"
            if file is None or environ.get("INTERCHECK_SPEC_DIR")
            else f"{file.where(('spec-dir',))} (spec-dir)",
        ),
        cache_dir=place("INTERCHECK_CACHE_DIR", sections.cache_dir)
        or platformdirs.user_cache_path("intercheck"),
        history_url=_history_url(environ.get("INTERCHECK_HISTORY"), directory)
        or _history_url(sections.history, base)
        or f"sqlite:///{platformdirs.user_state_path('intercheck') / 'history.sqlite'}",
        report_dir=place("INTERCHECK_REPORT_DIR", sections.report_dir)
        or default_report_dir(directory),
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


def _existing(directory: Path | None, where: str) -> Path | None:
    """Refuse a directory that is not there: without it nothing published would be held to."""
    if directory is not None and not directory.is_dir():
        raise ConfigurationError(
            f"{where} names {directory}, which is no directory: name one that holds Intercom's "
            "descriptions, or remove it and use `intercheck spec pull`."
        )
    return directory


def default_report_dir(directory: Path) -> Path:
    """Return `reports/out` in a checkout, else `intercheck-report`."""
    checkout = (directory / "pyproject.toml").is_file() and (directory / "reports").is_dir()
    return directory / ("reports/out" if checkout else "intercheck-report")


def _history_url(written: str | None, base: Path) -> str | None:
    if not written:
        return None
    return written if "://" in written else f"sqlite:///{(base / written).expanduser().absolute()}"


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
        place = ("workspaces", index, "token-file" if section.token_file else "token")
        secret = read_secret(section.token, section.token_file, base, file.where(place))
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
                token=check_token(secret, f"{file.where(place)} (token)"),
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
    version = environ.get("INTERCOM_VERSION", DEFAULT_VERSION)
    if not is_version(version):
        raise ConfigurationError(
            f"INTERCOM_VERSION is {version!r}, which is no version of Intercom's API: write one "
            "such as 2.15 or Preview."
        )
    return Workspace(
        name="default",
        token=check_token(Secret(token), "INTERCOM_ACCESS_TOKEN"),
        region=region,
        version=version,
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
    app_token = read_secret(section.app_token, section.app_token_file, base, where)
    if "SLACK_APP_TOKEN" in environ:
        app_token = Secret(environ["SLACK_APP_TOKEN"])
    channel = environ.get("SLACK_CHANNEL") or section.channel or ""
    if token is None and webhook is None:
        return None
    if token is not None and not channel:
        raise ConfigurationError(
            f"{where} has a Slack token and no channel: set SLACK_CHANNEL or `slack: channel:`."
        )
    if token is None and webhook is not None:
        refuse_another_slack(webhook, environ)
    return SlackSettings(
        token=token,
        channel=channel,
        webhook_url=webhook,
        app_token=app_token,
        base_url=environ.get("SLACK_BASE_URL") or section.base_url,
    )
