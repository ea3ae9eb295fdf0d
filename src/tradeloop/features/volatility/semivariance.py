"""Realised semi-variance: how much of the volatility went up, how much down."""

from math import nan, sqrt

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("up_bps", "down_bps", "balance", state=6, params=2)
def _semivariance(
    state: Float, ring: Float, params: tuple[float, float], change: float
) -> tuple[float, float, float]:
    n, scale = params
    rise, fall = max(change, 0.0), min(change, 0.0)
    up = push_sum(state, ring, 0, 0, n, rise * rise)
    down = push_sum(state, ring, 3, n, n, fall * fall)
    if up != up:
        return nan, nan, nan
    both = up + down
    balance = (up - down) / both if both > 0.0 else 0.0
    return sqrt(up * scale), sqrt(down * scale), balance


def semivariance(n: int) -> Feature:
    """Columns ``up_bps`` and ``down_bps`` (roots, a row) and ``balance`` (-1 to 1).

    The squares of the first two add up to that of `realised_volatility`.
    """
    n = positive_rows(n, "semivariance")
    return Feature(
        f"semivariance_{n}",
        FAMILY,
        (log_return(1).columns[0],),
        (n, 1 / n),
        ring=2 * n,
        warm_up=(n - 1,) * 3,
        look_back=n - 1,
    )


FAMILY = Family(
    name="semivariance",
    category="risk",
    kernel=_semivariance,
    formula="up_bps = sqrt(sum(max(r, 0)^2) / n), down_bps = sqrt(sum(min(r, 0)^2) / "
    "n), balance = (up^2 - down^2) / (up^2 + down^2), r log return in bps",
    unit="bps a row; balance: -1 to 1, 0 where nothing moved",
    reference="Barndorff-Nielsen, Kinnebrock and Shephard 2010",
    build=semivariance,
    examples=((20,), (5,)),
)
