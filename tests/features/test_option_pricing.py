"""Prices, greeks and implied volatilities against others, and laws that they keep."""

from math import exp, log, sqrt

import numpy as np
import polars as pl
import pytest
import QuantLib as ql  # noqa: N813 - its own short name
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reference.greeks import NAMES, one
from tradeloop.errors import InputError
from tradeloop.features.options.contracts import (
    implied,
    price_on_forward,
    price_on_spot,
)
from tradeloop.features.options.inversion import (
    NOT_PRICEABLE,
    REASONS,
    TOO_HIGH,
    TOO_LOW,
    implied_volatility,
)
from tradeloop.features.options.pricing import NS_PER_YEAR, black_76, black_scholes

SIDES = (1.0, -1.0)
spots = st.floats(1.0, 1e5)
moneyness = st.floats(-2.0, 2.0)
lives = st.floats(1 / 365, 10.0)
rates = st.floats(-0.02, 0.15)
yields = st.floats(0.0, 0.1)
volatilities = st.floats(0.01, 3.0)
sides = st.sampled_from(SIDES)


def call_and_put(*given_):
    return (price_on_spot(*given_, right) for right in SIDES)


@pytest.mark.realdata
def test_published_values_are_met_to_half_of_their_last_digit(market_data):
    table = pl.read_parquet(market_data / "reference" / "black_scholes_greeks.parquet")
    for right, letter, price in zip(SIDES, "CP", ("bs_call", "bs_put"), strict=True):
        inputs = (table[name] for name in ("S", "K", "t", "R"))
        found = price_on_spot(*inputs, 0.0, table["v"], right)
        columns = (price, *(letter + greek for greek in "DGTVR"))
        for name, column in zip(NAMES, columns, strict=True):
            right_ones = table[column].to_numpy()
            half = 0.5 * 10.0 ** (np.ceil(np.log10(np.abs(right_ones) + 1e-99)) - 10)
            off = np.abs(found[name] - right_ones)
            assert (off <= np.maximum(half, 5.001e-10)).all(), column


@pytest.mark.realdata
def test_greeks_of_a_venue_are_met_to_its_last_digit(market_data):
    seen = pl.read_parquet(market_data / "options" / "deribit_tickers.parquet")
    years = (seen["expiry"] - seen["ts_event"]).dt.total_nanoseconds() / NS_PER_YEAR
    right = np.where(seen["right"] == "call", 1.0, -1.0)
    forward, strike = seen["underlying_price"], seen["strike"]
    found = price_on_forward(forward, strike, years, 0.0, seen["mark_iv"] / 100, right)
    assert np.abs(found["delta"] - seen["delta"].to_numpy()).max() < 1e-5
    assert np.abs(found["gamma"] - seen["gamma"].to_numpy()).max() < 1e-5
    np.testing.assert_allclose(found["vega"] / 100, seen["vega"], rtol=2e-4, atol=1e-5)
    # With less than a day left, the venue's theta is what there is to lose.
    day = np.maximum(found["theta"] / 365, -found["price"])
    np.testing.assert_allclose(day, seen["theta"], rtol=2e-4, atol=2e-5)
    assert (day != found["theta"] / 365).sum() == (years * 365 < 1).sum() == 6


@given(spots, moneyness, lives, rates, yields, volatilities, sides)
def test_greeks_are_those_of_quantlib(spot, k, years, rate, paid, volatility, right):
    strike, spread = spot * exp(k), volatility * sqrt(years)
    forward = spot * exp((rate - paid) * years)
    kind = ql.Option.Call if right > 0 else ql.Option.Put
    payoff = ql.PlainVanillaPayoff(kind, strike)
    other = ql.BlackCalculator(payoff, forward, spread, exp(-rate * years))
    wanted = (
        other.value(),
        other.delta(spot),
        other.gamma(spot),
        other.theta(spot, years),
        other.vega(years),
        other.rho(years),
    )
    found = black_scholes(spot, strike, years, rate, paid, volatility, right)
    scale = (spot, 1.0, 1.0 / (spot * spread), spot, spot, spot * years)
    off = np.abs(np.subtract(found, wanted)) / np.array(scale) / exp(abs(k))
    assert off.max() < 1e-12


