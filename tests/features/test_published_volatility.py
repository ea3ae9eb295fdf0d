"""Volatility columns of SPY against what another library published of the same bars."""

import numpy as np
import pytest

from reference.published import (
    Same,
    differences,
    fields_of,
    published_values,
    spy,
)
from tradeloop.features import Bank
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.rolling.moments import moments
from tradeloop.features.rolling.zscore import zscore
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.channel import (
    bollinger_bands,
    deviation_channel,
    keltner,
    starc,
)
from tradeloop.features.volatility.choppiness import choppiness
from tradeloop.features.volatility.deviation import deviation
from tradeloop.features.volatility.donchian_lines import donchian_lines
from tradeloop.features.volatility.true_range import atr, true_range
from tradeloop.features.volatility.ulcer import ulcer

pytestmark = pytest.mark.realdata

GROUP = [
    "atr",
    "bb",
    "chop",
    "donchian",
    "keltner",
    "starc",
    "stdev",
    "stdev-channels",
    "tr",
    "ulcer",
]
_ATR, _TR, _ULCER = atr(14)["value"], true_range()["value"], ulcer(14)["value"]
_NATR = ratio(_ATR, "close", 100, name="natr_14")["value"]
_BANDS, _DONCHIAN = bollinger_bands(20), donchian_lines(20)
_KELTNER, _STARC = keltner(20, 2.0, 10), starc(5, 2.0, 10)
_SHARE = "theirs is a share, ours in bps"
SAME = {
    ("tr", "tr"): Same(_TR),
    ("atr", "tr"): Same(_TR),
    ("atr", "atr"): Same(_ATR),
    ("atr", "atrp"): Same(_NATR),
    ("bb", "upperBand"): Same(_BANDS["upper"]),
    ("bb", "sma"): Same(_BANDS["middle"]),
    ("bb", "lowerBand"): Same(_BANDS["lower"]),
    ("bb", "percentB"): Same(bollinger(20)["percent_b"]),
    ("bb", "zScore"): Same(zscore("close", 20)["value"]),
    ("bb", "width"): Same(bollinger(20)["width_bps"], _SHARE, scale=1e-4),
    ("chop", "chop"): Same(choppiness(14)["value"]),
    ("donchian", "upperBand"): Same(_DONCHIAN["upper"]),
    ("donchian", "centerline"): Same(_DONCHIAN["middle"]),
    ("donchian", "lowerBand"): Same(_DONCHIAN["lower"]),
    ("donchian", "width"): Same(_DONCHIAN["width_bps"], _SHARE, scale=1e-4),
    ("keltner", "upperBand"): Same(_KELTNER["upper"]),
    ("keltner", "centerline"): Same(_KELTNER["middle"]),
    ("keltner", "lowerBand"): Same(_KELTNER["lower"]),
    ("keltner", "width"): Same(_KELTNER["width_bps"], _SHARE, scale=1e-4),
    ("starc", "upperBand"): Same(_STARC["upper"]),
    ("starc", "lowerBand"): Same(_STARC["lower"]),
    ("starc", "centerline"): Same(
        _STARC["middle"], "ours starts with the bands, in the first row of ATR", 10
    ),
    ("stdev", "stdDev"): Same(deviation(14)["stddev"]),
    ("stdev", "mean"): Same(moments("close", 14)["mean"]),
    ("stdev", "zScore"): Same(zscore("close", 14)["value"]),
    ("ulcer", "ui"): Same(_ULCER),
    ("ulcer", "ulcerIndex"): Same(_ULCER),
}
# One line is drawn through each block of 20 rows, counted back from the last: with
# closes that come later. In its last row a block is what we know there.
DRAWN = {
    ("stdev-channels", "upperChannel"): "upper",
    ("stdev-channels", "centerline"): "middle",
    ("stdev-channels", "lowerChannel"): "lower",
}
NOT_BUILT: dict[str, str] = {}


@pytest.fixture(scope="module")
def given(market_data):
    return spy(market_data)


def test_each_indicator_is_in_exactly_one_table(given):
    built = {indicator for indicator, _ in (*SAME, *DRAWN)}
    assert not built & set(NOT_BUILT)
    assert built | set(NOT_BUILT) == set(GROUP)
    assert fields_of(given[1], sorted(built)) == {*SAME, *DRAWN}


def test_columns_are_those_that_were_published(given):
    assert differences(SAME, *given) == {}


@pytest.mark.parametrize(("indicator", "field"), DRAWN)
def test_channel_of_a_block_is_ours_of_its_last_row_drawn_back(given, indicator, field):
    columns, published = given
    line, n = DRAWN[indicator, field], 20
    channel, slope = deviation_channel(n)[line], linear_regression(n)["slope"]
    bank = Bank([channel, slope])
    ours, slopes = run_history(bank, Subject(bank).rows(columns))
    theirs = published_values(published, indicator, field, ours.size)
    drawn = np.full(ours.size, np.nan)
    for end in range(ours.size - 1, n - 1, -n):
        rows = np.arange(end - n + 1, end + 1)
        drawn[rows] = ours[end] - (end - rows) * slopes[end]
    assert np.isfinite(theirs).sum() == 500
    np.testing.assert_allclose(theirs, drawn, rtol=1e-9)
