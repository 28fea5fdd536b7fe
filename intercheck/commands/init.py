"""`intercheck init`: a configuration, the user's own contract, and an empty ledger."""

from importlib import resources
from pathlib import Path
from typing import Final

import click

from contracts.errors import ConfigurationError
from contracts.ledger_text import HEADER
from intercheck.settings import CONSUMERS_NAME, DEVIATIONS_NAME, FILE_NAME
from reports.writing import write_whole

_SCAFFOLD: Final = resources.files("intercheck") / "scaffold"


@click.command()
@click.argument(
    "directory",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="[DIRECTORY]",
)
def command(directory: Path) -> None:
    """Write intercheck.yaml, consumers.yaml and deviations.yaml.

    The consumers, and what they read, are your own contract. A file that is there already is left
    as it is.

    \b
    Examples:
      intercheck init
      intercheck init ci/intercom
    """
    contents = {
        FILE_NAME: (_SCAFFOLD / FILE_NAME).read_text("utf-8"),
        CONSUMERS_NAME: (_SCAFFOLD / CONSUMERS_NAME).read_text("utf-8"),
        DEVIATIONS_NAME: HEADER,
    }
    for name, text in contents.items():
        path = directory / name
        if path.exists():
            click.echo(f"{path} is there already, and stays as it is")
            continue
        try:
            directory.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written ({error.strerror or error}): name another directory."
            ) from None
        click.echo(f"{path} written")
    click.echo(
        f"\nEdit {directory / CONSUMERS_NAME}, then run `intercheck contract` "
        "(over the embedded sandbox as long as there is no token)."
    )
