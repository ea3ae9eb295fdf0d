"""Rows of the stream ``market`` and of peers, from the bars of a universe."""

from collections.abc import Mapping
from math import nan

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.features.cross_asset.universe import (
    MARKET_COLUMNS,
    PEER_COLUMNS,
    Universe,
)


class LiveUniverse:
    """A universe that goes on row by row.

    Parameters
    ----------
    universe : Universe
        The same as in history gives the same values to the bit.
    saved : bytes, optional
        What `state_bytes` gave: the next rows come out as they would have.
    """

    def __init__(self, universe: Universe, saved: bytes = b"") -> None:
        self.universe = universe
        self._state = universe.restored(saved) if saved else universe.state()

    def update(
        self, prices: Mapping[str, float | None]
    ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Take the prices of one instant; an instrument that is absent is missing.

        Returns
        -------
        market : dict of str to float
            `MARKET_COLUMNS`, NaN where not known.
        peers : dict of str to dict of str to float
            `PEER_COLUMNS` of each instrument.

        Raises
        ------
        InputError
            A price is of an instrument that is not in the universe.
        """
        symbols = self.universe.symbols
        strange = sorted(set(prices) - set(symbols))
        if strange:
            raise InputError(
                "A price must be of an instrument of the universe.",
                way_out="Make a universe that holds it.",
                source=strange[0],
            )
        found = [prices.get(name) for name in symbols]
        row = [nan if price is None else price for price in found]
        market, peers = self.universe.advance(self._state, np.array([row]))
        by_name = {
            name: dict(zip(PEER_COLUMNS, values, strict=True))
            for name, values in zip(symbols, peers[0].tolist(), strict=True)
        }
        return dict(zip(MARKET_COLUMNS, market[0].tolist(), strict=True)), by_name

    def state_bytes(self) -> bytes:
        """Everything that the next rows depend on."""
        return self.universe.saved(self._state)


def market_rows(
    universe: Universe, bars: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """History of a universe, a row for each ``event_ns`` that any of its bars has.

    Parameters
    ----------
    universe : Universe
        Bars of other instruments are left out.
    bars : polars.DataFrame of shape (n_bars, any)
        ``instrument``, ``event_ns``, ``received_ns``, ``close``.

    Returns
    -------
    market : polars.DataFrame
        ``event_ns``, ``received_ns`` and `MARKET_COLUMNS`.
    peers : polars.DataFrame
        ``instrument``, ``event_ns``, ``received_ns`` and `PEER_COLUMNS`, of the
        instruments that had a bar then.

    A row is known when the last of its bars was received, and not before the row
    before it.
    """
    names = list(universe.symbols)
    mine = bars.filter(pl.col("instrument").is_in(names))
    times = (
        mine.group_by("event_ns")
        .agg(pl.col("received_ns").max())
        .sort("event_ns")
        .with_columns(pl.col("received_ns").cum_max())
    )
    wide = mine.pivot("instrument", index="event_ns", values="close").sort("event_ns")
    absent = [name for name in names if name not in wide.columns]
    wide = wide.with_columns(pl.lit(None, pl.Float64).alias(n) for n in absent)
    prices = wide.select(pl.col(names).cast(pl.Float64).fill_null(nan)).to_numpy()
    market, peers = universe.advance(universe.state(), prices)
    stood = pl.concat(
        [
            times.with_columns(
                pl.lit(name).alias("instrument"), **_series(PEER_COLUMNS, peers[:, k])
            )
            for k, name in enumerate(names)
        ]
    )
    held = mine.select("instrument", "event_ns")
    found = held.join(stood, on=["instrument", "event_ns"], how="left")
    order = ("instrument", "event_ns", "received_ns", *PEER_COLUMNS)
    return times.with_columns(**_series(MARKET_COLUMNS, market)), found.select(order)


def with_peers(bars: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
    """Add to each bar where its instrument stood among its peers, as known by then.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns)
        Any order.
    peers : polars.DataFrame of shape (n_rows, 3 + n_peer_columns)
        As `market_rows` gives them. A row that waited for the bar of a late peer is
        not known to a bar received before that.

    Returns
    -------
    polars.DataFrame of shape (n_bars, n_columns + n_peer_columns)
        In the order of ``bars``.
    """
    # Of rows that became known at one instant the latest event is the news.
    facts = (
        peers.sort("received_ns", "event_ns")
        .unique(["instrument", "received_ns"], keep="last", maintain_order=True)
        .drop("event_ns")
        .sort("received_ns")
    )
    ordered = bars.with_row_index("row").sort("received_ns", maintain_order=True)
    found = ordered.join_asof(
        facts, on="received_ns", by="instrument", check_sortedness=False
    )
    return found.sort("row").drop("row")


def _series(names: tuple[str, ...], values: np.ndarray) -> dict[str, pl.Series]:
    return {
        name: pl.Series(name, values[:, k], nan_to_null=True)
        for k, name in enumerate(names)
    }
