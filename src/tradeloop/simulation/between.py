"""The efficient price between messages: an exact draw, for truth at any moment.

`Simulated.truth` tells the efficient price at each message. Between two of them it
went on moving; given both ends its path is a Brownian bridge in the time of its
variance, with the steps that all instruments share and the planted drift laid over it.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.simulation import stream
from tradeloop.simulation.generate import BEGIN_NS, Simulated
from tradeloop.simulation.mark import marked
from tradeloop.simulation.market import generator, grid_of
from tradeloop.simulation.parameters import Preset
from tradeloop.simulation.slow import slow_states

Float = NDArray[np.float64]
Int = NDArray[np.int64]


class _Clocks(NamedTuple):
    """Sums from the start to each edge of the grid, by instrument.

    Parameters
    ----------
    variance, drift : ndarray of shape (n_cells + 1,)
        Of the own diffusion, bps squared; of the planted edge, bps.
    common : ndarray of shape (n_cells + 1,)
        Steps that all instruments share, up to and with the one at that edge, bps.
    step_s : float
        Length of a cell, s.
    """

    variance: Float
    drift: Float
    common: Float
    step_s: float

    def at(self, time_ns: Int) -> tuple[Float, Float]:
        """Variance and certain move (drift and shared steps) from the start to then."""
        cells = (time_ns - BEGIN_NS) / 1e9 / self.step_s
        edges = np.arange(self.variance.size)
        own = np.interp(cells, edges, self.variance)
        moved = np.interp(cells, edges, self.drift)
        passed = np.minimum(cells.astype(np.int64), edges[-1])
        return own, moved + self.common[passed]


def _clocks(
    preset: Preset, index: int, *, days: float, seed: int, rate: float
) -> _Clocks:
    """Draw the slow states of one instrument again, and sum them."""
    instrument = preset.instruments[index]
    cells = int(np.ceil(days * NS_PER_DAY / 1e9 / preset.step_s))
    parts = ("regime", "volatility", "signal")
    slow = slow_states(
        tuple(generator(seed, index + 1, part) for part in parts),
        preset.fitted,
        instrument,
        preset.alpha,
        begin_ns=BEGIN_NS,
        days=days,
        step_s=preset.step_s,
    )
    common = generator(seed, 0, "volatility").standard_normal(cells)
    grid = grid_of(preset, instrument, slow, common, rate)
    own = (1.0 - preset.correlation) * grid[:, stream.SIGMA] ** 2 * preset.step_s
    return _Clocks(
        np.concatenate([[0.0], np.cumsum(own)]),
        np.concatenate([[0.0], np.cumsum(grid[:, stream.DRIFT] * preset.step_s)]),
        np.concatenate([[0.0], np.cumsum(grid[:, stream.COMMON])]),
        preset.step_s,
    )


def efficient_at(
    market: Simulated,
    preset: Preset,
    instrument: str,
    time_ns: ArrayLike,
    *,
    seed: int,
) -> Float:
    """Efficient price of one instrument at any moments, also between messages.

    Parameters
    ----------
    market : Simulated
        A market that `simulate` made of ``preset``.
    preset : Preset
        The same preset.
    instrument : str
        Name with its mark.
    time_ns : array_like of shape (n,)
        ns UTC, in any order.
    seed : int
        Seed of what lies between the messages.

    Returns
    -------
    ndarray of shape (n,)
        Price; NaN before the first message and from the last one on. At a message
        it is the price of the truth, at two equal moments it is one price.

    Raises
    ------
    InputError
        The market has no such instrument.
    """
    names = [marked(one.name) for one in preset.instruments]
    if instrument not in names:
        raise InputError(
            f"The simulated market has no {instrument!r}.",
            way_out=f"Known: {', '.join(names)}.",
            source="instrument",
        )
    index = names.index(instrument)
    about = market.about
    clocks = _clocks(
        preset,
        index,
        days=about["days"],
        seed=about["seed"],
        rate=about["rate"],
    )
    known = pl.col("instrument") == instrument
    prices = market.truth["prices"].filter(known)
    jumps = market.truth["takers"].filter(known).select("sequence", "permanent_bps")
    rows = prices.join(jumps, on="sequence", how="left", maintain_order="left")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    times, place = np.unique(np.asarray(time_ns, dtype=np.int64), return_inverse=True)
    level = _bridged(rows, clocks, times, rng)[place]
    found: Float = preset.instruments[index].start * np.exp(level * 1e-4)
    return found


def _bridged(
    rows: pl.DataFrame, clocks: _Clocks, times: Int, rng: np.random.Generator
) -> Float:
    """Draw the level in bps at sorted, different times, from left to right."""
    sent, level = rows["event_ns"].to_numpy(), rows["efficient_bps"].to_numpy()
    jump = rows["permanent_bps"].fill_null(0.0).to_numpy()
    after = np.searchsorted(sent, times, side="right")
    inside = (after > 0) & (after < sent.size)
    before, after = np.maximum(after - 1, 0), np.minimum(after, sent.size - 1)
    spent, sure = clocks.at(times)
    sent_spent, sent_sure = clocks.at(sent)
    # What is left of the certain part is the own diffusion, tied at both messages.
    start = level[before] - sent_sure[before]
    end = level[after] - jump[after] - sent_sure[after]
    noise = rng.standard_normal(times.size)
    drawn = np.empty(times.size)
    for k in range(times.size):
        value, clock = start[k], sent_spent[before[k]]
        if k and inside[k - 1] and before[k] == before[k - 1]:
            value, clock = drawn[k - 1], spent[k - 1]
        left, gone = sent_spent[after[k]] - clock, spent[k] - clock
        share = gone / left if left > 0 else 0.0
        drawn[k] = value + share * (end[k] - value)
        drawn[k] += np.sqrt(max(gone * (1.0 - share), 0.0)) * noise[k]
    found: Float = np.where(inside, drawn + sure, np.nan)
    return found
