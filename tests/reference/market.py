"""Random but possible bars, for laws that hold on any bars."""

import numpy as np
import polars as pl

from reference.beside_bars import columns_beside_bars
from reference.option_market import option_columns, sentiment_columns
from reference.stream_market import stream_columns

DAY_NS = 86_400_000_000_000


def random_columns(seed, rows, *, flat=0.0, tick=0.0):
    """Raw columns of one instrument; a share ``flat`` of the bars does not move."""
    random = np.random.default_rng(seed)
    moves = random.normal(0, 0.01, rows) * (random.random(rows) >= flat)
    close = 100 * np.exp(np.cumsum(moves))
    open_ = np.concatenate([[100.0], close[:-1]])
    open_ = open_ * np.exp(
        random.normal(0, 0.002, rows) * (random.random(rows) >= flat)
    )
    if tick:
        close, open_ = np.round(close / tick) * tick, np.round(open_ / tick) * tick
    wide = (random.random(rows) >= flat) * 0.01 * random.random((2, rows))
    high = np.maximum(open_, close) * (1 + wide[0])
    low = np.minimum(open_, close) * (1 - wide[1])
    volume = random.integers(0, 1000, rows).astype(float)
    half = 0.0005 * random.random(rows)
    return {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "signed_volume": np.round(volume * random.uniform(-1, 1, rows)),
        "bid": close * (1 - half),
        "ask": close * (1 + half),
        "bid_size": random.integers(1, 100, rows).astype(float),
        "ask_size": random.integers(1, 100, rows).astype(float),
        "day": 18_000.0 + np.arange(rows) // 6,
        "ns_of_day": (np.arange(rows) % 6) * 4 * 3.6e12,
        **columns_beside_bars(seed, rows, flat=flat, tick=tick),
        **option_columns(seed, rows),
        **sentiment_columns(seed, rows),
        **stream_columns(seed, rows, flat=flat, tick=tick),
    }


def bars_frame(seed, lengths, *, flat=0.0, interval_ns=DAY_NS, latency_ns=0):
    """BAR rows of several instruments of different lengths."""
    frames = []
    for k, rows in enumerate(lengths):
        columns = random_columns(seed + k, rows, flat=flat)
        event_ns = 18_000 * DAY_NS + interval_ns * np.arange(1, rows + 1)
        bars = [name for name in columns if "." not in name]
        keep = [name for name in bars if name not in ("day", "ns_of_day")]
        frames.append(
            pl.DataFrame(
                {
                    "instrument": [f"I{k}"] * rows,
                    "open_ns": event_ns - interval_ns,
                    "event_ns": event_ns,
                    "received_ns": event_ns + latency_ns,
                    **{name: columns[name] for name in keep},
                }
            )
        )
    return pl.concat(frames)
