"""Where does the market go: one row per instrument and bar, whoever decided what."""

import polars as pl

from tradeloop.datasets.kinds.base import (
    Documentation,
    Kind,
    Labels,
    Schedule,
    Target,
)
from tradeloop.datasets.kinds.observing import (
    as_decisions,
    known_bars,
    needed,
    sections,
)
from tradeloop.datasets.kinds.realised import realised_volatility
from tradeloop.events import DatasetType


def _observe(
    decisions: pl.DataFrame | None,  # noqa: ARG001 - the market is observed
    bars: pl.DataFrame,
    schedule: Schedule | None,
) -> pl.DataFrame:
    """Observe each instrument when every n-th bar was known, or at given times."""
    plan, known = needed(schedule), known_bars(bars)
    if plan.times_ns is not None:
        times = pl.Series(plan.times_ns, dtype=pl.Int64)
        seen = sections(known, times, plan).select(
            "instrument", stamp_ns="at_ns", known_ns="at_ns"
        )
        return as_decisions(seen, plan)
    number = pl.int_range(pl.len()).over("instrument")
    nth = known.filter(number % plan.every == 0).rename({"end_ns": "stamp_ns"})
    return as_decisions(nth, plan)


def _measure(labels: Labels) -> pl.DataFrame:
    ends = pl.max_horizontal(f"end_ns_{h}" for h in labels.horizons)
    return labels.rows.select(ends.alias("end_ns")).hstack(
        realised_volatility(labels.rows, labels.bars, labels.horizons)
    )


MARKET_PREDICTION = Kind(
    dataset_type=DatasetType.MARKET_PREDICTION,
    targets=(
        Target(
            "direction",
            "class",
            "-1, 0 or +1: return outside the neutral band",
            classes=(-1, 0, 1),
        ),
        Target("return", "regression", "return of the instrument, as a fraction"),
        Target(
            "realised_volatility",
            "regression",
            "root of the summed squared log returns of the bars, a fraction over the "
            "horizon",
            own=True,
        ),
    ),
    documentation=Documentation(
        row="One instrument when one of its bars was known, or at a given time.",
        meaning="Where the price went from there, and how much it moved on the way.",
        known_when="When the price at the due time was received.",
        intended_use="Forecasting direction, return and volatility of an instrument; "
        "pre-training before decisions are many.",
        not_for="Judging strategies: no row was decided by anybody, and side is +1 "
        "throughout.",
        limits=(
            (
                "Neighbouring rows share most of their future: weigh them by "
                "uniqueness, or take every n-th bar."
            ),
            (
                "Instruments that were no longer listed are in it only as far as the "
                "bars given hold them."
            ),
            (
                "What is seen of the market is what its bars say; nobody could trade "
                "all of them at their close."
            ),
        ),
    ),
    observe=_observe,
    measure=_measure,
)
