"""Bars with a spoiled future: another level, shape, direction and flow, yet valid."""

import numpy as np
import polars as pl

_SWAPPED = {"open": "close", "close": "open"}
_OUTWARD = {"high": 1.0, "ask": 1.0, "low": -1.0, "bid": -1.0}


def poison(bars: pl.DataFrame, at_ns: int, *, seed: int) -> pl.DataFrame:
    """Spoil all numbers of the bars received after a time.

    Each bar gets a factor of its own, so that no ratio of two bars survives; open and
    close change places, high and low and bid and ask move apart, signed volume changes
    its sign, so that nothing within a bar survives either. A valid bar stays valid.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Rows of the record BAR; further Float64 columns are multiplied.
    at_ns : int
        Bars received later are spoiled, all others keep every bit.
    seed : int
        Seed of the factors, drawn between 1.2 and 2.

    Returns
    -------
    polars.DataFrame of shape (n_bars, any)
    """
    draw = np.random.default_rng(seed)
    factor = pl.lit(pl.Series(draw.uniform(1.2, 2.0, bars.height)))
    apart = pl.lit(pl.Series(draw.uniform(0.001, 0.05, bars.height)))
    later = pl.when(pl.col("received_ns") > at_ns)
    spoiled = []
    for name, dtype in bars.schema.items():
        if dtype != pl.Float64:
            continue
        value = factor * pl.col(_SWAPPED.get(name, name))
        value = value * (1 + _OUTWARD.get(name, 0.0) * apart)
        value = -value if name == "signed_volume" else value
        spoiled.append(later.then(value).otherwise(pl.col(name)).alias(name))
    return bars.with_columns(spoiled)
