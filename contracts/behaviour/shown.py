"""What a description shows of an operation: examples of what is sent and of what is answered."""

from collections.abc import Iterator
from typing import Any, Final

from contracts.cases import first_example
from contracts.errors import SpecError
from contracts.exchanges import Response
from contracts.spec import JSON, SpecOperation

EVERYTHING: Final = {"query": {"field": "created_at", "operator": ">", "value": "0"}}
"""A search that excludes nothing: every object of Intercom's was created at some time."""

NOBODY: Final = {"query": {"field": "id", "operator": "=", "value": "intercheck-none"}}
"""A search that finds nothing."""
ANYBODY: Final = {"query": {"field": "id", "operator": "!=", "value": "intercheck-none"}}
"""Another that excludes nothing, where the first is misunderstood."""


def documented_body(operation: SpecOperation) -> dict[str, Any] | None:
    """Return the first example of a body that is an object, None where none is shown."""
    media = _json_media(operation, operation.definition.get("requestBody"))
    example = first_example(media, media.get("schema")) if media else None
    return example if isinstance(example, dict) else None


def is_search(operation: SpecOperation) -> bool:
    """Whether it takes Intercom's search language."""
    query = (documented_body(operation) or {}).get("query")
    return operation.operation.method == "POST" and isinstance(query, dict) and "operator" in query


def repeats_example(operation: SpecOperation, response: Response) -> bool:
    """Whether an answer is an example that the description shows of that status."""
    return response.document in answer_examples(operation, str(response.status))


def answer_examples(operation: SpecOperation, statuses: str = "2") -> Iterator[Any]:
    """Yield the examples of the answers of an operation whose status begins with `statuses`."""
    for status, said in operation.responses.items():
        media = _json_media(operation, said) if status.startswith(statuses) else None
        if not media:
            continue
        if "example" in media:
            yield media["example"]
        for one in (media.get("examples") or {}).values():
            if isinstance(one, dict) and "value" in one:
                yield one["value"]


def _json_media(operation: SpecOperation, holder: object) -> dict[str, Any] | None:
    try:
        content = operation.spec.dereference(holder).get("content") if holder else None
    except SpecError:
        return None
    media = content.get(JSON) if isinstance(content, dict) else None
    return media if isinstance(media, dict) else None
