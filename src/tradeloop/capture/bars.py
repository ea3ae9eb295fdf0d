"""Bars of equal length from quotes and trades.

1. A tick belongs to the bar ``[k * interval, (k + 1) * interval)`` of its event time.
2. Quotes give open, high, low and close of the mid, and bid and ask at the end.
3. Trades give volume and signed volume; where an instrument has no quotes, prices too.
4. A bar with trades and no new quote keeps the quote that stands.
5. A bar without any tick is absent.
"""

import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.events import BAR

_KEY = ("instrument", "open_ns")


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
        ``received_ns`` the end or, if later, when its last tick was received.
        ``volume`` is 0 in a bar without trades of an instrument that has trades, and
        null for one that has none; ``signed_volume`` is null where no trade of the
        instrument tells a side.
    """
    if quotes.height == 0 and trades.height == 0:
        return BAR.empty()
    of_quotes = _quote_bars(_cut(quotes, interval_ns))
    of_trades = _trade_bars(_cut(trades, interval_ns))
    bars = of_quotes.join(of_trades, on=_KEY, how="full", coalesce=True).sort(_KEY)
    bars = _standing_quotes(bars, set(quotes["instrument"].unique()))
    bars = _whole_volumes(bars, trades)
    end = pl.col("open_ns") + interval_ns
    known = pl.max_horizontal(end, "quotes_known_ns", "trades_known_ns")
    return BAR.conform(bars.with_columns(event_ns=end, received_ns=known))


def _cut(ticks: pl.DataFrame, interval_ns: int) -> pl.LazyFrame:
    start = pl.col("event_ns") // interval_ns * interval_ns
    return ticks.lazy().with_columns(open_ns=start)


def _quote_bars(quotes: pl.LazyFrame) -> pl.DataFrame:
    mid = (pl.col("bid") + pl.col("ask")) / 2
    ends = [pl.col(c).last() for c in ("bid", "ask", "bid_size", "ask_size")]
    return (
        quotes.with_columns(mid=mid)
        .group_by(_KEY, maintain_order=True)
        .agg(
            *ends,
            open=pl.col("mid").first(),
            high=pl.col("mid").max(),
            low=pl.col("mid").min(),
            close=pl.col("mid").last(),
            quotes_known_ns=pl.col("received_ns").max(),
        )
        .collect()
    )


def _trade_bars(trades: pl.LazyFrame) -> pl.DataFrame:
    return (
        trades.group_by(_KEY, maintain_order=True)
        .agg(
            trade_open=pl.col("price").first(),
            trade_high=pl.col("price").max(),
            trade_low=pl.col("price").min(),
            trade_close=pl.col("price").last(),
            volume=pl.col("size").sum(),
            signed_volume=(pl.col("size") * pl.col("side")).sum(),
            trades_known_ns=pl.col("received_ns").max(),
        )
        .collect()
    )


def _standing_quotes(bars: pl.DataFrame, quoted: set[str]) -> pl.DataFrame:
    """Price the bars that have trades only.

    Of an instrument with quotes they stand at its last quote, and those before its
    first quote are left out; of one without they are bars of trade prices.
    """
    with_quotes = pl.col("instrument").is_in(list(quoted))
    carried = [
        pl.col(c).forward_fill().over("instrument")
        for c in ("bid", "ask", "bid_size", "ask_size", "close")
    ]
    bars = bars.with_columns(carried)
    priced = [
        pl.when(with_quotes)
        .then(pl.coalesce(name, "close"))
        .otherwise(pl.col(f"trade_{name}"))
        .alias(name)
        for name in ("open", "high", "low", "close")
    ]
    return bars.with_columns(priced).drop_nulls("close")


def _whole_volumes(bars: pl.DataFrame, trades: pl.DataFrame) -> pl.DataFrame:
    traded = trades["instrument"].unique().to_list()
    sided = trades.filter(pl.col("side") != 0)["instrument"].unique().to_list()
    name = pl.col("instrument")
    return bars.with_columns(
        volume=pl.when(name.is_in(traded)).then(pl.col("volume").fill_null(0.0)),
        signed_volume=pl.when(name.is_in(sided)).then(
            pl.col("signed_volume").fill_null(0.0)
        ),
    )
