"""What `contract` tests: a host that was named, the configured Intercom workspace, or a sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from contracts.clock import Clock, SystemClock
from contracts.errors import ConfigurationError
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.phases import Mode
from contracts.spec import PREVIEW, Spec
from contracts.workspaces import Secret, Workspace
from intercheck.descriptions import open_description
from intercheck.settings import Settings

NO_TOKEN: Final = "intercheck-no-token-configured"  # noqa: S105 - says that there is none
SANDBOX_APP: Final = "sbx1main"
"""The app that the embedded sandbox says it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is tested. `name` is for people; below `notes` a run writes down what it creates."""

    name: str
    workspace: Workspace
    clock: Clock
    notes: Path


@contextmanager
def target_of(
    description: Spec,
    configured: Workspace | None,
    base_url: str | None,
    *,
    is_named: bool,
    notes: Path,
) -> Iterator[Target]:
    """Yield what to test; where no workspace is configured and no host named, a sandbox: of the
    description where that `is_named`. What is created in a workspace is written down below `notes`.
    """
    version = {None: None, PREVIEW: "Preview"}.get(description.version, description.version)
    if configured is None and base_url is None:
        from sandbox.intercom import Sandbox

        # What is created there is gone with this process, and so are the notes of it.
        with Sandbox(description if is_named else None) as sandbox, TemporaryDirectory() as own:
            yield Target(
                name="the embedded sandbox (no token is configured)",
                workspace=Workspace(
                    name="sandbox",
                    token=Secret(sandbox.token),
                    version=version or "2.15",
                    base_url=sandbox.url,
                    writes=True,
                    app_id=SANDBOX_APP,
                ),
                clock=sandbox.clock,
                notes=Path(own),
            )
        return
    workspace = configured or Workspace(name="-", token=Secret(NO_TOKEN))
    workspace = replace(
        workspace,
        version=version or workspace.version,
        base_url=base_url or workspace.base_url,
    )
    yield Target(name=workspace.url, workspace=workspace, clock=SystemClock(), notes=notes)


def configured_workspace(settings: Settings, name: str | None) -> Workspace | None:
    """Return the workspace of this name, the first where none is given."""
    if name is None:
        return settings.workspaces[0] if settings.workspaces else None
    for workspace in settings.workspaces:
        if workspace.name == name:
            return workspace
    known = ", ".join(one.name for one in settings.workspaces) or "none is configured"
    raise ConfigurationError(f"There is no Intercom workspace {name!r}: {known}.")


def description_of(
    name: str | None, spec_dir: Path | None, settings: Settings, configured: Workspace | None
) -> Spec:
    """Return the description of --spec, else the embedded contract for the workspace's version."""
    if name is not None or configured is None:
        return open_description(name, spec_dir=spec_dir, cache_dir=settings.cache_dir)
    contract = embedded_contract(configured.version, cache_dir=settings.cache_dir)
    if contract is None:
        raise ConfigurationError(
            f"The embedded contract says nothing of version {configured.version} (it speaks for "
            f"{', '.join(SUPPORTED)}): name a description with --spec."
        )
    return contract


def refuse_negative(mode: Mode, workspace: Workspace) -> None:
    """Raise ConfigurationError where data that the description forbids must not be sent."""
    if mode.sends_negative and not workspace.writes:
        raise ConfigurationError(
            f"--mode {mode.value} sends what the description forbids, and {workspace.url} is no "
            "proven test workspace: leave the mode out, or configure writes: test-workspace with "
            "its app-id."
        )
