"""Canonical JSON: one text per content, and chains that see every change."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.stores.canonical import GENESIS, canonical, digest, link

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back_and_written_alike(value):
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


@given(st.dictionaries(TEXT, st.integers(0, 9), min_size=2))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_nul_and_a_true_are_not_one_and_zero():
    texts = [canonical(v) for v in (None, False, 0, 0.0, -0.0, "", "0", [], {}, [0])]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("inf")], 2**63, {"a": {1: 2}}, {"\0": 1}, {1, 2}, b""],
)
def test_what_is_no_plain_json_is_refused(value):
    with pytest.raises(InputError) as caught:
        canonical(value)
    assert caught.value.way_out


@given(st.lists(st.lists(TEXT | st.integers(0, 9), max_size=3), min_size=2, max_size=5))
def test_a_link_depends_on_all_before_it_and_on_where_fields_end(entries):
    chains = []
    for given_entries in (entries, entries[1:] + entries[:1], [["x"], *entries[1:]]):
        previous = GENESIS
        for fields in given_entries:
            previous = link(previous, fields)
        chains.append((given_entries, previous))
    for one, chain in chains:
        for other, another in chains:
            assert (chain == another) is (one == other)
    assert link(GENESIS, ["ab", "c"]) != link(GENESIS, ["a", "bc"])


def test_the_hash_is_that_of_the_text():
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc") == expected  # FIPS 180-2
