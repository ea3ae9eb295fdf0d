"""Bars of equal length from quotes and trades.

1. A tick belongs to the bar ``[k * interval, (k + 1) * interval)`` of its event time.
2. Quotes give open, high, low and close of the mid, and bid and ask at the end.
3. Trades give volume and signed volume; where an instrument has no quotes, prices too.
4. A bar with trades and no new quote keeps the quote that stands.
5. A bar without any tick is absent.

They are made by `tradeloop.capture.bars_live.Bars`, which also makes bars of ticks,
volume, value and imbalance, and all of them live.
"""

import polars as pl

from tradeloop.capture.bars_live import Bars
from tradeloop.capture.bars_rules import Feed, time_bars
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.events import BAR


def default_interval_ns(quotes: pl.DataFrame, trades: pl.DataFrame) -> int:
    """Length of bars for ticks: 1 s if they span less than a day, else 1 min.

    Parameters
    ----------
    quotes, trades : polars.DataFrame
        Columns of QUOTE and TRADE.
    """
    times = pl.concat([quotes["event_ns"], trades["event_ns"]])
    low, high = times.min(), times.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return NS_PER_MINUTE
    return NS_PER_SECOND if high - low < NS_PER_DAY else NS_PER_MINUTE


def bars_from_ticks(
    quotes: pl.DataFrame, trades: pl.DataFrame, *, interval_ns: int
) -> pl.DataFrame:
    """Build time bars.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, n_columns of QUOTE)
        In the order of their events within an instrument.
    trades : polars.DataFrame of shape (n_trades, n_columns of TRADE)
        Likewise.
    interval_ns : int
        Length of a bar, ns; bars start at its multiples since 1970 UTC.

    Returns
    -------
    polars.DataFrame of shape (n_bars, n_columns of BAR)
        Sorted by (instrument, event_ns). ``event_ns`` is the end of the bar,
        ``received_ns`` the end or, if later, when its last tick, or the quote that
        stands, was received. The last bar is given although it may go on.
        ``volume`` is 0 in a bar without trades of an instrument that has trades, and
        null for one that has none; ``signed_volume`` is null where no trade of the
        instrument tells a side.
    """
    if quotes.height == 0 and trades.height == 0:
        return BAR.empty()
    bars = Bars(time_bars(interval_ns), feeds_of(quotes, trades))
    closed = bars.update(quotes, trades)
    last = bars.unfinished()
    return BAR.conform(pl.concat([closed, last]).sort("instrument", "event_ns"))


def feeds_of(quotes: pl.DataFrame, trades: pl.DataFrame) -> dict[str, Feed]:
    """Say of each instrument what its ticks are: mids where it has quotes.

    Parameters
    ----------
    quotes, trades : polars.DataFrame
        Columns of QUOTE and TRADE.
    """
    quoted, traded = set(quotes["instrument"].unique()), trades["instrument"].unique()
    sided = set(trades.filter(pl.col("side") != 0)["instrument"].unique())
    return {
        name: Feed(
            "mid" if name in quoted else "trade", name in set(traded), name in sided
        )
        for name in quoted | set(traded)
    }
