"""Entries are added to and taken out of a ledger's text; everything else in it stays."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.deviations import Deviation, parse_deviations, read_ledger
from contracts.documents import parse_document
from contracts.errors import ConfigurationError
from contracts.ledger_text import with_entries, without_entries

UNTIL = date(2027, 1, 31)
TEXT = """# ours
# --- contacts
- cause: v1:000000000000000a   # told them in May
  reason: first
  until: 2027-01-31

# --- the others
- cause: v1:000000000000000b
  reason: second
  until: 2027-01-31
"""


def entry(cause: str = "v1:000000000000000c", reason: str = "third", link: str = "") -> Deviation:
    return Deviation(keys=(cause,), reason=reason, until=UNTIL, link=link)


def keys(text: str) -> list[tuple[str, ...]]:
    return [one.keys for one in parse_deviations(parse_document(text, source="mine"))]


def test_an_entry_is_added_below_what_is_there_which_stays_as_it_was() -> None:
    extended = with_entries(TEXT, [entry()], source="mine")
    assert extended.startswith(TEXT)
    assert keys(extended)[-1] == ("v1:000000000000000c",)


def test_what_is_accepted_anew_takes_the_place_of_what_has_expired() -> None:
    anew = entry("v1:000000000000000a", "still so")
    beside = with_entries(TEXT, [anew], source="mine", today=UNTIL)
    assert keys(beside) == [("v1:000000000000000a",), ("v1:000000000000000b",), anew.keys]
    later = UNTIL + timedelta(days=1)
    instead = with_entries(TEXT, [anew], source="mine", today=later)
    assert keys(instead) == [("v1:000000000000000b",), anew.keys]
    assert "# --- contacts" in instead


def test_a_new_file_begins_with_what_it_is() -> None:
    assert with_entries("", [entry()], source="mine").startswith("# Deviations")


def test_a_dropped_entry_takes_nothing_else_along() -> None:
    left = without_entries(TEXT, {0}, source="mine")
    assert keys(left) == [("v1:000000000000000b",)]
    assert "# --- contacts" in left
    assert "# --- the others" in left
    assert "told them in May" not in left


def test_the_last_entry_can_be_dropped_and_the_rest_is_still_a_ledger(tmp_path: Path) -> None:
    left = without_entries(TEXT, {0, 1}, source="mine")
    file = tmp_path / "deviations.yaml"
    file.write_text(left, "utf-8")
    assert not read_ledger(file).deviations
    assert "# ours" in left


@given(
    st.lists(st.sampled_from("abcdef0123456789"), min_size=16, max_size=16), st.text(), st.text()
)
def test_whatever_the_reason_says_it_is_read_back_as_it_was(
    digits: list[str], reason: str, link: str
) -> None:
    cause = f"v1:{''.join(digits)}"
    reason, link = " ".join(f"a {reason}".split()), " ".join(link.split())
    try:
        extended = with_entries(TEXT, [entry(cause, reason, link)], source="mine")
    except ConfigurationError:
        return  # characters that YAML has no way to write
    written = parse_deviations(parse_document(extended, source="mine"))[-1]
    assert (written.keys, written.reason, written.link) == ((cause,), reason, link)


@pytest.mark.parametrize("text", ["[]", "a: b\n", "- [\n", "{"])
def test_what_cannot_be_extended_is_refused_and_not_overwritten(text: str) -> None:
    with pytest.raises(ConfigurationError, match="mine"):
        with_entries(text, [entry()], source="mine")
