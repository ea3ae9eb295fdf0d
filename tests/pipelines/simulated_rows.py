"""Simulated rows: one family of features says where the price goes, five are noise."""

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets import Dataset, PurgedWalkForward
from tradeloop.pipelines.subject import Subject, standard_rule

ROWS, HORIZON_NS = 2_000, 3 * NS_PER_HOUR
FAMILIES = ("planted", "noise_a", "noise_b", "noise_c", "noise_d", "noise_e")
NAMES = tuple(f"{family}_{k}" for family in FAMILIES for k in range(2))
COST_BPS = 2.0


def simulated(seed=2, *, strong=0.18, right=0.95, rows=slice(None), shuffled=False):
    """Rows whose direction follows the planted family where it is not 0.

    In ``strong`` of the rows the family says which way, and is right with the
    probability ``right``; elsewhere the direction is a coin.
    """
    draw = np.random.default_rng(seed)
    says = np.where(draw.random(ROWS) < strong, draw.choice([-1, 1], ROWS), 0)
    coin = draw.choice([-1, 1], ROWS)
    direction = np.where((says != 0) & (draw.random(ROWS) < right), says, coin)
    flat = draw.random(ROWS) < 0.05
    direction = np.where(flat, 0, direction)
    features = draw.normal(size=(ROWS, len(NAMES)))
    features[:, 0] = says + 0.1 * features[:, 0]
    if shuffled:
        direction = draw.permutation(direction)
    side = draw.choice([-1, 1], ROWS)
    net = side * direction * 20.0 - COST_BPS
    at = NS_PER_DAY * 20_000 + NS_PER_HOUR * np.arange(ROWS)
    return dataset_of((at, features, direction, side, net), rows)


def dataset_of(columns, rows):
    at, features, direction, side, net = (each[rows] for each in columns)
    ids = pl.DataFrame({"decision_id": [f"simulated-{ns}" for ns in at]})
    none = pl.lit(None, pl.Float64)
    own = ("signal_strength", "confidence_score", "risk_score", "position_size")
    return Dataset(
        dataset_type="SIGNAL_GENERATION",
        version="simulated",
        manifest="{}",
        decision_context=ids.with_columns(
            pl.lit("simulated").alias("strategy"),
            pl.lit("A.SIM").alias("instrument"),
            pl.Series("side", side, pl.Int8),
            *(none.alias(name) for name in own),
        ),
        market_context=ids,
        execution_context=ids,
        feature_vectors=ids.with_columns(
            pl.Series("known_ns", at),
            *(pl.Series(name, features[:, k]) for k, name in enumerate(NAMES)),
        ),
        outcome_labels=ids.with_columns(
            pl.Series("decision_ns", at),
            pl.Series("end_ns", at + HORIZON_NS),
            pl.Series("end_ns_3h", at + HORIZON_NS),
            pl.Series("fold", np.where(at > at[len(at) // 2], 0, -1), pl.Int8),
            pl.Series("direction_3h", direction, pl.Int8),
            pl.Series("net_bps_3h", net),
        ),
    )


def subject_of(dataset, name="simulated"):
    told = [
        {"name": each, "group": family}
        for each, family in zip(NAMES, np.repeat(FAMILIES, 2), strict=True)
    ]
    return Subject(
        dataset_id=name,
        dataset=dataset,
        splitter=PurgedWalkForward(folds=2, min_train_share=0.5, min_rows=20),
        rule=standard_rule(7, trees=10),
        about={"feature_schema": {"feature_definitions": told}},
    )
