"""The live bank: rows in order, bytes that remember, bits equal to history."""

import numpy as np
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.errors import ArtefactError, DamagedError, InputError
from tradeloop.features import Bank, LiveBank, compute, default_bank
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.trend.sma import sma

BANK = default_bank(DAY_NS, has_quotes=True)


def interleaved(bars):
    return bars.sort("event_ns", "instrument").iter_rows(named=True)


def test_live_rows_of_many_instruments_equal_the_computed_history_to_the_bit():
    bars = bars_frame(1, [90, 75])
    history = {(r[0], r[1]): r[3:] for r in compute(BANK, bars).iter_rows()}
    driver = LiveBank(BANK)
    for k, bar in enumerate(interleaved(bars)):
        if k % 10 == 9:
            saved, driver = driver.state_bytes(), LiveBank(BANK)
            driver.restore(saved)
        found = driver.update(bar["instrument"], bar)
        wanted = history[bar["instrument"], bar["event_ns"]]
        wanted = np.array([np.nan if v is None else v for v in wanted])
        np.testing.assert_array_equal(found, wanted)
    assert driver.instruments == ("I0", "I1")


def test_none_is_missing_and_the_next_row_goes_on():
    bars = bars_frame(2, [10]).to_dicts()
    bars[4]["close"] = None
    driver, bank = LiveBank(Bank([rsi(2)])), Bank([rsi(2)])
    found = [driver.update("I0", bar)[0] for bar in bars]
    assert np.isnan(found[4])
    alone = LiveBank(bank)
    assert found[-1] == [alone.update("I0", b)[0] for b in bars if b["close"]][-1]


def test_returned_row_is_not_changed_by_the_next_one():
    driver = LiveBank(Bank([sma("close", 1)]))
    first = driver.update("A", np.array([1.0]))
    driver.update("A", np.array([2.0]))
    assert first == [1.0]


def test_bar_that_is_not_later_is_refused_and_leaves_the_state():
    bars = bars_frame(3, [5]).to_dicts()
    driver = LiveBank(Bank([rsi(2)]))
    driver.update("I0", bars[0])
    driver.update("I0", bars[2])
    before = driver.state_bytes()
    with pytest.raises(InputError, match="must be later than the last one"):
        driver.update("I0", bars[1])
    with pytest.raises(InputError, match="column 'close'"):
        driver.update("I0", {"event_ns": bars[3]["event_ns"]})
    assert driver.state_bytes() == before
    assert driver.last_ns("I0") == bars[2]["event_ns"]
    assert driver.last_ns("unknown") is None


def test_state_of_another_bank_or_with_a_changed_byte_is_refused():
    driver = LiveBank(Bank([rsi(2)]))
    driver.update("A", np.array([1.0]))
    saved = driver.state_bytes()
    with pytest.raises(ArtefactError, match="belongs to the bank"):
        LiveBank(Bank([rsi(3)])).restore(saved)
    for place in (0, 50, len(saved) - 1):
        changed = bytearray(saved)
        changed[place] ^= 1
        with pytest.raises(DamagedError):
            LiveBank(driver.bank).restore(bytes(changed))


def test_empty_live_bank_can_be_saved_and_restored():
    driver = LiveBank(BANK)
    driver.restore(LiveBank(BANK).state_bytes())
    assert driver.instruments == ()


def test_instrument_without_a_name_is_refused_and_leaves_the_shared_lane():
    driver = LiveBank(Bank([sma("index.close", 1)]), shared=["index"])
    driver.update(None, {"event_ns": 1, "close": 5.0}, "index")
    before = driver.state_bytes()
    for given in ({"event_ns": 2}, np.array([1.0])):
        with pytest.raises(InputError, match="must name it"):
            driver.update("", given)
    assert driver.state_bytes() == before
