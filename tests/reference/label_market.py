"""Hourly markets and decisions for the tests of labels."""

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_HOUR as HOUR


def bars(instrument, closes, *, start_ns=0, high=None, low=None):
    n = len(closes)
    opens = start_ns + HOUR * np.arange(n, dtype=np.int64)
    close = np.asarray(closes, dtype=np.float64)
    return pl.DataFrame(
        {
            "instrument": [instrument] * n,
            "open_ns": opens,
            "event_ns": opens + HOUR,
            "received_ns": opens + HOUR,
            "open": close,
            "high": close if high is None else np.asarray(high, dtype=np.float64),
            "low": close if low is None else np.asarray(low, dtype=np.float64),
            "close": close,
        }
    )


def decisions(*rows):
    """Rows of (id, instrument, side, hours)."""
    return pl.DataFrame(
        {
            "decision_id": [row[0] for row in rows],
            "instrument": [row[1] for row in rows],
            "side": pl.Series([row[2] for row in rows], dtype=pl.Int8),
            "received_ns": pl.Series(
                [int(row[3] * HOUR) for row in rows], dtype=pl.Int64
            ),
        }
    )


def walk(seed, instruments, rows):
    generator = np.random.default_rng(seed)
    return pl.concat(
        bars(f"I{k}", 100 * np.exp(np.cumsum(generator.normal(0, 1e-3, rows))))
        for k in range(instruments)
    )


def random_decisions(seed, market, count):
    generator = np.random.default_rng(seed)
    picked = market[generator.integers(0, market.height, count)]
    return pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(count)],
            "instrument": picked["instrument"],
            "side": generator.choice([-1, 0, 1], count).astype(np.int8),
            "received_ns": picked["received_ns"] + 7,
        }
    )


def rows_of(path):
    """Rows of a path as dicts, for the oracles of `reference.labels`."""
    if path.kind == "tick":
        pairs = zip(path.known_ns, path.price, strict=True)
        return [{"received_ns": int(t), "mid": float(p)} for t, p in pairs]
    return [
        {
            "open_ns": int(path.begin_ns[k]),
            "event_ns": int(path.time_ns[k]),
            "received_ns": int(path.known_ns[k]),
            "high": float(path.high[k]),
            "low": float(path.low[k]),
            "close": float(path.price[k]),
        }
        for k in range(len(path))
    ]
