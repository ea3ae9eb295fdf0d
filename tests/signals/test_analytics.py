import numpy as np
import polars as pl
import pytest

from tradeloop.errors import InputError
from tradeloop.signals.analytics import Resampling, signal_statistics
from tradeloop.statistics import wilson

QUICK = Resampling(repeats=50)


def judged(rows=400, seed=3, skill=0.0, drift_bps=0.0):
    """Signals of chance, right more often by ``skill``."""
    draw = np.random.default_rng(seed)
    moved = draw.normal(drift_bps, 20, rows)
    direction = np.where(np.abs(moved) <= 5, 0, np.sign(moved)).astype(np.int8)
    side = draw.choice([-1, 0, 1], rows).astype(np.int8)
    side = np.where(draw.random(rows) < skill, direction, side).astype(np.int8)
    confidence = draw.uniform(0.34, 0.95, rows)
    return pl.DataFrame(
        {
            "model_version": draw.choice(["m v1", "m v2"], rows),
            "symbol": draw.choice(["A", "B", "C"], rows),
            "side": side,
            "confidence": confidence,
            "created_ns": np.arange(rows),
            "horizon_ns": np.full(rows, 3),
            "return_bps": moved,
            "net_bps": side * moved - 1.0 * (side != 0),
            "cost_bps": np.ones(rows),
            "direction": direction,
            "hit": direction == side,
            "brier": draw.uniform(0, 2, rows),
        }
    )


def test_each_group_is_what_its_rows_say():
    frame = judged()
    found = signal_statistics(frame, ("model_version", "symbol"), resampling=QUICK)
    assert found.height == 6
    assert found["signals"].sum() == 400
    for row in found.iter_rows(named=True):
        own = frame.filter(
            pl.col("model_version") == row["model_version"],
            pl.col("symbol") == row["symbol"],
        )
        trades = own.filter(pl.col("side") != 0)
        hits = wilson(int(trades["hit"].sum()), trades.height)
        assert row["trades"] == trades.height
        assert (row["hit_rate"], row["hit_low"], row["hit_high"]) == (
            hits.value,
            hits.low,
            hits.high,
        )
        assert row["net_bps"] == pytest.approx(trades["net_bps"].mean())
        assert row["net_low"] < row["net_bps"] < row["net_high"]
        assert row["came_rate"] == pytest.approx(own["hit"].mean())
        gap = own["confidence"].mean() - own["hit"].mean()
        assert row["calibration_gap"] == pytest.approx(gap)
        assert row["brier"] == pytest.approx(own["brier"].mean())


def test_without_skill_the_signals_do_as_no_skill_does():
    (row,) = signal_statistics(
        judged(4_000, seed=4).with_columns(model_version=pl.lit("m")), resampling=QUICK
    ).iter_rows(named=True)
    assert row["hit_low"] < row["no_skill_hit_rate"] < row["hit_high"]
    assert row["net_low"] < row["no_skill_net_bps"] < row["net_high"]


def test_skill_stands_above_no_skill():
    frame = judged(2_000, skill=0.3).with_columns(model_version=pl.lit("m"))
    (row,) = signal_statistics(frame, resampling=QUICK).iter_rows(named=True)
    assert row["hit_low"] > row["no_skill_hit_rate"]
    assert row["net_low"] > row["no_skill_net_bps"]


def test_a_rising_market_does_not_pass_for_skill():
    frame = judged(4_000, drift_bps=15).with_columns(
        model_version=pl.lit("m"), side=pl.lit(1, pl.Int8)
    )
    frame = frame.with_columns(
        net_bps=pl.col("return_bps") - 1, hit=pl.col("direction") == 1
    )
    (row,) = signal_statistics(frame, resampling=QUICK).iter_rows(named=True)
    assert row["hit_rate"] > 0.6
    assert row["hit_rate"] == pytest.approx(row["no_skill_hit_rate"])
    assert row["net_bps"] == pytest.approx(row["no_skill_net_bps"])


def test_no_skill_brier_is_that_of_the_shares():
    frame = judged().with_columns(model_version=pl.lit("m"))
    (row,) = signal_statistics(frame, resampling=QUICK).iter_rows(named=True)
    shares = [(frame["direction"] == k).mean() for k in (-1, 0, 1)]
    # Of forecasts that always say the shares: 1 - sum of squares.
    assert row["no_skill_brier"] == pytest.approx(1 - sum(s * s for s in shares))


def test_confidence_falls_into_buckets_closed_below():
    frame = judged(6).with_columns(
        confidence=pl.Series([0.39, 0.4, 0.6, 0.95, 1.0, None])
    )
    found = signal_statistics(frame, ("confidence_bucket",), resampling=QUICK)
    assert dict(found.select("confidence_bucket", "signals").iter_rows()) == {
        None: 1,
        "0-0.4": 1,
        "0.4-0.5": 1,
        "0.6-0.7": 1,
        "0.9-1": 2,
    }


def test_pending_rows_are_counted_and_nothing_else():
    frame = judged(60).with_columns(model_version=pl.lit("m"))
    outcome = ("return_bps", "net_bps", "direction", "hit", "brier")
    waiting = frame.with_columns(
        pl.lit(None, frame.schema[name]).alias(name) for name in outcome
    )
    both = pl.concat([frame, waiting])
    alone = signal_statistics(frame, resampling=QUICK)
    found = signal_statistics(both, resampling=QUICK)
    assert found["pending"].to_list() == [60]
    assert found.drop("signals", "pending").equals(alone.drop("signals", "pending"))
    none = signal_statistics(waiting, resampling=QUICK)
    assert none["hit_rate"].to_list() == [None]
    assert none["signals"].to_list() == [60]


def test_a_handful_of_trades_gets_no_interval_of_its_mean():
    frame = judged(5).with_columns(model_version=pl.lit("m"), side=pl.lit(1, pl.Int8))
    found = signal_statistics(frame, resampling=QUICK)
    assert found["net_low"].to_list() == [None]
    assert found["net_bps"][0] is not None


def test_the_order_of_the_rows_does_not_matter_and_a_regime_is_a_column_like_others():
    frame = judged().with_columns(regime=pl.lit("SIDEWAYS"))
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    by = ("regime", "symbol")
    first = signal_statistics(frame, by, resampling=QUICK)
    assert signal_statistics(shuffled, by, resampling=QUICK).equals(first)


def test_no_rows_give_no_groups_and_missing_columns_are_named():
    assert signal_statistics(judged().head(0)).height == 0
    with pytest.raises(InputError, match=r"columns \['regime'\]"):
        signal_statistics(judged(), ("regime",))
    with pytest.raises(InputError, match="Statistics by"):
        signal_statistics(judged(), ())
