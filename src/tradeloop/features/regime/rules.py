"""State of the market, by rules over features known at the decision."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import MarketRegime

_ADX, _PLUS, _MINUS = "adx_14_adx", "adx_14_plus_di", "adx_14_minus_di"
_RATIO, _FALL = "volatility_ratio_10_60", "drawdown_60_bps"
_VOLATILITY, _ROWS = "realised_volatility_60_bps", 60
NEEDED = (_ADX, _PLUS, _MINUS, _RATIO, _FALL, _VOLATILITY)
"""Columns of `default_bank` that the rules read."""


@dataclass(frozen=True, slots=True)
class RegimeRule:
    """Thresholds of the rules; all are free of scale.

    Parameters
    ----------
    crisis_fall : float
        Fall from the high of 60 rows, in standard deviations of 60 rows.
    crisis_ratio : float
        Volatility of 10 rows over that of 60 rows that a crisis has at least.
    high_ratio, low_ratio : float
        The same ratio, from which on volatility is high, up to which it is low.
    trend_adx : float
        ADX from which on there is a trend (Wilder's 25).
    """

    crisis_fall: float = 1.25
    crisis_ratio: float = 1.25
    high_ratio: float = 1.4
    low_ratio: float = 0.6
    trend_adx: float = 25.0

    def as_mapping(self) -> Mapping[str, float]:
        """Thresholds, as they go into a dataset's version."""
        return asdict(self)


def regime(features: pl.DataFrame, rule: RegimeRule | None = None) -> pl.Series:
    """Regime of each row; the first rule that holds decides.

    1. CRISIS: ``drawdown_60 <= -crisis_fall * volatility_60 * sqrt(60)`` and
       ``volatility_10 / volatility_60 >= crisis_ratio``.
    2. HIGH_VOLATILITY: ``volatility_10 / volatility_60 >= high_ratio``.
    3. TRENDING_UP, TRENDING_DOWN: ``adx >= trend_adx``, by the larger of the two
       directional indicators.
    4. LOW_VOLATILITY: ``volatility_10 / volatility_60 <= low_ratio``.
    5. SIDEWAYS: none of these.

    Each row is judged by itself, so the past of a row is all it depends on.

    Parameters
    ----------
    features : polars.DataFrame of shape (n_rows, any)
        With the columns `NEEDED`, as `tradeloop.features.compute` gives them.
    rule : RegimeRule, optional
        Other thresholds.

    Returns
    -------
    polars.Series of shape (n_rows,)
        ``market_regime``: a `MarketRegime` by its name, null while a needed feature is
        not known.

    Raises
    ------
    InputError
        A needed column is absent.
    """
    rule = rule or RegimeRule()
    absent = [name for name in NEEDED if name not in features.columns]
    if absent:
        raise InputError(
            "The regime is judged by features that are not there.",
            way_out="Compute them with tradeloop.features.default_bank.",
            column=absent[0],
        )
    far = pl.col(_VOLATILITY) * (-rule.crisis_fall * sqrt(_ROWS))
    wild, trend = pl.col(_RATIO), pl.col(_ADX) >= rule.trend_adx
    cases = (
        (~pl.all_horizontal(pl.col(name).is_not_null() for name in NEEDED), None),
        ((pl.col(_FALL) <= far) & (wild >= rule.crisis_ratio), MarketRegime.CRISIS),
        (wild >= rule.high_ratio, MarketRegime.HIGH_VOLATILITY),
        (trend & (pl.col(_PLUS) >= pl.col(_MINUS)), MarketRegime.TRENDING_UP),
        (trend, MarketRegime.TRENDING_DOWN),
        (wild <= rule.low_ratio, MarketRegime.LOW_VOLATILITY),
    )
    name = pl.lit(MarketRegime.SIDEWAYS.value)
    for holds, found in reversed(cases):
        value = pl.lit(None, pl.String) if found is None else pl.lit(found.value)
        name = pl.when(holds).then(value).otherwise(name)
    return features.select(name.alias("market_regime"))["market_regime"]
