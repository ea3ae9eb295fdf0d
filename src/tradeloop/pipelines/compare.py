"""Whether any strategy beats doing nothing, once one allows for having tried several.

Each strategy's net result per day of decision, in bps (0 on a day without one), is set
against 0 in Hansen's test of superior predictive ability: the p-value is the chance of
a best strategy as good as this one if none of them were any good.
"""

from dataclasses import dataclass
from math import ceil

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets import Dataset
from tradeloop.statistics import superior_predictive_ability

_LEAST_DAYS = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """The strategies of a dataset, judged together.

    Parameters
    ----------
    strategies : dict of str to float
        Strategy to its mean net result per day, bps.
    p_value : float
        Of "no strategy is better than doing nothing"; consistent version.
    days : int
        Days of the calendar on which some decision was made.
    """

    strategies: dict[str, float]
    p_value: float
    days: int


def compare(dataset: Dataset, horizon: str, *, seed: int) -> Compared | None:
    """Judge the strategies of a dataset; None with too few days.

    Parameters
    ----------
    dataset : Dataset
        Labelled decisions.
    horizon : str
        Primary horizon, such as ``5d``.
    seed : int
        Of the bootstrap.
    """
    rows = dataset.decision_context.select("strategy").with_columns(
        dataset.outcome_labels.select(
            day=pl.col("decision_ns") // NS_PER_DAY,
            held=pl.col(f"end_ns_{horizon}") - pl.col("decision_ns"),
            net=pl.col(f"net_bps_{horizon}"),
        )
    )
    daily = rows.pivot(
        "strategy", index="day", values="net", aggregate_function="mean"
    ).sort("day")
    names = sorted(name for name in daily.columns if name != "day")
    if daily.height < _LEAST_DAYS:
        return None
    results = daily.select(names).fill_null(0.0)
    held_days = ceil(float(rows["held"].to_numpy().mean()) / NS_PER_DAY)
    found = superior_predictive_ability(
        [0.0] * daily.height,
        -results.to_numpy(),
        block_rows=max(2 * held_days, 1),
        seed=seed,
    )
    means = dict(zip(names, results.mean().row(0), strict=True))
    return Compared(means, found.consistent, daily.height)
