"""What the regime of a market is told by: drift, volatility, drawdown and trend."""

from math import log, sqrt

from tradeloop.errors import InputError
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.adx import adx
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.fold import kernel

_ADX_ROWS, _TREND = 14, 25.0  # Wilder's, and his strength from which there is a trend
_FALL_ROWS = 60


@kernel("drift", "volatility", "drawdown", "trend", params=2)
def _regime_measures(
    params: tuple[float, float],
    gain: float,
    short: float,
    long: float,
    fall: float,
    strength: float,
    plus: float,
    minus: float,
) -> tuple[float, float, float, float]:
    per_gain, per_fall = params
    both = plus + minus
    side = (plus - minus) / both if both > 0.0 else 0.0
    trend = side * (strength / _TREND)
    if long <= 0.0:
        return 0.0, 0.0, 0.0, trend
    wild = log(short / long) if short > 0.0 else 0.0
    return gain / long * per_gain, wild, fall / long * per_fall, trend


def regime_measures(short: int = 20, long: int = 250) -> Feature:
    """Columns ``drift``, ``volatility``, ``drawdown``, ``trend``, free of any scale.

    Return of the short window and fall from the high of 60 rows, both in standard
    deviations of the long window for as many rows; logarithm of the volatility of the
    short window by that of the long one; ADX by 25, with the sign of the directional
    indicators.
    """
    short = positive_rows(short, "regime_measures.short", 2)
    long = positive_rows(long, "regime_measures.long", 2)
    if long <= short:
        raise InputError(
            f"The long window must be longer than {short} rows, was {long}.",
            way_out="Give a longer one.",
            source="regime_measures",
        )
    trend, top = adx(_ADX_ROWS), extremes(_FALL_ROWS)
    fall = distance("close", top["highest"], name="regime_fall_bps")
    usual = (short, long) == (20, 250)
    return Feature(
        "regime_measures" if usual else f"regime_measures_{short}_{long}",
        FAMILY,
        (
            log_return(short).columns[0],
            realised_volatility(short).columns[0],
            realised_volatility(long).columns[0],
            fall.columns[0],
            trend["adx"],
            trend["plus_di"],
            trend["minus_di"],
        ),
        (1 / sqrt(short), 1 / sqrt(_FALL_ROWS)),
        warm_up=(0, 0, 0, 0),
    )


FAMILY = Family(
    name="regime_measures",
    category="risk",
    kernel=_regime_measures,
    formula="drift = gain / (long * sqrt(rows)), volatility = ln(short / long), "
    "drawdown = fall / (long * sqrt(60)), trend = adx / 25 * (plus - minus) / "
    "(plus + minus)",
    unit="standard deviations; logarithm of a ratio; 1 is a trend by Wilder",
    reference="the columns of the regime's rules, made free of scale",
    build=regime_measures,
    examples=((20, 60), (5, 30)),
)
