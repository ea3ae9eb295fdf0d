"""Average directional index and the two directional indicators."""

from math import nan

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.trend.movement import movement
from tradeloop.features.volatility.true_range import true_range
from tradeloop.fold import Float, kernel


@kernel("adx", "plus_di", "minus_di", state=5, params=3)
def _adx(
    state: Float,
    params: tuple[float, float, float],
    plus: float,
    minus: float,
    tr: float,
) -> tuple[float, float, float]:
    n, fresh, keep = params
    count = state[0] + 1.0
    if count < 2.0 * n:
        state[0] = count
    if count < n:
        state[1] += plus
        state[2] += minus
        state[3] += tr
        return nan, nan, nan
    p, m, t = state[1] * keep + plus, state[2] * keep + minus, state[3] * keep + tr
    state[1], state[2], state[3] = p, m, t
    if t > 0.0:
        pdi, mdi = 100.0 * (p / t), 100.0 * (m / t)
    else:
        pdi, mdi = 0.0, 0.0
    both = pdi + mdi
    dx = 100.0 * (abs(mdi - pdi) / both) if both > 0.0 else 0.0
    if count < 2.0 * n - 1.0:
        state[4] += dx
        return nan, pdi, mdi
    if count == 2.0 * n - 1.0:
        state[4] = (state[4] + dx) / n
    else:
        state[4] = state[4] * keep + dx * fresh
    return state[4], pdi, mdi


def adx(n: int) -> Feature:
    """Columns ``adx``, ``plus_di`` and ``minus_di`` over n rows, 0 to 100."""
    n = positive_rows(n, "adx", 2)
    moved = movement()
    return Feature(
        f"adx_{n}",
        FAMILY,
        (moved["plus"], moved["minus"], true_range().columns[0]),
        (n, 1 / n, (n - 1) / n),
        warm_up=(2 * n - 2, n - 1, n - 1),
        look_back=None,
    )


FAMILY = Family(
    name="adx",
    category="technical",
    kernel=_adx,
    formula="di = 100 * wilder(movement) / wilder(true range), adx = wilder of "
    "100 * abs(plus_di - minus_di) / (plus_di + minus_di)",
    unit="0 to 100; 0 where nothing moved",
    reference="Wilder 1978; TA-Lib ADX, PLUS_DI, MINUS_DI",
    build=adx,
    examples=((14,), (5,)),
)
