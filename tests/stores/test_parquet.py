"""Parquet bytes and hashes of content: the same for the same frame."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tradeloop.stores import parquet

VALUES = {
    pl.Int8(): st.integers(-128, 127),
    pl.UInt64(): st.integers(0, 2**64 - 1),
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.Float64(): st.floats(allow_nan=False),
    pl.Float32(): st.floats(width=32, allow_nan=False),
    pl.String(): st.text(max_size=4),
    pl.Boolean(): st.booleans(),
    pl.Date(): st.dates(),
}


@st.composite
def frames(draw) -> pl.DataFrame:
    rows = draw(st.integers(0, 4))
    return pl.DataFrame(
        [
            pl.Series(
                f"c{k}",
                draw(st.lists(st.none() | values, min_size=rows, max_size=rows)),
                dtype=dtype,
            )
            for k, (dtype, values) in enumerate(VALUES.items())
        ]
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=4))
def test_parquet_gives_back_each_frame_and_many_at_once_are_the_same_bytes(
    given_frames,
):
    named = {f"{k}.parquet": f for k, f in enumerate(given_frames)}
    together = {path: bytes(data) for path, data in parquet.encode_all(named)}
    for path, one in named.items():
        alone = bytes(parquet.encode(one))
        assert together[path] == alone
        back = pl.read_parquet(alone)
        assert_frame_equal(back, one)
        assert parquet.content_sha256(back) == parquet.content_sha256(one)


@settings(max_examples=60, deadline=None)
@given(frames(), frames())
def test_frames_have_one_hash_exactly_when_they_say_the_same(one, other):
    same = one.equals(other) and str(one.rows()) == str(other.rows())
    assert (parquet.content_sha256(one) == parquet.content_sha256(other)) is same


def test_the_hash_sees_names_types_nulls_and_where_texts_end():
    base = pl.DataFrame({"a": ["x", "yz"], "b": [0, 1]})
    others = [
        base.rename({"a": "c"}),
        base.cast({"b": pl.Int32}),
        base.with_columns(a=pl.Series(["xy", "z"])),
        base.with_columns(b=pl.Series([None, 1])),
        base.select("b", "a"),
        base.reverse(),
        base[:1],
    ]
    hashes = {parquet.content_sha256(f) for f in [base, *others]}
    assert len(hashes) == len(others) + 1
