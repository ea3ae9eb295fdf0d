"""Estimate Stoikov's microprice from quotes: where the mid goes, given the book's top.

The state is (bucket of the imbalance, spread in ticks), the clock the quote. Every
sample counts twice, the second time with bid and ask exchanged: the adjustment is then
odd in the imbalance, and the sum of later moves converges. With Q the chances to pass
from state to state without a move of the mid, T those with one, and r the mean move,
the first move is ``g = (I - Q)^-1 r``, ``B = (I - Q)^-1 T``, and the limit of the
expected mid lies ``g + B g + B^2 g + ...`` above the mid.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.fold import Float

MOST_CELLS = 40
"""Cells of half a table that a feature can carry among its params."""
_PLACES = 1e-13  # of a tick: what later moves may still add
_MOST_MOVES = 100_000
_MOST_CONDITION = 1e12


@dataclass(frozen=True, slots=True)
class MicropriceTable:
    """What to add to the mid, given the imbalance and the spread.

    Parameters
    ----------
    tick : float
        Tick size, quote currency.
    adjustment : tuple of tuple of float
        In ticks; one row for each spread (1 tick, 2 ticks, ... the last for all wider
        ones), one value for each bucket of ``bid_size / (bid_size + ask_size)``. Odd:
        a row read backwards is its negative.
    samples : tuple of tuple of int
        Training quotes in each cell, bid and ask as they were. A cell that had few is
        as uncertain; one without any holds 0.
    """

    tick: float
    adjustment: tuple[tuple[float, ...], ...]
    samples: tuple[tuple[int, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Count of spreads and of buckets of imbalance."""
        return len(self.adjustment), len(self.adjustment[0])


def fit_microprice(
    quotes: pl.DataFrame, n_imbalance: int, n_spread: int, tick: float
) -> MicropriceTable:
    """Estimate the table from the quotes of one instrument.

    Give it quotes from before the time from which the table is used: nothing here
    knows where training ends.

    Parameters
    ----------
    quotes : polars.DataFrame
        ``bid``, ``ask``, ``bid_size``, ``ask_size``, in their order. Rows that are
        crossed, locked, or without sizes are left out.
    n_imbalance, n_spread : int
        Buckets of the imbalance, and of the spread in ticks; the last one is open.
    tick : float
        Tick size, quote currency.

    Raises
    ------
    InputError
        A column is absent, a count is too small or the table too large for a feature,
        or the mid never moves, so that there is nothing to learn.
    """
    _check(quotes, n_imbalance, n_spread, tick)
    states, mids, mirror = _states(quotes, n_imbalance, n_spread, tick)
    count = n_imbalance * n_spread
    here, there, move = states[:-1], states[1:], np.diff(mids)
    # Each sample, and the same with bid and ask exchanged.
    pairs = np.concatenate([here, mirror[here]]), np.concatenate([there, mirror[there]])
    moves = np.concatenate([move, -move])
    seen = np.maximum(np.bincount(pairs[0], minlength=count), 1)
    stays = moves == 0.0
    quiet = _counts(pairs, stays, count) / seen[:, None]
    loud = _counts(pairs, ~stays, count) / seen[:, None]
    mean = np.bincount(pairs[0], moves, count) / seen
    total = _limit(quiet, loud, mean)
    # Odd by construction; rounding apart, and this takes that away too.
    total = (total - total[mirror]) / 2.0
    shape = (n_spread, n_imbalance)
    samples = np.bincount(here, minlength=count).reshape(shape)
    return MicropriceTable(
        float(tick),
        tuple(tuple(row) for row in total.reshape(shape).tolist()),
        tuple(tuple(row) for row in samples.tolist()),
    )


def _check(quotes: pl.DataFrame, n_imbalance: int, n_spread: int, tick: float) -> None:
    wanted = ("bid", "ask", "bid_size", "ask_size")
    absent = [name for name in wanted if name not in quotes.columns]
    if absent:
        raise InputError(
            f"A microprice is learnt from the columns {', '.join(wanted)}.",
            way_out="Add the column.",
            column=absent[0],
        )
    cells = n_imbalance // 2 * n_spread
    if cells < 1 or n_spread < 1 or cells > MOST_CELLS or not tick > 0.0:
        raise InputError(
            "A microprice needs at least 2 buckets of imbalance, 1 of spread, a tick "
            f"above 0 and at most {MOST_CELLS} cells on one side, had {n_imbalance}, "
            f"{n_spread}, {tick} and {cells}.",
            way_out="Take 10 buckets of imbalance and 4 of spread.",
            source="fit_microprice",
        )


def _states(
    quotes: pl.DataFrame, n_imbalance: int, n_spread: int, tick: float
) -> tuple[NDArray[np.intp], Float, NDArray[np.intp]]:
    """State and mid (in half ticks over 2) of each quote; the mirror of each state."""
    sizes = pl.col("bid_size") + pl.col("ask_size")
    whole = quotes.drop_nulls(("bid", "ask", "bid_size", "ask_size")).filter(
        (pl.col("ask") > pl.col("bid")) & (sizes > 0)
    )
    bid, ask = whole["bid"].to_numpy(), whole["ask"].to_numpy()
    share = (whole["bid_size"] / (whole["bid_size"] + whole["ask_size"])).to_numpy()
    bucket = np.minimum((share * n_imbalance).astype(np.intp), n_imbalance - 1)
    ticks = np.rint((ask - bid) / tick).astype(np.intp)
    spread = np.clip(ticks, 1, n_spread) - 1
    mids = np.rint((bid + ask) / tick) / 2.0
    every = np.arange(n_imbalance * n_spread)
    mirror = every // n_imbalance * n_imbalance + n_imbalance - 1 - every % n_imbalance
    return spread * n_imbalance + bucket, mids, mirror


def _counts(
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    chosen: NDArray[np.bool_],
    count: int,
) -> Float:
    places = pairs[0][chosen] * count + pairs[1][chosen]
    counts = np.bincount(places, minlength=count * count).reshape(count, count)
    return counts.astype(np.float64)


def _limit(quiet: Float, loud: Float, mean: Float) -> Float:
    """Sum the expected moves of the mid, first to last."""
    still = np.eye(quiet.shape[0]) - quiet
    if loud.any() and np.linalg.cond(still) < _MOST_CONDITION:
        step = np.asarray(np.linalg.solve(still, mean), np.float64)
        chances, total = np.linalg.solve(still, loud), step.copy()
        for _ in range(_MOST_MOVES):
            step = chances @ step
            total += step
            if np.abs(step).max() < _PLACES:
                return total
    raise InputError(
        "The mid does not move away from every state of these quotes, or never stops.",
        way_out="Give more quotes, or fewer buckets.",
        source="fit_microprice",
    )
