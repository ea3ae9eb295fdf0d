"""Volume columns are those that another library published for SPY."""

import pytest

from reference.published import Same, differences, fields_of, spy
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.volume.chaikin import chaikin
from tradeloop.features.volume.composed import (
    chaikin_money_flow,
    distribution_line,
    force,
    kvo,
    only,
    pvo,
)
from tradeloop.features.volume.mfi import mfi
from tradeloop.features.volume.money_flow import money_flow
from tradeloop.features.volume.obv import obv
from tradeloop.features.volume.session_vwap import session_vwap

INDICATORS = (
    *("adl", "chaikin-osc", "cmf", "force", "kvo", "mfi", "obv", "pvo", "vwap"),
)
NOT_BUILT: dict[str, str] = {
    # each with its reason
}
FIRST_VOLUME = 96_708_880.0

flow, line = only(money_flow()), only(distribution_line())
part, volumes = only(ratio(flow, "volume")), only(pvo())
signal = only(ema(volumes, 9))
TABLE = {
    ("adl", "adl"): Same(line),
    ("adl", "moneyFlowMultiplier"): Same(part),
    ("adl", "moneyFlowVolume"): Same(flow),
    ("chaikin-osc", "moneyFlowMultiplier"): Same(part),
    ("chaikin-osc", "moneyFlowVolume"): Same(flow),
    ("chaikin-osc", "adl"): Same(line),
    ("chaikin-osc", "fastEma"): Same(only(ema(line, 3))),
    ("chaikin-osc", "slowEma"): Same(only(ema(line, 10))),
    ("chaikin-osc", "oscillator"): Same(
        only(chaikin()),
        "theirs starts the means with the mean of n, ours with one value, as TA-Lib",
        110,
    ),
    ("cmf", "moneyFlowMultiplier"): Same(part),
    ("cmf", "moneyFlowVolume"): Same(flow),
    ("cmf", "cmf"): Same(only(chaikin_money_flow())),
    ("force", "forceIndex"): Same(only(force(2))),
    ("kvo", "oscillator"): Same(only(kvo())),
    ("kvo", "signal"): Same(only(ema(only(kvo()), 13))),
    ("mfi", "mfi"): Same(only(mfi(14))),
    ("obv", "obv"): Same(
        only(obv()),
        "theirs starts at 0, ours at the first volume, as TA-Lib",
        shift=-FIRST_VOLUME,
    ),
    ("pvo", "pvo"): Same(volumes),
    ("pvo", "signal"): Same(signal),
    ("pvo", "histogram"): Same(only(difference(volumes, signal))),
    ("vwap", "vwap"): Same(only(session_vwap())),
}


@pytest.mark.realdata
def test_every_published_field_is_compared_or_its_indicator_not_built(market_data):
    _, published = spy(market_data)
    fields = fields_of(published, INDICATORS)
    assert {indicator for indicator, _ in fields} == set(INDICATORS)
    assert set(TABLE) == {field for field in fields if field[0] not in NOT_BUILT}


@pytest.mark.realdata
def test_volume_of_spy_is_what_another_library_published(market_data):
    assert differences(TABLE, *spy(market_data)) == {}
