"""Return outliers by a robust z: ``z = (r - median r) / (1.4826 MAD)``, per instrument.

r is the log return of the close, MAD the median of ``abs(r - median r)``. Where more
than half of the returns are equal the MAD is 0; then ``1.2533 mean abs(r - median r)``
takes its place (both are the standard deviation of a normal r). An outlier has
``abs(z) > 20``; returns of liquid markets have fat tails, a lower bar would call news
an error.

References
----------
Hampel, The influence curve and its role in robust estimation (1974); Iglewicz and
Hoaglin, How to detect and handle outliers (1993).
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

LIMIT = 20.0
_MAD, _MEAN = 1.4826, 1.2533


def bar_returns(evidence: Evidence) -> pl.DataFrame:
    """Log returns of the closes: instrument, event_ns, row, return; finite ones."""
    step = pl.col("close").log().diff().over("instrument")
    return (
        evidence.bars.with_row_index("row")
        .sort("instrument", "event_ns", maintain_order=True)
        .select("instrument", "event_ns", "row", step.alias("return"))
        .filter(pl.col("return").is_finite())
    )


def centre_and_scale(returns: pl.DataFrame, *groups: str) -> pl.DataFrame:
    """Median and robust deviation of returns by group: the groups, centre, scale."""
    away = (pl.col("return") - pl.col("return").median()).abs()
    return (
        returns.group_by(groups)
        .agg(
            centre=pl.col("return").median(),
            mad=away.median() * _MAD,
            mean=away.mean() * _MEAN,
        )
        .select(
            *groups,
            "centre",
            scale=pl.when(pl.col("mad") > 0).then("mad").otherwise("mean"),
        )
        .filter(pl.col("scale") > 0)
    )


def usual_returns(evidence: Evidence) -> pl.DataFrame:
    """Learn median and robust deviation of returns: instrument, centre, scale."""
    return centre_and_scale(bar_returns(evidence), "instrument")


def find_outliers(evidence: Evidence) -> pl.DataFrame:
    """Bars whose return stands far out.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 5)
        instrument, event_ns, return (log), z, row.
    """
    return (
        bar_returns(evidence)
        .join(evidence.usual_for(OUTLIERS), on="instrument", how="inner")
        .select(
            "instrument",
            "event_ns",
            "return",
            "row",
            z=(pl.col("return") - pl.col("centre")) / pl.col("scale"),
        )
        .filter(pl.col("z").abs() > LIMIT)
        .sort("instrument", "event_ns", maintain_order=True)
    )


OUTLIERS = Detector(
    "return_outlier",
    f"abs(robust z) > {LIMIT:g}",
    find_outliers,
    learn=usual_returns,
)
