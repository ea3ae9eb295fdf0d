"""Returns that stand far out within their regime.

``z = (r - median r) / (1.4826 MAD)`` over the returns of the same instrument and
regime: what is usual in a wild market is none in a calm one. A row has ``abs(z) > 20``;
regimes with fewer than 100 returns are not judged.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.outliers import bar_returns, centre_and_scale

LIMIT, LEAST = 20.0, 100
_GROUPS = ("instrument", "regime")
_SCHEMA = {
    "instrument": pl.String,
    "event_ns": pl.Int64,
    "row": pl.UInt32,
    "return": pl.Float64,
    "regime": pl.String,
}


def _returns(evidence: Evidence) -> pl.DataFrame:
    if evidence.regimes is None:
        return pl.DataFrame(schema=_SCHEMA)
    returns = bar_returns(evidence)
    regimes = evidence.regimes.select(
        "instrument", "event_ns", pl.col("regime").cast(pl.String)
    ).unique(["instrument", "event_ns"], keep="first")
    return returns.join(
        regimes, on=["instrument", "event_ns"], how="inner", maintain_order="left"
    )


def usual_by_regime(evidence: Evidence) -> pl.DataFrame:
    """Learn centre and scale of returns: instrument, regime, centre, scale."""
    returns = _returns(evidence)
    enough = returns.filter(pl.len().over(_GROUPS) >= LEAST)
    return centre_and_scale(enough, *_GROUPS)


def find_odd_for_regime(evidence: Evidence) -> pl.DataFrame:
    """Bars whose return stands far out within their regime.

    Returns
    -------
    polars.DataFrame of shape (n_found, 6)
        instrument, event_ns, regime, return (log), z, row.
    """
    z = (pl.col("return") - pl.col("centre")) / pl.col("scale")
    return (
        _returns(evidence)
        .join(evidence.usual_for(REGIME_RETURN), on=_GROUPS, maintain_order="left")
        .with_columns(z=z)
        .filter(pl.col("z").abs() > LIMIT)
        .select("instrument", "event_ns", "regime", "return", "z", "row")
    )


REGIME_RETURN = Detector(
    "regime_outlier",
    f"abs(robust z) > {LIMIT:g} among the returns of the same regime",
    find_odd_for_regime,
    "regimes",
    usual_by_regime,
)
