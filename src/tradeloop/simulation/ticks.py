"""Plain arrays of one instrument's quotes and takers, as the fits want them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# A break in the quotes longer than this is no return: a weekend, not a move.
BREAK_S = 3_600.0
_TAKER_NS = 1_000_000  # prints of one side closer than this are one taker's


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Quotes of one instrument in time order.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (n,)
        When they were known.
    mid_bps : ndarray of float64, shape (n,)
        Log of the mid, times 10,000.
    spread : ndarray of float64, shape (n,)
        In ticks.
    changed : ndarray of bool, shape (n,)
        Whether a price changed; the first one counts as changed.
    tick : float
        Smallest step of a price.
    """

    time_ns: Int
    mid_bps: Float
    spread: Float
    changed: NDArray[np.bool_]
    tick: float

    @property
    def tick_bps(self) -> float:
        """A tick in bps of the mean price."""
        return float(self.tick / np.exp(self.mid_bps.mean() * 1e-4) * 1e4)

    def part(self, first: int, last: int) -> "Ticks":
        """Rows from ``first`` up to ``last``."""
        cut = slice(first, last)
        return Ticks(
            self.time_ns[cut],
            self.mid_bps[cut],
            self.spread[cut],
            self.changed[cut],
            self.tick,
        )

    def returns(self, step_s: float) -> tuple[Int, Float]:
        """List returns over steps of ``step_s``, and the time at which each ends.

        Steps that lie in a break of the quotes are left out.
        """
        step = round(step_s * 1e9)
        edges = np.arange(self.time_ns[0], self.time_ns[-1] + 1, step)
        at = np.searchsorted(self.time_ns, edges, side="right") - 1
        stale = edges - self.time_ns[at] > BREAK_S * 1e9
        keep = ~(stale[1:] | stale[:-1])
        moved = np.diff(self.mid_bps[at])
        return edges[1:][keep], moved[keep]


def ticks_of(quotes: pl.DataFrame, tick: float) -> Ticks:
    """Make arrays of a QUOTE frame of one instrument; crossed and locked are left out.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, n_columns of QUOTE)
        Of one instrument.
    tick : float
        Smallest step of a price.
    """
    sound = quotes.filter(pl.col("ask") > pl.col("bid")).sort(
        "received_ns", maintain_order=True
    )
    bid, ask = sound["bid"].to_numpy(), sound["ask"].to_numpy()
    moved = np.concatenate([[True], (np.diff(bid) != 0) | (np.diff(ask) != 0)])
    return Ticks(
        sound["received_ns"].to_numpy(),
        np.log((bid + ask) / 2) * 1e4,
        np.rint((ask - bid) / tick),
        moved,
        tick,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Takers:
    """Takers of one instrument in time order.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (n,)
        Of the first print.
    side : ndarray of float64, shape (n,)
        +1 and -1.
    size : ndarray of float64, shape (n,)
        All prints together, base units.
    """

    time_ns: Int
    side: Float
    size: Float


def takers_of(trades: pl.DataFrame) -> Takers:
    """Put prints of one side that lie closer than 1 ms together as one taker.

    Parameters
    ----------
    trades : polars.DataFrame of shape (n_trades, n_columns of TRADE)
        Of one instrument; rows without a side are left out.
    """
    sided = trades.filter(pl.col("side") != 0).sort("received_ns", maintain_order=True)
    far = pl.col("received_ns").diff().fill_null(_TAKER_NS) >= _TAKER_NS
    turned = pl.col("side").diff().fill_null(1) != 0
    groups = sided.group_by(
        (far | turned).cum_sum().alias("taker"), maintain_order=True
    )
    found = groups.agg(pl.col("received_ns", "side").first(), pl.col("size").sum())
    return Takers(
        found["received_ns"].to_numpy(),
        found["side"].to_numpy().astype(np.float64),
        found["size"].to_numpy(),
    )


def unit_of(values: Float) -> float:
    """Largest power of ten of which all values are multiples, from 1 down to 1e-8."""
    for digits in range(9):
        scaled = values * 10.0**digits
        if np.all(
            np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(1, scaled * 1e-6)
        ):
            return float(f"1e-{digits}")
    return 1e-8
