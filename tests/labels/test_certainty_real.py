"""Two brokers quote one price: what their labels differ by is what was said of them."""

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.events import BAR
from tradeloop.labels import LabelPlan, OutcomeRule, label
from tradeloop.labels.certainty import certainty

HORIZONS = (NS_PER_MINUTE, NS_PER_HOUR)
RULE = OutcomeRule(excellent_bps=4, good_bps=2, poor_bps=-2, bad_bps=-4, neutral_bps=2)
THURSDAY = 72  # the hour of the week, from Monday, at which the epoch began


def ticks(folder, broker):
    rows = pl.read_parquet(folder / "fx" / f"ticks_{broker}_eurusd.parquet")
    at = pl.col("ts").dt.epoch("ns")
    return rows.select(
        pl.lit("EURUSD").alias("instrument"),
        at.alias("event_ns"),
        at.alias("received_ns"),
        "bid",
        "ask",
    )


@pytest.mark.realdata
def test_labels_of_two_brokers_differ_by_as_much_as_their_error_bars_say(market_data):
    feeds = [ticks(market_data, broker) for broker in ("oanda", "fxcm")]
    first = max(feed["event_ns"].min() for feed in feeds) + NS_PER_HOUR
    last = min(feed["event_ns"].max() for feed in feeds) - 2 * NS_PER_HOUR
    at = np.sort(np.random.default_rng(0).integers(first, last, 4000))
    at = at[(at // NS_PER_HOUR + THURSDAY) % 168 < 116]  # not on Friday evenings
    decisions = pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(len(at))],
            "instrument": "EURUSD",
            "side": np.ones(len(at), dtype=np.int8),
            "received_ns": at,
        }
    )
    plan = LabelPlan(HORIZONS, rule=RULE)
    bars = [certainty(decisions, BAR.empty(), feed, plan=plan) for feed in feeds]
    labels = [
        label(decisions, BAR.empty(), feed, horizons_ns=HORIZONS, rule=RULE)
        for feed in feeds
    ]
    for suffix in plan.suffixes:
        best, error = (
            np.array([bar[f"{name}_bps_{suffix}"].to_numpy() for bar in bars])
            for name in ("best", "error")
        )
        known = np.isfinite(best).all(axis=0)
        assert known.sum() > 2000
        z = (best[0] - best[1]) / np.sqrt((error**2).sum(axis=0))
        # Errors that both brokers share are not seen by this: it may be below 1.
        assert 0.8 < z[known].std() < 1.2
        sure = [(~bar[f"inside_noise_{suffix}"]).fill_null(value=False) for bar in bars]
        agreed = labels[0][f"outcome_{suffix}"] == labels[1][f"outcome_{suffix}"]
        claimed = agreed.filter(sure[0] & sure[1])
        assert len(claimed) > 1500
        assert claimed.mean() > 0.998
        assert agreed.filter(pl.Series(known)).mean() < claimed.mean()
