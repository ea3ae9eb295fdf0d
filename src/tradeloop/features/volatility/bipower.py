"""Bipower variation: volatility that a single jump does not move."""

from math import nan, pi, sqrt

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("bps", "jump_share", state=8, params=3)
def _bipower(
    state: Float, ring: Float, params: tuple[float, float, float], change: float
) -> tuple[float, float]:
    n, per_row, per_pair = params
    size, before, started = abs(change), state[6], state[7]
    state[6], state[7] = size, 1.0
    square = push_sum(state, ring, 0, 0, n, size * size) * per_row
    if started == 0.0:
        return nan, nan
    smooth = push_sum(state, ring, 3, n, n - 1.0, size * before) * per_pair
    if smooth != smooth:
        return nan, nan
    jump = max(1.0 - smooth / square, 0.0) if square > 0.0 else 0.0
    return sqrt(smooth), jump


def bipower(n: int) -> Feature:
    """Columns ``bps`` (a row) and ``jump_share`` of the variance of n returns."""
    n = positive_rows(n, "bipower", 2)
    return Feature(
        f"bipower_{n}",
        FAMILY,
        (log_return(1).columns[0],),
        (n, 1 / n, pi / 2 / (n - 1)),
        ring=2 * n - 1,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
    )


FAMILY = Family(
    name="bipower",
    category="risk",
    kernel=_bipower,
    formula="bps = sqrt(pi / 2 * mean(abs(r) * abs(r[t-1]))) over the n - 1 pairs of "
    "n returns, jump_share = max(0, 1 - bps^2 / mean(r^2)), r log return in bps",
    unit="bps a row; jump_share: 0 to 1, 0 where nothing moved",
    reference="Barndorff-Nielsen and Shephard 2004",
    build=bipower,
    examples=((20,), (5,)),
)
