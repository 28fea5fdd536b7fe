"""What becomes of a run of property tests: reports, annotations, what CI compares with."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import click

from contracts.documents import Document, read_document
from contracts.errors import ConfigurationError, ReportError
from contracts.findings import Finding
from contracts.lines import line_of
from contracts.overlays import CONTRACT
from contracts.pins import find_in, is_pinned, pin_of, pulled_file
from contracts.spec import Spec
from intercheck.output import Envelope
from reports import run_html, run_junit, run_markdown, sarif
from reports.annotations import annotations
from reports.runs import Place, Run
from reports.writing import write_whole

FILES: Final[Mapping[str, tuple[str, Callable[[Run], str] | None]]] = MappingProxyType(
    {
        "junit": ("contract.xml", run_junit.render),
        "sarif": ("contract.sarif", sarif.render),
        "html": ("contract.html", run_html.render),
        "markdown": ("contract.md", run_markdown.render),
        "json": ("contract.json", None),
    }
)
"""What can be written: the file's name and its renderer; JSON is what `--format json` prints."""

STATE_NAME: Final = "intercheck-state.json"
_STATE_SCHEMA: Final = 1


def file_of(name: str | None, *, spec_dir: Path | None, cache_dir: Path) -> Path:
    """Return the file that the description called `name` (of --spec) stands in."""
    if name is None:
        return CONTRACT
    if not is_pinned(name):
        return Path(name)
    pin = pin_of(name)
    return (find_in(spec_dir, pin) if spec_dir else None) or pulled_file(cache_dir, pin)


def places_of(findings: Iterable[Finding], spec: Spec, file: Path, base: Path) -> dict[str, Place]:
    """Return where in the `file` of `spec` each finding's promise stands, by fingerprint; file
    names are relative to `base`. A file that is not below it has no path in a report: it would be
    one of this machine, or look like one of the repository."""
    document: Document = read_document(file)
    whole, top = file.resolve(), base.resolve()
    is_outside = not whole.is_relative_to(top)
    uri = quote(file.name if is_outside else whole.relative_to(top).as_posix())
    return {
        one.fingerprint: Place(
            uri=uri,
            line=line_of(document, spec, one.operation.identity, one.location)
            if one.operation
            else 1,
            is_outside=is_outside,
        )
        for one in findings
    }


def write_run(
    run: Run, envelope: Envelope, formats: Iterable[str], directory: Path
) -> Iterator[Path]:
    """Write the run in each of `formats`; yields the files. Raises ReportError."""
    for name in dict.fromkeys(formats):
        file_name, render = FILES[name]
        text = render(run) if render else json.dumps(envelope.as_json(), indent=2) + "\n"
        try:
            make_report_folder(directory)
            write_whole(directory / file_name, text)
        except OSError as error:
            raise _no_report(directory, error) from None
        yield directory / file_name


def make_report_folder(directory: Path) -> None:
    """Make sure that a report can be written there. Raises ReportError."""
    try:
        _make_folder(directory)
    except OSError as error:
        raise _no_report(directory, error) from None


def _no_report(directory: Path, error: OSError) -> ReportError:
    return ReportError(
        f"The report cannot be written to {directory} ({error.strerror or error}): free "
        "space there, let this user write there, or name another folder with --report-dir."
    )


def _make_folder(directory: Path) -> None:
    """Make a folder in which files can be made; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=directory):
        pass


def tell_github(run: Run, environ: Mapping[str, str], *, to_stderr: bool) -> None:
    """On a runner of GitHub's, annotate the description's lines and add to the step summary."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotations(run):
        click.echo(line, err=to_stderr)
    summary = environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(run_markdown.render(run))
    except OSError as error:
        raise ReportError(
            f"The step summary cannot be written ({error.strerror or error}): see "
            "GITHUB_STEP_SUMMARY."
        ) from None


def known_findings(path: Path) -> frozenset[str]:
    """Return the fingerprints in a committed state file; none where there is no file yet.

    Raises ConfigurationError where it is something else.
    """
    if not path.exists():
        return frozenset()
    try:
        state = json.loads(path.read_text("utf-8"))
        known = frozenset(str(one["fingerprint"]) for one in state["known"])
        if state["schema"] != _STATE_SCHEMA:
            raise ValueError("of another schema")
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(
            f"{path} is no state of intercheck's: write it anew with --update-state."
        ) from None
    return known


def write_state(path: Path, findings: Iterable[Finding]) -> None:
    """Write the state to commit: what is known, in an order that makes small differences."""
    known = {
        one.fingerprint: {
            "fingerprint": one.fingerprint,
            "rule": one.rule.name,
            "operation": str(one.operation or "*"),
            "location": one.location,
            "kind": f"{one.expected}>{one.observed}",
        }
        for one in findings
        if one.accepted is None
    }
    ordered = sorted(known.values(), key=lambda one: tuple(one.values())[1:])
    text = json.dumps({"schema": _STATE_SCHEMA, "known": ordered}, indent=2)
    try:
        make_state_folder(path)
        write_whole(path, f"{text}\n")
    except OSError as error:
        raise _no_state(path, error) from None


def make_state_folder(path: Path) -> None:
    """Make sure that the state can be written. Raises ConfigurationError."""
    try:
        _make_folder(path.parent)
    except OSError as error:
        raise _no_state(path, error) from None


def _no_state(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be written ({error.strerror or error}): name another file with --state."
    )
