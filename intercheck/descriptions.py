"""Open what `--spec PATH|VERSION` names."""

from pathlib import Path

from contracts.errors import SpecError
from contracts.overlays import embedded_contract
from contracts.pins import PINS, is_pinned, load_published
from contracts.spec import Spec, read_spec


def open_description(name: str | None, *, spec_dir: Path | None, cache_dir: Path) -> Spec:
    """Return the description that `name` means: a pinned version, else a file; the embedded
    contract where it names nothing.

    Raises SpecError where it is neither or cannot be used, NothingMeasuredError where a pinned one
    has not been pulled.
    """
    if name is None:
        contract = embedded_contract(cache_dir=cache_dir)
        assert contract is not None  # noqa: S101 - it speaks for the version it is written for
        return contract
    if is_pinned(name):
        return load_published(name, spec_dir=spec_dir, cache_dir=cache_dir)
    path = Path(name)
    if path.is_file():
        return read_spec(path)
    versions = ", ".join(pin.title for pin in PINS.values())
    raise SpecError(
        f"{name!r} is neither a file nor a published version: give a path, or one of {versions}."
    )
