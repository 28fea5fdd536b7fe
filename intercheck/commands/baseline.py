"""`intercheck baseline`: what was learned of the API's answers, and forgetting it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from contracts.allowlist import METHODS
from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from contracts.exchanges import Operation
from contracts.overlays import embedded_contract
from intercheck import options
from intercheck.exits import ExitCode
from intercheck.output import Envelope, print_json
from intercheck.settings import READING
from monitors.history import History
from monitors.known import Known, KnownLatency, KnownShape, known_of, without
from monitors.memory import APP, CENSUS, SHAPE_KEY
from reports.words import counted

_workspaces = click.option(
    "--workspace",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this Intercom workspace; may be repeated.",
)


@click.group(name="baseline")
def command() -> None:
    """What was learned of how the API answers: show it, or forget it.

    New answers are held against it: how long an operation usually takes at this hour, and which
    fields its answers have. What lasts becomes usual by itself, after days.

    \b
    Examples:
      intercheck baseline show
      intercheck baseline reset --workspace production 'GET /contacts'
    """


@command.command()
@click.argument("operations", nargs=-1)
@_workspaces
@options.config
@options.output_format
def show(
    operations: tuple[str, ...],
    names: tuple[str, ...],
    config_path: Path | None,
    output_format: str,
) -> ExitCode:
    """Show what is known of every operation, or of OPERATIONS such as 'GET /contacts'.

    \b
    Examples:
      intercheck baseline show
      intercheck baseline show 'GET /contacts/{contact_id}' --format json
    """
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    wanted = _identities(operations)
    with History.open(settings.history_url, clock=clock) as history:
        known = {
            name: known_of(name, history.documents_about(name), now=clock.now())
            for name in _chosen(history, names)
        }
    shown = {
        name: [one for one in every if not wanted or one.operation in wanted]
        for name, every in known.items()
    }
    _refuse_unknown(wanted, (one for every in known.values() for one in every))
    templates = _templates(settings.cache_dir)
    if output_format == "json":
        baselines = [
            {"workspace": name, **_document(one, templates)}
            for name, every in shown.items()
            for one in every
        ]
        print_json(Envelope(command="baseline show", extra={"baselines": baselines}))
        return ExitCode.CLEAN
    for name, every in shown.items():
        click.echo(f"Intercom workspace {name}")
        if not every:
            click.echo("  nothing is learned")
        for one in every:
            click.echo(f"  {templates.get(one.operation, one.operation)}")
            for line in (*map(_latency, one.latencies), *map(_shape, one.shapes)):
                click.echo(f"    {line}")
    if not shown:
        click.echo("Nothing is learned yet: run `intercheck probe` first.")
    return ExitCode.CLEAN


@command.command()
@click.argument("operations", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Of the whole workspace.")
@click.option("--latency", "only_latency", is_flag=True, help="Only how long answers take.")
@click.option("--shape", "only_shape", is_flag=True, help="Only which fields answers have.")
@_workspaces
@options.config
@options.output_format
def reset(
    operations: tuple[str, ...],
    everything: bool,
    only_latency: bool,
    only_shape: bool,
    names: tuple[str, ...],
    config_path: Path | None,
    output_format: str,
) -> ExitCode:
    """Forget what was learned of OPERATIONS, so that the next passes learn it anew.

    For when what changed was wanted: a workspace was moved to another region, or the token is now
    one of another workspace. Until enough is learned again, regressions and drift from the past
    are seen late or not at all. With --all the workspace itself is forgotten as well: its first
    sight (the census), its app, the ids that probes use.

    \b
    Examples:
      intercheck baseline reset 'GET /contacts' --latency
      intercheck baseline reset --all --workspace staging
    """
    if bool(operations) == everything:
        raise ConfigurationError(
            "Say what to forget: either operations such as 'GET /contacts', or --all of them."
        )
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    wanted = _identities(operations)
    with History.open(settings.history_url, clock=clock) as history, history.transaction():
        chosen = _chosen(history, names)
        if len(chosen) > 1 and not names:
            raise ConfigurationError(
                f"There are {len(chosen)} Intercom workspaces ({', '.join(chosen)}): name those "
                "that are meant with --workspace."
            )
        documents = {name: history.documents_about(name) for name in chosen}
        known = {name: known_of(name, documents[name], now=clock.now()) for name in chosen}
        _refuse_unknown(wanted, (one for found in known.values() for one in found))
        for name in chosen:
            changed = without(
                name,
                documents[name],
                chosen=None if everything else wanted.__contains__,
                latency=only_latency or not only_shape,
                shape=only_shape or not only_latency,
            )
            history.record(None, documents=changed)
    templates = _templates(settings.cache_dir)
    forgotten = [
        {"workspace": name, "operation": templates.get(one.operation, one.operation)}
        for name, found in known.items()
        for one in found
        if everything or one.operation in wanted
    ]
    if output_format == "json":
        print_json(Envelope(command="baseline reset", extra={"forgotten": forgotten}))
    else:
        what = counted(len(forgotten), "operation")
        click.echo(f"Forgotten: what was learned of {what}. The next pass begins anew.")
    return ExitCode.CLEAN


def _chosen(history: History, names: Sequence[str]) -> list[str]:
    """Return the workspaces of which something is learned (those called `names`)."""
    every = sorted({name for kind in (APP, CENSUS, SHAPE_KEY) for name in history.documents(kind)})
    for name in names:
        if name not in every:
            listed = ", ".join(every) or "none yet"
            raise ConfigurationError(
                f"Nothing is learned of an Intercom workspace {name!r}: there are {listed}."
            )
    return [name for name in every if not names or name in names]


def _identities(operations: Iterable[str]) -> dict[str, str]:
    """Return how each operation was written, by its identity."""
    found = {}
    for written in operations:
        method, _, path = written.strip().partition(" ")
        if method.upper() not in METHODS or not path.strip().startswith("/"):
            raise ConfigurationError(
                f"{written!r} is no operation: write its method and path, as in 'GET /contacts'."
            )
        found[Operation(method=method.upper(), path=path.strip()).identity] = written
    return found


def _templates(cache_dir: Path) -> dict[str, str]:
    """Return how operations are written for people, by identity."""
    contract = embedded_contract(cache_dir=cache_dir)
    known = contract.operations if contract else ()
    return {one.operation.identity: str(one.operation) for one in known}


def _refuse_unknown(wanted: Mapping[str, str], known: Iterable[Known]) -> None:
    learned = {one.operation for one in known}
    missing = [written for identity, written in wanted.items() if identity not in learned]
    if missing:
        raise ConfigurationError(
            f"Nothing is learned of {', '.join(missing)}: `intercheck baseline show` lists what is."
        )


def _latency(known: KnownLatency) -> str:
    answers = counted(known.samples, "answer")
    if known.usual_ms is None:
        return f"latency  not known yet ({answers}, {known.region})"
    since = f", slower since {known.slower_since:%Y-%m-%d %H:%M} UTC" if known.slower_since else ""
    return (
        f"latency  usually {known.usual_ms:.0f} ms at this hour, {known.low_ms:.0f} to "
        f"{known.high_ms:.0f} ms nine times of ten ({answers}, {known.region}){since}"
    )


def _shape(known: KnownShape) -> str:
    since = f" since {known.since}" if known.since else ""
    return (
        f"shape    {counted(known.fields, 'field')} in {counted(known.objects, 'object')}{since} "
        f"({known.version})"
    )


def _document(known: Known, templates: Mapping[str, str]) -> dict[str, Any]:
    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, (date, datetime)) else value

    return {
        "operation": templates.get(known.operation, known.operation),
        **{
            part: [{name: plain(value) for name, value in asdict(one).items()} for one in every]
            for part, every in (("latency", known.latencies), ("shape", known.shapes))
        },
    }
