"""`--report` and `--report-dir`, the same for every command that writes reports."""

from pathlib import Path
from typing import Final

import click

from reports.writing import FILES

_NAMES: Final = ", ".join(FILES)


def _read_formats(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    for name in names:
        if name not in FILES:
            raise click.BadParameter(f"{name!r} is none of {_NAMES}.")
    return names


report_formats = click.option(
    "--report",
    "report_formats",
    default="html",
    show_default=True,
    callback=_read_formats,
    metavar="FORMAT,…",
    help=f'Reports to write: {_NAMES}; "" for none.',
)
report_dir = click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where reports go (default: reports/out in a checkout, else ./intercheck-report).",
)
