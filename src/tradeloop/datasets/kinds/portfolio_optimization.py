"""Which instrument beats which: one row per instrument at each rebalance time.

A section is all rows of one time. Its n members are the instruments with a fresh bar.

- ``return_rank_h = (k - 1) / (n - 1)``, k the rank of ``return_h`` within the section,
  ties sharing their mean rank: 0 the worst, 1 the best. Null where n is 1.
- ``demeaned_return_h``: ``return_h`` less the mean of the section, a fraction.
- ``covariance_block``: names the section's time and members; rows of one block belong
  into one covariance matrix: see `covariance_of`.

Both relative figures need the return of every member: they are null in the whole
section while one is missing that may still come, and known when the last one is, which
is the end of every row of the section. Members of which the return can never be known
(state censored) do not count.
"""

from hashlib import sha256

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
from tradeloop.events import DatasetType, DecisionState

_DIGITS = 12


def _rebalance_times(known: pl.DataFrame, plan: Schedule) -> pl.Series:
    """When the bars of every n-th end were known, those in time that is."""
    late = pl.col("known_ns") - pl.col("end_ns") > plan.interval_ns
    ends = known.filter(~late).group_by("end_ns").agg(pl.col("known_ns").max())
    nth = ends.sort("end_ns").gather_every(plan.every)
    return nth["known_ns"].unique()


def _observe(
    decisions: pl.DataFrame | None,  # noqa: ARG001 - the market is observed
    bars: pl.DataFrame,
    schedule: Schedule | None,
) -> pl.DataFrame:
    """Observe all instruments together when every n-th bar was known, or when told."""
    plan, known = needed(schedule), known_bars(bars)
    times = (
        _rebalance_times(known, plan)
        if plan.times_ns is None
        else pl.Series(plan.times_ns, dtype=pl.Int64)
    )
    seen = sections(known, times, plan).select(
        "instrument", stamp_ns="at_ns", known_ns="at_ns"
    )
    return as_decisions(seen, plan)


def _relative(h: str) -> list[pl.Expr]:
    value, end = pl.col(f"return_{h}"), pl.col(f"end_ns_{h}")
    gone = pl.col("state") == DecisionState.CENSORED.value
    whole = (value.is_not_null() | gone).all().over("decision_ns")
    count = value.count().over("decision_ns")
    rank = (value.rank("average").over("decision_ns") - 1) / (count - 1)
    return [
        pl.when(whole & (count > 1)).then(rank).alias(f"return_rank_{h}"),
        pl.when(whole)
        .then(value - value.mean().over("decision_ns"))
        .alias(f"demeaned_return_{h}"),
        pl.when(whole).then(end.max().over("decision_ns")).alias(f"__end_{h}"),
    ]


def block_name(decision_ns: int, instruments: pl.Series) -> str:
    """Name of a section: its time, its size and a digest of its sorted members."""
    members = instruments.sort()
    said = sha256("\n".join(members).encode()).hexdigest()[:_DIGITS]
    return f"block:{decision_ns}:{members.len()}:{said}"


def _blocks(every: pl.DataFrame) -> pl.DataFrame:
    groups = every.select("decision_ns", "instrument").partition_by(
        "decision_ns", as_dict=True, include_key=False
    )
    named = [block_name(int(at), part["instrument"]) for (at,), part in groups.items()]
    return pl.DataFrame(
        {"decision_ns": [at for (at,) in groups], "covariance_block": named},
        schema={"decision_ns": pl.Int64, "covariance_block": pl.String},
    )


def _measure(labels: Labels) -> pl.DataFrame:
    horizons = labels.horizons
    relative = [column for h in horizons for column in _relative(h)]
    judged = labels.every.select("decision_id", *relative).join(
        labels.every.select("decision_id", "decision_ns").join(
            _blocks(labels.every), on="decision_ns", how="left"
        ),
        on="decision_id",
    )
    ends = pl.max_horizontal(f"__end_{h}" for h in horizons)
    return (
        labels.rows.select("decision_id")
        .join(judged, on="decision_id", how="left", maintain_order="left")
        .select(
            ends.alias("end_ns"),
            *(f"{stem}_{h}" for h in horizons for stem in _RELATIVE),
            "covariance_block",
        )
    )


_RELATIVE = ("return_rank", "demeaned_return")

PORTFOLIO_OPTIMIZATION = Kind(
    dataset_type=DatasetType.PORTFOLIO_OPTIMIZATION,
    targets=(
        Target(
            "return_rank",
            "regression",
            "rank of the return among all instruments of the same time, 0 worst to "
            "1 best",
            own=True,
        ),
        Target(
            "demeaned_return",
            "regression",
            "return less the mean of all instruments of the same time, a fraction",
            own=True,
        ),
        Target("return", "regression", "return of the instrument, as a fraction"),
        Target(
            "covariance_block",
            "key",
            "name of the cross-section: rows of one block belong into one covariance "
            "matrix",
            per_horizon=False,
            own=True,
        ),
    ),
    documentation=Documentation(
        row="One instrument at one rebalance time; all rows of a time are a section.",
        meaning="How each instrument did against the others of the same time.",
        known_when="When the return of the last member of the section is known: one "
        "late price holds up the whole section.",
        intended_use="Ranking instruments and building weights from forecasts and a "
        "covariance of what was known.",
        not_for="A record of portfolios that were held: no row was decided by anybody.",
        limits=(
            (
                "Members are the instruments with a fresh bar; survivors only where "
                "the bars given hold survivors only."
            ),
            (
                "A section with a member whose return may still come has no relative "
                "figures."
            ),
            "Weights, turnover and costs of a portfolio are not in it.",
        ),
    ),
    observe=_observe,
    measure=_measure,
)
