"""What a workspace has before anyone writes to it: staff, ticket types, articles, attributes."""

from typing import Any, Final

from sandbox.intercom.names import DAY, FAMILY, GIVEN, TOPICS
from sandbox.intercom.store import Record, Store

ARTICLES: Final = 23
PUBLICATIONS: Final = 3
COLLECTIONS: Final = 22
ACTIVITY_LOGS: Final = 24


def add_staff(store: Store, now: int) -> None:
    teams = [
        store.add(
            "team",
            name=name,
            admin_ids=[],
            assignment_limit=None,
            distribution_method="round_robin",
            admin_priority_level={"primary_admin_ids": [], "secondary_admin_ids": []},
        )
        for name in ("Support", "Success", "Billing")
    ]
    for number, title in enumerate(("Lead", "Associate", "Associate", "Engineer", "Manager")):
        name = f"{GIVEN[-number - 1]} {FAMILY[number]}"
        team = teams[number % len(teams)]
        admin = store.add(
            "admin",
            name=name,
            email=f"{name.split()[0].lower()}@acme.example.com",
            job_title=title,
            away_mode_enabled=False,
            away_mode_reassign=False,
            away_status_reason_id=None,
            has_inbox_seat=True,
            team_ids=[int(team.id)],
            avatar={"type": "avatar", "image_url": f"https://static.example.com/{number}.png"},
            email_verified=True,
            team_priority_level={"primary_team_ids": [int(team.id)], "secondary_team_ids": []},
        )
        team.fields["admin_ids"].append(int(admin.id))
        team.fields["admin_priority_level"]["primary_admin_ids"].append(int(admin.id))
    admins = store.all("admin")
    for number in range(ACTIVITY_LOGS):
        admin = admins[number % len(admins)]
        store.add(
            "activity_log",
            performed_by={
                "type": "admin",
                "id": admin.id,
                "email": admin.fields["email"],
                "ip": "192.0.2.10",
            },
            metadata={},
            created_at=now - number * DAY // 4,
            activity_type="app_name_change",
            activity_description="Admin updated the app's name.",
        )


def ticket_types(store: Store, now: int) -> list[Record]:
    if not store.all("ticket_type"):
        for category, internal, external in (
            ("submitted", "New", "Submitted"),
            ("in_progress", "With engineering", "In progress"),
            ("waiting_on_customer", "Waiting", "Waiting on you"),
            ("resolved", "Done", "Resolved"),
        ):
            store.add(
                "ticket_state",
                category=category,
                internal_label=internal,
                external_label=external,
                archived=False,
            )
        for name, category in (("Bug", "Customer"), ("Request", "Customer"), ("Task", "Tracker")):
            store.add(
                "ticket_type",
                name=name,
                category=category,
                description=f"{name}s of customers.",
                icon="🎟️",
                archived=False,
                is_internal=False,
                created_at=now - 500 * DAY,
                updated_at=now - 90 * DAY,
            )
    return store.all("ticket_type")


def add_content(store: Store, now: int) -> None:
    author = store.all("admin")[0]
    collections = [
        store.add(
            "collection",
            name=f"Guide {number + 1}",
            description="How it works.",
            created_at=now - 300 * DAY,
            updated_at=now - 20 * DAY,
            url=f"https://help.example.com/en/collections/{number + 1}",
            icon="book-bookmark",
            order=number + 1,
            default_locale="en",
            parent_id=None,
            help_center_id=123,
        )
        for number in range(COLLECTIONS)
    ]
    for number in range(ARTICLES):
        collection = collections[number % len(collections)]
        store.add(
            "article",
            title=f"How to deal with {TOPICS[number % len(TOPICS)]} ({number + 1})",
            description="A short answer.",
            body="<p>First, breathe.</p>",
            author_id=int(author.id),
            state="published" if number % 4 else "draft",
            created_at=now - (200 - number) * DAY,
            updated_at=now - (40 - number) * DAY,
            parent_id=int(collection.id),
            parent_ids=[int(collection.id)],
            parent_type="collection",
            default_locale="en",
            tag_ids=[],
        )
    for number in range(PUBLICATIONS):
        moments = {"created_at": now - (90 - number) * DAY, "updated_at": now - (30 - number) * DAY}
        store.add(
            "internal_article",
            title=f"What to say about {TOPICS[number % len(TOPICS)]}",
            body="<p>First, listen.</p>",
            author_id=int(author.id),
            owner_id=int(author.id),
            locale="en",
            **moments,
        )
        store.add(
            "news-item",
            title=f"News about {TOPICS[number % len(TOPICS)]}",
            body="<p>It is here.</p>",
            sender_id=int(author.id),
            state="live" if number else "draft",
            labels=["Product"],
            reactions=["👍"],
            newsfeed_assignments=[],
            cover_image_url=None,
            deliver_silently=True,
            **moments,
        )


def add_attributes(store: Store, now: int) -> None:
    custom: tuple[tuple[str, str, str], ...] = (
        ("contact", "crm_id", "string"),
        ("contact", "seats", "integer"),
        ("contact", "plan_name", "string"),
        ("company", "crm_stage", "string"),
    )
    standard: tuple[tuple[str, str, str], ...] = (
        ("contact", "email", "string"),
        ("contact", "created_at", "date"),
        ("company", "name", "string"),
    )
    for model, name, data_type in (*standard, *custom):
        is_custom = (model, name, data_type) in custom
        extra: dict[str, Any] = {"admin_id": store.all("admin")[0].id} if is_custom else {}
        store.add(
            "data_attribute",
            model=model,
            name=name,
            full_name=f"custom_attributes.{name}" if is_custom else name,
            label=name.replace("_", " ").capitalize(),
            description=f"The {name.replace('_', ' ')} of a {model}.",
            data_type=data_type,
            options=[],
            api_writable=is_custom,
            messenger_writable=False,
            ui_writable=is_custom,
            custom=is_custom,
            archived=False,
            created_at=now - 500 * DAY,
            updated_at=now - 100 * DAY,
            **extra,
        )
    for name in ("Newsletter", "Product updates"):
        store.add(
            "subscription_type",
            state="live",
            default_translation={"name": name, "description": name, "locale": "en"},
            translations=[{"name": name, "description": name, "locale": "en"}],
            consent_type="opt_in",
            content_types=["email"],
        )
