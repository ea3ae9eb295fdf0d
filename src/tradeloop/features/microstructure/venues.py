"""Liquidity of each venue: its share of the volume and of the depth."""

import polars as pl

from tradeloop.errors import InputError


def _checked(frame: pl.DataFrame, every_ns: int, *wanted: str) -> None:
    absent = [name for name in wanted if name not in frame.columns]
    if absent or every_ns < 1:
        raise InputError(
            f"Shares of venues need the columns {', '.join(wanted)} and intervals of "
            f"at least 1 ns, had {every_ns} ns.",
            way_out="Name the venue of each row and give the length of an interval.",
            column=absent[0] if absent else "",
        )


def _shared(frame: pl.DataFrame, amount: str, share: str) -> pl.DataFrame:
    whole = pl.col(amount).sum().over("symbol", "open_ns")
    part = pl.when(whole > 0).then(pl.col(amount) / whole).otherwise(0.0)
    return frame.with_columns(part.alias(share)).sort("symbol", "open_ns", "venue")


def volume_shares(trades: pl.DataFrame, every_ns: int) -> pl.DataFrame:
    """Share of each venue in the volume that a symbol traded in an interval.

    Parameters
    ----------
    trades : polars.DataFrame
        ``symbol``, ``venue``, ``event_ns`` and ``size``.
    every_ns : int
        Length of an interval, which holds its start and not its end.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``open_ns``, ``venue``, ``volume``, ``volume_share`` (they add up to
        1 over the venues that traded); known at ``open_ns + every_ns``.
    """
    _checked(trades, every_ns, "symbol", "venue", "event_ns", "size")
    start = pl.col("event_ns") // every_ns * every_ns
    keys = ("symbol", start.alias("open_ns"), "venue")
    summed = trades.group_by(*keys).agg(volume=pl.col("size").sum())
    return _shared(summed, "volume", "volume_share")


def depth_shares(quotes: pl.DataFrame, every_ns: int) -> pl.DataFrame:
    """Share of each venue in the sizes that stand at the end of an interval.

    Parameters
    ----------
    quotes : polars.DataFrame
        ``symbol``, ``venue``, ``event_ns``, ``bid_size`` and ``ask_size``, in the order
        of ``event_ns`` for each symbol and venue. Sizes of deeper levels serve as well.
    every_ns : int
        Length of an interval.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``open_ns``, ``venue``, ``depth`` (of the venue's last quote in the
        interval, or before it), ``depth_share``; known at ``open_ns + every_ns``. A
        venue is there from its first quote on.
    """
    names = ("symbol", "venue", "event_ns", "bid_size", "ask_size")
    _checked(quotes, every_ns, *names)
    start = pl.col("event_ns") // every_ns * every_ns
    keys = ("symbol", "venue", start.alias("open_ns"))
    last = quotes.group_by(*keys).agg(
        depth=(pl.col("bid_size") + pl.col("ask_size")).last()
    )
    venues, times = (
        last.select("symbol", name).unique() for name in ("venue", "open_ns")
    )
    grid = times.join(venues, on="symbol").sort("symbol", "venue", "open_ns")
    standing = grid.join(last, on=["symbol", "venue", "open_ns"], how="left")
    standing = standing.sort("symbol", "venue", "open_ns").with_columns(
        pl.col("depth").forward_fill().over("symbol", "venue")
    )
    whole = standing.drop_nulls("depth").select("symbol", "open_ns", "venue", "depth")
    return _shared(whole, "depth", "depth_share")
