"""Support and resistance: the nearest confirmed swings about the close."""

from math import inf

from numpy import uint64

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.structure.swings import swings
from tradeloop.fold import Float, inline, kernel


@inline
def _keep(ring: Float, first: int, place: float, level: float, rows: float) -> float:
    """Write a level over the oldest one and return the place of the next."""
    ring[uint64(first) + uint64(place)] = level
    return 0.0 if place + 1.0 == rows else place + 1.0


@kernel("resistance_bps", "support_bps", state=4, params=1)
def _support_resistance(
    state: Float,
    ring: Float,
    params: tuple[float],
    close: float,
    high: float,
    low: float,
    is_high: float,
    is_low: float,
) -> tuple[float, float]:
    # state: next place and count of highs, then of lows; ring: highs, then lows
    (m,) = params
    if is_high > 0.0:
        state[0] = _keep(ring, uint64(0), state[0], high, m)
        state[1] = min(state[1] + 1.0, m)
    if is_low > 0.0:
        state[2] = _keep(ring, uint64(m), state[2], low, m)
        state[3] = min(state[3] + 1.0, m)
    above, below = inf, -inf
    for j in range(uint64(state[1])):
        level = ring[j]
        above = min(above, level if level > close else inf)
    for j in range(uint64(state[3])):
        level = ring[uint64(m) + j]
        below = max(below, level if level < close else -inf)
    unit = 1e4 / close if close != 0.0 else 0.0
    up = (above - close) * unit if above < inf else 0.0
    down = (below - close) * unit if below > -inf else 0.0
    return up, down


def support_resistance(k: int, m: int = 10) -> Feature:
    """Columns ``resistance_bps`` (0 or more) and ``support_bps`` (0 or less).

    Among the last m confirmed swing highs of strength k, the nearest above the close;
    among the last m swing lows, the nearest below it.
    """
    m = positive_rows(m, "support_resistance.m")
    last = swings(k)
    outputs = ("high", "low", "is_high", "is_low")
    return Feature(
        f"support_resistance_{k}_{m}",
        FAMILY,
        ("close", *(last[name] for name in outputs)),
        (m,),
        ring=2 * m,
        warm_up=(0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="support_resistance",
    category="technical",
    kernel=_support_resistance,
    formula="resistance = 1e4 * (min(swing highs above close) - close) / close, "
    "support = 1e4 * (max(swing lows below close) - close) / close, of the last m each",
    unit="bps of the close; 0 where there is no such level",
    reference="definition",
    build=support_resistance,
    examples=((5, 10), (2, 3)),
)
