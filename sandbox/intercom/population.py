"""The people, companies and conversations that a workspace begins with.

Two pages of everything that is paginated at 20 a page. The same seed and the same moment give the
same workspace. Nobody in it exists.
"""

from random import Random
from typing import Final

from sandbox.intercom.furnishing import add_attributes, add_content, add_staff, ticket_types
from sandbox.intercom.names import DAY, FAMILY, GIVEN, TOPICS
from sandbox.intercom.store import Record, Store

CONTACTS: Final = 46
ARCHIVED_CONTACTS: Final = 2
COMPANIES: Final = 24
CONVERSATIONS: Final = 32
TICKETS: Final = 26
TAGS: Final = 22

_PLACES: Final = (
    ("Ireland", "Leinster", "Dublin"),
    ("Germany", "Berlin", "Berlin"),
    ("Japan", "Tokyo", "Tokyo"),
    ("Brazil", "São Paulo", "São Paulo"),
    ("Kenya", "Nairobi County", "Nairobi"),
)
_TRADES: Final = ("Robotics", "Logistics", "Textiles", "Energy", "Media", "Dairy")
_PLANS: Final = ("Free", "Team", "Business")


def populate(store: Store, *, now: int) -> None:
    """Fill an empty workspace; `now` is in Unix seconds."""
    random = store.random
    add_staff(store, now)
    tags = [store.add("tag", name=_tag_name(number)) for number in range(TAGS)]
    segments = [
        store.add(
            "segment",
            name=name,
            person_type="user",
            created_at=now - 400 * DAY,
            updated_at=now - 30 * DAY,
        )
        for name in ("Active", "New", "Slipping away", "Paying")
    ]
    companies = [_company(store, number, now) for number in range(COMPANIES)]
    contacts = [_contact(store, number, now) for number in range(CONTACTS)]
    for contact in contacts:
        contact.fields["company_ids"] = [random.choice(companies).id]
        contact.fields["tag_ids"] = [one.id for one in random.sample(tags, 2)]
        contact.fields["segment_ids"] = [random.choice(segments).id]
        _note(store, contact, now)
    for company in companies:
        company.fields["tag_ids"] = [random.choice(tags).id]
        company.fields["segment_ids"] = [random.choice(segments).id]
    for contact in contacts[-ARCHIVED_CONTACTS:]:
        contact.fields["archived"] = True
    living = contacts[:-ARCHIVED_CONTACTS]
    for number in range(CONVERSATIONS):
        _conversation(store, random.choice(living), random.choice(tags), number, now)
    for number in range(TICKETS):
        _ticket(store, random.choice(living), number, now)
    add_content(store, now)
    add_attributes(store, now)


def _tag_name(number: int) -> str:
    names = ("Feature request", "Bug", "Billing", "VIP", "Onboarding", "Churn risk", "Beta")
    return names[number] if number < len(names) else f"Campaign {number - len(names) + 1}"


def _company(store: Store, number: int, now: int) -> Record:
    random = store.random
    name = f"{FAMILY[number % len(FAMILY)]} {_TRADES[number % len(_TRADES)]}"
    seats = random.randint(3, 400)
    plan = random.choice(_PLANS)
    return store.add(
        "company",
        company_id=f"acct_{1000 + number}",
        name=name,
        plan={"type": "plan", "id": str(100 + _PLANS.index(plan)), "name": plan},
        remote_created_at=now - 700 * DAY,
        created_at=now - (600 - number) * DAY,
        updated_at=now - random.randint(1, 20) * DAY,
        last_request_at=now - random.randint(1, 72) * 3600,
        size=seats,
        website=f"https://{name.split()[0].lower()}.example.com",
        industry=_TRADES[number % len(_TRADES)],
        monthly_spend=seats * 12,
        session_count=random.randint(10, 900),
        custom_attributes={"crm_stage": random.choice(("lead", "customer", "partner"))},
        tag_ids=[],
        segment_ids=[],
    )


