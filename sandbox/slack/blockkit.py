"""Block Kit's limits, as Slack enforces them (https://docs.slack.dev/reference/block-kit).

Slack answers `invalid_blocks` with one sentence and a JSON pointer per problem; so does this. What
the reference does not limit is not limited here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

MAX_BLOCKS: Final = 50
MAX_SECTION_TEXT: Final = 3000
MAX_FIELDS: Final = 10
MAX_FIELD_TEXT: Final = 2000
MAX_HEADER_TEXT: Final = 150
MAX_CONTEXT_ELEMENTS: Final = 10
MAX_ACTIONS: Final = 25
MAX_BUTTON_TEXT: Final = 75
MAX_BUTTON_VALUE: Final = 2000
MAX_ID: Final = 255
MAX_URL: Final = 3000
MAX_ALT_TEXT: Final = 2000
MAX_PLACEHOLDER: Final = 150
MAX_CONFIRM: Final = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
MAX_OPTIONS: Final = {"overflow": 5, "static_select": 100, "multi_static_select": 100}
MAX_ALL_TEXT: Final = 12_000
"""Characters of all blocks together; undocumented, see slackapi/bolt-js#2867."""

ACTION_ELEMENTS: Final = frozenset(
    {
        "button",
        "checkboxes",
        "channels_select",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "external_select",
        "multi_static_select",
        "overflow",
        "radio_buttons",
        "static_select",
        "timepicker",
        "users_select",
        "workflow_button",
    }
)

Problems = Iterator[str]
Document = Mapping[str, object]


def problems(blocks: object, pointer: str = "/blocks") -> list[str]:
    """Return what Slack would refuse in `blocks`, each as `sentence [json-pointer:…]`."""
    if not isinstance(blocks, list):
        return [_problem("must be an array", pointer)]
    found: list[str] = []
    if len(blocks) > MAX_BLOCKS:
        found.append(_problem(f"no more than {MAX_BLOCKS} items allowed", pointer))
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        found.extend(_block(block, f"{pointer}/{index}", seen))
    return found


def text_length(blocks: object) -> int:
    """Return how many characters of text are anywhere in `blocks`."""
    if isinstance(blocks, Mapping):
        text = blocks.get("text")
        own = len(text) if isinstance(text, str) else 0
        return own + sum(text_length(value) for value in blocks.values())
    if isinstance(blocks, list):
        return sum(text_length(item) for item in blocks)
    return 0


def _problem(sentence: str, pointer: str) -> str:
    return f"{sentence} [json-pointer:{pointer}]"


def _block(block: object, pointer: str, seen: set[str]) -> Problems:
    if not isinstance(block, Mapping):
        yield _problem("must be an object", pointer)
        return
    kind = block.get("type")
    check = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        yield _problem(f"unsupported type: {kind}", f"{pointer}/type")
        return
    yield from _string(block, "block_id", MAX_ID, pointer, required=False)
    block_id = block.get("block_id")
    if isinstance(block_id, str):
        if block_id in seen:
            yield _problem("`block_id` must be unique", f"{pointer}/block_id")
        seen.add(block_id)
    yield from check(block, pointer)


def _string(
    holder: Document, key: str, limit: int, pointer: str, *, required: bool = True
) -> Problems:
    value = holder.get(key)
    place = f"{pointer}/{key}"
    if value is None:
        if required:
            yield _problem(f"missing required field: {key}", pointer)
    elif not isinstance(value, str):
        yield _problem("must be a string", place)
    elif not value:
        yield _problem("must be more than 0 characters", place)
    elif len(value) > limit:
        yield _problem(f"must be less than {limit + 1} characters", place)


def _text(
    holder: Document,
    key: str,
    limit: int,
    pointer: str,
    *,
    kinds: tuple[str, ...] = ("mrkdwn", "plain_text"),
    required: bool = True,
) -> Problems:
    value = holder.get(key)
    place = f"{pointer}/{key}"
    if value is None:
        if required:
            yield _problem(f"missing required field: {key}", pointer)
    elif not isinstance(value, Mapping):
        yield _problem("must be an object", place)
    else:
        if value.get("type") not in kinds:
            yield _problem(f"must be one of: {', '.join(kinds)}", f"{place}/type")
        yield from _string(value, "text", limit, place)


