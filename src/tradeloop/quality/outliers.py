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


def find_outliers(evidence: Evidence) -> pl.DataFrame:
    """Bars whose return stands far out.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, event_ns, return (log), z.
    """
    away = (pl.col("return") - pl.col("return").median()).over("instrument")
    mad = pl.col("away").abs().median().over("instrument") * _MAD
    mean = pl.col("away").abs().mean().over("instrument") * _MEAN
    scale = pl.when(mad > 0).then(mad).otherwise(mean)
    step = pl.col("close").log().diff().over("instrument")
    return (
        evidence.bars.sort("instrument", "event_ns", maintain_order=True)
        .select("instrument", "event_ns", step.alias("return"))
        .filter(pl.col("return").is_finite())
        .with_columns(away=away)
        .with_columns(scale=scale)
        .filter(pl.col("scale") > 0)
        .select("instrument", "event_ns", "return", z=pl.col("away") / pl.col("scale"))
        .filter(pl.col("z").abs() > LIMIT)
    )


OUTLIERS = Detector("return_outlier", f"abs(robust z) > {LIMIT:g}", find_outliers)
