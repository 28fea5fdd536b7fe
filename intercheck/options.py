"""Options that several commands share, so that they mean the same everywhere."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

import click

from contracts.rules import Severity
from intercheck.settings import EVERYTHING, Places, Settings, load_places, load_settings

FORMATS: Final = ("text", "json")

config = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file (default: INTERCHECK_CONFIG, else the nearest intercheck.yaml).",
)
output_format = click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Text for people, or one JSON object on stdout.",
)
fail_on = click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    callback=lambda _context, _parameter, value: Severity(value),
    help="The lowest severity that makes the exit code 1.",
)
spec_dir = click.option(
    "--spec-dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A directory of published descriptions (default: INTERCHECK_SPEC_DIR, else the cache).",
)
spec = click.option(
    "--spec",
    metavar="PATH|VERSION",
    help="A description: a file, or a published version such as 2.15 (see `intercheck spec list`).",
)


def settings_from(
    config_path: Path | None, only: Collection[str] = EVERYTHING, *, base_url: str | None = None
) -> Settings:
    """Load the settings of this process, or of them what a command needs: a secret that it does not
    need may be missing. `base_url` is what --base-url named. What of the environment is not heeded
    goes to stderr."""
    settings = load_settings(config_path, os.environ, only=only, asked_at=base_url)
    for sentence in settings.unheeded:
        click.echo(f"Warning: {sentence}", err=True)
    return settings


def places_from(config_path: Path | None) -> Places:
    """Load where descriptions are: for commands that ask no workspace, and so need no token."""
    return load_places(config_path, os.environ)
