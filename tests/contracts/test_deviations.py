"""The ledger of accepted deviations: read strictly, ends on its day, and says only what is so."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.deviations import PACKAGED, Ledger, parse_deviations, read_ledger
from contracts.documents import parse_document
from contracts.errors import ConfigurationError
from contracts.spec import read_spec

CAUSE = "v1:0123456789abcdef"
ENTRY = f"- cause: {CAUSE}\n  reason: known\n  until: 2027-01-31\n"
ON_TIME, TOO_LATE = date(2027, 1, 31), date(2027, 2, 1)


def ledger(text: str) -> Ledger:
    return Ledger(deviations=parse_deviations(parse_document(text, source="mine.yaml")))


def test_an_entry_accepts_its_cause_up_to_and_on_its_last_day() -> None:
    assert ledger(ENTRY).accepted(ON_TIME) == {CAUSE: "known"}
    assert ledger(ENTRY).accepted(TOO_LATE) == {}


def test_an_expired_entry_is_told_with_its_line_unless_another_one_renews_it() -> None:
    expired = ledger(ENTRY).expired(TOO_LATE)
    assert [one.where for one in expired] == ["mine.yaml:1"]
    renewed = ledger(ENTRY + ENTRY.replace("2027", "2028"))
    assert not renewed.expired(TOO_LATE)


def test_places_and_kinds_accept_each_pair_of_them_and_no_other_kind() -> None:
    written = ledger(
        "- place: [contact/email, contact/name]\n  kind: [string>null, string>integer]\n"
        "  reason: known\n  until: 2027-01-31\n"
    )
    assert set(written.accepted(ON_TIME)) == {
        "contact/email string>null",
        "contact/email string>integer",
        "contact/name string>null",
        "contact/name string>integer",
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("cause: v1:0", "a ledger is a list"),
        ("- 7", "an entry is a mapping"),
        (ENTRY + "  untill: 2027-01-31\n", "did you mean `until`?"),
        (ENTRY.replace(CAUSE, "v1:0"), "16 hex digits"),
        (ENTRY.replace("2027-01-31", "soon"), "`until` is a day"),
        (f"- cause: {CAUSE}\n  until: 2027-01-31\n", "needs `reason`"),
        (f"- cause: {CAUSE}\n  reason: known\n", "needs `until`"),
        ("- reason: known\n  until: 2027-01-31\n", "either `cause:`"),
        (ENTRY + "  place: contact/email\n", "either `cause:`"),
        ("- place: contact/email\n  reason: known\n  until: 2027-01-31\n", "`kind` is"),
        (ENTRY.replace(CAUSE, "[]"), "the list is empty"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml:1: ") as refusal:
        ledger(text)
    assert complaint in str(refusal.value)


@given(st.text())
def test_no_text_makes_the_reader_fail_otherwise_than_by_refusing(text: str) -> None:
    entry = {"cause": text, "reason": text, "until": text, "link": text, "seen": text}
    document = parse_document(ENTRY, source="mine.yaml")
    with pytest.raises(ConfigurationError):
        parse_deviations(type(document)(value=[entry], source="mine.yaml"))


def test_a_file_that_is_not_there_or_holds_only_comments_accepts_nothing(tmp_path: Path) -> None:
    comments = tmp_path / "comments.yaml"
    comments.write_text("# nothing yet\n\n", "utf-8")
    assert read_ledger(tmp_path / "absent.yaml", comments) == Ledger()


def test_a_broken_file_is_refused_by_name_and_line(tmp_path: Path) -> None:
    broken = tmp_path / "deviations.yaml"
    broken.write_text("- cause: [\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"deviations\.yaml:1"):
        read_ledger(broken)


def test_every_packaged_entry_has_a_reason_a_link_and_a_last_day() -> None:
    for one in read_ledger(PACKAGED).deviations:
        assert one.reason
        assert one.link.startswith("https://"), one.where
        assert one.until > date(2026, 11, 22), one.where


def test_every_packaged_place_is_one_of_a_component_that_intercom_publishes(
    shared_dir: Path,
) -> None:
    known: set[str] = set()
    for version in ("2.11", "2.14", "2.15", "2.16"):
        spec = read_spec(shared_dir / "intercom-openapi" / f"{version}.yaml")
        known |= set(spec.document["components"]["schemas"])
    keys = read_ledger(PACKAGED).accepted(date(2026, 11, 22))
    assert {key.partition("/")[0] for key in keys} <= known
