"""Volume columns made of others, and what holds for all of the group."""

import numpy as np
import pytest
import talib

from reference.market import random_columns
from reference.volume_profile import levels
from tradeloop.errors import InputError
from tradeloop.features.bank import Bank
from tradeloop.features.checks import LAWS, Subject, prices_scale, run_history
from tradeloop.features.volume import composed
from tradeloop.features.volume.chaikin import chaikin
from tradeloop.features.volume.session_vwap import session_vwap
from tradeloop.features.volume.standard import standard
from tradeloop.features.volume.volume_profile import volume_profile

COLUMNS = random_columns(31, 500)
HIGH, LOW, CLOSE = (COLUMNS[name] for name in ("high", "low", "close"))
VOLUME = COLUMNS["volume"]
BARS = HIGH, LOW, CLOSE, VOLUME
MARKETS = (
    random_columns(32, 400),
    random_columns(33, 400, flat=0.8),
    random_columns(34, 400, flat=0.3, tick=0.5),
)
BANK = Bank(standard())
GROWS = {  # with which power of the price
    **dict.fromkeys(("session_vwap", "dollar_volume", "dollar_volume_20"), 1),
    **dict.fromkeys(("force_index_2", "force_index_13"), 1),
    "ease_of_movement_14": 2,
}
HOUR_NS = 3_600_000_000_000


def values(wanted, columns=COLUMNS):
    bank = wanted if isinstance(wanted, Bank) else Bank(wanted)
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def of(wanted, columns=COLUMNS):
    """Values of a feature with one output, or of an output."""
    (found,) = values([wanted], columns).values()
    return found


TALIB = {
    "AD": (composed.distribution_line(), talib.AD(*BARS)),
    "ADOSC": (chaikin(), talib.ADOSC(*BARS, 3, 10)),
    "ADOSC, slow first": (chaikin(9, 4), talib.ADOSC(*BARS, 9, 4)),
    "CMF": (composed.chaikin_money_flow(), talib.CMF(*BARS, 20)),
    "EFI": (composed.force(13), talib.EFI(CLOSE, VOLUME, 13)),
    "PVO": (composed.pvo(), talib.PVO(VOLUME, 12, 26, 1)),
    "RVOL": (composed.volume_against_prior(), talib.RVOL(VOLUME, 20)),
}


@pytest.mark.parametrize("name", TALIB)
def test_composed_column_is_that_of_talib_with_the_same_warm_up(name):
    ours, theirs = TALIB[name]
    np.testing.assert_allclose(of(ours), theirs, rtol=1e-9, atol=1e-9)


def test_price_volume_trend_is_that_of_talib_after_its_first_row():
    found, wanted = of(composed.price_volume_trend()), talib.PVT(CLOSE, VOLUME)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], wanted[1:], rtol=1e-9, atol=1e-9)


def test_chaikin_does_not_lose_digits_when_the_line_has_run_far():
    far = {**COLUMNS, "volume": VOLUME.copy()}
    far["volume"][0] = 1e15
    near = of(chaikin())
    np.testing.assert_allclose(of(chaikin(), far)[60:], near[60:], rtol=1e-9, atol=1e-9)


def test_rolling_vwap_is_money_over_volume_of_each_window():
    price = (HIGH + LOW + CLOSE) / 3
    wanted = talib.SUM(price * VOLUME, 20) / talib.SUM(VOLUME, 20)
    np.testing.assert_allclose(of(composed.rolling_vwap(20)), wanted, rtol=1e-9)


def test_klinger_is_the_gap_between_two_means_of_the_volume_force():
    force = of(composed.volume_force())[2:]
    wanted = talib.EMA(force, 34) - talib.EMA(force, 55)
    found = of(composed.kvo())[2:]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-7)


def test_ease_of_movement_is_the_mean_of_move_times_range_per_volume():
    columns = {**COLUMNS, "volume": VOLUME + 1.0}
    middle = np.diff((HIGH + LOW) / 2)
    ease = middle * (HIGH - LOW)[1:] / (columns["volume"][1:] / 1e8)
    found = of(composed.ease_of_movement(14), columns)[1:]
    np.testing.assert_allclose(found, talib.SMA(ease, 14), rtol=1e-9, atol=1e-6)


def test_up_volume_balance_compares_volume_of_rises_and_of_falls():
    moved, traded = np.diff(CLOSE)[-20:], VOLUME[-20:]
    up, down = traded[moved > 0].sum(), traded[moved < 0].sum()
    found = of(composed.up_volume_balance(20))[-1]
    assert found == pytest.approx((up - down) / (up + down), rel=1e-9)
    assert (1 + found) / (1 - found) == pytest.approx(up / down, rel=1e-9)


def test_session_begins_after_the_bar_that_ends_on_its_boundary():
    # bars that end at 22:00, 00:00, 02:00 and 22:00, with the session from midnight
    price = np.array([10.0, 20.0, 30.0, 50.0])
    columns = dict.fromkeys(("high", "low", "close"), price)
    columns |= {
        "volume": np.array([1.0, 3.0, 1.0, 1.0]),
        "day": np.array([0.0, 1.0, 1.0, 1.0]),
        "ns_of_day": np.array([22.0, 0.0, 2.0, 22.0]) * HOUR_NS,
    }
    assert of(session_vwap(), columns).tolist() == [10.0, 17.5, 30.0, 40.0]
    late = of(session_vwap(22 * HOUR_NS), columns).tolist()
    assert late == [10.0, 20.0, 22.5, 28.0]


