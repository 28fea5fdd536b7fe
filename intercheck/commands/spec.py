"""`intercheck spec`: the published descriptions, pulled, listed, linted and compared."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from contracts.errors import ConfigurationError, IntercheckError
from contracts.lint import KINDS, Defect, lint
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.pins import (
    PINS,
    Whereabouts,
    earlier_pull,
    load_published,
    pin_of,
    pulled_file,
    whereabouts,
)
from contracts.rules import Severity
from contracts.spec import Spec, read_spec
from intercheck import options
from intercheck.descriptions import open_description
from intercheck.exits import ExitCode, exit_code_of
from intercheck.output import COLORS, Coverage, Envelope, print_json
from monitors.detectors.descriptions import Rewording, rewordings

SHOWN: Final = 5  # defects of a kind that people are shown without --all


@click.group()
def command() -> None:
    """The published descriptions: which there are, where they lie, what is broken in them.

    intercheck holds no copy of Intercom's descriptions. It knows eleven by commit and sha256,
    downloads them on request and uses no other bytes. Without any, the embedded contract serves.

    \b
    Examples:
      intercheck spec pull 2.16
      intercheck spec lint 2.16
      INTERCHECK_SPEC_DIR=~/Intercom-OpenAPI intercheck spec list
    """


@command.command(short_help="Download published descriptions and verify them.")
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@click.option(
    "--host",
    metavar="URL",
    help="A mirror of https://raw.githubusercontent.com (what it serves is verified all the same).",
)
@options.config
@options.output_format
def pull(
    versions: tuple[str, ...], host: str | None, config_path: Path | None, output_format: str
) -> ExitCode:
    """Download published descriptions from GitHub (all eleven where none is named).

    Each is verified against its pinned sha256 before it is kept; a parsed form lies beside it. One
    that is there already is not downloaded again. Where an earlier state of it was pulled before,
    what the two say differently of the end of anything is shown.

    \b
    Examples:
      intercheck spec pull 2.16
      intercheck spec pull 2.14 2.15 preview
    """
    from contracts.pull import RAW_HOST
    from contracts.pull import pull as download

    started = time.perf_counter()
    places = options.places_from(config_path)
    pins = [pin_of(version) for version in versions] or list(PINS.values())
    pulled: list[dict[str, object]] = []
    errors: list[IntercheckError] = []
    requests = 0
    for pin in dict.fromkeys(pins):
        place = pulled_file(places.cache_dir, pin)
        was_there = place.is_file() and pin.keeps(place.read_bytes())
        earlier = None if was_there else earlier_pull(places.cache_dir, pin)
        if not was_there:
            requests += 1
            try:
                download(pin, cache_dir=places.cache_dir, host=host or RAW_HOST)
            except IntercheckError as error:
                errors.append(error)
                if output_format == "text":
                    click.echo(f"intercheck: {error}", err=True)
                continue
        changed = _rewordings(earlier, place) if earlier else ()
        pulled.append(
            {
                "version": pin.version,
                "path": str(place),
                "downloaded": not was_there,
                "reworded": [asdict(one) for one in changed],
            }
        )
        if output_format == "text":
            click.echo(f"{pin.title:8} {'was there' if was_there else 'verified '}  {place}")
            for one in changed:
                click.echo(f"         {one}")
    if output_format == "json":
        print_json(
            Envelope(
                command="spec pull",
                coverage=Coverage(requests=requests, seconds=time.perf_counter() - started),
                errors=[str(error) for error in errors],
                extra={"pulled": pulled},
            )
        )
    # 2 (a wrong file) comes before 3 (nothing came).
    return min((exit_code_of(error) for error in errors), default=ExitCode.CLEAN)


@command.command("list")
@options.spec_dir
@options.config
@options.output_format
def list_(spec_dir: Path | None, config_path: Path | None, output_format: str) -> None:
    """List the pinned descriptions and where each would be read from.

    \b
    Example:
      intercheck spec list --spec-dir ~/Intercom-OpenAPI/descriptions
    """
    places = options.places_from(config_path)
    directory = spec_dir or places.spec_dir
    rows = [
        (pin, whereabouts(pin, spec_dir=directory, cache_dir=places.cache_dir))
        for pin in PINS.values()
    ]
    if output_format == "json":
        print_json(
            Envelope(
                command="spec list",
                extra={
                    "descriptions": [
                        {
                            "version": pin.version,
                            "title": pin.title,
                            "repository": pin.repository,
                            "commit": pin.commit,
                            "sha256": pin.sha256,
                            "available": place.value,
                            "relied_upon": pin.version in SUPPORTED,
                        }
                        for pin, place in rows
                    ]
                },
            )
        )
        return
    for pin, place in rows:
        relied_upon = "embedded contract" if pin.version in SUPPORTED else ""
        where = _in_words(place, directory)
        click.echo(f"{pin.title:8} {pin.sha256[:12]}  {where:24} {relied_upon}".rstrip())
    first = next(iter(PINS.values()))
    click.echo(f"\nPinned at {first.repository}@{first.commit[:12]}.")
    if any(place is Whereabouts.NOWHERE for _, place in rows):
        click.echo("Get what is missing with `intercheck spec pull [VERSION]...`.")


@command.command("lint", short_help="Show what is broken in a description.")
@click.argument("name", required=False, metavar="[VERSION|PATH]")
@click.option("--all", "shows_all", is_flag=True, help="Show every defect, not the first five.")
@options.spec_dir
@options.fail_on
@options.config
@options.output_format
def lint_(
    name: str | None,
    shows_all: bool,
    spec_dir: Path | None,
    fail_on: Severity,
    config_path: Path | None,
    output_format: str,
) -> ExitCode:
    """Show what is broken in a description (the embedded contract where none is named).

    References that lead nowhere, undeclared path parameters, required names without a property,
    examples that break their own schema, nullable where strict readers miss it: each with its
    JSON Pointer. Exit code 1 where a defect is at or above --fail-on.

    \b
    Examples:
      intercheck spec lint 2.16
      intercheck spec lint ./openapi.yaml --fail-on critical --format json
    """
    started = time.perf_counter()
    places = options.places_from(config_path)
    spec = open_description(name, spec_dir=spec_dir or places.spec_dir, cache_dir=places.cache_dir)
    defects = lint(spec)
    counts = dict.fromkeys(KINDS, 0) | _counts(defects)
    if output_format == "json":
        coverage = Coverage(
            selected=len(spec.operations),
            exercised=len(spec.operations),
            seconds=time.perf_counter() - started,
        )
        print_json(
            Envelope(
                command="spec lint",
                coverage=coverage,
                extra={
                    "description": spec.source,
                    "counts": counts,
                    "defects": [
                        {
                            "kind": defect.kind,
                            "severity": defect.severity.value,
                            "pointer": defect.pointer,
                            "detail": defect.detail,
                        }
                        for defect in defects
                    ],
                },
            )
        )
    else:
        _print_defects(spec, defects, shows_all=shows_all)
    is_failing = any(defect.severity.rank >= fail_on.rank for defect in defects)
    return ExitCode.FINDINGS if is_failing else ExitCode.CLEAN


def _rewordings(before: Path | None, after: Path) -> tuple[Rewording, ...]:
    return rewordings(read_spec(before) if before else None, read_spec(after))


@command.command(short_help="Show what a description says of ends.")
@click.argument("name", metavar="VERSION|PATH")
@click.argument("before", required=False, metavar="[BEFORE]")
@options.spec_dir
@options.config
@options.output_format
def announced(
    name: str,
    before: str | None,
    spec_dir: Path | None,
    config_path: Path | None,
    output_format: str,
) -> None:
    """Show which operations, query parameters and fields a description calls deprecated or says to
    end, in its own words; with BEFORE only what is said otherwise than there.

    \b
    Examples:
      intercheck spec announced 2.11
      intercheck spec announced 2.16 2.15
      intercheck spec announced ./2.15-new.yaml ./2.15-old.yaml --format json
    """
    started = time.perf_counter()
    places = options.places_from(config_path)
    directory, cache_dir = spec_dir or places.spec_dir, places.cache_dir
    after = open_description(name, spec_dir=directory, cache_dir=cache_dir)
    earlier = open_description(before, spec_dir=directory, cache_dir=cache_dir) if before else None
    found = rewordings(earlier, after)
    if output_format == "json":
        coverage = Coverage(
            selected=len(after.operations),
            exercised=len(after.operations),
            seconds=time.perf_counter() - started,
        )
        said = [asdict(one) for one in found]
        print_json(Envelope(command="spec announced", coverage=coverage, extra={"said": said}))
        return
    for one in found:
        click.echo(one if before else f"{one.place}: {one.after}")
    if not found:
        click.echo("Nothing is said otherwise." if before else "Nothing is said of ends.")


@command.command(short_help="Compare the embedded contract with what is published.")
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@options.spec_dir
@options.config
@options.output_format
def check(
    versions: tuple[str, ...], spec_dir: Path | None, config_path: Path | None, output_format: str
) -> ExitCode:
    """Compare the embedded contract with what Intercom publishes (for every version it speaks for).

    Each operation and field we rely on has to exist there with a compatible type, or stand in the
    list of stated differences. Exit code 1 where one does neither.

    \b
    Examples:
      intercheck spec check 2.15
      intercheck spec check --spec-dir ~/Intercom-OpenAPI/descriptions
    """
    from contracts.comparison import compare, read_differences

    started = time.perf_counter()
    places = options.places_from(config_path)
    pins = [pin_of(version) for version in versions or SUPPORTED]
    differences = read_differences()
    found: list[dict[str, str]] = []
    operations = 0
    for pin in dict.fromkeys(pins):
        embedded = embedded_contract(pin.version, cache_dir=places.cache_dir)
        if embedded is None:
            raise ConfigurationError(
                f"The embedded contract says nothing of {pin.title}: it speaks for "
                f"{', '.join(SUPPORTED)}."
            )
        published = load_published(
            pin.version, spec_dir=spec_dir or places.spec_dir, cache_dir=places.cache_dir
        )
        operations += len(embedded.operations)
        disagreements = compare(embedded, published, differences)
        found += [{"version": pin.version, **asdict(one)} for one in disagreements]
        if output_format == "text":
            verdict = f"{len(disagreements)} unstated" if disagreements else "agrees"
            click.echo(f"{pin.title:8} {len(embedded.operations)} operations: {verdict}")
            for one in disagreements:
                click.echo(f"         {one}")
    if output_format == "json":
        coverage = Coverage(
            selected=operations, exercised=operations, seconds=time.perf_counter() - started
        )
        print_json(
            Envelope(command="spec check", coverage=coverage, extra={"disagreements": found})
        )
    return ExitCode.FINDINGS if found else ExitCode.CLEAN


def _print_defects(spec: Spec, defects: tuple[Defect, ...], *, shows_all: bool) -> None:
    click.echo(f"{spec.source}: {len(spec.operations)} operations, {len(defects)} defects.")
    for kind, count in _counts(defects).items():
        severity, meaning = KINDS[kind]
        mark = click.style(f"{severity.value:8}", fg=COLORS[severity])
        click.echo(f"\n{mark} {kind}: {count}\n         {meaning}")
        of_kind = [defect for defect in defects if defect.kind == kind]
        for defect in of_kind if shows_all else of_kind[:SHOWN]:
            click.echo(f"         {defect.pointer}\n           {defect.detail}")
        if not shows_all and count > SHOWN:
            click.echo(f"         and {count - SHOWN} more (--all shows them)")


def _counts(defects: tuple[Defect, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for defect in defects:
        counts[defect.kind] = counts.get(defect.kind, 0) + 1
    return counts


def _in_words(place: Whereabouts, directory: Path | None) -> str:
    if place is Whereabouts.DIRECTORY:
        return f"in {directory}"
    return "in the cache" if place is Whereabouts.CACHE else "not here"
