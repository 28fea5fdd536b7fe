"""Which operations of a description are meant."""

from dataclasses import dataclass

from contracts.spec import SpecOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Properties of operations; an empty one says nothing. Methods are upper case."""

    paths: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    operation_ids: frozenset[str] = frozenset()

    def matched_by(self, operation: SpecOperation) -> list[bool]:
        """For each property that is given, whether `operation` has one of its values."""
        return [
            not values.isdisjoint(found)
            for values, found in (
                (self.paths, (operation.operation.path,)),
                (self.methods, (operation.operation.method,)),
                (self.tags, operation.tags),
                (self.operation_ids, (operation.operation_id or "",)),
            )
            if values
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Operations that have all the properties of `include` and none of `exclude`."""

    include: Traits = Traits()
    exclude: Traits = Traits()

    def picks(self, operation: SpecOperation) -> bool:
        """Whether `operation` is meant."""
        return all(self.include.matched_by(operation)) and not any(
            self.exclude.matched_by(operation)
        )
