"""Which of two columns leads, by how many rows, and how closely."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.features.cross_asset.sums import floats, push_sums
from tradeloop.fold import Float, inline, kernel

_SUMS = 4
_TIE = 1e-12


@inline
def _closeness(
    joint: float, n: float, a: float, aa: float, b: float, bb: float
) -> float:
    """Correlation from sums of products, of two columns and of their squares."""
    wide, tall = aa - a * (a / n), bb - b * (b / n)
    if wide <= _TIE * aa or tall <= _TIE * bb:
        return 0.0
    return (joint - a * (b / n)) / (sqrt(wide) * sqrt(tall))


@inline
def _compare(
    ring: Float, past: int, now: int, sums: int, n: float, lags: int
) -> tuple[float, float]:
    """Lag of the largest correlation, and that correlation."""
    best, found = 0.0, 0.0
    deep, size = lags + uint64(1), uint64(6)
    new = past + now * size
    for k in range(uint64(0), deep):
        old = past + ((now + deep - k) % deep) * size
        after = _closeness(
            ring[sums + uint64(4) + k],
            n,
            ring[new + uint64(2)],
            ring[new + uint64(3)],
            ring[old + uint64(4)],
            ring[old + uint64(5)],
        )
        if abs(after) > abs(found) + _TIE:
            best, found = float(k), after
        if k > uint64(0):
            before = _closeness(
                ring[sums + uint64(4) + lags + k],
                n,
                ring[new + uint64(4)],
                ring[new + uint64(5)],
                ring[old + uint64(2)],
                ring[old + uint64(3)],
            )
            if abs(before) > abs(found) + _TIE:
                best, found = -float(k), before
    return best, max(-1.0, min(found, 1.0))


@kernel("lag", "correlation", state=4, params=4)
def _lead_lag(
    state: Float,
    ring: Float,
    params: tuple[float, float, float, float],
    y: float,
    x: float,
) -> tuple[float, float]:
    # ring: `push_sums` of y, y^2, x, x^2, y times each older x, x times each older y;
    # then for each of the last rows (y, x, sums of y, y^2, x, x^2 in its window)
    n, width, start, most = params
    lags, past, now = uint64(most), uint64(start), uint64(state[2])
    deep = lags + uint64(1)
    new = past + now * uint64(6)
    ring[new], ring[new + uint64(1)] = y, x
    ring[0], ring[1], ring[2], ring[3] = y, y * y, x, x * x
    for k in range(uint64(0), deep):
        old = past + ((now + deep - k) % deep) * uint64(6)
        ring[uint64(4) + k] = y * ring[old + uint64(1)]
        if k > uint64(0):
            ring[uint64(4) + lags + k] = x * ring[old]
    push_sums(state, ring, n, width)
    sums = uint64(width)
    for j in range(uint64(4)):
        ring[new + uint64(2) + j] = ring[sums + j]
    state[2] = state[2] + 1.0 if state[2] < most else 0.0
    state[3] = min(state[3] + 1.0, n + most)
    if state[3] < n + most:
        return nan, nan
    return _compare(ring, past, now, sums, n, lags)  # type: ignore[no-any-return]


def lead_lag(n: int, most: int, y: Source, x: Source, *, name: str = "") -> Feature:
    """Columns ``lag`` and ``correlation`` of returns y and x, lags up to ``most`` rows.

    At a lag above 0, y[t] is compared with x[t - lag]: x leads. Below 0 y leads, x[t]
    is compared with y[t + lag]. Each correlation is of n pairs that end in this row, so
    none looks ahead. The largest by size is taken, of equal ones the shorter lag; 0 and
    0 where one of them did not move.
    """
    n = positive_rows(n, "lead_lag", 3)
    most = positive_rows(most, "lead_lag.most")
    width = _SUMS + 2 * most + 1
    start = floats(n, width)
    return Feature(
        name or f"lead_lag_{n}_{most}_{name_of(y)}_{name_of(x)}",
        FAMILY,
        (y, x),
        (n, width, start, most),
        ring=start + 6 * (most + 1),
        warm_up=(n + most - 1,) * 2,
        look_back=n + most - 1,
    )


FAMILY = Family(
    name="lead_lag",
    category="cross_asset",
    kernel=_lead_lag,
    formula="lag = argmax over -k..k of |correlation(y[t], x[t - lag])|, or of "
    "(y[t + lag], x[t]) below 0, over n pairs",
    unit="lag: rows, above 0 x leads; correlation: -1 to 1",
    reference="cross-correlation function",
    build=lead_lag,
    examples=((60, 5, "signed_volume", "bid_size"), (5, 2, "volume", "bid_size")),
)
