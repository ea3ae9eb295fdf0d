"""Angle of a slope."""

from math import atan, pi

from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.fold import kernel

_DEGREES = 180.0 / pi


@kernel("value")
def _angle(slope: float) -> float:
    return _DEGREES * atan(slope)


def angle(slope: Source) -> Feature:
    """Angle whose tangent is ``slope``, in degrees."""
    return Feature(f"{name_of(slope)}_angle", FAMILY, (slope,), warm_up=(0,))


def regression_angle(n: int) -> Feature:
    """Angle of the straight line through n closes, as if a row were as wide as 1."""
    return angle(linear_regression(n)["slope"])


FAMILY = Family(
    name="angle",
    category="technical",
    kernel=_angle,
    formula="180 / pi * atan(slope)",
    unit="degrees; it depends on the unit of the price",
    reference="TA-Lib LINEARREG_ANGLE",
    build=angle,
    examples=((linear_regression(14)["slope"],), ("signed_volume",)),
    price_degree=(None,),
)
