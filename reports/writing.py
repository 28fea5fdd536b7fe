"""Reports as files: whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from contracts.errors import ConfigurationError, ReportError
from reports import html, junit, machine, markdown
from reports.summaries import Summary

FILES: Final[Mapping[str, tuple[str, Callable[[Summary], str]]]] = MappingProxyType(
    {
        "html": ("report.html", html.render),
        "json": ("report.json", machine.render),
        "markdown": ("report.md", markdown.render),
        "junit": ("junit.xml", junit.render),
    }
)
"""What can be written: the file's name and its renderer, by format."""


def write_reports(summary: Summary, formats: Iterable[str], directory: Path) -> tuple[Path, ...]:
    """Write `summary` in each of `formats` into `directory`; return the files in that order.

    A file that is there is replaced in one step: a reader sees the old one or the new one. Raises
    ReportError where it cannot be written, ConfigurationError for a format nobody knows.
    """
    wanted = list(dict.fromkeys(formats))
    for name in wanted:
        if name not in FILES:
            raise ConfigurationError(
                f"{name!r} is no report format: use {', '.join(sorted(FILES))}."
            )
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            file_name, render = FILES[name]
            write_whole(directory / file_name, render(summary))
            written.append(directory / file_name)
        if "html" in wanted:
            _add_chart_library(directory / html.CHART_LIBRARY)
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {directory} ({error.strerror or error}): free space "
            "there, or name another folder with --report-dir."
        ) from None
    return tuple(written)


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` in one step; nothing is left behind where it fails. Raises OSError."""
    part = _beside(path)
    try:
        # A lone surrogate cannot be encoded, and must not cost the report.
        with part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _add_chart_library(path: Path) -> None:
    """Put Plotly's script beside the page, once."""
    source = resources.files("plotly") / "package_data" / "plotly.min.js"
    with resources.as_file(source) as library:
        if path.is_file() and path.stat().st_size == library.stat().st_size:
            return
        part = _beside(path)
        try:
            shutil.copyfile(library, part)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _beside(path: Path) -> Path:
    """Name the unfinished file: in the same folder, because only there replacing is one step."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")
