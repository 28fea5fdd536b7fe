"""`--phases` and `--mode`: what a run of property tests asks, and with which data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from contracts.errors import ConfigurationError
from contracts.phases import EVERY_PHASE, Mode, Phase, phases_named
from contracts.tuning import UNTUNED, Tuning
from intercheck.schemathesis_file import FILE_NAME, SchemathesisFile, here


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked: flags first, then `schemathesis.toml`, then what is usual."""

    phases: frozenset[Phase] = EVERY_PHASE
    mode: Mode = Mode.POSITIVE
    seed: int = 0
    tuning: Tuning = UNTUNED
    source: Path | None = None


def asking_of(
    phases: frozenset[Phase] | None, mode: Mode | None, seed: int | None, *, ignores_file: bool
) -> Asking:
    """Compose what is asked. Raises ConfigurationError."""
    file = SchemathesisFile() if ignores_file else here()
    chosen = EVERY_PHASE if file.phases is None else file.phases
    if phases is not None:
        chosen = phases
    if not chosen:
        raise ConfigurationError(f"{FILE_NAME} turns every phase off: name one with --phases.")
    asking = Asking(phases=chosen, tuning=file.tuning, source=file.path)
    if (given := mode or file.mode) is not None:
        asking = replace(asking, mode=given)
    if (number := file.seed if seed is None else seed) is not None:
        asking = replace(asking, seed=number)
    return asking


def _read_phases(
    _context: click.Context, parameter: click.Parameter, value: str | None
) -> frozenset[Phase] | None:
    if value is None:
        return None
    try:
        found = phases_named(name for name in value.split(",") if name.strip())
    except ConfigurationError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    if not found:
        raise click.BadParameter(f"name at least one of {', '.join(Phase)}.", param=parameter)
    return found


_OPTIONS: Final = (
    click.option(
        "--phases",
        metavar="NAME,…",
        callback=_read_phases,
        help="Which of "
        f"{', '.join(Phase)} (default: all). Every operation is asked once, plainly, before them.",
    ),
    click.option(
        "--mode",
        type=click.Choice([mode.value for mode in Mode]),
        callback=lambda _context, _parameter, value: Mode(value) if value else None,
        help="Data that the description allows (positive, the default), forbids, or both; what it "
        "forbids is sent to the sandbox and to proven test workspaces only.",
    ),
    click.option("--seed", type=int, help="Same seed, same requests (default: 0)."),
    click.option(
        "--ignore-schemathesis-toml",
        "ignores_file",
        is_flag=True,
        help=f"Leave {FILE_NAME} unread: it is for something else.",
    ),
)


def asking_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
