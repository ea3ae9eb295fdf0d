"""Structure columns of SPY against what another library published of the same bars."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from reference.published import Same, differences, fields_of, published_values, spy
from tradeloop.features import Bank
from tradeloop.features.arithmetic.level import level
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.structure.hurst import hurst
from tradeloop.features.structure.pivots import pivots, rolling_pivots
from tradeloop.features.structure.swings import swings
from tradeloop.features.structure.zigzag import zigzag

pytestmark = pytest.mark.realdata

GROUP = [
    "barpart",
    "doji",
    "marubozu",
    "fcb",
    "fractal",
    "hurst",
    "pivot-points",
    "pivots",
    "rolling-pivots",
    "zigzag",
    "zigzag-close",
    "renko",
    "renko-atr",
]
LEVELS = ("pp", "r1", "r2", "r3", "s1", "s2", "s3")
K = 2  # rows that confirm their fractals
LONGEST = 20  # rows that their trend of pivots reaches back


def values(feature, columns):
    bank = Bank([feature])
    found = run_history(bank, Subject(bank).rows(columns))
    outputs = [column.output for column in bank.outputs]
    return dict(zip(outputs, found, strict=True))


def priced(feature, output):
    """Levels in price units, from distances in bps of the close."""

    def draw(columns):
        bps = values(feature, columns)[f"{output}_bps"]
        return columns["close"] * (1 + bps / 1e4)

    return draw


def confirmed(columns, side):
    """Rows and prices of swings, each taken from the row that confirms it."""
    found = values(swings(K), columns)
    at = np.flatnonzero(found[f"is_{side}"] == 1.0)
    assert (found[f"{side}_age"][at] == K).all()
    return [(int(row) - K, float(found[side][row])) for row in at]


def moved_back(side):
    def draw(columns):
        drawn = np.full(columns["close"].size, np.nan)
        for row, price in confirmed(columns, side):
            drawn[row] = price
        return drawn

    return draw


def pairs(columns, side):
    """Neighbouring swings that their trend connects."""
    points = confirmed(columns, side)
    for (start, before), (end, price) in pairwise(points):
        if end - start <= LONGEST and price != before:
            yield start, before, end, price


def connected(side):
    def draw(columns):
        drawn = np.full(columns["close"].size, np.nan)
        for start, before, end, price in pairs(columns, side):
            drawn[start : end + 1] = np.linspace(before, price, end - start + 1)
        return drawn

    return draw


def trend(side, rising, falling):
    def draw(columns):
        drawn = np.full(columns["close"].size, np.nan)
        for start, before, end, price in pairs(columns, side):
            drawn[start + 1 : end + 1] = rising if price > before else falling
        return drawn

    return draw


def turns(columns):
    """Rows, prices and sides of the zigzag's turns, from the rows that confirm them."""
    found = values(zigzag(5.0), columns)
    direction = found["direction"]
    at = np.flatnonzero(np.diff(direction, prepend=0.0) != 0.0)
    ages, prices = found["pivot_age"][at], found["pivot"][at]
    rows = (at - ages).astype(int)
    # Their first turn is the first row, which they do not draw.
    return list(zip(rows, prices, -direction[at], strict=True))[1:]


def legs(sides, *, to_last_row):
    def draw(columns):
        close = columns["close"]
        points = [(row, price) for row, price, side in turns(columns) if side in sides]
        if to_last_row:
            points.append((close.size - 1, close[-1]))
        rows, prices = zip(*points, strict=True)
        places = np.arange(rows[0], rows[-1] + 1)
        drawn = np.full(close.size, np.nan)
        drawn[places] = np.interp(places, rows, prices)
        return drawn

    return draw


@dataclass(frozen=True)
class Drawn:
    """What was published, drawn from our columns: equal from row ``first`` on."""

    draw: Callable
    reason: str
    first: int = 0


