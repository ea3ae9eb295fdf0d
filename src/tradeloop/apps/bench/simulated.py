"""Simulated market: random walks with a fixed seed, never real data."""

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE
from tradeloop.events import BAR, DECISION

START_NS = 20_000 * NS_PER_DAY
LATENCY_NS = 50_000_000


def bars(symbols: int, rows: int, *, seed: int = 1) -> pl.DataFrame:
    """One-minute bars with quotes and volume: the BAR record, sorted.

    Parameters
    ----------
    symbols, rows : int
        Instruments, and bars of each, all at the same times.
    seed : int
        Seed of the walks.

    Returns
    -------
    polars.DataFrame of shape (symbols * rows, 14)
    """
    draw = np.random.default_rng(seed)
    shape = (symbols, rows)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 5e-4, shape), axis=1))
    opens = np.concatenate([np.full((symbols, 1), 100.0), close[:, :-1]], axis=1)
    high = np.maximum(opens, close) * (1 + 3e-4 * draw.random(shape))
    low = np.minimum(opens, close) * (1 - 3e-4 * draw.random(shape))
    volume = 1.0 + draw.integers(0, 1000, shape)
    end = np.tile(START_NS + NS_PER_MINUTE * np.arange(1, rows + 1), symbols)
    names = pl.Series([f"S{k:04}.SIM" for k in range(symbols)])
    columns = {
        "instrument": names.gather(np.repeat(np.arange(symbols), rows)),
        "open_ns": end - NS_PER_MINUTE,
        "event_ns": end,
        "received_ns": end + LATENCY_NS,
        "open": opens.ravel(),
        "high": high.ravel(),
        "low": low.ravel(),
        "close": close.ravel(),
        "volume": volume.ravel(),
        "bid": close.ravel() * (1 - 5e-5),
        "ask": close.ravel() * (1 + 5e-5),
        "bid_size": 1.0 + draw.integers(0, 500, symbols * rows),
        "ask_size": 1.0 + draw.integers(0, 500, symbols * rows),
        "signed_volume": (volume * draw.uniform(-1, 1, shape)).ravel(),
    }
    return BAR.conform(pl.DataFrame(columns))


def decisions(
    market: pl.DataFrame, count: int, *, room: tuple[int, int], seed: int = 2
) -> pl.DataFrame:
    """Decisions at random times between bars: the DECISION record, by time.

    Parameters
    ----------
    market : polars.DataFrame
        From `bars`.
    count : int
        How many.
    room : tuple of int
        Bars of each instrument that stay free of decisions at start and end.
    seed : int
        Seed of the draw.

    Returns
    -------
    polars.DataFrame of shape (count, 12)
    """
    draw = np.random.default_rng(seed)
    names = market["instrument"].unique(maintain_order=True)
    last = market.height // names.len() - room[1]
    at = START_NS + NS_PER_MINUTE * draw.integers(room[0], last, count)
    at += draw.integers(LATENCY_NS, NS_PER_MINUTE, count)
    columns = {
        "decision_id": [f"d{k:07}" for k in range(count)],
        "strategy": "simulated",
        "instrument": names.gather(draw.integers(0, names.len(), count)),
        "side": draw.choice([-1, 1], count),
        "event_ns": at,
        "received_ns": at,
        "signal_strength": draw.random(count),
        "confidence_score": draw.random(count),
        "position_size": 0.1,
        "reasoning": "simulated decision of the benchmark",
    }
    frame = pl.DataFrame(columns).sort("received_ns", "decision_id")
    return DECISION.conform(frame)
