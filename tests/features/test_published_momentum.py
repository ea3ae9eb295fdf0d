"""Momentum columns are those that another library published for SPY."""

import pytest

from reference.published import Same, differences, fields_of, spy
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.product import product
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.composed import (
    awesome,
    balance_of_power,
    cmo_plain,
    connors_rsi,
    gator,
    only,
    smi,
    tsi,
    ultimate,
)
from tradeloop.features.momentum.fisher import fisher
from tradeloop.features.momentum.mcginley import mcginley
from tradeloop.features.momentum.rate_of_change import roc
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic, stochastic_rsi
from tradeloop.features.momentum.streak import streak
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.rolling.percentile import percent_rank
from tradeloop.features.rolling.root_mean import root_mean
from tradeloop.features.trend.blend import blend, median_price
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma

INDICATORS = (
    *("awesome", "bop", "cci", "cmo", "crsi", "dynamic", "fisher", "gator", "roc"),
    *("roc-wb", "rsi", "smi", "stoch", "stoch-rsi", "tsi", "uo", "willr"),
)
NOT_BUILT: dict[str, str] = {
    # each with its reason
}
TOGETHER = "ours begins once both lines are there, as in TA-Lib"
EARLY = "theirs begins in the first row, with windows that are not full"
SEED = "theirs starts the means with one value, ours with the mean of n, as TA-Lib"
SHARE = "ours is a share, theirs per cent"

slow, month = stochastic(14), only(roc(20))
j = only(blend("stochastic_j", (3.0, slow["k"]), (-2.0, slow["d"])))
strength = stochastic_rsi(14, 14, 1, 3)
band = only(root_mean(only(product(month, month)), 5))
rank = only(percent_rank(only(roc(1)), 100))
per_price = only(ratio(only(awesome()), median_price(), 100.0))
TABLE = {
    ("awesome", "oscillator"): Same(only(awesome())),
    ("awesome", "normalized"): Same(per_price),
    ("bop", "bop"): Same(only(sma(only(balance_of_power()), 14))),
    ("cci", "cci"): Same(only(cci(20))),
    ("cmo", "cmo"): Same(only(cmo_plain(14)), SHARE, scale=100.0),
    ("crsi", "streak"): Same(only(streak())),
    ("crsi", "rsi"): Same(only(rsi(3))),
    ("crsi", "rsiStreak"): Same(
        only(rsi(2, only(streak()))), "theirs is left out of rows 2 and 3", 4
    ),
    ("crsi", "percentRank"): Same(
        rank, f"{SHARE}; its first window holds a move of the first row", 101, 100.0
    ),
    ("crsi", "connorsRsi"): Same(only(connors_rsi())),
    ("dynamic", "dynamic"): Same(only(mcginley(14))),
    ("fisher", "fisher"): Same(fisher(10)["value"], EARLY, 60),
    ("fisher", "trigger"): Same(fisher(10)["trigger"], EARLY, 60),
    ("gator", "upper"): Same(only(gator()[0])),
    ("gator", "lower"): Same(
        only(gator()[1]), "theirs is drawn below the axis", scale=-1.0
    ),
    ("roc", "momentum"): Same(only(change("close", 14))),
    ("roc", "roc"): Same(only(roc(14))),
    ("roc-wb", "roc"): Same(month),
    ("roc-wb", "rocEma"): Same(only(ema(month, 5))),
    ("roc-wb", "upperBand"): Same(band),
    ("roc-wb", "lowerBand"): Same(band, "the upper band mirrored", scale=-1.0),
    ("rsi", "rsi"): Same(only(rsi(14))),
    ("smi", "smi"): Same(only(smi()), SEED, 270),
    ("smi", "signal"): Same(only(ema(only(smi()), 3)), SEED, 270),
    ("stoch", "oscillator"): Same(slow["k"], TOGETHER, 17),
    ("stoch", "k"): Same(slow["k"], TOGETHER, 17),
    ("stoch", "signal"): Same(slow["d"]),
    ("stoch", "d"): Same(slow["d"]),
    ("stoch", "percentJ"): Same(j),
    ("stoch", "j"): Same(j),
    ("stoch-rsi", "stochRsi"): Same(strength["k"], TOGETHER, 29),
    ("stoch-rsi", "signal"): Same(strength["d"]),
    ("tsi", "tsi"): Same(only(tsi())),
    ("tsi", "signal"): Same(only(ema(only(tsi()), 7))),
    ("uo", "ultimate"): Same(only(ultimate())),
    ("willr", "williamsR"): Same(only(williams_r(14))),
}


@pytest.mark.realdata
def test_every_published_field_is_compared_or_its_indicator_not_built(market_data):
    _, published = spy(market_data)
    fields = fields_of(published, INDICATORS)
    assert {indicator for indicator, _ in fields} == set(INDICATORS)
    assert set(TABLE) == {field for field in fields if field[0] not in NOT_BUILT}


@pytest.mark.realdata
def test_momentum_of_spy_is_what_another_library_published(market_data):
    assert differences(TABLE, *spy(market_data)) == {}
