"""Seeded answers of list operations: the same seed gives the same objects and pages."""

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

POLLS: Final = 8  # a day
PAGE: Final = 10

Item = dict[str, Any]
Mutation = Callable[[Item], None]


def contact(number: int, day: int) -> Item:
    """A contact; leads have no external id, one in fifty no location."""
    chance = random.Random(f"contact {number}")
    item: Item = {
        "type": "contact",
        "id": f"{number:024x}",
        "role": chance.choice(("user", "user", "lead")),
        "email": f"p{number}@example.com" if chance.random() < 0.8 else None,
        "name": f"{number}" if chance.random() < 0.05 else f"Person {number}",
        "has_hard_bounced": False,
        "created_at": 1_600_000_000 + number,
        "last_seen_at": 1_650_000_000 + day if chance.random() < 0.6 else None,
        "owner_id": chance.randrange(1000, 2000) if chance.random() < 0.3 else None,
        "browser": chance.choice(("chrome", "firefox", "safari", "edge")),
        "tags": {
            "type": "list",
            "data": [
                {"type": "tag", "id": str(one), "url": f"/tags/{one}"}
                for one in chance.sample(range(40), chance.randrange(4))
            ],
            "url": f"/contacts/{number}/tags",
            "total_count": 0,
            "has_more": False,
        },
        "custom_attributes": {
            f"attribute_{(day // 7 + at) % 30}": chance.choice((None, 3, "x"))
            for at in range(chance.randrange(6))
        },
        "utm_source": None if chance.random() < 0.99 else "newsletter",
    }
    if chance.random() < 0.98:
        item["location"] = {"type": "location", "country": "Ireland", "city": "Dublin"}
    if chance.random() < 0.3:
        item["avatar"] = {"type": "avatar", "image_url": f"https://example.com/{number}.png"}
    if chance.random() < 0.01:
        item["sms_consent"] = True
    item["phone"] = None if chance.random() < 0.05 else "+353"
    return item


def conversation(number: int, day: int) -> Item:
    """A conversation: five kinds of source, parts whose form depends on their kind."""
    chance = random.Random(f"conversation {number}")
    kind = chance.choice(("email", "conversation", "push", "instagram", "phone_call"))
    source: Item = {"type": kind, "id": str(number), "body": "<p>x</p>", "delivered_as": "admin"}
    if kind == "email":
        source |= {"subject": "Question", "recipients": []}
    if kind == "phone_call":
        source |= {"phone": "+353", "seconds": chance.randrange(900)}
    item: Item = {
        "type": "conversation",
        "id": str(number),
        "state": chance.choice(("open", "closed", "closed", "snoozed")),
        "created_at": 1_600_000_000 + number,
        "waiting_since": 1_650_000_000 + day if chance.random() < 0.2 else None,
        "snoozed_until": 1_750_000_000 if chance.random() < 0.02 else None,
        "admin_assignee_id": chance.randrange(1, 30),
        "open": chance.random() < 0.5,
        "source": source,
        "statistics": {"time_to_reply": chance.randrange(99), "count_reopens": 0},
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": [_part(chance, number, at) for at in range(3)],
        },
        "custom_attributes": {f"k{day // 11}": "v"},
    }
    if chance.random() < 0.4:
        item["ai_agent"] = {"resolution_state": chance.choice(("resolved", "escalated"))}
    return item


def _part(chance: random.Random, number: int, at: int) -> Item:
    part: Item = {
        "type": "conversation_part",
        "id": f"{number}-{at}",
        "part_type": chance.choice(("comment", "note", "assignment", "close")),
        "body": None if chance.random() < 0.4 else "text",
    }
    part["author"] = (
        {"type": "admin", "id": str(chance.randrange(20)), "email": "a@example.com"}
        if chance.random() < 0.6
        else {"type": "bot", "id": "1", "name": "Fin", "is_ai": True}
    )
    if part["part_type"] == "assignment":
        part["assigned_to"] = {"type": "admin", "id": str(chance.randrange(20))}
    return part


def ticket(number: int, day: int) -> Item:
    """A ticket: polymorphic without saying so, and with a value that is seldom a list."""
    chance = random.Random(f"ticket {number}")
    item: Item = {
        "type": "ticket",
        "id": str(number),
        "category": chance.choice(("Customer", "Back-office", "Tracker")),
        "created_at": 1_600_000_000 + number,
        "ticket_attributes": {"title": "x", f"field {day % 5}": 1},
        "linked": {"before": chance.choice(("a", "b")), "after": chance.choice((1, "c"))},
        "email_domain": "example.com",
        "url": f"https://example.com/tickets/{number}",
        "priority": ["high"] if chance.random() < 0.01 else "high",
    }
    if item["category"] == "Tracker":
        item["children"] = [chance.randrange(99) for _ in range(chance.randrange(3))]
    item["company_id"] = None if chance.random() < 0.02 else str(number % 40)
    return item


MAKERS: Final = {"contacts": contact, "conversations": conversation, "tickets": ticket}


def answers(
    maker: Callable[[int, int], Item], seed: int, days: range, mutate: Mutation | None = None
) -> Iterator[tuple[int, Item]]:
    """Yield a page by day: the newest, with some older ones between them, in no fixed order."""
    for day in days:
        for poll in range(POLLS):
            chance = random.Random(f"{seed} {day} {poll}")
            newest = (day * POLLS + poll + 1) * 3
            numbers = {max(0, newest - at) for at in range(PAGE - 3)}
            numbers |= {chance.randrange(newest + 1) for _ in range(3)}
            items = [maker(seed * 1_000_000 + number, day) for number in sorted(numbers)]
            chance.shuffle(items)
            for item in items if mutate else ():
                mutate(item)  # type: ignore[misc]
            yield (
                day,
                {
                    "type": "list",
                    "data": items,
                    "total_count": newest,
                    "pages": {
                        "type": "pages",
                        "page": 1,
                        "next": None if poll % 2 else {"page": 2},
                    },
                },
            )
