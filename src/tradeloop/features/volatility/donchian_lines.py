"""Lines of the Donchian channel: extremes of the rows before, and their middle."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.rolling.extremes import extremes
from tradeloop.fold import Float, kernel


@kernel("upper", "middle", "lower", "width_bps", state=3)
def _donchian_lines(
    state: Float, highest: float, lowest: float
) -> tuple[float, float, float, float]:
    started, top, bottom = state[0], state[1], state[2]
    state[0], state[1], state[2] = 1.0, highest, lowest
    if started == 0.0:
        return nan, nan, nan, nan
    middle = 0.5 * (top + bottom)
    width = 1e4 * ((top - bottom) / middle) if middle != 0.0 else 0.0
    return top, middle, bottom, width


def donchian_lines(n: int) -> Feature:
    """Columns ``upper``, ``middle``, ``lower`` and ``width_bps`` of the n rows before.

    The row itself is left out, so that its close can break out.
    """
    span = extremes(n)
    return Feature(
        f"donchian_lines_{n}",
        FAMILY,
        (span["highest"], span["lowest"]),
        warm_up=(1,) * 4,
        look_back=1,
    )


FAMILY = Family(
    name="donchian_lines",
    category="technical",
    kernel=_donchian_lines,
    formula="upper = highest[t-1], lower = lowest[t-1], middle = (upper + lower) / 2, "
    "width_bps = 1e4 * (upper - lower) / middle",
    unit="lines: price; width_bps: bps",
    reference="Donchian; TA-Lib MAX and MIN of the row before",
    build=donchian_lines,
    examples=((20,), (5,)),
    price_degree=(1, 1, 1, 0),
)
