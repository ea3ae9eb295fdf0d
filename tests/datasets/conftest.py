"""A small market, decisions on it and the dataset that comes of them."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets import (
    DatasetInputs,
    PurgedWalkForward,
    Recipe,
    Sources,
    assemble,
)
from tradeloop.events import BAR, DECISION

START_NS = 20_000 * NS_PER_DAY
HORIZON_BARS = 20
SPLITTER = PurgedWalkForward(folds=3, min_rows=5)
INPUTS = DatasetInputs(
    dataset_type="SIGNAL_GENERATION",
    slices={"bars": "b"},
    feature_fingerprint="f",
    label_rules={"horizons": ["20h"]},
    split=SPLITTER.as_mapping(),
    as_of_ns=0,
    seed=0,
)


def make_bars(n_bars=500, names=("A.X", "B.X"), seed=0):
    """Hourly bars with quotes and signed volume, known a second after they end."""
    draw = np.random.default_rng(seed)
    frames = []
    for name in names:
        close = 100 * np.exp(np.cumsum(draw.normal(0, 1e-3, n_bars)))
        opened = np.concatenate([[100.0], close[:-1]])
        end = START_NS + NS_PER_HOUR * np.arange(1, n_bars + 1)
        columns = {
            "instrument": [name] * n_bars,
            "open_ns": end - NS_PER_HOUR,
            "event_ns": end,
            "received_ns": end + 10**9,
            "open": opened,
            "high": np.maximum(opened, close) * 1.0001,
            "low": np.minimum(opened, close) * 0.9999,
            "close": close,
            "volume": draw.uniform(1, 2, n_bars),
            "bid": close * 0.9999,
            "ask": close * 1.0001,
            "bid_size": draw.uniform(1, 9, n_bars),
            "ask_size": draw.uniform(1, 9, n_bars),
            "signed_volume": draw.normal(0, 1, n_bars),
        }
        frames.append(BAR.conform(pl.DataFrame(columns)))
    return pl.concat(frames)


def make_decisions(bars, every=7, first=30):
    """One decision every few bars, at a time of its own between two bars."""
    number = pl.int_range(pl.len()).over("instrument")
    wait = (pl.int_range(pl.len()) * 37 % 3_000 + 1) * 10**9
    chosen = bars.with_columns(number=number, at=pl.col("received_ns") + wait).filter(
        (pl.col("number") >= first) & (pl.col("number") % every == 0)
    )
    return DECISION.conform(
        chosen.select(
            "instrument",
            pl.format("{}-{}", "instrument", "number").alias("decision_id"),
            pl.lit("rule").alias("strategy"),
            pl.when(pl.col("number") % 2 == 0).then(1).otherwise(-1).alias("side"),
            pl.col("at").alias("event_ns"),
            pl.col("at").alias("received_ns"),
            pl.lit(0.5).alias("signal_strength"),
            pl.lit("because").alias("reasoning"),
        )
    ).sort("received_ns", "decision_id")


def make_labels(decisions, bars):
    """Return over the next bars, in the columns that labelling gives."""
    ahead = pl.col("close").shift(-HORIZON_BARS).over("instrument")
    end = pl.col("received_ns").shift(-HORIZON_BARS).over("instrument")
    path = bars.select("instrument", "received_ns", "close", ahead=ahead, end=end)
    joined = decisions.join_asof(
        path.sort("received_ns"),
        on="received_ns",
        by="instrument",
        check_sortedness=False,
    )
    gross = 1e4 * pl.col("side") * pl.col("return_20h")
    return (
        joined.with_columns(return_20h=pl.col("ahead") / pl.col("close") - 1)
        .select(
            "decision_id",
            "instrument",
            pl.col("received_ns").alias("decision_ns"),
            pl.col("close").alias("price"),
            "return_20h",
            pl.lit(0.0).alias("benchmark_return_20h"),
            gross.alias("outperformance_bps_20h"),
            (gross - 3.0).alias("net_bps_20h"),
            (pl.col("return_20h").abs() * 2).alias("max_gain_20h"),
            (-pl.col("return_20h").abs()).alias("max_loss_20h"),
            pl.col("end").alias("end_ns_20h"),
            (pl.col("received_ns") + HORIZON_BARS * NS_PER_HOUR).alias("due_ns_20h"),
        )
        .with_columns(
            decision_outcome=pl.when(pl.col("end_ns_20h").is_not_null()).then(
                pl.when(pl.col("outperformance_bps_20h") > 20)
                .then(pl.lit("EXCELLENT"))
                .when(pl.col("outperformance_bps_20h") < -20)
                .then(pl.lit("BAD"))
                .otherwise(pl.lit("NEUTRAL"))
            ),
            state=pl.when(pl.col("end_ns_20h").is_not_null())
            .then(pl.lit("labelled"))
            .otherwise(pl.lit("pending")),
        )
    )


def compute(bars):
    """Three honest features; null until their window is full."""
    step = pl.col("close").log().diff()
    return bars.select(
        "instrument",
        "event_ns",
        "received_ns",
        step.over("instrument").alias("step"),
        step.rolling_mean(10).over("instrument").alias("drift"),
        (pl.col("high") / pl.col("low")).log().over("instrument").alias("range"),
    )


@dataclass(frozen=True, eq=False)
class World:
    """Frames of the small market, and the functions that make them."""

    bars: pl.DataFrame
    decisions: pl.DataFrame
    labels: pl.DataFrame
    compute = staticmethod(compute)
    inputs = INPUTS
    splitter = SPLITTER

    def sources(self, features=None, **more):
        return Sources(
            decisions=self.decisions,
            bars=self.bars,
            features=compute(self.bars) if features is None else features,
            labels=self.labels,
            interval_ns=NS_PER_HOUR,
            **more,
        )

    def recipe(self, **more):
        return Recipe(INPUTS, SPLITTER, **more)

    def dataset(self, features=None):
        return assemble(self.sources(features), self.recipe())

    def splits(self):
        dataset = self.dataset()
        return list(SPLITTER.split(dataset.decision_ns, dataset.end_ns))

    @classmethod
    def of(cls, **arguments):
        bars = make_bars(**arguments)
        decisions = make_decisions(bars)
        return cls(bars, decisions, make_labels(decisions, bars))

    def with_bars(self, bars):
        return replace(self, bars=bars)


@pytest.fixture(scope="session")
def world():
    return World.of()


@pytest.fixture(scope="session")
def dataset(world):
    return world.dataset()
