"""Volume profile: the overlap of every bar with every bin of every window."""

import numpy as np

from reference.rolling import rolled


def profile(highs, lows, volumes, bins):
    """Edges of the bins, and the volume in each."""
    edges = np.linspace(min(lows), max(highs), bins + 1)
    held = np.zeros(bins)
    for high, low, volume in zip(highs, lows, volumes, strict=True):
        if high == low:
            held[min(np.searchsorted(edges, low, "right") - 1, bins - 1)] += volume
        for k in range(bins):
            inside = min(high, edges[k + 1]) - max(low, edges[k])
            if inside > 0:
                held[k] += volume * inside / (high - low)
    return edges, held


def levels(highs, lows, volumes, bins):
    """Point of control, top and bottom of the value area, as prices."""
    edges, held = profile(highs, lows, volumes, bins)
    slack, middle = 1e-9 * sum(volumes), (bins - 1) / 2
    full = [k for k in range(bins) if held[k] >= max(held) - slack]
    best = min(full, key=lambda k: (abs(k - middle), k))
    low, high = best, best
    while sum(held[low : high + 1]) < 0.7 * sum(volumes) - slack:
        up = held[high + 1] if high + 1 < bins else -1
        down = held[low - 1] if low > 0 else -1
        if up < 0 or down < 0:
            fuller = down < 0
        elif abs(up - down) <= slack:
            fuller = high - best <= best - low
        else:
            fuller = up > down
        low, high = (low, high + 1) if fuller else (low - 1, high)
    return (edges[best] + edges[best + 1]) / 2, edges[high + 1], edges[low]


def expected(columns, n, bins=24):
    given = [columns[name] for name in ("high", "low", "volume")]
    prices = (
        rolled(n, lambda *bars, k=k: levels(*bars, bins)[k], *given) for k in range(3)
    )
    names = "point", "high", "low"
    return {
        name: 1e4 * (price / columns["close"] - 1)
        for name, price in zip(names, prices, strict=True)
    }
