"""Things of a made-up API, and states that learned them."""

from collections.abc import Callable, Iterable
from typing import Any

from monitors.shapes import Change, State, keyed_hash, learn

HASHED = keyed_hash("a test")
Item = dict[str, Any]


def thing(number: int) -> Item:
    return {
        "type": "thing",
        "id": str(number),
        "size": number,
        "url": f"https://example.com/{number}",
        "created_at": 1_700_000_000 + number,
        "label": {"text": "x"},
        "teams": [number] * (number % 3),
        "links": [{"href": "x"}],
        "kind": ("a", "b")[number % 2],
    }


def page(items: Iterable[Item]) -> Item:
    return {"type": "list", "data": list(items), "pages": None}


def learned(objects: int = 200, make: Callable[[int], Item] = thing) -> State:
    """A state that saw ten objects a day."""
    state = State()
    for day in range(objects // 10):
        numbers = range(day * 10, day * 10 + 10)
        assert learn(state, page(map(make, numbers)), day=day, hashed=HASHED) == ()
    return state


def changes(
    state: State, change: Callable[[Item], object], *, count: int = 10, first: int = 1000
) -> list[Change]:
    """What is found when so many new objects come, all changed."""
    items = [thing(first + at) for at in range(count)]
    for item in items:
        change(item)
    return list(learn(state, page(items), day=100, hashed=HASHED))
