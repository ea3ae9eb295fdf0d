"""Every candlestick pattern by TA-Lib, missing for as many rows as it looks back."""

import numpy as np
import talib
from talib import abstract

ONE = {
    "doji": "DOJI",
    "dragonfly_doji": "DRAGONFLYDOJI",
    "gravestone_doji": "GRAVESTONEDOJI",
    "long_legged_doji": "LONGLEGGEDDOJI",
    "rickshaw_man": "RICKSHAWMAN",
    "takuri": "TAKURI",
    "high_wave": "HIGHWAVE",
    "spinning_top": "SPINNINGTOP",
    "marubozu": "MARUBOZU",
    "closing_marubozu": "CLOSINGMARUBOZU",
    "belt_hold": "BELTHOLD",
    "long_line": "LONGLINE",
    "short_line": "SHORTLINE",
}
UNDIRECTED = tuple(ONE)[:8]
TWO = {
    "hammer": "HAMMER",
    "hanging_man": "HANGINGMAN",
    "inverted_hammer": "INVERTEDHAMMER",
    "shooting_star": "SHOOTINGSTAR",
    "harami": "HARAMI",
    "harami_cross": "HARAMICROSS",
    "doji_star": "DOJISTAR",
    "homing_pigeon": "HOMINGPIGEON",
    "piercing": "PIERCING",
    "dark_cloud_cover": "DARKCLOUDCOVER",
    "counterattack": "COUNTERATTACK",
    "separating_lines": "SEPARATINGLINES",
    "in_neck": "INNECK",
    "on_neck": "ONNECK",
    "thrusting": "THRUSTING",
    "kicking": "KICKING",
    "kicking_by_length": "KICKINGBYLENGTH",
    "engulfing": "ENGULFING",
    "matching_low": "MATCHINGLOW",
}
THREE = {
    "three_white_soldiers": "3WHITESOLDIERS",
    "advance_block": "ADVANCEBLOCK",
    "stalled_pattern": "STALLEDPATTERN",
    "three_inside": "3INSIDE",
    "three_stars_in_south": "3STARSINSOUTH",
    "unique_three_river": "UNIQUE3RIVER",
    "identical_three_crows": "IDENTICAL3CROWS",
    "three_outside": "3OUTSIDE",
    "stick_sandwich": "STICKSANDWICH",
}
GAP = {
    "two_crows": "2CROWS",
    "upside_gap_two_crows": "UPSIDEGAP2CROWS",
    "evening_star": "EVENINGSTAR",
    "evening_doji_star": "EVENINGDOJISTAR",
    "morning_star": "MORNINGSTAR",
    "morning_doji_star": "MORNINGDOJISTAR",
    "abandoned_baby": "ABANDONEDBABY",
    "tristar": "TRISTAR",
    "side_by_side_white_lines": "GAPSIDESIDEWHITE",
    "tasuki_gap": "TASUKIGAP",
    "gap_three_methods": "XSIDEGAP3METHODS",
}
MORE = {
    "breakaway": "BREAKAWAY",
    "ladder_bottom": "LADDERBOTTOM",
    "mat_hold": "MATHOLD",
    "rising_falling_three_methods": "RISEFALL3METHODS",
    "three_black_crows": "3BLACKCROWS",
    "concealing_baby_swallow": "CONCEALBABYSWALL",
    "three_line_strike": "3LINESTRIKE",
    "modified_hikkake": "HIKKAKEMOD",
    "hikkake": "HIKKAKE",
}
ALL = {**ONE, **TWO, **THREE, **GAP, **MORE}


def look_back(output):
    return abstract.Function(f"CDL{ALL[output]}").lookback


def pattern(columns, output):
    bars = (columns[name] for name in ("open", "high", "low", "close"))
    found = getattr(talib, f"CDL{ALL[output]}")(*bars).astype(float)
    found[: look_back(output)] = np.nan
    return found


def family(columns, outputs):
    """Patterns of a family and how many are there, once all of them are known."""
    found = {output: pattern(columns, output) for output in outputs}
    rows = np.array([v for k, v in found.items() if k not in UNDIRECTED])
    cold = np.isnan(rows).any(axis=0)
    return {
        **found,
        "bullish": np.where(cold, np.nan, (rows > 0).sum(axis=0)),
        "bearish": np.where(cold, np.nan, (rows < 0).sum(axis=0)),
    }
