"""Drawdown from the highest value ever seen, how long it lasts, and the deepest."""

from math import nan

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, kernel


@kernel("depth_bps", "rows", "deepest_bps", state=3)
def _drawdown(state: Float, x: float) -> tuple[float, float, float]:
    if x <= 0.0:
        return nan, nan, nan
    peak, rows = state[0], state[1] + 1.0
    if x >= peak:
        peak, rows = x, 0.0
    depth = 1e4 * ((peak - x) / peak)
    deepest = max(state[2], depth)
    state[0], state[1], state[2] = peak, rows, deepest
    return depth, rows, deepest


def drawdown(x: Source = "close", *, name: str = "") -> Feature:
    """Columns ``depth_bps`` below the peak, ``rows`` since it, ``deepest_bps`` so far.

    A loss is positive. Missing where ``x`` is not above 0: of such a peak there is no
    share.
    """
    return Feature(
        name or f"drawdown{suffix(x, 'close')}",
        FAMILY,
        (x,),
        warm_up=(0, 0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="drawdown",
    category="risk",
    kernel=_drawdown,
    formula="depth = 1e4 * (1 - x / max(x so far)), deepest = max(depth so far)",
    unit="bps of the peak, a loss is positive; rows since the peak",
    reference="definition",
    build=drawdown,
    examples=((), ("bid",)),
)