_SO_FAR = "before the first swing ours is the extreme so far, theirs is missing"
SAME = {
    ("barpart", "value"): Same(level("close")["value"]),
    ("hurst", "hurstExponent"): Same(hurst(100)["rescaled_range"]),
    ("hurst", "hurstExponentAL"): Same(hurst(100)["rescaled_range_corrected"]),
    ("fcb", "upperBand"): Same(swings(K)["high"], _SO_FAR, 5),
    ("fcb", "lowerBand"): Same(swings(K)["low"], _SO_FAR, 9),
}
_BPS = "ours is the distance from the close in bps"
_MONTH = f"{_BPS}; their period is a month, and in the first they have none"
_LATE = "they write a swing into its own row, which was not known before two rows later"
_LINE = f"{_LATE}; the line to it is drawn back from there"
_LAST = (
    "turns stand in their own rows, and the last leg ends in the last row, confirmed"
)
_REPAINTS = f"{_LAST} or not: the next row may take it back"
_TURN = {
    "zigZag": Drawn(legs((1, -1), to_last_row=True), _REPAINTS),
    "retraceHigh": Drawn(legs((1,), to_last_row=True), _REPAINTS),
    "retraceLow": Drawn(legs((-1,), to_last_row=False), _REPAINTS),
}
DRAWN = {
    **{
        ("pivot-points", name): Drawn(
            priced(pivots("classic", "month"), name), _MONTH, 20
        )
        for name in LEVELS
    },
    **{
        ("rolling-pivots", name): Drawn(priced(rolling_pivots(20), name), _BPS)
        for name in LEVELS
    },
    ("fractal", "fractalBear"): Drawn(moved_back("high"), _LATE),
    ("fractal", "fractalBull"): Drawn(moved_back("low"), _LATE),
    ("pivots", "highPoint"): Drawn(moved_back("high"), _LATE),
    ("pivots", "lowPoint"): Drawn(moved_back("low"), _LATE),
    ("pivots", "highLine"): Drawn(connected("high"), _LINE),
    ("pivots", "lowLine"): Drawn(connected("low"), _LINE),
    ("pivots", "highTrend"): Drawn(trend("high", 0.0, 1.0), _LINE),
    ("pivots", "lowTrend"): Drawn(trend("low", 2.0, 3.0), _LINE),
    **{("zigzag", field): drawn for field, drawn in _TURN.items()},
    **{("zigzag-close", field): drawn for field, drawn in _TURN.items()},
}
NOT_BUILT = {
    "doji": "a candlestick pattern: group patterns",
    "marubozu": "a candlestick pattern: group patterns",
    "renko": "its rows are bricks, not bars: no column of a bar holds them",
    "renko-atr": "bricks sized by the range of the last bar: known only at the end",
}


@pytest.fixture(scope="module")
def given(market_data):
    columns, published = spy(market_data)
    bars = pl.read_parquet(market_data / "equity" / "bars_1d_index.parquet")
    ts = bars.filter(pl.col("symbol") == "SPY").sort("ts")["ts"].dt
    month = 12.0 * ts.year().to_numpy() + ts.month().to_numpy()
    return {**columns, "month": month}, published


def test_each_indicator_is_in_exactly_one_table(given):
    built = {indicator for indicator, _ in (*SAME, *DRAWN)}
    assert not set(SAME) & set(DRAWN)
    assert not built & set(NOT_BUILT)
    assert built | set(NOT_BUILT) == set(GROUP)
    assert fields_of(given[1], sorted(built)) == {*SAME, *DRAWN}
    assert all(NOT_BUILT.values())


def test_columns_are_those_that_were_published(given):
    assert differences(SAME, *given) == {}


@pytest.mark.parametrize(("indicator", "field"), DRAWN)
def test_what_they_drew_follows_from_our_columns(given, indicator, field):
    columns, published = given
    drawn = DRAWN[indicator, field]
    assert drawn.reason
    mine = drawn.draw(columns)
    theirs = published_values(published, indicator, field, mine.size)
    assert np.isfinite(theirs).sum() >= 60
    assert np.isnan(theirs[: drawn.first]).all()
    np.testing.assert_allclose(mine[drawn.first :], theirs[drawn.first :], rtol=1e-9)
