"""The tape: every quote and every trade of an instrument as one stream."""

import polars as pl

from tradeloop.errors import InputError

QUOTE_COLUMNS = ("instrument", "event_ns", "received_ns", "bid", "ask")
TRADE_COLUMNS = ("instrument", "event_ns", "received_ns", "price", "size", "side")


def tape(
    quotes: pl.DataFrame, trades: pl.DataFrame, *, quote_delay_ns: int = 0
) -> pl.DataFrame:
    """Join quotes and trades to one stream, in the order in which they happened.

    A trade comes before the quotes of its own instant: these already show what the
    trade left. Venues send quotes ahead of trades, too: where the quotes have no time
    of the venue, ``quote_delay_ns`` holds them back.

    Parameters
    ----------
    quotes, trades : polars.DataFrame
        With `QUOTE_COLUMNS` and `TRADE_COLUMNS`, sorted by instrument and ``event_ns``.
    quote_delay_ns : int
        Added to ``event_ns`` of the quotes.

    Returns
    -------
    polars.DataFrame of shape (n_quotes + n_trades, 8)
        ``instrument``, ``event_ns``, ``received_ns``, ``bid`` and ``ask`` as they stood
        (null before the first quote), ``price`` of the last trade (before the first:
        the mid), ``size`` and ``side`` of the trade, 0 in the row of a quote.

    Raises
    ------
    InputError
        A column is absent.
    """
    for frame, wanted in ((quotes, QUOTE_COLUMNS), (trades, TRADE_COLUMNS)):
        absent = [name for name in wanted if name not in frame.columns]
        if absent:
            raise InputError(
                f"A tape is made of the columns {', '.join(wanted)}.",
                way_out="Add the column.",
                column=absent[0],
            )
    own = pl.col("instrument")
    both = pl.concat(
        [
            trades.select(*TRADE_COLUMNS, after=0),
            quotes.select(*QUOTE_COLUMNS, after=1).with_columns(
                pl.col("event_ns") + quote_delay_ns
            ),
        ],
        how="diagonal",
    ).sort("instrument", "event_ns", "after", maintain_order=True)
    return both.with_columns(
        pl.col("bid", "ask", "price").forward_fill().over(own),
        pl.col("size", "side").fill_null(0),
    ).select(
        "instrument",
        "event_ns",
        "received_ns",
        "bid",
        "ask",
        pl.coalesce("price", (pl.col("bid") + pl.col("ask")) / 2),
        "size",
        "side",
    )
