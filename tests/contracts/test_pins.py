"""The published descriptions: which they are, and how they are read without the network."""

import hashlib
import re
from pathlib import Path

import pytest

from contracts import pins
from contracts.errors import NothingMeasuredError, SpecError
from contracts.parsed import keep, recall, remember
from contracts.pins import (
    PINS,
    Pin,
    Whereabouts,
    load_published,
    nearest_pin,
    pin_of,
    pulled_file,
    whereabouts,
)

TEXT = b"openapi: 3.0.1\ninfo: {version: '2.15'}\npaths: {/me: {get: {responses: {}}}}\n"


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> Pin:
    """A pin of 2.15 whose file is `TEXT`: the real ones are not ours to copy."""
    made = Pin(
        version="2.15",
        repository="intercom/Intercom-OpenAPI",
        commit="c" * 40,
        path="descriptions/2.15/api.intercom.io.yaml",
        sha256=hashlib.sha256(TEXT).hexdigest(),
    )
    monkeypatch.setattr(pins, "PINS", {**PINS, "2.15": made})
    return made


def test_all_eleven_versions_are_pinned_and_preview_by_each_of_its_names() -> None:
    assert list(PINS) == [f"2.{minor}" for minor in range(7, 17)] + ["0"]
    assert {pin_of(name).version for name in ("0", "preview", "Preview", "unstable")} == {"0"}
    assert {len(pin.sha256) for pin in PINS.values()} == {64}
    assert len({pin.sha256 for pin in PINS.values()}) == 11


def test_the_pins_are_those_of_the_published_table(shared_dir: Path) -> None:
    table = (shared_dir / "intercom-openapi" / "README.md").read_text()
    published = dict(re.findall(r"^\| ([\d.]+) \| (\w{64}) \|$", table, re.MULTILINE))
    assert {pin.version: pin.sha256 for pin in PINS.values()} == published
    assert all(pin.commit in table for pin in PINS.values())


def test_a_version_that_is_not_pinned_is_refused_with_those_that_are() -> None:
    with pytest.raises(SpecError, match=r"'2\.99' is not pinned: known are 2\.7, .*Preview"):
        pin_of("2.99")


@pytest.mark.parametrize(
    ("version", "judge"),
    [
        ("2.15", "2.15"),
        ("2.17", "2.16"),
        ("3.0", "2.16"),
        ("2.6", None),
        ("preview", "0"),
        ("next", None),
        ("2.x", None),
    ],
)
def test_a_version_is_judged_by_its_own_pin_or_the_nearest_older_one(
    version: str, judge: str | None
) -> None:
    found = nearest_pin(version)
    assert (found.version if found else None) == judge


@pytest.mark.parametrize(
    "place", ["2.15.yaml", "2.15/api.intercom.io.yaml", "descriptions/2.15/api.intercom.io.yaml"]
)
def test_a_description_is_read_from_a_directory_in_any_layout(
    pin: Pin, tmp_path: Path, place: str
) -> None:
    path = tmp_path / "specs" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    spec = load_published("2.15", spec_dir=tmp_path / "specs", cache_dir=tmp_path / "cache")
    assert (spec.version, len(spec.operations)) == ("2.15", 1)
    directory, cache = tmp_path / "specs", tmp_path / "cache"
    assert whereabouts(pin, spec_dir=directory, cache_dir=cache) is Whereabouts.DIRECTORY


def test_a_file_that_was_changed_is_refused(pin: Pin, tmp_path: Path) -> None:
    (tmp_path / "2.15.yaml").write_bytes(TEXT + b"# changed\n")
    with pytest.raises(SpecError, match=r"2\.15\.yaml is not the pinned description.*sha256"):
        load_published("2.15", spec_dir=tmp_path, cache_dir=tmp_path / "cache")


def test_without_a_copy_one_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(NothingMeasuredError) as caught:
        load_published("2.16", spec_dir=None, cache_dir=cache)
    assert "`intercheck spec pull 2.16`" in str(caught.value)
    assert "--spec-dir or INTERCHECK_SPEC_DIR" in str(caught.value)
    with pytest.raises(NothingMeasuredError, match="neither in the cache nor in"):
        load_published("2.16", spec_dir=tmp_path, cache_dir=cache)
    assert whereabouts(PINS["2.16"], spec_dir=None, cache_dir=cache) is Whereabouts.NOWHERE


def test_what_was_pulled_serves_where_the_directory_has_not_got_it(
    pin: Pin, tmp_path: Path
) -> None:
    pulled = pulled_file(tmp_path, pin)
    pulled.write_bytes(TEXT)
    assert load_published("2.15", spec_dir=tmp_path / "no", cache_dir=tmp_path).version == "2.15"
    assert whereabouts(pin, spec_dir=None, cache_dir=tmp_path) is Whereabouts.CACHE
    pulled.write_bytes(b"cut off")
    with pytest.raises(SpecError, match=r"get it again with `intercheck spec pull 2\.15`"):
        load_published("2.15", spec_dir=None, cache_dir=tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-20],
        lambda content: content.replace(b"2.15", b"2.14"),
        lambda content: b"\x00\xff" * 50,
        lambda content: content.partition(b"\n")[2],
    ],
)
def test_a_damaged_cache_is_made_again(pin: Pin, tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    cache = tmp_path / "cache"
    (tmp_path / "2.15.yaml").write_bytes(TEXT)
    first = load_published("2.15", spec_dir=tmp_path, cache_dir=cache)
    (entry,) = cache.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    again = load_published("2.15", spec_dir=tmp_path, cache_dir=cache)
    assert again.document == first.document
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(pin: Pin, tmp_path: Path) -> None:
    (tmp_path / "2.15.yaml").write_bytes(TEXT)
    (tmp_path / "file").write_text("not a folder")
    spec = load_published("2.15", spec_dir=tmp_path, cache_dir=tmp_path / "file" / "cache")
    assert spec.version == "2.15"


def test_what_is_kept_is_not_made_twice_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, str]:
        made.append(1)
        return {"ü": "\u2028"}

    place = tmp_path / "deep" / "entry.json"
    assert [remember(place, make) for _ in range(3)] == [{"ü": "\u2028"}] * 3
    assert len(made) == 1
    assert [path.name for path in place.parent.iterdir()] == ["entry.json"]


def test_text_that_is_not_unicode_is_kept_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "entry"
    keep(place, {"a": "\ud800"})
    assert recall(place) == {"a": "\ud800"}


def test_every_description_that_lies_in_the_shared_folder_is_the_pinned_one(
    shared_dir: Path, tmp_path: Path
) -> None:
    directory = shared_dir / "intercom-openapi"
    here = [
        pin
        for pin in PINS.values()
        if whereabouts(pin, spec_dir=directory, cache_dir=tmp_path) is Whereabouts.DIRECTORY
    ]
    assert len(here) == 7
    for pin in here:
        assert pin.keeps((directory / f"{pin.version}.yaml").read_bytes())


def test_the_parsed_form_says_the_same_as_the_file(shared_dir: Path, tmp_path: Path) -> None:
    directory = shared_dir / "intercom-openapi"
    cold = load_published("2.7", spec_dir=directory, cache_dir=tmp_path)
    warm = load_published("2.7", spec_dir=directory, cache_dir=tmp_path)
    assert warm.document == cold.document
    assert warm.version == "2.7"
