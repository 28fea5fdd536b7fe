"""Whether a name is the description's own: a parameter, or a field of a request's body.

An error may name the field it means, and that may be a customer's: the key of a custom attribute.
Only what the description declares is nobody's secret.
"""

import re
from typing import Final

from contracts.errors import SpecError
from contracts.schemas import Schemas
from contracts.shapes import shape_of
from contracts.spec import SpecOperation

_STEPS: Final = re.compile(r"[^.\[\]]+")
"""`query.field`, `companies[0].id` and `page` are all written."""


def is_declared(operation: SpecOperation, name: str) -> bool:
    """Whether a request of `operation` has a parameter or a field (`query.field`,
    `companies[0].id`) called `name`; what stands under the keys of a free-form map has not."""
    if any(parameter.name == name for parameter in operation.parameters):
        return True
    try:
        schema = operation.request_schema
    except SpecError:
        return False  # what leads nowhere declares nothing
    if schema is None:
        return False
    nodes = [Schemas(operation.spec).node(schema)]
    for step in _STEPS.findall(name):
        shape = shape_of(nodes)
        nodes = shape.items if step.isdigit() else shape.fields.get(step, [])
        if not nodes:
            return False
    return True