def _items(
    holder: Document, key: str, limit: int, pointer: str
) -> Iterator[tuple[str, Document | None, str]]:
    """Yield `(place, item, problem)`: an item or, with None, a problem."""
    value = holder.get(key)
    place = f"{pointer}/{key}"
    if not isinstance(value, list):
        yield place, None, _problem(f"missing required field: {key}", pointer)
        return
    if not value:
        yield place, None, _problem("must have at least 1 items", place)
    if len(value) > limit:
        yield place, None, _problem(f"no more than {limit} items allowed", place)
    for index, item in enumerate(value):
        if isinstance(item, Mapping):
            yield f"{place}/{index}", item, ""
        else:
            yield place, None, _problem("must be an object", f"{place}/{index}")


def _section(block: Document, pointer: str) -> Problems:
    if block.get("fields") is None:
        yield from _text(block, "text", MAX_SECTION_TEXT, pointer)
    else:
        yield from _text(block, "text", MAX_SECTION_TEXT, pointer, required=False)
        for place, field, problem in _items(block, "fields", MAX_FIELDS, pointer):
            if field is None:
                yield problem
                continue
            parent, _, index = place.rpartition("/")
            yield from _text({index: field}, index, MAX_FIELD_TEXT, parent)
    accessory = block.get("accessory")
    if isinstance(accessory, Mapping):
        if accessory.get("type") == "image":
            yield from _image(accessory, f"{pointer}/accessory")
        else:
            yield from _element(accessory, f"{pointer}/accessory")


def _header(block: Document, pointer: str) -> Problems:
    yield from _text(block, "text", MAX_HEADER_TEXT, pointer, kinds=("plain_text",))


def _context(block: Document, pointer: str) -> Problems:
    for place, element, problem in _items(block, "elements", MAX_CONTEXT_ELEMENTS, pointer):
        if element is None:
            yield problem
        elif element.get("type") == "image":
            yield from _image(element, place)
        elif element.get("type") in ("mrkdwn", "plain_text"):
            yield from _string(element, "text", MAX_SECTION_TEXT, place)
        else:
            yield _problem(f"unsupported type: {element.get('type')}", f"{place}/type")


def _actions(block: Document, pointer: str) -> Problems:
    seen: set[object] = set()
    for place, element, problem in _items(block, "elements", MAX_ACTIONS, pointer):
        if element is None:
            yield problem
            continue
        yield from _element(element, place)
        action_id = element.get("action_id")
        if action_id is not None and action_id in seen:
            yield _problem("`action_id` must be unique", f"{place}/action_id")
        seen.add(action_id)


def _element(element: Document, pointer: str) -> Problems:
    kind = element.get("type")
    if kind not in ACTION_ELEMENTS:
        yield _problem(f"unsupported type: {kind}", f"{pointer}/type")
        return
    yield from _string(element, "action_id", MAX_ID, pointer, required=False)
    yield from _text(
        element, "placeholder", MAX_PLACEHOLDER, pointer, kinds=("plain_text",), required=False
    )
    confirm = element.get("confirm")
    if isinstance(confirm, Mapping):
        for key, limit in MAX_CONFIRM.items():
            yield from _text(confirm, key, limit, f"{pointer}/confirm")
    if kind == "button":
        yield from _text(element, "text", MAX_BUTTON_TEXT, pointer, kinds=("plain_text",))
        yield from _string(element, "value", MAX_BUTTON_VALUE, pointer, required=False)
        yield from _string(element, "url", MAX_URL, pointer, required=False)
        if element.get("style") not in (None, "primary", "danger"):
            yield _problem("must be one of: primary, danger", f"{pointer}/style")
    elif kind in MAX_OPTIONS and element.get("option_groups") is None:
        for place, option, problem in _items(element, "options", MAX_OPTIONS[kind], pointer):
            if option is None:
                yield problem
            else:
                yield from _text(option, "text", MAX_BUTTON_TEXT, place)
                yield from _string(option, "value", 150, place, required=False)


def _image(block: Document, pointer: str) -> Problems:
    if block.get("slack_file") is None:
        yield from _string(block, "image_url", MAX_URL, pointer)
    yield from _string(block, "alt_text", MAX_ALT_TEXT, pointer)
    yield from _text(block, "title", MAX_ALT_TEXT, pointer, kinds=("plain_text",), required=False)


def _divider(block: Document, pointer: str) -> Problems:
    yield from ()


def _rich_text(block: Document, pointer: str) -> Problems:
    if not isinstance(block.get("elements"), list):
        yield _problem("missing required field: elements", pointer)


_BLOCKS: Final[dict[str, Callable[[Document, str], Problems]]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "rich_text": _rich_text,
    "section": _section,
}
