"""Fills at prices that could not be had when they are said to have happened.

A simulator that fills at a price from before the decision, or at the best price of a
bar that is not over, hands the strategy money that the market never offered; whatever
learns from such outcomes learns to exploit the simulator.
"""

import polars as pl

from tradeloop.datasets.checks import Check

_NAME = "fills_possible"
_TOLERANCE = 1e-6


def _in_bars(fills: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Put fills beside the bar in which they happened; others are left out."""
    during = bars.select(
        "instrument", "open_ns", "open", "high", "low", "close", end_ns="event_ns"
    ).sort("open_ns")
    return (
        fills.sort("event_ns", maintain_order=True)
        .join_asof(
            during,
            left_on="event_ns",
            right_on="open_ns",
            by="instrument",
            check_sortedness=False,
            coalesce=False,
        )
        .filter(pl.col("event_ns") < pl.col("end_ns"))
    )


def _outside(fills: pl.DataFrame, bars: pl.DataFrame) -> tuple[int, str | None]:
    """Count fills beside a bar, and tell of those beyond what it traded at."""
    inside = _in_bars(fills, bars)
    price = pl.col("price")
    beyond = inside.filter(
        (price > pl.col("high") * (1 + _TOLERANCE))
        | (price < pl.col("low") * (1 - _TOLERANCE))
    )
    if beyond.is_empty():
        return inside.height, None
    return inside.height, (
        f"{beyond.height} of {inside.height} fills lie outside of their bar, "
        f"first {beyond['instrument'][0]} at event_ns {beyond['event_ns'][0]}: "
        f"price {beyond['price'][0]:.6g}, bar {beyond['low'][0]:.6g} to "
        f"{beyond['high'][0]:.6g}"
    )


def _through(fills: pl.DataFrame, quotes: pl.DataFrame) -> str | None:
    """Tell of fills that bought below the bid or sold above the ask."""
    beside = fills.sort("event_ns", maintain_order=True).join_asof(
        quotes.select("instrument", "event_ns", "bid", "ask").sort(
            "event_ns", maintain_order=True
        ),
        on="event_ns",
        by="instrument",
        check_sortedness=False,
    )
    price, bought = pl.col("price"), pl.col("side") > 0
    better = beside.filter(
        (bought & (price < pl.col("bid") * (1 - _TOLERANCE)))
        | (~bought & (price > pl.col("ask") * (1 + _TOLERANCE)))
    )
    if better.is_empty():
        return None
    return (
        f"{better.height} of {fills.height} fills are better than the quote of their "
        f"time, first {better['instrument'][0]} at event_ns {better['event_ns'][0]}"
    )


def fills_possible(
    fills: pl.DataFrame,
    bars: pl.DataFrame,
    *,
    decisions: pl.DataFrame | None = None,
    quotes: pl.DataFrame | None = None,
) -> Check:
    """Find fills priced before they could be known, or that nobody could have had.

    1. No fill comes before its decision.
    2. Each lies within the prices of the bar in which it happened.
    3. With quotes: none bought below the bid or sold above the ask of its time.

    Parameters
    ----------
    fills : polars.DataFrame
        instrument, side, event_ns, price and, for 1, decision_id.
    bars : polars.DataFrame
        Rows of the record BAR.
    decisions : polars.DataFrame, optional
        decision_id and decision_ns.
    quotes : polars.DataFrame, optional
        Rows of the record QUOTE.
    """
    if decisions is not None:
        early = fills.join(decisions, on="decision_id").filter(
            pl.col("event_ns") < pl.col("decision_ns")
        )
        if early.height:
            detail = (
                f"{early.height} fills come before their decision, first "
                f"{early['decision_id'][0]}"
            )
            return Check(_NAME, passed=False, detail=detail)
    beside, wrong = _outside(fills, bars)
    if wrong is None and quotes is not None:
        wrong = _through(fills, quotes)
    elif fills.height and not beside:
        wrong = f"none of {fills.height} fills happened during a bar"
    detail = f"{fills.height} fills, {beside} of them beside a bar: all possible"
    return Check(_NAME, passed=wrong is None, detail=wrong or detail)
