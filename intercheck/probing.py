"""What `probe` and `serve` have in common: workspaces, probes, and the dead-man ping."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from contracts.errors import ConfigurationError
from contracts.overlays import embedded_contract
from contracts.selection import Selection
from contracts.spec import PREVIEW, Spec
from contracts.workspaces import Secret, Workspace, is_version
from intercheck.settings import Settings
from intercheck.tokens import read_secret
from monitors.heartbeat import Heartbeat
from monitors.probes import Probe

PREVIEW_NAME = "Preview"
"""What Intercom calls the version whose description lies under 0."""


def chosen_workspaces(
    settings: Settings,
    names: Sequence[str],
    *,
    base_url: str | None = None,
    named: Spec | None = None,
) -> tuple[Workspace, ...]:
    """Return the configured workspaces (those called `names`), asked at `base_url` and for the
    version of the description that was `named`, where there are any."""
    configured = settings.require_workspaces()
    known = {workspace.name: workspace for workspace in configured}
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"There is no Intercom workspace {name!r}: configured are {', '.join(known)}."
            )
    version = named.version if named else None
    if version is not None and version != PREVIEW and not is_version(version):
        version = None  # a file of somebody's own, which numbers itself its own way
    return tuple(
        replace(
            workspace,
            base_url=base_url or workspace.base_url,
            version=(PREVIEW_NAME if version == PREVIEW else version) or workspace.version,
        )
        for workspace in configured
        if not names or workspace.name in names
    )


def chosen_probes(
    probes: Sequence[Probe], selection: Selection, *, settings: Settings, named: Spec | None
) -> tuple[Probe, ...]:
    """Return the probes whose operation the filters choose, as a description knows it."""
    specs = [named, embedded_contract(cache_dir=settings.cache_dir)]
    chosen = []
    for probe in probes:
        found = (spec.get(probe.identity) for spec in specs if spec is not None)
        operation = next((one for one in found if one is not None), None)
        if operation is not None and selection.picks(operation):
            chosen.append(probe)
    if not chosen:
        raise ConfigurationError(
            "No probe has what the filters ask for: `intercheck probe --plan` lists them all."
        )
    return tuple(chosen)


def heartbeat_of(settings: Settings, environ: Mapping[str, str]) -> Heartbeat | None:
    """Return the dead-man ping, None where none is configured."""
    section = settings.monitoring
    if "INTERCHECK_HEARTBEAT_URL" in environ:
        url: Secret | None = Secret(environ["INTERCHECK_HEARTBEAT_URL"])
    else:
        value = section.heartbeat_url.get_secret_value() if section.heartbeat_url else None
        base = settings.source.parent if settings.source else Path.cwd()
        url = read_secret(value, section.heartbeat_url_file, base, "monitoring: heartbeat-url-file")
    if url is None or not url.reveal():
        return None
    return Heartbeat(url, on_trouble=lambda sentence: click.echo(f"Warning: {sentence}", err=True))


def new_id() -> str:
    """Return a random identifier for a pass or an incident."""
    return uuid.uuid4().hex
