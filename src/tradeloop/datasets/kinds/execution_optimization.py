"""What did trading cost: one row per decision that was executed.

The figures are those of `tradeloop.labels.execution.execution_truth`, one row per
decision that was ordered or filled, in bps, positive is paid:
``shortfall = delay + execution + opportunity + fees`` (Perold 1988).

- The parts of the shortfall are known at ``shortfall_end_ns``, everything else at
  ``execution_end_ns``: while that is null, only the parts are taken.
- Where a fill cannot have happened as told (``fill_suspect``) nothing is taken.
"""

import polars as pl

from tradeloop.datasets.kinds.base import (
    Documentation,
    Kind,
    Labels,
    Target,
    captured,
)
from tradeloop.errors import InputError
from tradeloop.events import DatasetType

_PARTS = {
    "shortfall_bps": "implementation shortfall against the price at the decision",
    "shortfall_before_fees_bps": "the same without fees, which may not be known",
    "delay_bps": "part of the shortfall from the decision to the arrival",
    "execution_bps": "part of the shortfall from the arrival to the fills",
    "opportunity_bps": "part of the shortfall of what was not filled",
    "fees_bps": "part of the shortfall that was paid in fees",
}
_WHOLE = {
    "arrival_slippage_bps": "average fill against the price at the arrival",
    "vwap_slippage_bps": "average fill against the VWAP while it was filled",
    "twap_slippage_bps": "average fill against the TWAP while it was filled",
    "close_slippage_bps": "average fill against the close of the day",
    "effective_bps": "effective spread of the fills",
}
_AFTER = {
    "realised_bps": "realised spread of the fills",
    "impact_bps": "price impact of the fills",
}
_ENDS = ("shortfall_end_ns", "execution_end_ns")


def _truth(labels: Labels) -> pl.DataFrame:
    truth = labels.execution
    if truth is None or truth.is_empty():
        raise InputError(
            "An EXECUTION_OPTIMIZATION dataset is made of executed decisions; no order "
            "or fill belongs to any decision.",
            way_out="Capture fills with their decision_id, or build RISK_PREDICTION "
            "or SIGNAL_GENERATION, which need none.",
            source="execution",
        )
    for name in ("decision_id", "shortfall_bps", "fill_suspect", *_ENDS):
        if name not in truth.columns:
            raise InputError(
                f"The column is missing; there are {', '.join(truth.columns)}.",
                way_out="Give what tradeloop.labels.execution.execution_truth "
                "returned.",
                source="execution",
                column=name,
            )
    return truth


def _measure(labels: Labels) -> pl.DataFrame:
    truth = _truth(labels)
    later = [*_WHOLE, *(f"{stem}_{h}" for h in labels.horizons for stem in _AFTER)]
    parts = [name for name in _PARTS if name in truth.columns]
    later = [name for name in later if name in truth.columns]
    whole = pl.col("execution_end_ns").is_not_null()
    known = truth.filter(~pl.col("fill_suspect").fill_null(value=False)).select(
        "decision_id",
        pl.max_horizontal(_ENDS).alias("end_ns"),
        pl.when(pl.col("shortfall_end_ns").is_not_null()).then(pl.col(parts)),
        pl.when(whole).then(pl.col(later)) if later else pl.lit(None).alias("__none"),
    )
    return (
        labels.rows.select("decision_id")
        .join(known, on="decision_id", how="left", maintain_order="left")
        .select("end_ns", *parts, *later)
    )


EXECUTION_OPTIMIZATION = Kind(
    dataset_type=DatasetType.EXECUTION_OPTIMIZATION,
    targets=(
        *(
            Target(
                stem,
                "regression",
                f"{meaning}, bps, positive is paid",
                per_horizon=False,
                own=True,
            )
            for stem, meaning in (_PARTS | _WHOLE).items()
        ),
        *(
            Target(stem, "regression", f"{meaning}, bps, positive is paid", own=True)
            for stem, meaning in _AFTER.items()
        ),
    ),
    documentation=Documentation(
        row="A captured decision that was ordered or filled.",
        meaning="What it cost to turn the decision into a position, and where: "
        "waiting, trading, not trading, fees.",
        known_when="When the last fill, or the price that values what was not filled, "
        "was received; end_ns says when.",
        intended_use="Choosing when and how to execute: expected cost by market "
        "state, size and algorithm.",
        not_for="The cost of sizes and algorithms that were never used.",
        limits=(
            "Fills of a simulator cost what the simulator says.",
            "Impact on the price that was decided on cannot be told from news.",
            (
                "Decisions without an execution, and those with a fill that cannot "
                "have happened as told, are no rows; they are counted."
            ),
        ),
    ),
    observe=captured,
    measure=_measure,
    needs_own=True,
)