def _contact(store: Store, number: int, now: int) -> Record:
    random = store.random
    given, family = GIVEN[number % len(GIVEN)], FAMILY[(number * 7 + 3) % len(FAMILY)]
    created = now - (CONTACTS - number) * 3 * DAY - random.randint(0, DAY)
    seen = now - random.randint(1, 240) * 3600
    country, region, city = random.choice(_PLACES)
    is_user = number % 5 != 4  # every fifth is a lead
    return store.add(
        "contact",
        role="user" if is_user else "lead",
        external_id=f"user_{5000 + number}" if is_user else None,
        email=f"{given.lower()}.{family.lower()}{number}@example.com",
        phone=f"+3531555{1000 + number}" if number % 3 else None,
        name=f"{given} {family}",
        avatar=None,
        owner_id=int(random.choice(store.all("admin")).id),
        has_hard_bounced=False,
        marked_email_as_spam=False,
        unsubscribed_from_emails=number % 9 == 0,
        created_at=created,
        updated_at=seen,
        signed_up_at=created if is_user else None,
        last_seen_at=seen,
        last_replied_at=seen if number % 2 else None,
        last_contacted_at=seen,
        language_override=None,
        browser="chrome",
        browser_version="145.0",
        browser_language="en",
        os="OS X 15.3",
        location={"type": "location", "country": country, "region": region, "city": city},
        custom_attributes={
            "crm_id": f"CRM-{20_000 + number}",
            "seats": random.randint(1, 60),
            "plan_name": random.choice(_PLANS),
        },
        archived=False,
        tag_ids=[],
        company_ids=[],
        segment_ids=[],
    )


def _note(store: Store, contact: Record, now: int) -> None:
    admin = store.random.choice(store.all("admin"))
    for number in range(2):
        store.add(
            "note",
            contact_id=contact.id,
            admin_id=admin.id,
            body=f"<p>Spoke about {TOPICS[number]}.</p>",
            created_at=now - (10 + number) * DAY,
        )


def _times(random: Random, now: int, number: int) -> tuple[int, int]:
    created = now - number * 2 * DAY - random.randint(3600, DAY)
    return created, created + random.randint(1800, 40_000)


def _conversation(store: Store, contact: Record, tag: Record, number: int, now: int) -> None:
    random = store.random
    created, updated = _times(random, now, CONVERSATIONS - number)
    admin, team = random.choice(store.all("admin")), random.choice(store.all("team"))
    topic = TOPICS[number % len(TOPICS)]
    conversation = store.add(
        "conversation",
        title=None if number % 4 else topic.capitalize(),
        created_at=created,
        updated_at=updated,
        waiting_since=None,
        snoozed_until=None,
        state=("open", "closed", "open", "snoozed")[number % 4],
        priority="priority" if number % 6 == 0 else "not_priority",
        admin_assignee_id=int(admin.id),
        team_assignee_id=int(team.id),
        company=None,
        custom_attributes={"Order number": f"A-{7000 + number}"},
        body=f"<p>Hello, I need help with {topic}.</p>",
        contact_ids=[contact.id],
        tag_ids=[tag.id],
    )
    talk: tuple[tuple[str, Record, str | None], ...] = (
        ("assignment", admin, None),
        ("comment", admin, "<p>Thank you for writing, I am looking into it.</p>"),
        ("comment", contact, "<p>Any news?</p>"),
    )
    for step, (part_type, author, body) in enumerate(talk):
        store.add(
            "part",
            of=conversation.id,
            part_type=part_type,
            body=body,
            author=(author.kind, author.id),
            assignee_id=admin.id if part_type == "assignment" else None,
            created_at=created + 300 * (step + 1),
            updated_at=created + 300 * (step + 1),
            notified_at=created + 300 * (step + 1),
            external_id=None,
        )


def _ticket(store: Store, contact: Record, number: int, now: int) -> None:
    random = store.random
    created, updated = _times(random, now, TICKETS - number)
    admin = random.choice(store.all("admin"))
    ticket = store.add(
        "ticket",
        ticket_type_id=random.choice(ticket_types(store, now)).id,
        ticket_state_id=random.choice(store.all("ticket_state")).id,
        ticket_attributes={
            "_default_title_": TOPICS[number % len(TOPICS)].capitalize(),
            "_default_description_": "As described in the conversation.",
        },
        admin_assignee_id=admin.id,
        team_assignee_id=str(admin.fields["team_ids"][0]),
        contact_ids=[contact.id],
        tag_ids=[],
        created_at=created,
        updated_at=updated,
        open=number % 3 != 0,
        is_shared=True,
    )
    store.add(
        "part",
        of=ticket.id,
        part_kind="ticket_part",
        part_type="comment",
        body="<p>Taken over.</p>",
        author=("admin", admin.id),
        created_at=updated,
        updated_at=updated,
    )
