"""Ticks as streams: what tells two ticks apart, and how their numbers count."""

from collections.abc import Callable

import polars as pl

from tradeloop.quality.base import Evidence

EMPTY = {"instrument": pl.String, "event_ns": pl.Int64}
"""Columns of a stream in which nothing was found."""

_NUMBERED = {
    "quote": ("sequence", "sequence"),
    "trade": ("trade_id", "trade_id"),
    "book_delta": ("first_sequence", "last_sequence"),
}


def over_ticks(
    evidence: Evidence, find: Callable[[pl.DataFrame, str], pl.DataFrame]
) -> pl.DataFrame:
    """Run a rule over each kind of ticks, and stack what it finds.

    Parameters
    ----------
    evidence : Evidence
        Its ticks.
    find : callable
        From the frame, with its row numbers in ``row``, and its kind to the rows
        found, with instrument, event_ns and row; they get a column ``kind``.
    """
    found = [
        find(frame.with_row_index("row"), kind).with_columns(kind=pl.lit(kind))
        for kind, frame in evidence.ticks.items()
        if frame.height
    ]
    return pl.concat(found, how="diagonal") if found else pl.DataFrame(schema=EMPTY)


def identity_of(frame: pl.DataFrame) -> list[str]:
    """Columns that tell two ticks apart: all of theirs but the time of receipt."""
    return [name for name in frame.columns if name not in ("received_ns", "row")]


def numbers_of(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Numbers of the source that each tick holds.

    Returns
    -------
    polars.DataFrame of shape (n_numbered, 4)
        instrument, event_ns, low, high; ticks without a whole number and snapshots are
        absent, as is every tick of a kind that has none.
    """
    names = _NUMBERED.get(kind, ())
    if not names or any(name not in frame.columns for name in names):
        number = dict.fromkeys(("low", "high"), pl.Int64)
        return pl.DataFrame(schema={**EMPTY, **number})
    if "is_snapshot" in frame.columns:
        frame = frame.filter(~pl.col("is_snapshot"))
    low, high = (pl.col(name).cast(pl.Int64, strict=False) for name in names)
    return frame.select("instrument", "event_ns", low=low, high=high).drop_nulls()
