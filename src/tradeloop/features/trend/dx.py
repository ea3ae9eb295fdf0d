"""Directional index: how one-sided two sums are."""

from tradeloop.features.base import Family, Feature, Source
from tradeloop.features.trend.adx import adx
from tradeloop.fold import kernel


@kernel("value")
def _dx(plus: float, minus: float) -> float:
    both = plus + minus
    return 100.0 * (abs(minus - plus) / both) if both > 0.0 else 0.0


def dx(name: str, plus: Source, minus: Source) -> Feature:
    """``100 * abs(plus - minus) / (plus + minus)``, 0 where both are 0."""
    return Feature(name, FAMILY, (plus, minus), warm_up=(0,))


def directional_index(n: int) -> Feature:
    """DX over n rows, 0 to 100, of the directional indicators of `adx`."""
    both = adx(n)
    return dx(f"dx_{n}", both["plus_di"], both["minus_di"])


FAMILY = Family(
    name="dx",
    category="technical",
    kernel=_dx,
    formula="100 * abs(plus - minus) / (plus + minus)",
    unit="0 to 100; 0 where nothing moved",
    reference="Wilder 1978; TA-Lib DX",
    build=dx,
    examples=(("of_bars", "high", "low"), ("of_volume", "volume", "volume")),
)
