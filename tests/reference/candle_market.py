"""Markets rich in candlestick patterns, in whole ticks."""

import numpy as np

# Candles (open, close, upper shadow, lower shadow) that end in a rare pattern.
RARE = {
    "mat_hold": [
        (1000, 1100, 5, 5),
        (1125, 1110, 5, 5),
        (1110, 1095, 5, 5),
        (1105, 1085, 5, 5),
        (1090, 1150, 5, 5),
    ],
    "three_methods": [
        (1000, 1100, 5, 5),
        (1090, 1070, 5, 5),
        (1075, 1055, 5, 5),
        (1060, 1040, 5, 5),
        (1050, 1160, 5, 5),
    ],
    "breakaway": [
        (1100, 1000, 5, 5),
        (980, 960, 5, 5),
        (965, 940, 5, 10),
        (945, 920, 5, 5),
        (925, 990, 5, 5),
    ],
    "swallow": [
        (1000, 960, 2, 2),
        (960, 920, 1, 1),
        (900, 890, 30, 5),
        (935, 880, 5, 5),
    ],
    "ladder": [
        (1000, 960, 5, 5),
        (980, 940, 5, 5),
        (960, 920, 5, 5),
        (940, 900, 20, 5),
        (950, 990, 5, 5),
    ],
    "stars_in_south": [(1000, 940, 5, 70), (960, 920, 2, 30), (930, 905, 1, 1)],
    "line_strike": [
        (1000, 1040, 5, 5),
        (1020, 1060, 5, 5),
        (1045, 1080, 5, 5),
        (1090, 990, 5, 5),
    ],
    "identical_crows": [(1100, 1060, 5, 2), (1060, 1020, 5, 2), (1020, 980, 5, 1)],
    "black_crows": [
        (1000, 1050, 5, 5),
        (1048, 1010, 5, 2),
        (1030, 980, 5, 2),
        (1000, 950, 5, 2),
    ],
    "soldiers": [(1000, 1040, 2, 5), (1020, 1065, 1, 5), (1045, 1095, 1, 5)],
    "advance_block": [(1000, 1060, 4, 5), (1030, 1080, 20, 5), (1065, 1090, 40, 5)],
    "stalled": [(1000, 1060, 5, 5), (1030, 1095, 1, 5), (1092, 1105, 5, 5)],
    "two_crows": [(1000, 1060, 5, 5), (1100, 1080, 5, 5), (1090, 1040, 5, 5)],
    "upside_gap": [(1000, 1060, 5, 5), (1090, 1075, 5, 5), (1100, 1070, 5, 5)],
    "kicking": [(1000, 940, 2, 2), (1010, 1070, 2, 2)],
    "tasuki": [(1000, 1030, 5, 5), (1050, 1080, 5, 5), (1070, 1040, 5, 5)],
    "baby": [(1000, 1060, 5, 5), (1090, 1092, 3, 5), (1070, 1020, 5, 5)],
    "river": [(1060, 1000, 5, 10), (1040, 1010, 5, 50), (990, 1000, 5, 5)],
    "side_by_side": [(1000, 1030, 5, 5), (1060, 1090, 5, 5), (1061, 1092, 5, 5)],
}


def _bars(candles):
    open_, close, top, foot = np.asarray(candles, float).T
    return np.array(
        [open_, np.maximum(open_, close) + top, np.minimum(open_, close) - foot, close]
    )


def _named(bars):
    return dict(zip(("open", "high", "low", "close"), bars, strict=True))


def rare(seed, rounds):
    """Rare patterns and their mirrors after ordinary candles, each shaken a little."""
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(rounds):
        for candles in RARE.values():
            n = len(candles)
            shaken = np.asarray(candles) + random.integers(-2, 3, (n, 4)) * (
                random.random((n, 4)) < 0.3
            )
            shaken[:, 2:] = np.maximum(shaken[:, 2:], 0)
            ordinary = 1000 + random.integers(-30, 31, (14, 2))
            shadows = random.integers(5, 35, (14, 2))
            bars = _bars(np.vstack([np.hstack([ordinary, shadows]), shaken]))
            mirror = 2000 - bars[[0, 2, 1, 3]]
            parts += [bars, mirror]
    return _named(np.hstack(parts))


def gridded(seed, rows, spread, tick=0.25):
    """Bars without memory on a coarse grid: gaps, ties and dojis everywhere."""
    random = np.random.default_rng(seed)
    centre = 4000 + np.cumsum(random.integers(-2, 3, rows))
    bodies = centre + random.integers(-spread, spread + 1, (2, rows))
    shadows = random.integers(0, 3, (2, rows)) * random.integers(0, 3, (2, rows))
    return _named(tick * _bars(np.vstack([bodies, shadows]).T))
