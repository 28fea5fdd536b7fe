"""What is packed comes out as it went in."""

import json

from hypothesis import given
from hypothesis import strategies as st

from monitors.latencies import Latencies
from monitors.packed import LEAST, packed, unpacked

numbers = st.none() | st.floats(allow_nan=False)
# The keys that are in use, not those that packing itself uses.
names = st.sampled_from(["hours", "seen", "at"])
forms = st.recursive(
    numbers
    | st.integers()
    | st.booleans()
    | st.lists(numbers, max_size=3 * LEAST)
    | st.lists(st.booleans(), max_size=2 * LEAST)
    | st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=2 * LEAST)
    | st.lists(st.integers() | numbers, max_size=2 * LEAST),
    lambda one: st.dictionaries(names, one, max_size=3),
    max_leaves=6,
)


@given(forms)
def test_what_is_packed_comes_out_as_it_went_in(form: object) -> None:
    stored = json.loads(json.dumps(packed(form)))
    # Types count too: 1, 1.0 and true are equal.
    assert repr(unpacked(stored)) == repr(form)
    assert repr(unpacked(form)) == repr(form), "what was stored before packing"


def test_a_long_list_is_shorter_than_its_text() -> None:
    form = {"hours": [0.1234567890123 * n for n in range(168)], "seen": [None] * 1000}
    assert len(json.dumps(packed(form))) < len(json.dumps(form)) / 2


@given(st.text(), st.sampled_from(["f8", "flags"]))
def test_what_somebody_else_wrote_is_forgotten(text: str, kind: str) -> None:
    document = {"operations": {"a b c": {"watch": {kind: text}}}, "commits": {}}
    assert list(Latencies.of(document)) == ["a b c"]
