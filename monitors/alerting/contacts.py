"""Whom to call: who owns what an incident hurts, and where it stands what they do then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The owner of a consumer, and the address of its runbook."""

    owner: str = ""
    runbook: str = ""


Contacts = Mapping[str, Contact]
"""By the consumer's name."""


def contacts_of(*lists: object) -> dict[str, Contact]:
    """Return the contacts that lists of consumers name, as their files have them; of two with one
    name the later counts. What is malformed is left out: whoever reads the file in earnest says
    so."""
    entries: Iterable[object] = (one for each in lists if isinstance(each, list) for one in each)
    return {
        str(entry["name"]): Contact(
            owner=str(entry.get("owner") or ""), runbook=str(entry.get("runbook") or "")
        )
        for entry in entries
        if isinstance(entry, Mapping) and entry.get("name")
    }
