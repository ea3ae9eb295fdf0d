"""Parametric value at risk and expected shortfall: a normal one's, of mean and std."""

from statistics import NormalDist

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.features.rolling.moments import moments
from tradeloop.fold import kernel

_NORMAL = NormalDist()
_LEVELS = (0.95, 0.99)


@kernel("var_95", "es_95", "var_99", "es_99", params=4)
def _gaussian_loss(
    params: tuple[float, float, float, float], mean: float, std: float
) -> tuple[float, float, float, float]:
    a, b, c, d = params
    return a * std - mean, b * std - mean, c * std - mean, d * std - mean


def gaussian_loss(n: int, x: Source = "", *, name: str = "") -> Feature:
    """Columns ``var_95``, ``es_95``, ``var_99``, ``es_99`` were ``x`` normal.

    Mean and standard deviation (divided by n) are those of n rows; a loss is positive.
    """
    n = positive_rows(n, "gaussian_loss", 2)
    x = x or log_return(1).columns[0]
    usual = name_of(x) == log_return(1).name
    recent = moments(x, n)
    points = [_NORMAL.inv_cdf(level) for level in _LEVELS]
    tails = [
        _NORMAL.pdf(point) / (1.0 - level)
        for point, level in zip(points, _LEVELS, strict=True)
    ]
    return Feature(
        name or f"gaussian_loss_{n}{'' if usual else f'_{name_of(x)}'}",
        FAMILY,
        (recent["mean"], recent["std"]),
        (points[0], tails[0], points[1], tails[1]),
        warm_up=(0,) * 4,
    )


FAMILY = Family(
    name="gaussian_loss",
    category="risk",
    kernel=_gaussian_loss,
    formula="var_q = z(q) * std - mean, es_q = phi(z(q)) / (1 - q) * std - mean",
    unit="unit of x; a loss is positive",
    reference="variance-covariance method, J.P. Morgan 1996",
    build=gaussian_loss,
    examples=((60,), (5,)),
)
