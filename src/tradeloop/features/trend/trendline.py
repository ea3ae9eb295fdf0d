"""Hilbert trendline: the mean over the cycle that prices are in."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.trend.hilbert import HISTORY, STATE, push_cycle
from tradeloop.fold import Float, kernel

_SKIP, _SETTLED = 37.0, 63.0  # rows, as in TA-Lib


@kernel("value", "period", state=STATE + 4)
def _trendline(state: Float, ring: Float, x: float) -> tuple[float, float]:
    # ring: history of the cycle, then the last 64 values
    home, rows = uint64(HISTORY), state[0]
    here = uint64(rows) + uint64(64)
    ring[home + (here & uint64(63))] = x
    _, _, period = push_cycle(state, ring, x, _SKIP)
    if rows < _SKIP:
        return nan, nan
    state[6] = 0.33 * period + 0.67 * state[6]
    length = uint64(state[6] + 0.5)
    total = 0.0
    for k in range(length):
        total += ring[home + ((here - uint64(k)) & uint64(63))]
    if length > uint64(0):
        total /= length
    value = (4.0 * total + 3.0 * state[7] + 2.0 * state[8] + state[9]) / 10.0
    state[7], state[8], state[9] = total, state[7], state[8]
    if rows < _SETTLED:
        return nan, nan
    return value, state[6]


def trendline(x: Source = "close") -> Feature:
    """Columns ``value`` (unit of ``x``) and ``period`` of the cycle (rows)."""
    return Feature(
        f"hilbert_trendline{suffix(x, 'close')}",
        FAMILY,
        (x,),
        ring=HISTORY + 64,
        warm_up=(63, 63),
        look_back=None,
    )


FAMILY = Family(
    name="trendline",
    category="technical",
    kernel=_trendline,
    formula="mean of x over one period of its cycle, of four rows with weights 4 to 1",
    unit="value: unit of x; period: rows",
    reference="Ehlers 2001; TA-Lib HT_TRENDLINE",
    build=trendline,
    examples=((), ("open",)),
    price_degree=(1, 0),
)
