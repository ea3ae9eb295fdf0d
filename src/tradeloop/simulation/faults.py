"""Faults of a feed, planted on purpose and counted.

Each planted fault is one row of the truth: what was done to which event.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

KINDS = ("crossed", "gap", "out_of_order", "late", "duplicate")


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of rows that get a fault.

    Parameters
    ----------
    duplicates : float
        Rows that come twice.
    out_of_order : float
        Rows that come after the next one of their instrument, at most 0.5.
    late : float
        Rows that come ``late_s`` after they happened.
    late_s : float
        How late that is.
    crossed : float
        Quotes whose bid and ask are swapped.
    gaps : float
        Rows that never come.
    """

    duplicates: float = 0.0
    out_of_order: float = 0.0
    late: float = 0.0
    late_s: float = 5 * 86_400.0
    crossed: float = 0.0
    gaps: float = 0.0


NONE = Faults()
USUAL = Faults(
    duplicates=0.10, out_of_order=0.30, late=0.001, crossed=0.002, gaps=0.0005
)


def plant(
    frame: pl.DataFrame, faults: Faults, rng: np.random.Generator, *, kind: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put faults into a feed, and return it with the list of them.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        With instrument, event_ns and received_ns, in the order of arrival.
    faults : Faults
        Shares.
    rng : numpy.random.Generator
        Draws which rows.
    kind : str
        Record, such as ``quote``; only quotes can be crossed.

    Returns
    -------
    tuple of two polars.DataFrame
        The feed in its new order of arrival; and kind, fault, instrument, event_ns and
        row (in the sound frame) of each fault.
    """
    rows = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    n, found = frame.height, []

    def choose(share: float, among: pl.Series | None = None) -> pl.Series:
        lucky = pl.Series(rng.random(n) < share)
        return lucky if among is None else lucky & among

    def note(fault: str, chosen: pl.Series) -> None:
        keys = rows.filter(chosen).select("instrument", "event_ns", "row")
        found.append(
            keys.select(
                pl.lit(kind).alias("kind"), pl.lit(fault).alias("fault"), pl.all()
            )
        )

    place = rows.select(pl.int_range(pl.len()).over("instrument")).to_series()
    size = rows.select(pl.len().over("instrument")).to_series()
    gone = choose(faults.gaps)
    note("gap", gone)
    late = choose(faults.late, ~gone)
    note("late", late)
    # Every second row may change places with the next: one inversion each.
    swapped = choose(
        2 * faults.out_of_order, ~gone & ~late & (place % 2 == 0) & (place + 1 < size)
    )
    note("out_of_order", swapped)
    twice = choose(faults.duplicates, ~gone & ~late)
    note("duplicate", twice)
    if kind == "quote":
        crossed = choose(faults.crossed, ~gone)
        note("crossed", crossed)
        rows = rows.with_columns(
            bid=pl.when(crossed).then("ask").otherwise("bid"),
            ask=pl.when(crossed).then("bid").otherwise("ask"),
        )
    rows = _arrive(rows, swapped, late, round(faults.late_s * 1e9))
    copies = rows.filter(twice).with_columns(copy=pl.lit(1))
    rows = pl.concat([rows.with_columns(copy=pl.lit(0)).filter(~gone), copies])
    rows = rows.sort("received_ns", "place", "row", "copy")
    return rows.drop("row", "place", "copy"), pl.concat(found)


def _arrive(
    rows: pl.DataFrame, swapped: pl.Series, late: pl.Series, late_ns: int
) -> pl.DataFrame:
    """Give late and swapped rows their later receipt; ``place`` breaks ties."""
    after = pl.col("received_ns").shift(-1).over("instrument")
    moved = (
        pl.when(late)
        .then(pl.col("event_ns") + late_ns)
        .when(swapped)
        .then(pl.max_horizontal("received_ns", after))
        .otherwise("received_ns")
    )
    return rows.with_columns(received_ns=moved, place=swapped.cast(pl.Int8))


def inversions(frame: pl.DataFrame) -> int:
    """Rows that come after a later event of their instrument."""
    newest = pl.col("event_ns").cum_max().over("instrument")
    return int(frame.select((pl.col("event_ns") < newest).sum()).item())