def test_session_without_volume_has_the_price_as_its_average():
    columns = {**COLUMNS, "volume": np.zeros(500)}
    np.testing.assert_array_equal(of(session_vwap(), columns), (HIGH + LOW + CLOSE) / 3)


@pytest.mark.parametrize("offset", [-1, 24 * HOUR_NS])
def test_session_that_begins_outside_the_day_is_refused(offset):
    with pytest.raises(InputError, match="offset_ns"):
        session_vwap(offset)


def profile(highs, lows, volumes, bins):
    """Point, top and bottom of one window, as prices; the last close is 100."""
    columns = {
        "high": np.array(highs),
        "low": np.array(lows),
        "close": np.full(len(highs), 100.0),
        "volume": np.array(volumes),
    }
    found = values([volume_profile(len(highs), bins)], columns)
    return [round(100 * (1 + line[-1] / 1e4), 9) for line in found.values()]


def test_one_bar_fills_its_range_evenly_and_its_middle_is_the_point_of_control():
    # ten equal bins: the lower middle one, then up and down until seven are held
    assert profile([110.0], [100.0], [5.0], 10) == [104.5, 108.0, 101.0]


def test_point_of_control_is_where_most_was_traded():
    found = profile([110.0, 109.0], [100.0, 108.0], [10.0, 90.0], 10)
    assert found == [108.5, 109.0, 108.0]


def test_value_area_takes_the_fuller_neighbour_first():
    highs, lows = [101.0, 102.0, 103.0, 104.0], [100.0, 101.0, 102.0, 103.0]
    assert profile(highs, lows, [1.0, 50.0, 40.0, 9.0], 4) == [101.5, 103.0, 101.0]
    assert profile(highs, lows, [40.0, 50.0, 1.0, 9.0], 4) == [101.5, 102.0, 100.0]


def test_value_area_of_large_volumes_grows_on_past_empty_bins():
    highs, lows = [101.0, 104.0], [100.0, 103.0]
    assert profile(highs, lows, [6e12, 4e12], 4) == [100.5, 104.0, 100.0]


def test_window_at_one_price_has_all_levels_there():
    assert profile([104.0] * 3, [104.0] * 3, [1.0, 2.0, 3.0], 8) == [104.0] * 3


def test_window_without_volume_has_its_point_of_control_in_the_middle():
    assert profile([104.0] * 3, [100.0] * 3, [0.0] * 3, 4) == [101.5, 102.0, 101.0]


def test_volume_profile_equals_the_slow_one_on_prices_of_a_coarse_grid():
    columns = random_columns(35, 120, flat=0.5, tick=0.5)
    found = values([volume_profile(10, 6)], columns)
    for row in range(20, 120):
        window = [columns[n][row - 9 : row + 1] for n in ("high", "low", "volume")]
        if window[0].max() == window[1].min():
            continue
        wanted = 1e4 * (np.array(levels(*window, 6)) / columns["close"][row] - 1)
        mine = [line[row] for line in found.values()]
        np.testing.assert_allclose(mine, wanted, rtol=1e-9, atol=1e-7)


def test_volume_profile_needs_a_bin():
    with pytest.raises(InputError, match="bins"):
        volume_profile(10, 0)


@pytest.mark.parametrize("columns", MARKETS, ids=["lively", "flat", "coarse"])
def test_every_standard_column_passes_every_law(columns):
    subject = Subject(BANK)
    found = {law.__name__: law(subject, columns) for law in LAWS if law != prices_scale}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("columns", MARKETS, ids=["lively", "flat", "coarse"])
def test_only_the_named_columns_grow_with_the_price(columns):
    prices = ("open", "high", "low", "close")
    grown = {k: v * 10 if k in prices else v for k, v in columns.items()}
    before, after = values(BANK, columns), values(BANK, grown)
    assert before.keys() > GROWS.keys()
    for name in before:
        wanted = before[name] * 10.0 ** GROWS.get(name, 0)
        np.testing.assert_allclose(
            after[name], wanted, rtol=1e-9, atol=1e-9, err_msg=name
        )


NEUTRAL = {
    "mfi_14": 50.0,
    "session_vwap": 7.3,
    "dollar_volume": 7.3 * 7.3,
    "dollar_volume_20": 7.3 * 7.3,
    "relative_volume_5": 1.0,
    "relative_volume_20": 1.0,
    "volume_against_prior_20": 1.0,
    "obv": 7.3,
    "volume_index_negative": 1000.0,
    "volume_index_positive": 1000.0,
}


def test_market_that_never_moved_gives_neutral_values():
    columns = {key: np.full(200, 7.3) for key in COLUMNS}
    for name, found in values(BANK, columns).items():
        assert found[-1] == pytest.approx(NEUTRAL.get(name, 0.0), abs=1e-9), name


def test_market_without_trades_gives_finite_values():
    columns = {**COLUMNS, "volume": np.zeros(500)}
    for name, found in values(BANK, columns).items():
        assert np.isfinite(found[-1]), name
