"""Volatility from the range of each bar: Parkinson, Garman-Klass, Rogers-Satchell."""

from math import log

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel

_PARKINSON = 1e8 / 2.772588722239781  # 4 ln 2
_CLOSE = 0.3862943611198906  # 2 ln 2 - 1


@kernel("parkinson", "garman_klass", "rogers_satchell")
def _range_variance(
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
) -> tuple[float, float, float]:
    if open <= 0.0 or high <= 0.0 or low <= 0.0 or close <= 0.0:
        return 0.0, 0.0, 0.0
    up, down, body = log(high / open), log(low / open), log(close / open)
    span = (up - down) * (up - down)
    garman = max(0.5 * span - _CLOSE * (body * body), 0.0)
    rogers = max(up * (up - body) + down * (down - body), 0.0)
    return _PARKINSON * span, 1e8 * garman, 1e8 * rogers


def range_variance() -> Feature:
    """Columns of variance of one bar by three estimators, in squared bps."""
    return Feature(
        "range_variance",
        FAMILY,
        ("open", "high", "low", "close"),
        warm_up=(0, 0, 0),
    )


FAMILY = Family(
    name="range_volatility",
    category="risk",
    kernel=_range_variance,
    formula="parkinson = ln(h/l)^2 / (4 ln 2), garman_klass = ln(h/l)^2 / 2 - "
    "(2 ln 2 - 1) ln(c/o)^2, rogers_satchell = ln(h/c) ln(h/o) + ln(l/c) ln(l/o)",
    unit="bps^2 a row",
    reference="Parkinson 1980; Garman and Klass 1980; Rogers and Satchell 1991",
    build=range_variance,
    examples=((),),
)
