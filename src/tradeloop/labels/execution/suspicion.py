"""Fills that cannot have happened as told: too early, or at a price nobody traded.

A simulator that fills at yesterday's open, or at a price that it could only learn
later, makes good executions out of nothing; a model that learns from them learns to
look ahead. Each fill is therefore held against what is known of its moment. The first
rule that it breaks is its reason:

- ``received_before_it_happened``: known to us before the venue says it took place;
- ``before_decision``: older than the decision that it executes;
- ``before_arrival``: older than the arrival of its decision's first order;
- ``stale_price``: outside the bar that holds its time, at the very price of an earlier
  fill of the instrument in another bar: a price that was kept, not traded;
- ``outside_bar``: outside the bar that holds its time, for another cause; where the bar
  carries a bid and an ask, as bars of mids do, their spread is allowed for;
- ``better_than_market``: bought below every bid, or sold above every ask, that stood
  around the moment (quotes).

A fill without a bar, quote or decision is not suspect on their account: nothing is
known of it. Price and time alone cannot prove a fill; none of these is a pardon.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture import fills_in_bars
from tradeloop.fold import compiled
from tradeloop.labels.base import LABELLED, MISSING_NS, PENDING, Floats, Times
from tradeloop.labels.execution.mids import Known, Rows, nothing
from tradeloop.labels.execution.rule import ExecutionRule

REASONS = (
    "received_before_it_happened",
    "before_decision",
    "before_arrival",
    "stale_price",
    "outside_bar",
    "better_than_market",
)
_NEAR = 1e-9  # two prices that differ by less are the same price


@compiled
def range_extreme(values: Floats, first: Rows, stop: Rows, sign: float) -> Floats:
    """Largest of ``sign * values[first:stop]``, times ``sign``; NaN for no rows."""
    out = np.full(first.shape[0], np.nan)
    for k in range(first.shape[0]):
        if stop[k] > first[k]:
            most = sign * values[first[k]]
            for row in range(first[k] + 1, stop[k]):
                most = max(most, sign * values[row])
            out[k] = sign * most
    return out


def outside_bar(
    fills: pl.DataFrame, bars: pl.DataFrame, tolerance: float
) -> pl.DataFrame:
    """Hold the price of each fill against the bar that holds its time.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, any)
        Columns instrument, event_ns and price.
    bars : polars.DataFrame of shape (n_bars, n_columns of BAR)
    tolerance : float
        Share of the price that is still inside.

    Returns
    -------
    polars.DataFrame of shape (n_fills, 3)
        ``outside``, null where no bar holds the time; ``open_ns`` of the bar;
        ``price_is``: which price of the bar it equals: open, low, high or close. Who
        bought at the low of a bar bought at a price that was known only afterwards.
    """
    slack = (pl.col("ask") - pl.col("bid")).fill_null(0.0).clip(lower_bound=0.0)
    low, high = pl.col("low") - slack, pl.col("high") + slack
    wider = bars.with_columns(low=low, high=high).filter(pl.col("low") > 0)
    plain = fills.select("instrument", "event_ns", "price")
    placed = fills_in_bars(plain, wider).with_columns(
        outside=pl.col("distance_bps") > 1e4 * tolerance
    )
    names = ("open", "low", "high", "close")
    told = bars.unique(["instrument", "open_ns"], keep="first", maintain_order=True)
    found = placed.drop("low", "high").join(
        told.select("instrument", "open_ns", *names),
        on=["instrument", "open_ns"],
        how="left",
        maintain_order="left",
    )
    same = [
        pl.when((pl.col(name) - pl.col("price")).abs() <= _NEAR * pl.col("price")).then(
            pl.lit(name)
        )
        for name in names
    ]
    return found.select("outside", "open_ns", price_is=pl.coalesce(same))


def better_than_market(
    quotes: pl.DataFrame,
    side: NDArray[np.int8],
    price: Floats,
    fill_ns: Times,
    rule: ExecutionRule,
) -> Known:
    """Whether fills of one instrument are better than every quote of their moment.

    Quotes stand from the venue's stamp on, which is the clock of the fills, and are
    asked no longer than a mid may be old.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, any)
        Columns event_ns, received_ns, bid and ask; one that was stamped before the one
        received before it is left out.
    side, price, fill_ns : ndarray of shape (n,)
        Of the fills.
    rule : ExecutionRule
        Tells how far around the fill quotes are looked at, and as of when.

    Returns
    -------
    Known
        1 where it is, 0 where it is not or no quote stood; known once the feed had gone
        past the moment.
    """
    rows = quotes
    if rule.as_of_ns is not None:
        rows = rows.filter(pl.col("received_ns") <= rule.as_of_ns)
    if not rows.height:
        return nothing(len(fill_ns))
    if not all(quotes[name].is_sorted() for name in ("received_ns", "event_ns")):
        rows = quotes.sort("received_ns", "event_ns", maintain_order=True).filter(
            pl.col("event_ns") == pl.col("event_ns").cum_max()
        )
    time = rows["event_ns"].to_numpy()
    slack = np.int64(rule.clock_slack_ns)
    first = np.maximum(np.searchsorted(time, fill_ns - slack, side="left") - 1, 0)
    stop = np.searchsorted(time, fill_ns + slack, side="right")
    bid, ask = (rows[name].cast(pl.Float64).to_numpy() for name in ("bid", "ask"))
    lowest = range_extreme(bid, first, stop, -1.0)
    highest = range_extreme(ask, first, stop, 1.0)
    recent = fill_ns - time[first] <= slack + rule.wait_ns
    room = rule.price_tolerance * price
    bought: NDArray[np.bool_] = (side > 0) & (price < lowest - room)
    sold: NDArray[np.bool_] = (side < 0) & (price > highest + room)
    proof = past(time, rows["received_ns"].to_numpy(), fill_ns + slack)
    return proof._replace(value=((bought | sold) & recent).astype(np.float64))


def past(end_ns: Times, known_ns: Times, at_ns: Times) -> Known:
    """When it was known that rows had gone past each time; pending until they do.

    Parameters
    ----------
    end_ns, known_ns : ndarray of shape (n_rows,)
        End of each row, and when it and all before it were known; neither falls.
    at_ns : ndarray of shape (n,)
        ns UTC.
    """
    row = np.searchsorted(end_ns, at_ns, side="right")
    there = row < len(end_ns)
    known = np.full(row.shape, MISSING_NS)
    known[there] = known_ns[row[there]]
    state = np.where(there, LABELLED, PENDING).astype(np.int8)
    return Known(np.zeros(row.shape), known, state)


def bar_over(bars: pl.DataFrame, fill_ns: Times, rule: ExecutionRule) -> Known:
    """When it was known which bar of one instrument held each fill, if any did.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns event_ns and received_ns.
    fill_ns : ndarray of shape (n,)
        ns UTC.
    rule : ExecutionRule
        Says as of when.
    """
    known = pl.max_horizontal("received_ns", "event_ns")
    rows = bars.select("event_ns", known=known).filter(
        pl.col("known") <= rule.known_until_ns
    )
    if not rows.height:
        return nothing(len(fill_ns))
    rows = rows.sort("event_ns").with_columns(pl.col("known").cum_max())
    return past(rows["event_ns"].to_numpy(), rows["known"].to_numpy(), fill_ns)


def suspicions(fills: pl.DataFrame, rule: ExecutionRule) -> pl.Series:
    """First rule that each fill breaks, null where it breaks none.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, any)
        Columns instrument, event_ns, received_ns, price of FILL; ``decided_ns`` and
        ``arrival_ns`` of the decision, null where not known; ``outside`` and
        ``open_ns`` of `outside_bar`; ``better`` of `better_than_market`.
    rule : ExecutionRule
        Tells how far clocks may disagree.
    """
    at, slack = pl.col("event_ns"), rule.clock_slack_ns
    # Prices are computed, and carry noise: ten digits tell one from another.
    same = ["instrument", pl.col("price").round_sig_figs(10)]
    kept = pl.col("open_ns") > pl.col("open_ns").min().over(same)
    broken = (
        pl.col("received_ns") < at - slack,
        at < pl.col("decided_ns") - slack,
        at < pl.col("arrival_ns") - slack,
        pl.col("outside") & kept,
        pl.col("outside"),
        pl.col("better"),
    )
    told = [
        pl.when(rule_broken).then(pl.lit(reason))
        for rule_broken, reason in zip(broken, REASONS, strict=True)
    ]
    return fills.select(pl.coalesce(told).alias("fill_suspect")).to_series()


def together(reasons: Sequence[str | None]) -> str | None:
    """Reasons of one decision as one text, in the order of `REASONS`."""
    found = set(reasons) - {None}
    return ", ".join(reason for reason in REASONS if reason in found) or None
