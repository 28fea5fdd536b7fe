"""What a message may consist of, checked as Slack checks it."""

import json
from collections.abc import Mapping
from typing import Final

from sandbox.slack import blockkit
from sandbox.slack.workspace import Document, SlackError

MAX_ATTACHMENTS: Final = 100
MAX_METADATA: Final = 16_384  # bytes

Arguments = Mapping[str, object]


def content(arguments: Arguments, *, text_limit: int) -> dict[str, object]:
    """Return `text`, `blocks`, `attachments`, `metadata` as message fields, checked."""
    text = arguments.get("text")
    text = text if isinstance(text, str) else ""
    if len(text) > text_limit:
        raise SlackError("msg_too_long")
    blocks = _json(arguments.get("blocks"), "invalid_blocks_format")
    attachments = _json(arguments.get("attachments"), "invalid_attachments")
    if blocks is not None:
        refuse("invalid_blocks", blockkit.problems(blocks))
        if blockkit.text_length(blocks) > blockkit.MAX_ALL_TEXT:
            raise SlackError("msg_blocks_too_long")
    if attachments is not None:
        _check_attachments(attachments)
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    return {
        "text": text,
        "blocks": tuple(blocks) if isinstance(blocks, list) else (),
        "attachments": tuple(attachments) if isinstance(attachments, list) else (),
        "metadata": _metadata(arguments),
    }


def _json(value: object, code: str) -> object:
    """Slack takes structures as JSON text in either kind of body."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(code) from None


def refuse(code: str, problems: list[str]) -> None:
    """Raise SlackError with what is wrong, where anything is."""
    if problems:
        raise SlackError(
            code,
            errors=problems,
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )


def _check_attachments(attachments: object) -> None:
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, Mapping):
            raise SlackError("invalid_attachments")
        blocks = attachment.get("blocks")
        if blocks is not None:
            # Seen with Slack: what is wrong with blocks in an attachment is said of the attachment.
            pointer = f"/attachments/{index}/blocks"
            refuse("invalid_attachments", blockkit.problems(blocks, pointer))
            if blockkit.text_length(blocks) > blockkit.MAX_ALL_TEXT:
                raise SlackError("msg_blocks_too_long")


def _metadata(arguments: Arguments) -> Document | None:
    metadata = _json(arguments.get("metadata"), "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping) or len(json.dumps(metadata)) > MAX_METADATA:
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(
        metadata.get("event_payload"), Mapping
    ):
        raise SlackError("invalid_metadata_schema")
    return metadata
