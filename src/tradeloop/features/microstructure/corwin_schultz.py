"""Spread from the highs and lows of two successive bars."""

from math import exp, log, nan, sqrt

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, inline, kernel

_K = 3.0 - 2.0 * sqrt(2.0)
_ROOT_K, _WEIGHT = sqrt(1.0 / _K), (sqrt(2.0) - 1.0) / _K


@inline
def _alpha(old: tuple[float, float, float], high: float, low: float) -> float:
    """Find the authors' alpha of a bar and the one before; 0 without prices."""
    old_high, old_low, old_close = old
    # A bar that lies wholly above or below the close before it moved in the pause.
    jump = max(low - old_close, 0.0) + min(high - old_close, 0.0)
    high, low = high - jump, low - jump
    if low <= 0.0 or old_low <= 0.0 or high < low or old_high < old_low:
        return 0.0
    one, two = log(high / low), log(old_high / old_low)
    both = log(max(high, old_high) / min(low, old_low))
    return _WEIGHT * sqrt(one * one + two * two) - _ROOT_K * both


@kernel("spread_bps", "negative_share", state=9, params=2)
def _corwin_schultz(
    state: Float,
    ring: Float,
    params: tuple[float, float],
    high: float,
    low: float,
    close: float,
) -> tuple[float, float]:
    n, scale = params
    old = (state[0], state[1], state[2])
    state[0], state[1], state[2] = high, low, close
    if old[2] == 0.0:
        return nan, nan
    alpha = _alpha(old, high, low)
    ratio = exp(-max(alpha, 0.0))
    spread = 2e4 * ((1.0 - ratio) / (1.0 + ratio))
    total = push_sum(state, ring, 3, 0, n, spread)
    below = push_sum(state, ring, 6, n, n, 1.0 if alpha < 0.0 else 0.0)
    return total * scale, below * scale


def corwin_schultz(n: int) -> Feature:
    """Columns ``spread_bps`` and ``negative_share``: means over n pairs of bars.

    A negative estimate of a pair is set to 0, as its authors do, and counted: the share
    of these says how far to trust the mean. With n = 1 it flags the pair. One pair says
    little; the authors take a month of days.
    """
    n = positive_rows(n, "corwin_schultz")
    return Feature(
        f"corwin_schultz_{n}",
        FAMILY,
        ("high", "low", "close"),
        (n, 1 / n),
        ring=2 * n,
        warm_up=(n, n),
        look_back=n,
    )


FAMILY = Family(
    name="corwin_schultz",
    category="microstructure",
    kernel=_corwin_schultz,
    formula="2e4 * (e^a - 1) / (1 + e^a), a = (sqrt(2 b) - sqrt(b)) / (3 - 2 sqrt(2)) "
    "- sqrt(g / (3 - 2 sqrt(2))), b = ln(high / low)^2 + the same of the bar before, "
    "g = ln(highest / lowest of both)^2; the bar less its gap to the close before; "
    "means over n pairs",
    unit="bps of the mid; share of the pairs whose estimate was below 0 and set to 0",
    reference="Corwin and Schultz 2012",
    build=corwin_schultz,
    examples=((20,), (1,)),
)
