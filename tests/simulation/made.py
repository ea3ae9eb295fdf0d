"""Simulated markets that several tests look at, and how to look at them."""

from dataclasses import replace

import numpy as np
import polars as pl

from tradeloop.simulation import BEGIN_NS, shipped, simulate

HORIZON = 300 * 10**9


def strong(bps):
    """The fx preset with an edge of this size."""
    preset = shipped("fx")
    return replace(preset, alpha=replace(preset.alpha, bps=bps))


def windows(market, column="efficient_bps"):
    """Returns over windows of a horizon that do not overlap, with their forecast."""
    frames = []
    for (name,), prices in market.truth["prices"].group_by(
        "instrument", maintain_order=True
    ):
        marks = market.truth["signals"].filter(
            pl.col("instrument") == name,
            pl.col("open"),
            pl.col("horizon_ns") == HORIZON,
            (pl.col("event_ns") - BEGIN_NS) % HORIZON == 0,
            pl.col("expected_bps").is_not_null(),
            pl.col("event_ns") + HORIZON <= prices["event_ns"].max(),
            pl.col("event_ns") >= prices["event_ns"].min(),
        )
        times = prices["event_ns"].to_numpy()
        level = prices[column].to_numpy()
        at = marks["event_ns"].to_numpy()
        first = level[np.searchsorted(times, at, side="right") - 1]
        last = level[np.searchsorted(times, at + HORIZON, side="right") - 1]
        frames.append(marks.with_columns(moved=pl.Series(last - first)))
    return pl.concat(frames)


def slope_and_error(x, y):
    """Slope of a line through 0, and its error under any variance."""
    slope = (x @ y) / (x @ x)
    left = y - slope * x
    return slope, np.sqrt((x**2 * left**2).sum()) / (x @ x)


def small(name="fx", **given):
    """A market of a few hours."""
    return simulate(shipped(name), **{"days": 0.2, "seed": 3, **given})
