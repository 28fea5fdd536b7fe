"""Whom to call: who owns what an incident hurts, and where it stands what they do then."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The owner of a consumer, and the address of its runbook."""

    owner: str = ""
    runbook: str = ""


Contacts = Mapping[str, Contact]
"""By the consumer's name."""


def contacts_of(entries: object) -> dict[str, Contact]:
    """Return the contacts that a list of consumers names, as its file has it. What is malformed is
    left out: whoever reads the file in earnest says so."""
    return {
        str(entry["name"]): Contact(
            owner=str(entry.get("owner") or ""), runbook=str(entry.get("runbook") or "")
        )
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping) and entry.get("name")
    }
