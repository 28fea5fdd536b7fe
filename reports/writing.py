"""Reports as files: whole or not at all."""

import os
import shutil
from collections.abc import Iterable, Mapping
from importlib import import_module, resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from contracts.errors import ConfigurationError, ReportError
from reports.summaries import Summary

FILES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "html": ("report.html", "reports.html"),
        "json": ("report.json", "reports.machine"),
        "markdown": ("report.md", "reports.markdown"),
        "junit": ("junit.xml", "reports.junit"),
    }
)
"""What can be written: the file's name and the module that renders it, by format. A module is
imported when its format is asked for: a pass of cron's that writes no page needs no templates."""


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
            file_name, module = FILES[name]
            write_whole(directory / file_name, import_module(module).render(summary))
            written.append(directory / file_name)
        if "html" in wanted:
            _add_chart_library(directory)
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {directory} ({error.strerror or error}): free "
            "space there, let this user write there, or name another folder with --report-dir."
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


def _add_chart_library(directory: Path) -> None:
    """Put Plotly's script beside the page, once."""
    from reports.html import CHART_LIBRARY  # only where the page was rendered

    path = directory / CHART_LIBRARY
    source = resources.files("plotly") / "package_data" / CHART_LIBRARY
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
