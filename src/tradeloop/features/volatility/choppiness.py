"""Choppiness index: the way walked over the ground covered."""

from math import log

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.true_bar import true_bar
from tradeloop.features.volatility.true_range import true_range
from tradeloop.fold import kernel


@kernel("value", params=2)
def _choppiness(
    params: tuple[float, float], mean: float, highest: float, lowest: float
) -> float:
    n, scale = params
    walked, span = n * mean, highest - lowest
    if span <= 0.0 or walked <= span:
        return 0.0
    return min(scale * log(walked / span), 100.0)


def choppiness(n: int = 14) -> Feature:
    """0 where the price went one way, 100 where it walked n times the same ground."""
    n = positive_rows(n, "choppiness", 2)
    bar = true_bar()
    span = extremes(n, bar["high"], bar["low"])
    return Feature(
        f"choppiness_{n}",
        FAMILY,
        (
            sma(true_range().columns[0], n)["value"],
            span["highest"],
            span["lowest"],
        ),
        (n, 100 / log(n)),
        warm_up=(0,),
    )


FAMILY = Family(
    name="choppiness",
    category="technical",
    kernel=_choppiness,
    formula="100 * ln(n * mean / (highest - lowest)) / ln(n), mean of true ranges, "
    "extremes of true highs and lows over n rows",
    unit="0 to 100; 0 where nothing moved",
    reference="Dreiss 1993",
    build=choppiness,
    examples=((14,), (5,)),
)
