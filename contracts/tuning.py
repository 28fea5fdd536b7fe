"""What a user of Schemathesis chose for its questions: fixed parameters, operations left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.selection import Selection
from contracts.spec import SpecOperation

_LOCATIONS: Final = ("path", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Values of parameters for the operations of a selection, by `name` or `location.name`."""

    selection: Selection
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """`settings` are handed to Schemathesis, in the words of its configuration file. Of `overrides`
    the last that fits counts. What `disabled` picks is left out."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    disabled: tuple[Selection, ...] = ()

    def leaves_out(self, operation: SpecOperation) -> bool:
        """Whether the user turned this operation off."""
        return any(one.picks(operation) for one in self.disabled)

    def fixed(self, operation: SpecOperation) -> dict[str, dict[str, Any]]:
        """Return by location (path, query) the parameters whose values are given."""
        found: dict[str, dict[str, Any]] = {location: {} for location in _LOCATIONS}
        for override in self.overrides:
            if override.selection.picks(operation):
                for parameter in operation.parameters:
                    for name in (parameter.name, f"{parameter.location}.{parameter.name}"):
                        if parameter.location in found and name in override.parameters:
                            value = override.parameters[name]
                            found[parameter.location][parameter.name] = value
        return found


UNTUNED: Final = Tuning()
