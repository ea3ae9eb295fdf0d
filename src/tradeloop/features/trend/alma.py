"""Arnaud Legoux moving average: a bell of weights near the newest value."""

from math import exp, nan

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.trend.blend import figure
from tradeloop.fold import Float, inline, kernel


@inline
def _weigh(ring: Float, n: float, peak: float, narrow: float) -> None:
    """Write the weights of a window, oldest first; their sum is 1."""
    total = 0.0
    for k in range(uint64(n)):
        away = k - peak
        ring[k] = exp(away * away * narrow)
        total += ring[k]
    for k in range(uint64(n)):
        ring[k] /= total


@kernel("value", state=3, params=3)
def _alma(
    state: Float, ring: Float, params: tuple[float, float, float], x: float
) -> float:
    # ring: weights, then every value twice, n apart, so that a window has no seam.
    n, peak, narrow = params
    if state[2] == 0.0:
        _weigh(ring, n, peak, narrow)
        state[2] = 1.0
    rows = uint64(n)
    here = uint64(state[0]) + rows
    ring[here] = ring[here + rows] = x
    state[0] = state[0] + 1.0 if state[0] + 1.0 < n else 0.0
    if state[1] + 1.0 < n:
        state[1] += 1.0
        return nan
    total, first = 0.0, here + uint64(1)
    for k in range(rows):
        total += ring[k] * ring[first + k]
    return total


def alma(x: Source, n: int, offset: float = 0.85, sigma: float = 6.0) -> Feature:
    """Mean of n values weighted with a bell, in the unit of ``x``.

    Parameters
    ----------
    x : str or Column
        What is averaged.
    n : int
        Rows of the window.
    offset : float
        Where the bell peaks: 0 at the oldest, 1 at the newest value.
    sigma : float
        Standard deviations of the bell that the window holds.
    """
    n = positive_rows(n, "alma")
    if not 0.0 <= offset <= 1.0 or not sigma > 0.0:
        raise InputError(
            "alma needs an offset from 0 to 1 and a sigma above 0, "
            f"had {offset} and {sigma}.",
            way_out="The usual ones are 0.85 and 6.",
            source="alma",
        )
    usual = (
        "" if (offset, sigma) == (0.85, 6.0) else f"_{figure(offset)}_{figure(sigma)}"
    )
    return Feature(
        f"alma_{n}{usual}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, offset * (n - 1), -sigma * sigma / (2 * n * n)),
        ring=3 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="alma",
    category="technical",
    kernel=_alma,
    formula="sum(w[k] * x[t - n + 1 + k]) / sum(w), "
    "w[k] = exp(-(k - offset * (n - 1))^2 / (2 * (n / sigma)^2))",
    unit="unit of x",
    reference="Legoux and Kouzis-Loukas 2009; the peak is not rounded to a row",
    build=alma,
    examples=(("close", 9), ("close", 4, 0.5, 3.0), ("volume", 1)),
    price_degree=(1,),
)
