"""Was it right to decide so: one row per captured decision."""

from tradeloop.datasets.kinds.base import (
    Documentation,
    Kind,
    Target,
    captured,
    nothing_more,
)
from tradeloop.events import DatasetType
from tradeloop.labels.outcome import WORDS

SIGNAL_GENERATION = Kind(
    dataset_type=DatasetType.SIGNAL_GENERATION,
    targets=(
        Target(
            "decision_outcome",
            "class",
            "class of the outperformance before costs",
            per_horizon=False,
            classes=WORDS,
        ),
        Target(
            "direction",
            "class",
            "-1, 0 or +1: the instrument's own return",
            classes=(-1, 0, 1),
        ),
        Target("outperformance_bps", "regression", "side x return less benchmark, bps"),
        Target("net_bps", "regression", "the same after costs, bps"),
        Target("return", "regression", "return of the instrument, as a fraction"),
    ),
    documentation=Documentation(
        row="A captured decision to buy or sell one instrument.",
        meaning="Whether the decision beat its benchmark, in five classes and in bps, "
        "before and after modelled costs.",
        known_when="When the price at the due time of the longest horizon was "
        "received; end_ns says when.",
        intended_use="To learn which decisions, in which market, were worth following; "
        "to score a decision before it is acted on.",
        not_for="Forecasting instruments nobody decided on: decisions are no random "
        "sample of the market.",
        limits=(
            (
                "Labels hold for the strategies that decided; another strategy decides "
                "at other times."
            ),
            "The entry basis is the price known at the decision, not a fill.",
        ),
    ),
    observe=captured,
    measure=nothing_more,
)
