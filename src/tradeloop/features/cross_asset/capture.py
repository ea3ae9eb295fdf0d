"""What an instrument makes of its benchmark's rises and falls."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.features.cross_asset.sums import floats, push_sums
from tradeloop.fold import Float, inline, kernel

_WIDTH = 10
_SAME = 1e-12  # share of the squares that rounding leaves


@inline
def _side(ring: Float, at: int) -> tuple[float, float]:
    """Capture and beta of the rows of one side, from their sums."""
    rows, x, y = ring[at], ring[at + uint64(1)], ring[at + uint64(2)]
    xx, xy = ring[at + uint64(3)], ring[at + uint64(4)]
    if rows == 0.0:
        return 0.0, 0.0
    wide = xx - x * (x / rows)
    beta = (xy - y * (x / rows)) / wide if wide > _SAME * xx else 0.0
    return y / x, beta


@kernel("up_capture", "down_capture", "up_beta", "down_beta", state=2, params=2)
def _capture(
    state: Float, ring: Float, params: tuple[float, float], y: float, x: float
) -> tuple[float, float, float, float]:
    n, width = params
    for at in range(uint64(0), uint64(10), uint64(5)):
        here = (x > 0.0) if at == uint64(0) else (x < 0.0)
        mark = 1.0 if here else 0.0
        a, b = (x, y) if here else (0.0, 0.0)
        ring[at], ring[at + uint64(1)], ring[at + uint64(2)] = mark, a, b
        ring[at + uint64(3)], ring[at + uint64(4)] = a * a, a * b
    if push_sums(state, ring, n, width) == 0.0:
        return nan, nan, nan, nan
    up, up_beta = _side(ring, uint64(10))
    down, down_beta = _side(ring, uint64(15))
    return up, down, up_beta, down_beta


def capture(n: int, y: Source, x: Source, *, name: str = "") -> Feature:
    """Columns ``up_capture``, ``down_capture``, ``up_beta``, ``down_beta``.

    Of returns y in the rows of n in which the benchmark's return x rose, or fell:
    capture is the mean of y by that of x, beta the slope of y on x in these rows. 0
    where there is no such row, or where x was the same in all of them.
    """
    n = positive_rows(n, "capture", 2)
    return Feature(
        name or f"capture_{n}_{name_of(y)}_{name_of(x)}",
        FAMILY,
        (y, x),
        (n, _WIDTH),
        ring=floats(n, _WIDTH),
        warm_up=(n - 1,) * 4,
        look_back=n - 1,
    )


FAMILY = Family(
    name="capture",
    category="cross_asset",
    kernel=_capture,
    formula="capture = mean(y) / mean(x), beta = cov(y, x) / var(x) over the rows of n "
    "where x > 0 (up), x < 0 (down)",
    unit="share",
    reference="Ang, Chen and Xing 2006 for downside beta, here about 0",
    build=capture,
    examples=((60, "bid_size", "signed_volume"), (5, "volume", "signed_volume")),
)
