"""Which description a request is answered by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.overlays import SUPPORTED, WRITTEN_FOR, embedded_contract
from contracts.spec import PREVIEW, Spec
from sandbox.intercom.answers import Refusal
from sandbox.intercom.shapes import Shapes

_PREVIEW_NAMES: Final = frozenset({"preview", "unstable"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Description:
    """A description with its shapes, and the version that the answer names."""

    spec: Spec
    shapes: Shapes
    version: str | None


class Descriptions:
    """Chooses by the Intercom-Version header; without one, the app's default version holds."""

    def __init__(self, specs: Mapping[str, Callable[[], Spec]], *, default: str) -> None:
        self._specs = specs
        self._default = default
        self._loaded: dict[str, Description] = {}

    def named(self, version: str | None) -> Description:
        """Return what answers for a version; Refusal (400) where there is nothing."""
        asked = self._default if version is None else version.strip()
        key = PREVIEW if asked.lower() in _PREVIEW_NAMES else asked
        if key not in self._specs:
            raise Refusal(
                400,
                "intercom_version_invalid",
                "Requested resource is not available in current API version.",
            )
        if key not in self._loaded:
            spec = self._specs[key]()
            self._loaded[key] = Description(spec=spec, shapes=Shapes(spec), version=asked)
        known = self._loaded[key]
        if known.version == asked:
            return known
        return Description(spec=known.spec, shapes=known.shapes, version=asked)

    @property
    def default(self) -> Description:
        return self.named(None)


def descriptions_of(spec: Spec | None) -> Descriptions:
    """Answer by one description, or by the embedded contract in each version it speaks of."""
    if spec is not None:
        version = spec.version or WRITTEN_FOR
        default = "Preview" if version == PREVIEW else version
        return Descriptions({version: lambda: spec}, default=default)

    def load(version: str) -> Callable[[], Spec]:
        def loaded() -> Spec:
            found = embedded_contract(version)
            if found is None:
                raise LookupError(f"the embedded contract says nothing of {version}")
            return found

        return loaded

    return Descriptions({one: load(one) for one in SUPPORTED}, default=WRITTEN_FOR)