def test_theta_is_of_a_year_and_vega_of_one_whole():
    now = price_on_spot(100, 105, 0.5, 0.03, 0.01, 0.2, 1.0)
    tomorrow = price_on_spot(100, 105, 0.5 - 1 / 365, 0.03, 0.01, 0.2, 1.0)
    higher = price_on_spot(100, 105, 0.5, 0.03, 0.01, 0.21, 1.0)
    dearer = price_on_spot(100, 105, 0.5, 0.0301, 0.01, 0.2, 1.0)
    price = now["price"][0]
    assert tomorrow["price"][0] - price == pytest.approx(
        now["theta"][0] / 365, rel=4e-3
    )
    assert higher["price"][0] - price == pytest.approx(now["vega"][0] / 100, rel=1e-2)
    assert dearer["price"][0] - price == pytest.approx(now["rho"][0] / 1e4, rel=1e-2)


@given(spots, moneyness, lives, rates, yields, volatilities)
def test_a_call_less_a_put_is_a_forward(spot, k, years, rate, paid, volatility):
    strike = spot * exp(k)
    calls, puts = call_and_put(spot, strike, years, rate, paid, volatility)
    forward = spot * exp(-paid * years) - strike * exp(-rate * years)
    apart = calls["price"] - puts["price"]
    assert apart[0] == pytest.approx(forward, abs=1e-12 * (spot + strike))
    assert calls["gamma"] == pytest.approx(puts["gamma"], rel=1e-12)
    assert calls["vega"] == pytest.approx(puts["vega"], rel=1e-12)


@given(spots, moneyness, lives, rates, yields, volatilities, sides)
def test_a_price_keeps_its_bounds(spot, k, years, rate, paid, volatility, right):
    strike = spot * exp(k)
    held, owed = spot * exp(-paid * years), strike * exp(-rate * years)
    price = price_on_spot(spot, strike, years, rate, paid, volatility, right)["price"]
    slack = 1e-14 * (held + owed)
    assert price[0] >= max(right * (held - owed), 0.0) - slack
    assert price[0] <= (held if right > 0 else owed) + slack


@given(spots, moneyness, lives, rates, volatilities, volatilities, sides)
def test_a_price_grows_with_volatility(spot, k, years, rate, one_, other, right):
    low, high = sorted((one_, other))
    given_ = (spot, spot * exp(k), years, rate, 0.0)
    prices = price_on_spot(*given_, [low, high], right)["price"]
    assert prices[1] >= prices[0] - 1e-14 * spot * exp(abs(k))


@given(spots, moneyness, lives, rates, volatilities, sides)
def test_a_forward_is_a_spot_that_pays_its_rate(spot, k, years, rate, volatility, side):
    strike = spot * exp(k)
    spotted = black_scholes(spot, strike, years, rate, rate, volatility, side)
    forward = black_76(spot, strike, years, rate, volatility, side)
    assert forward[:5] == spotted[:5]
    assert forward[5] == pytest.approx(-years * forward[0])


@given(spots, moneyness, lives, rates, yields, volatilities, sides)
@example(100.0, 0.0, 1 / 365, 0.0, 0.0, 0.01, 1.0)
@example(100.0, 2.0, 10.0, 0.0, 0.0, 3.0, -1.0)
def test_volatility_comes_back_from_a_price(
    spot, k, years, rate, paid, volatility, right
):
    given_ = (spot, spot * exp(k), years, rate, paid)
    found = black_scholes(*given_, volatility, right)
    price, vega = found[0], found[4]
    # What one rounding of the price does to the volatility that made it.
    blur = np.spacing(price) / max(vega, 1e-300)
    assume(price > 1e-100 * spot)
    assume(blur < 1e-12)
    again, reason = implied_volatility(*given_, price, right)
    assert reason == 0.0
    assert again == pytest.approx(volatility, rel=1e-10, abs=40 * blur)


