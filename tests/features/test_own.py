"""A user's own features: a few lines, picked up, checked, refused with a reason."""

import numpy as np
import pytest

from reference.market import DAY_NS, bars_frame, random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank, FeatureChoice, compute, feature, load_features
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.examine import examine, sample
from tradeloop.features.momentum.rsi import rsi

OWN = '''
"""Mine."""
from math import nan
from tradeloop.features import feature
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.momentum.rsi import rsi

@feature(state=1, warm_up=1, unit="bps")
def jump(state, open, close):
    """1e4 * (open / close[t-1] - 1)."""
    before, state[0] = state[0], close
    return 1e4 * (open / before - 1.0) if before > 0.0 else nan

rsi_gap = difference(rsi(14), rsi(30), name="rsi_gap")
_hidden = rsi(7)
'''


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def test_step_and_composed_feature_of_a_file_are_picked_up(own):
    columns = load_features(own)
    assert [column.name for column in columns] == ["jump", "rsi_gap"]
    entry = Bank(columns).catalogue()[0]
    assert entry.formula == "1e4 * (open / close[t-1] - 1)."
    assert (entry.unit, entry.group, entry.reference) == ("bps", "own", "mine.py")
    raw = random_columns(1, 60)
    found = run_history(Bank(columns), Subject(Bank(columns)).rows(raw))
    wanted = 1e4 * (raw["open"][1:] / raw["close"][:-1] - 1)
    np.testing.assert_allclose(found[0, 1:], wanted)


def test_a_run_takes_own_features_and_timeframes_beside_the_default(own):
    hour = 3_600_000_000_000
    bars = bars_frame(1, [200], interval_ns=hour)
    choice = FeatureChoice(own=load_features(own), timeframes_ns=(DAY_NS,))
    bank = choice.bank(bars, hour)
    assert {"jump", "rsi_gap", "jump_1d", "rsi_14", "rsi_14_1d"} <= set(bank.names)
    found = compute(bank, bars)
    # Of eight whole days the first has no close before it.
    assert found["jump_1d"].n_unique() == 8
    assert FeatureChoice("all").bank(bars, hour).names != bank.names


def test_feature_of_a_column_that_bars_lack_is_named(own):
    own.write_text(
        OWN.replace("open, close", "open, mood").replace(
            "= state[0], close", "= state[0], mood"
        )
    )
    bars = bars_frame(1, [20])
    with pytest.raises(InputError, match="'jump' reads the column 'mood'"):
        FeatureChoice(own=load_features(own)).bank(bars, DAY_NS)


def test_timeframe_that_is_no_multiple_of_the_bars_is_refused():
    bars = bars_frame(1, [20])
    with pytest.raises(InputError, match="multiple of bars of 1d, was 12h"):
        FeatureChoice(timeframes_ns=(DAY_NS // 2,)).bank(bars, DAY_NS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "holds no feature"),
        ("raise ValueError('no')", "ended in ValueError: no"),
        ("def f(:", "ended in SyntaxError"),
    ],
)
def test_file_without_features_is_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_features(path)
    with pytest.raises(InputError, match="must be a Python file"):
        load_features(tmp_path / "absent.py")


def test_lawful_features_keep_every_law_and_tell_their_speed(own):
    for each in examine(load_features(own), random_columns(3, 400)):
        assert each.broken == {}
        assert each.history_ns > 0
        assert each.live_ns > 0


CALLS = [0.0]


@feature(state=1, warm_up=0)
def impatient(state, close):
    """Promises a value one row too soon."""
    before, state[0] = state[0], close
    return close / before - 1.0 if before > 0.0 else np.nan


@feature(ring=4, params=(4.0,), warm_up=3)
def forgetful(ring, params, close):
    """Sums in a variable of the module, which no state keeps."""
    CALLS[0] += close
    ring[0] = close
    return CALLS[0] / params[0]


def test_too_short_a_warm_up_is_told():
    (found,) = examine(impatient.columns, {})
    assert "warm_up_is_exact" in found.broken


def test_the_sample_brings_any_column_and_prices_that_fit():
    names = ["open", "high", "low", "close", "quote.bid", "trade.side", "mood"]
    found = sample([*names, "volume", "day", "book.bid_size"], 500)
    assert set(found) == {*names, "volume", "day", "book.bid_size"}
    assert (found["low"] <= found["high"]).all()
    assert (found["book.bid_size"] >= 1).all()
    assert set(np.unique(found["trade.side"])) == {-1.0, 0.0, 1.0}


def test_inputs_given_by_name_may_be_other_features():
    @feature(inputs=(rsi(3).columns[0],), warm_up=0, unit="0 to 1")
    def share(x):
        return x / 100.0

    raw = random_columns(2, 30)
    bank = Bank([share, rsi(3)])
    found = run_history(bank, Subject(bank).rows(raw))
    np.testing.assert_array_equal(found[0], found[1] / 100.0)


def test_inputs_that_do_not_fit_the_step_are_refused():
    with pytest.raises(InputError, match="inputs must have 1 entries, had 2"):
        feature(inputs=("open", "close"))(lambda x: x)
