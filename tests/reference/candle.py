"""Each bit of a candle by its sentence, with means taken afresh."""

import numpy as np

from tradeloop.features.patterns import candle as said


def _own(o, h, low, c):
    body, top, foot = abs(c - o), h - max(o, c), min(o, c) - low
    return {
        said.WHITE: c >= o,
        said.BLACK: c < o,
        said.TOP_LONG: top > body,
        said.FOOT_LONG: foot > body,
        said.TOP_VERY_LONG: top > 2 * body,
        said.FOOT_VERY_LONG: foot > 2 * body,
    }


def _to_ten(bar, before):
    o, h, low, c = bar
    body, top, foot = abs(c - o), h - max(o, c), min(o, c) - low
    mean_body = np.mean([abs(bar[3] - bar[0]) for bar in before])
    tenth = 0.1 * np.mean([bar[1] - bar[2] for bar in before])
    shadow = np.mean([bar[1] - bar[2] - abs(bar[3] - bar[0]) for bar in before]) / 2
    return {
        said.LONG: body > mean_body,
        said.SMALL: body <= mean_body,
        said.SHORT: body < mean_body,
        said.DOJI: body <= tenth,
        said.BARE_TOP: top < tenth,
        said.BARE_FOOT: foot < tenth,
        said.TOPPED: top > tenth,
        said.FOOTED: foot > tenth,
        said.TOP_SHORT: top < shadow,
        said.FOOT_SHORT: foot < shadow,
        said.TOP_NOT_SHORT: top > shadow,
    }


def _to_last(bar, last):
    (o, h, low, c), (o_1, h_1, low_1, c_1) = bar, last
    upper, lower, upper_1, lower_1 = max(o, c), min(o, c), max(o_1, c_1), min(o_1, c_1)
    around = upper >= upper_1 and lower <= lower_1
    return {
        said.GAP_UP: lower > upper_1,
        said.GAP_DOWN: upper < lower_1,
        said.LEAP_UP: low > h_1,
        said.LEAP_DOWN: h < low_1,
        said.HIGHER_HIGH: h > h_1,
        said.LOWER_HIGH: h < h_1,
        said.HIGHER_LOW: low > low_1,
        said.LOWER_LOW: low < low_1,
        said.HIGHER_CLOSE: c > c_1,
        said.LOWER_CLOSE: c < c_1,
        said.HIGHER_OPEN: o > o_1,
        said.LOWER_OPEN: o < o_1,
        said.OPENS_WITHIN: lower_1 < o < upper_1,
        said.INSIDE: lower > lower_1 and upper < upper_1,
        said.INSIDE_OR_EVEN: lower >= lower_1 and upper <= upper_1,
        said.AROUND: upper > upper_1 and lower < lower_1,
        said.AROUND_OR_EVEN: around and (upper, lower) != (upper_1, lower_1),
        said.SMALLER: abs(c - o) < abs(c_1 - o_1),
        said.LARGER: abs(c - o) > abs(c_1 - o_1),
    }


def expected(columns):
    bars = list(
        zip(*(columns[n] for n in ("open", "high", "low", "close")), strict=True)
    )
    bits, five, ten = [], [], []
    for i, bar in enumerate(bars):
        found = _own(*bar)
        found |= _to_last(bar, bars[i - 1]) if i else {}
        found |= _to_ten(bar, bars[i - 10 : i]) if i >= 10 else {}
        bits.append(float(sum(bit for bit, there in found.items() if there)))
        ranges = [bar[1] - bar[2] for bar in bars[max(i - 10, 0) : i]]
        five.append(np.mean(ranges[-5:]) if i >= 5 else 0.0)
        ten.append(np.mean(ranges) if i >= 10 else 0.0)
    return {
        "bits": np.array(bits),
        "mean_range_5": np.array(five),
        "mean_range_10": np.array(ten),
    }