@given(spots, moneyness, lives, rates, volatilities)
def test_out_of_the_money_volatility_comes_back_however_far(
    spot, k, years, rate, volatility
):
    strike = spot * exp(k)
    right = 1.0 if strike > spot * exp(rate * years) else -1.0
    price = black_scholes(spot, strike, years, rate, 0.0, volatility, right)[0]
    assume(price > 1e-200 * spot)
    again, reason = implied_volatility(spot, strike, years, rate, 0.0, price, right)
    assert reason == 0.0
    assert again == pytest.approx(volatility, rel=1e-10)


@pytest.mark.parametrize(
    ("spot", "strike", "years", "price", "right", "reason"),
    [
        (100.0, 90.0, 1.0, 10.0, 1.0, TOO_LOW),
        (100.0, 90.0, 1.0, 9.0, 1.0, TOO_LOW),
        (100.0, 110.0, 1.0, 0.0, 1.0, TOO_LOW),
        (100.0, 110.0, 1.0, -1.0, 1.0, TOO_LOW),
        (100.0, 90.0, 1.0, 100.0, 1.0, TOO_HIGH),
        (100.0, 90.0, 1.0, 90.0, -1.0, TOO_HIGH),
        (100.0, 90.0, 0.0, 12.0, 1.0, NOT_PRICEABLE),
        (100.0, 0.0, 1.0, 12.0, 1.0, NOT_PRICEABLE),
        (-1.0, 90.0, 1.0, 12.0, 1.0, NOT_PRICEABLE),
        (100.0, 90.0, 1.0, np.nan, 1.0, NOT_PRICEABLE),
        (100.0, 90.0, 1.0, np.inf, 1.0, NOT_PRICEABLE),
        (np.nan, 90.0, 1.0, 12.0, 1.0, NOT_PRICEABLE),
    ],
)
def test_a_price_outside_its_bounds_has_a_reason(
    spot, strike, years, price, right, reason
):
    found = implied(spot, strike, years, 0.0, 0.0, price, right)
    assert np.isnan(found["volatility"][0])
    assert found["reason"][0] == reason
    assert REASONS[reason]


@given(st.lists(st.tuples(spots, moneyness, lives, volatilities, sides), min_size=1))
def test_arrays_give_the_bits_of_single_contracts(contracts):
    spot, k, years, volatility, right = (
        np.array(c) for c in zip(*contracts, strict=True)
    )
    found = price_on_spot(spot, spot * np.exp(k), years, 0.02, 0.01, volatility, right)
    solved = implied(spot, spot * np.exp(k), years, 0.02, 0.01, found["price"], right)
    for j in range(spot.size):
        given_ = (spot[j], spot[j] * np.exp(k[j]), years[j], 0.02, 0.01)
        alone = black_scholes(*given_, volatility[j], right[j])
        assert alone == tuple(found[name][j] for name in NAMES)
        again = implied_volatility(*given_, alone[0], right[j])
        np.testing.assert_array_equal(
            again, (solved["volatility"][j], solved["reason"][j])
        )


@pytest.mark.parametrize("right", SIDES)
def test_without_time_or_volatility_an_option_is_worth_exercise(right):
    for years, volatility in ((0.0, 0.2), (1.0, 0.0), (-1.0, 0.2)):
        for strike in (90.0, 100.0, 110.0):
            found = price_on_spot(100.0, strike, years, 0.0, 0.0, volatility, right)
            assert found["price"][0] == max(right * (100.0 - strike), 0.0)
            assert found["gamma"][0] == 0.0
            assert found["vega"][0] == 0.0


def test_the_oracle_of_the_steps_has_the_parity_too():
    calls, puts = (one(100, 90, 0.7, 0.03, 0.01, 0.3, right) for right in SIDES)
    assert calls[0] - puts[0] == pytest.approx(
        100 * exp(-0.007) - 90 * exp(-0.021), rel=1e-12
    )
    assert log(calls[0]) > 0


def test_arguments_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="one length"):
        price_on_spot([1.0, 2.0], [1.0, 2.0, 3.0], 1.0, 0.0, 0.0, 0.2, 1.0)
