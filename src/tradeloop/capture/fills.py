"""Fills against the bars that hold their time: which cannot have happened."""

import polars as pl

from tradeloop.capture.resolve import instrument_names

PRICE_TOLERANCE = 1e-9
"""Relative distance from the bar that is float noise, not a price.

A fill price that was computed, such as a change of cash divided by a quantity, carries
errors of about 1e-13 of itself; a tick of any market is at least 1e-7 of its price.
"""


def fills_in_bars(fills: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Find the bar that holds each fill: ``open_ns <= time < event_ns``.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, n_columns of FILL)
        Symbols without a venue mean the instrument that has it, see
        `tradeloop.capture.resolve.instrument_names`.
    bars : polars.DataFrame of shape (n_bars, n_columns of BAR)

    Returns
    -------
    polars.DataFrame of shape (n_fills, n_columns of FILL + 5)
        In the order given. Added: ``open_ns``, ``end_ns``, ``low``, ``high`` of the
        bar, and ``distance_bps``: how far the price lies outside, bps of the nearer of
        low and high, 0 inside. All null where no bar holds the time.
    """
    names = instrument_names(fills["instrument"], bars["instrument"])
    found = (
        fills.with_row_index("_row")
        .join(names, left_on="instrument", right_on="symbol", how="left")
        .sort("event_ns")
    )
    held = bars.select(
        "open_ns", "low", "high", meant="instrument", end_ns="event_ns"
    ).sort("open_ns")
    placed = found.join_asof(
        held,
        left_on="event_ns",
        right_on="open_ns",
        by="meant",
        strategy="backward",
        coalesce=False,
        check_sortedness=False,
    )
    inside = pl.col("event_ns") < pl.col("end_ns")
    price = pl.col("price")
    distance = pl.max_horizontal(
        (pl.col("low") - price) / pl.col("low"),
        (price - pl.col("high")) / pl.col("high"),
        0.0,
    )
    added = {
        name: pl.when(inside).then(pl.col(name))
        for name in ("open_ns", "end_ns", "low", "high")
    }
    return (
        placed.with_columns(**added, distance_bps=pl.when(inside).then(1e4 * distance))
        .sort("_row")
        .select(*fills.columns, "open_ns", "end_ns", "low", "high", "distance_bps")
    )


def fills_outside_bar(
    fills: pl.DataFrame, bars: pl.DataFrame, *, tolerance: float = PRICE_TOLERANCE
) -> pl.DataFrame:
    """Return the fills whose price did not trade in the bar that holds their time.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, n_columns of FILL)
    bars : polars.DataFrame of shape (n_bars, n_columns of BAR)
        Bars of trades: the true fill of a bar of mids may lie half a spread outside.
    tolerance : float
        Relative distance that is still inside.

    Returns
    -------
    polars.DataFrame of shape (n_outside, n_columns of FILL + 5)
        As in `fills_in_bars`, in the order given. Fills that no bar holds are not among
        them: of those nothing is known.
    """
    placed = fills_in_bars(fills, bars)
    return placed.filter(pl.col("distance_bps") > 1e4 * tolerance)
