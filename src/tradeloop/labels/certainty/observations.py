"""What was seen of one instrument's price: when it stood, when it was known."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.labels.base import Floats, Times, bar_path


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Prices of one instrument in the order in which they were known.

    Parameters
    ----------
    stood_ns : ndarray of shape (n_rows,)
        When the price stood: stamp of the venue; end of the bar. Never falls.
    known_ns : ndarray of shape (n_rows,)
        When it was known. Never falls.
    level_bps : ndarray of shape (n_rows,)
        ``1e4 log(price)``.
    bounce_bps : float
        Distance of a price from the mid, where the price is no mid; 0 for mids.
    follows : bool
        Whether prices may lag behind their own moves: quotes do, closes do not.
    """

    stood_ns: Times
    known_ns: Times
    level_bps: Floats
    bounce_bps: float = 0.0
    follows: bool = True

    def __len__(self) -> int:
        return len(self.level_bps)


def of_quotes(quotes: pl.DataFrame) -> Observations:
    """Mids at the quotes that changed bid or ask.

    A quote that repeats both prices is no news of the price and is left out; so is one
    that the venue stamped before one already received, as in `labels.base.tick_path`.
    Crossed sides are read in their order.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, any)
        Columns event_ns, received_ns, bid, ask, of one instrument, in any order of
        rows.
    """
    rows = quotes.select("event_ns", "received_ns", "bid", "ask")
    rows = rows.sort("received_ns", "event_ns", maintain_order=True)
    rows = rows.filter(pl.col("event_ns") >= pl.col("event_ns").cum_max())
    low = np.minimum(rows["bid"].to_numpy(), rows["ask"].to_numpy())
    high = np.maximum(rows["bid"].to_numpy(), rows["ask"].to_numpy())
    changed = np.ones(len(low), dtype=np.bool_)
    changed[1:] = (np.diff(low) != 0) | (np.diff(high) != 0)
    return Observations(
        rows["event_ns"].to_numpy()[changed],
        rows["received_ns"].to_numpy()[changed],
        1e4 * np.log((low[changed] + high[changed]) / 2),
    )


def of_bars(bars: pl.DataFrame, *, half_spread_bps: float) -> Observations:
    """Take the closes of bars; each is a trade, at the bid or at the ask.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns of the bar record, of one instrument.
    half_spread_bps : float
        Half the spread: no bar tells it, so it is that of the cost model.
    """
    path = bar_path(bars)
    level = 1e4 * np.log(path.price)
    return Observations(path.time_ns, path.known_ns, level, half_spread_bps, False)  # noqa: FBT003
