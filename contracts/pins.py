"""Which published descriptions intercheck knows, and how to come by them without the network.

A description is only used when its bytes are those of the pin: a copy that somebody changed would
judge the API by something Intercom never said.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from contracts.documents import parse_document
from contracts.errors import NothingMeasuredError, SpecError
from contracts.parsed import remember
from contracts.spec import PREVIEW, PREVIEW_NAMES, Spec, parse_spec

_PINS: Final = Path(__file__).with_name("pins.yaml")
_PARSED_FORM: Final = 1  # to be raised when the same file is to give another document


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One published description: `path` inside `repository` at `commit`, whose bytes have this
    `sha256`. `version` is "0" for Preview."""

    version: str
    repository: str
    commit: str
    path: str
    sha256: str

    @property
    def title(self) -> str:
        """What people call the version."""
        return "Preview" if self.version == PREVIEW else self.version

    def keeps(self, content: bytes) -> bool:
        """Whether `content` is the pinned file."""
        return hashlib.sha256(content).hexdigest() == self.sha256


class Whereabouts(StrEnum):
    """Where a description can be read from."""

    DIRECTORY = "directory"
    CACHE = "cache"
    NOWHERE = "nowhere"


def _read_pins() -> Mapping[str, Pin]:
    content = parse_document(_PINS.read_bytes(), source=_PINS.name).value
    return MappingProxyType(
        {
            version: Pin(
                version=version,
                repository=content["repository"],
                commit=content["commit"],
                path=content["path"].format(version=version),
                sha256=sha256,
            )
            for version, sha256 in content["sha256"].items()
        }
    )


PINS: Final = _read_pins()
"""Every pinned version, oldest first, Preview last."""


def pin_of(version: str) -> Pin:
    """Return the pin of a version by any of its names; SpecError where it has none."""
    pin = PINS.get(PREVIEW if version.lower() in PREVIEW_NAMES else version)
    if pin is None:
        known = ", ".join(pin.title for pin in PINS.values())
        raise SpecError(
            f"Version {version!r} is not pinned: known are {known}; name a file for any other."
        )
    return pin


def is_pinned(name: str) -> bool:
    """Whether `name` is one of a pinned version."""
    return name.lower() in PREVIEW_NAMES or name in PINS


def nearest_pin(version: str) -> Pin | None:
    """Return the pin that judges `version`: its own, else the nearest older one; None where all are
    newer or `version` is no version."""
    if is_pinned(version):
        return pin_of(version)
    wanted = _order(version)
    if wanted is None:
        return None
    older = [
        (order, pin)
        for name, pin in PINS.items()
        if name != PREVIEW and (order := _order(name)) is not None and order < wanted
    ]
    return max(older, key=lambda pair: pair[0])[1] if older else None


def newer_pins(version: str) -> tuple[Pin, ...]:
    """Return the released versions that are newer, the oldest first; none for Preview."""
    asked = _order(version)
    if asked is None:
        return ()
    ordered = ((_order(name), pin) for name, pin in PINS.items())
    newer = [(order, pin) for order, pin in ordered if order is not None and order > asked]
    return tuple(pin for _, pin in sorted(newer, key=lambda pair: pair[0]))


def load_published(version: str, *, spec_dir: Path | None = None, cache_dir: Path) -> Spec:
    """Return the published description of `version`, from `spec_dir` where it lies there, else from
    what `intercheck spec pull` brought.

    Raises SpecError where the version is not pinned or a file in `spec_dir` is not the pinned one,
    NothingMeasuredError, saying how to get it, where there is no copy.
    """
    pin = pin_of(version)
    source = find_in(spec_dir, pin) if spec_dir is not None else None
    if source is None:
        source = pulled_file(cache_dir, pin)
        if not source.is_file():
            raise NothingMeasuredError(_how_to_get(pin, spec_dir))
        advice = f"get it again with `intercheck spec pull {pin.title}`"
    else:
        advice = "replace it with the published one, or name the file itself to use it as it is"
    try:
        content = source.read_bytes()
    except OSError as error:
        raise SpecError(
            f"{source} cannot be read ({error.strerror}): check its permissions."
        ) from error
    if not pin.keeps(content):
        raise SpecError(
            f"{source} is not the pinned description of {pin.title} (its sha256 differs): {advice}."
        )
    document = remember(
        cache_dir / f"description-{pin.sha256}-{_PARSED_FORM}.json",
        lambda: parse_document(content, source=str(source)).value,
    )
    return parse_spec(document, source=f"Intercom's description of {pin.title}")


def whereabouts(pin: Pin, *, spec_dir: Path | None, cache_dir: Path) -> Whereabouts:
    """Say where a description would be read from."""
    if spec_dir is not None and find_in(spec_dir, pin) is not None:
        return Whereabouts.DIRECTORY
    return Whereabouts.CACHE if pulled_file(cache_dir, pin).is_file() else Whereabouts.NOWHERE


def find_in(spec_dir: Path, pin: Pin) -> Path | None:
    """Return the file of a version in a directory of descriptions: one that holds `2.15.yaml`, or
    a checkout of Intercom's repository, or its `descriptions` folder."""
    candidates = (
        spec_dir / f"{pin.version}.yaml",
        spec_dir / pin.version / Path(pin.path).name,
        spec_dir / pin.path,
    )
    return next((path for path in candidates if path.is_file()), None)


def pulled_file(cache_dir: Path, pin: Pin) -> Path:
    """Return where `intercheck spec pull` puts the file of a pin."""
    return cache_dir / f"description-{pin.version}-{pin.sha256[:12]}.yaml"


def earlier_pull(cache_dir: Path, pin: Pin) -> Path | None:
    """Return the file of the version's pin before this one, where it was pulled; the latest."""
    pulled = cache_dir.glob(f"description-{pin.version}-*.yaml")
    others = [one for one in pulled if one != pulled_file(cache_dir, pin)]
    return max(others, key=lambda one: one.stat().st_mtime, default=None)


def _how_to_get(pin: Pin, spec_dir: Path | None) -> str:
    where = f"neither in the cache nor in {spec_dir}" if spec_dir else "not on this machine"
    return (
        f"Intercom's description of {pin.title} is {where}: get it with `intercheck spec pull "
        f"{pin.title}`, or name a directory that has it with --spec-dir or INTERCHECK_SPEC_DIR."
    )


def _order(version: str) -> tuple[int, int] | None:
    major, dot, minor = version.partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal()):
        return None
    return int(major), int(minor)
