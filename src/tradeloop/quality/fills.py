"""Fills at prices that did not trade."""

import polars as pl

from tradeloop.quality.base import Detector, Evidence


def find_outside(evidence: Evidence) -> pl.DataFrame:
    """Return the fills outside of their bar, as capture found them."""
    if evidence.fills_outside is None:
        return pl.DataFrame(schema={"instrument": pl.String, "event_ns": pl.Int64})
    return evidence.fills_outside


OUTSIDE = Detector(
    "fill_outside_bar",
    "price below low or above high of its bar",
    find_outside,
    "fills",
)
