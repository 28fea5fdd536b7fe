"""Which published description judges a version, where there is a copy of it."""

from pathlib import Path

from contracts.errors import NothingMeasuredError
from contracts.pins import load_published, nearest_pin
from contracts.spec import Spec


def published_description(version: str, *, spec_dir: Path | None, cache_dir: Path) -> Spec | None:
    """Return the published description of `version`, or of the nearest older pin where it is not
    pinned itself; None where there is no copy. Nothing is downloaded.

    Raises SpecError where the copy is not the pinned one.
    """
    pin = nearest_pin(version)
    if pin is None:
        return None
    try:
        return load_published(pin.version, spec_dir=spec_dir, cache_dir=cache_dir)
    except NothingMeasuredError:
        return None  # never pulled: the relied-upon contract serves alone
