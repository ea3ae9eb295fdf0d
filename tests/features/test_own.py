"""A user's own features: a few lines, picked up, checked, refused with a reason."""

import subprocess
import sys

import numpy as np
import pytest

from reference.market import DAY_NS, bars_frame, random_columns
from tradeloop.errors import InputError
from tradeloop.features import (
    Bank,
    FeatureChoice,
    LiveBank,
    compute,
    feature,
    load_features,
)
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


def test_a_second_process_loads_what_the_first_compiled(own):
    code = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from tradeloop.features import Bank, LiveBank, load_features;"
        f"bank = Bank(load_features(Path({str(own)!r})));"
        "live = LiveBank(bank); print(live.update('S', np.ones(len(bank.inputs))))"
    )
    ran = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        for _ in range(2)
    ]
    assert [done.returncode for done in ran] == [0, 0], ran[1].stderr
    assert ran[0].stdout == ran[1].stdout


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


BAD_STEPS = {
    "ring[-1]": "@feature(ring=2)\ndef x(ring, close):\n    return ring[-1] + close",
    "ring[9]": "@feature(ring=2)\ndef x(ring, close):\n    return ring[9] + close",
    "None": "@feature()\ndef x(close):\n    return close if close > 1e9 else None",
    "count": "@feature('a', 'b')\ndef x(close):\n    return close",
    "raises": "@feature()\ndef x(close):\n    return {}[close]",
}


@pytest.mark.parametrize("case", BAD_STEPS)
def test_step_that_breaks_is_told_and_not_run_compiled(tmp_path, case):
    path = tmp_path / "bad_step.py"
    path.write_text(f"from tradeloop.features import feature\n{BAD_STEPS[case]}\n")
    (found,) = examine(load_features(path), {})
    assert "history_equals_python" in found.broken


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@feature()\ndef event_ns(close):\n    return close", "key of every row"),
        ("a = level('open')\nb = replace(level('close'), name=a.name)", "two features"),
        ("@feature(state=1)\ndef x(close, state):\n    return close", "before its"),
    ],
)
def test_name_or_argument_that_stands_wrong_is_refused(tmp_path, text, message):
    path = tmp_path / "wrong.py"
    path.write_text(
        "from dataclasses import replace\n"
        "from tradeloop.features import feature\n"
        f"from tradeloop.features.arithmetic.level import level\n{text}\n"
    )
    with pytest.raises(InputError, match=message):
        load_features(path)


def test_own_feature_may_not_take_the_name_of_another(tmp_path):
    path = tmp_path / "same.py"
    path.write_text(OWN.replace("def jump", "def rsi_14"))
    with pytest.raises(InputError, match="has a feature 'rsi_14' already"):
        FeatureChoice(own=load_features(path)).bank(bars_frame(1, [40]), DAY_NS)


def test_arrays_that_a_step_reads_are_in_its_fingerprint():
    def made(values):
        table = np.array(values)

        @feature()
        def scaled(close):
            return close * table[0]

        return Bank([scaled])

    assert made([1.0]).fingerprint != made([2.0]).fingerprint
    assert made([1.0]).fingerprint == made([1.0]).fingerprint


@feature()
def choosy(close):
    """Raise in every third row."""
    if close % 3.0 == 0.0:
        raise ValueError
    return close


def test_row_in_which_a_step_raises_is_missing_in_history_panel_and_live():
    rows = 30
    closes = np.arange(2.0 * rows)
    wanted = np.where(closes % 3.0 == 0.0, np.nan, closes)
    bank = Bank([choosy])
    bounds = np.array([0, rows, 2 * rows])
    panel = bank.panel(bank.state(2), [closes], bounds)
    np.testing.assert_array_equal(panel[0], wanted)
    table = np.stack([closes, np.full(closes.size, 7.0)])[None]
    bank.history(bank.state(), table)
    np.testing.assert_array_equal(table[0, 1], wanted)
    live = LiveBank(bank)
    found = [live.update("A", np.array([close]))[0] for close in closes]
    np.testing.assert_array_equal(found, wanted)
