"""Longer timeframes: last closed bar only, live equals history."""

import numpy as np
import polars as pl
import pytest

from reference.market import bars_frame
from tradeloop.errors import InputError
from tradeloop.features import Bank, LiveBank, compute, compute_streams
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.timeframes import (
    COLUMNS,
    LiveTimeframe,
    on,
    resample,
    stream_of_interval,
)
from tradeloop.features.trend.adx import adx

MINUTE = 60_000_000_000
FIVE = 5 * MINUTE


def sparse(seed=1, lengths=(400, 300)):
    """Minute bars with a third of the minutes missing, whole stretches too."""
    bars = bars_frame(seed, list(lengths), interval_ns=MINUTE)
    keep = np.random.default_rng(seed).random(bars.height) > 1 / 3
    keep[100:130] = False
    return bars.filter(pl.Series(keep))


def by_hand(bars, length):
    """Longer bars as a group-by says it, known with the base bar that closes them."""
    found = []
    for (name,), rows in bars.group_by("instrument", maintain_order=True):
        ends = rows["event_ns"].to_numpy()
        windows = -(-ends // length) * length
        for end in dict.fromkeys(windows.tolist()):
            part = rows.filter(pl.Series(windows == end))
            closing = rows.filter(pl.col("event_ns") >= end)
            if closing.is_empty():
                continue
            first = closing.row(0, named=True)
            found.append(
                {
                    "instrument": name,
                    "event_ns": end,
                    "received_ns": first["received_ns"],
                    "open": part["open"][0],
                    "high": part["high"].max(),
                    "low": part["low"].min(),
                    "close": part["close"][-1],
                    "volume": sum(part["volume"].to_list()),
                    "bid_size": part["bid_size"][-1],
                }
            )
    return pl.DataFrame(found)


def test_longer_bars_are_those_of_a_group_by():
    bars = sparse()
    wanted = by_hand(bars, FIVE)
    found = resample(bars, FIVE).select(wanted.columns)
    assert found.equals(wanted)


def test_a_window_of_one_bar_is_that_bar():
    bars = bars_frame(2, [50], interval_ns=MINUTE)
    assert resample(bars, MINUTE).select(COLUMNS).equals(bars.select(COLUMNS))


def test_live_gives_the_bars_of_history_in_the_same_order():
    bars = sparse(3)
    history = resample(bars, FIVE)
    live = LiveTimeframe(FIVE)
    found = [
        {"instrument": row["instrument"], **closed}
        for row in bars.iter_rows(named=True)
        for closed in live.update(row["instrument"], row)
    ]
    assert pl.DataFrame(found).select(history.columns).equals(history)


def test_missing_volumes_are_left_out_of_the_sum_and_missing_if_all_are():
    bars = bars_frame(4, [10], interval_ns=MINUTE).with_columns(
        volume=pl.Series([1.0, None, 2.0, None, 4.0] + [None] * 5)
    )
    assert resample(bars, FIVE)["volume"].to_list() == [7.0, None]


@pytest.mark.parametrize("first", [0, 1, 4])
def test_missing_high_or_low_is_left_out_wherever_it_stands(first):
    bars = bars_frame(4, [5], interval_ns=MINUTE)
    here = pl.int_range(pl.len()) == first
    holed = bars.with_columns(
        pl.when(~here).then(pl.col(name)).alias(name) for name in ("high", "low")
    )
    found = resample(holed, FIVE).row(0, named=True)
    rest = holed.filter(~here)
    assert (found["high"], found["low"]) == (rest["high"].max(), rest["low"].min())


def test_bar_of_a_timeframe_sees_only_the_last_closed_longer_bar():
    bars = sparse(5, (300,))
    five = stream_of_interval(FIVE)
    assert five == "bar_5m"
    bank = Bank([on(five, log_return(1))])
    found = compute(bank, bars)
    longer = compute(Bank([log_return(1)]), resample(bars, FIVE))
    wanted = found.select("received_ns").join_asof(
        longer.select("received_ns", "log_return_1_bps"), on="received_ns"
    )
    assert found[bank.names[0]].equals(wanted["log_return_1_bps"].rename(bank.names[0]))


@pytest.mark.parametrize("restart_every", [0, 1, 13])
def test_features_of_many_timeframes_are_equal_live_to_the_bit(restart_every):
    bars, bank = sparse(6), of_timeframes([FIVE, 15 * MINUTE])
    driver, found = LiveBank(bank), []
    for k, row in enumerate(bars.iter_rows(named=True)):
        if restart_every and k % restart_every == 0:
            saved, driver = driver.state_bytes(), LiveBank(bank)
            driver.restore(saved)
        found.append(driver.update(row["instrument"], row))
    history = compute(bank, bars).select(bank.names).fill_null(np.nan).to_numpy()
    np.testing.assert_array_equal(np.array(found), history)
    assert np.isfinite(history[-1]).all()


def of_timeframes(lengths):
    wanted = [rsi(3), adx(2)["adx"]]
    streams = [stream_of_interval(n) for n in lengths]
    return Bank([*wanted, *(on(s, item) for s in streams for item in wanted)])


def test_longer_bars_given_as_events_are_those_made_of_the_bars():
    bars, lengths = sparse(6), [FIVE, 15 * MINUTE]
    bank = of_timeframes(lengths)
    whole, given = LiveBank(bank), LiveBank(bank, resample=False)
    longer = [LiveTimeframe(n) for n in lengths]
    for row in bars.iter_rows(named=True):
        for each in longer:
            for closed in each.update(row["instrument"], row):
                given.update(row["instrument"], closed, each.stream)
        np.testing.assert_array_equal(
            given.update(row["instrument"], row), whole.update(row["instrument"], row)
        )


def test_what_comes_later_changes_no_feature_of_a_timeframe():
    bars = sparse(7, (300,))
    bank = Bank([on("bar_5m", rsi(3))])
    whole = compute(bank, bars)
    for cut in range(1, bars.height, 17):
        part = compute(bank, bars.head(cut))
        assert part.equals(whole.head(cut))


def delayed(seed):
    """Bars of which some came late, and some in batches at one instant."""
    bars = sparse(seed, (250,))
    random = np.random.default_rng(seed)
    received = bars["event_ns"].to_numpy().copy()
    late = random.random(received.size) < 0.2
    received[late] += random.integers(0, 12, late.sum()) * MINUTE
    received[60:75] = received[75]
    return bars.with_columns(received_ns=pl.Series(received))


@pytest.mark.parametrize("seed", range(8))
def test_late_bars_and_batches_are_equal_live_and_see_no_bar_that_closed_later(seed):
    bars, bank = delayed(seed), of_timeframes([FIVE, 15 * MINUTE])
    driver = LiveBank(bank)
    found = [driver.update("I0", row) for row in bars.iter_rows(named=True)]
    history = compute(bank, bars)
    values = history.select(bank.names).fill_null(np.nan).to_numpy()
    np.testing.assert_array_equal(np.array(found), values)
    for cut in (30, 63, 70, 120):
        assert compute(bank, bars.head(cut)).equals(history.head(cut))


def test_one_length_has_one_name():
    with pytest.raises(InputError, match="'bar_60m', which was not given"):
        compute_streams(Bank([on("bar_60m", rsi(3))]), {"bar": sparse()})


def test_names_say_the_timeframe_and_nodes_move_with_the_feature():
    bank = Bank([on("bar_1h", adx(14))])
    assert bank.names[0] == "adx_14_1h_adx"
    assert set(bank.inputs) == {"bar_1h.high", "bar_1h.low", "bar_1h.close"}
    assert set(bank.clocks) == {"bar_1h"}


def test_length_of_nothing_is_refused():
    with pytest.raises(InputError, match="longer than 0"):
        resample(bars_frame(1, [3]), 0)
