"""How bad did it get: one row per captured decision, with the losses on the way.

- ``realised_volatility_h``: see `kinds.realised`.
- ``scaled_loss_h = max_loss_h / (v sqrt(n))``, with v the volatility per bar known at
  the decision (`market_state`), as a fraction, and n the bars of h, at least 1: -2 is
  two standard deviations against the decision. Null where v is null or 0.
- ``breach_h``: 1 where ``scaled_loss_h < -bound``, else 0; null where that is null.
  Under a normal walk the least of the path falls below ``-2`` standard deviations in
  4.6 % of all rows (twice the tail, by reflection).
"""

import polars as pl

from tradeloop.datasets.kinds.base import (
    Documentation,
    Kind,
    Labels,
    Target,
    captured,
)
from tradeloop.datasets.kinds.realised import realised_volatility
from tradeloop.events import DatasetType

BOUND = 2.0  # standard deviations
_BPS = 1e4


def _losses(labels: Labels, h: str) -> list[pl.Expr]:
    span = (pl.col(f"due_ns_{h}") - pl.col("decision_ns")).cast(pl.Float64)
    bars = (span / labels.interval_ns).clip(lower_bound=1)
    usual = labels.volatility_level / _BPS * bars.sqrt()
    scaled = pl.when(usual > 0).then(pl.col(f"max_loss_{h}") / usual)
    return [
        scaled.alias(f"scaled_loss_{h}"),
        (scaled < -BOUND).cast(pl.Int8).alias(f"breach_{h}"),
    ]


def _measure(labels: Labels) -> pl.DataFrame:
    horizons = labels.horizons
    losses = [loss for h in horizons for loss in _losses(labels, h)]
    ends = pl.max_horizontal(f"end_ns_{h}" for h in horizons)
    return labels.rows.select(ends.alias("end_ns"), *losses).hstack(
        realised_volatility(labels.rows, labels.bars, horizons)
    )


RISK_PREDICTION = Kind(
    dataset_type=DatasetType.RISK_PREDICTION,
    targets=(
        Target(
            "breach",
            "class",
            f"1 where the worst move on the way was beyond {BOUND:g} standard "
            "deviations as known at the decision, else 0",
            own=True,
            classes=(0, 1),
        ),
        Target("max_loss", "regression", "worst move on the way, signed by the side"),
        Target(
            "scaled_loss",
            "regression",
            "worst move on the way, in standard deviations as known at the decision",
            own=True,
        ),
        Target(
            "realised_volatility",
            "regression",
            "root of the summed squared log returns of the bars, a fraction over the "
            "horizon",
            own=True,
        ),
    ),
    documentation=Documentation(
        row="A captured decision to buy or sell one instrument.",
        meaning="How far the price went against the decision on the way, and how much "
        "it moved at all.",
        known_when="When the return of the horizon is known, never later.",
        intended_use="Sizing and refusing decisions: the chance of a loss beyond a "
        "bound, the expected volatility.",
        not_for="A bound on losses: gaps between bars and forced exits are not in it.",
        limits=(
            (
                "Of the bar in which the decision fell only the close counts, so "
                "losses within that bar are not seen."
            ),
            (
                "The bound scales with the volatility known at the decision: where "
                "that is null, breach is null."
            ),
            "Beyond is rare: judge by proper scores, not by accuracy.",
        ),
    ),
    observe=captured,
    measure=_measure,
    rules={"bound": BOUND},
)
