"""Chains: against a slow definition, with planted surfaces, causal, live as history."""

from math import log

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.chain_by_hand import chain as chain_by_hand
from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.errors import InputError, NotFoundError
from tradeloop.features.bank import Bank
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.options.chain import (
    ChainRule,
    chain_state,
    contract_columns,
)
from tradeloop.features.options.contracts import price_on_forward, price_on_spot
from tradeloop.features.options.live_chain import LiveChain
from tradeloop.features.options.pricing import NS_PER_YEAR
from tradeloop.features.options.snapshot import COLUMNS
from tradeloop.features.options.standard import contract_standard, standard

START = 19_000 * NS_PER_DAY
STRIKES = np.arange(60.0, 141.0, 4.0)
DAYS = (5, 20, 45, 120)


def simulated(seed, rows, days=DAYS, strikes=STRIKES):
    """Simulated quotes of one underlying, received late and out of order."""
    random = np.random.default_rng(seed)
    found = []
    for j in range(rows):
        strike, expiry = random.choice(strikes), int(random.choice(days))
        right = str(random.choice(["call", "put"]))
        event_ns = START + j * NS_PER_SECOND
        found.append(
            {
                "instrument": f"{expiry}-{strike}-{right}",
                "event_ns": event_ns,
                "received_ns": event_ns + int(random.integers(0, 20)) * NS_PER_SECOND,
                "underlying": "U",
                "strike": float(strike),
                "right": right,
                "expiry_ns": START + expiry * NS_PER_DAY,
                "mark_iv": float(random.uniform(0.2, 0.6)),
                "underlying_price": float(random.uniform(95, 105)),
                "volume": float(random.integers(0, 50)),
                "open_interest": float(random.integers(0, 500)),
                "sequence": j,
            }
        )
    return found


def planted(level, slope, curvature, days=DAYS, forward=100.0):
    """Simulated quotes of a whole surface that is one parabola in log-moneyness."""
    found = []
    for expiry in days:
        for strike in STRIKES:
            k = log(strike / forward)
            found += [
                {
                    "instrument": f"{expiry}-{strike}-{right}",
                    "event_ns": START,
                    "received_ns": START,
                    "underlying": "U",
                    "strike": float(strike),
                    "right": right,
                    "expiry_ns": START + expiry * NS_PER_DAY,
                    "mark_iv": level + slope * k + curvature / 2 * k * k,
                    "underlying_price": forward,
                }
                for right in ("call", "put")
            ]
    return found


def one(quotes, at_ns=START, rule=None):
    return chain_state(pl.DataFrame(quotes), [at_ns], rule).to_dicts()[0]


@pytest.mark.parametrize("seed", range(4))
def test_chain_is_what_the_slow_definition_says(seed):
    quotes, rule = simulated(seed, 400), ChainRule(max_age_ns=200 * NS_PER_SECOND)
    times = [START + s * NS_PER_SECOND for s in (0, 3, 30, 150, 400, 500, 10**7)]
    found = chain_state(pl.DataFrame(quotes), times, rule)
    assert found["event_ns"].to_list() == times
    for row in found.iter_rows(named=True):
        wanted = chain_by_hand(quotes, row["event_ns"], rule.max_age_ns)
        assert tuple(wanted) == COLUMNS
        for name, value in wanted.items():
            assert row[name] == (
                value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)
            ), (name, row["event_ns"])


@given(st.floats(0.15, 1.0), st.floats(-0.2, 0.2), st.floats(-0.2, 0.4))
@settings(max_examples=30)
def test_a_planted_parabola_is_found(level, slope, curvature):
    row = one(planted(level, slope, curvature))
    assert row["skew_level"] == pytest.approx(level, rel=1e-11)
    assert row["skew_slope"] == pytest.approx(slope, abs=1e-11)
    assert row["skew_curvature"] == pytest.approx(curvature, abs=1e-10)
    assert row["skew_slope_30"] == pytest.approx(slope, abs=1e-11)
    assert row["atm_iv"] == pytest.approx(level, rel=1e-12)


def test_a_flat_surface_has_no_skew_and_one_volatility_everywhere():
    row = one(planted(0.3, 0.0, 0.0))
    same = ("atm_iv", "iv_7", "iv_14", "iv_30", "iv_60", "iv_90", "iv_p10", "iv_p90")
    assert [row[name] for name in same] == pytest.approx([0.3] * len(same), rel=1e-12)
    for name in ("skew_slope", "skew_curvature", "risk_reversal_25", "butterfly_25"):
        assert row[name] == pytest.approx(0.0, abs=1e-12)


def test_total_variance_runs_straight_between_expiries():
    near, far = planted(0.2, 0, 0, days=(20,)), planted(0.4, 0, 0, days=(45,))
    row = one(near + far)
    variance = 0.04 * 20 + (0.16 * 45 - 0.04 * 20) * (30 - 20) / (45 - 20)
    assert row["iv_30"] == pytest.approx((variance / 30) ** 0.5, rel=1e-12)


def test_nothing_is_extrapolated():
    row = one(planted(0.3, -0.1, 0.2, days=(20, 45)))
    outside = ("iv_7", "iv_14", "iv_60", "iv_90")
    assert [row[name] for name in outside] == [None] * 4
    assert row["iv_30"] == pytest.approx(0.3, rel=1e-12)
    above = [q for q in planted(0.3, -0.1, 0.2) if q["strike"] > 104]
    row = one(above)
    held = ("contracts", "iv_p10", "iv_p25", "iv_p50", "iv_p75", "iv_p90")
    assert all(row[name] is not None for name in held)
    assert all(row[n] is None for n in COLUMNS if n not in held)


def test_a_skewed_surface_has_the_wings_of_its_sign():
    row = one(planted(0.3, -0.15, 0.4))
    assert row["risk_reversal_25"] < 0.0 < row["butterfly_25"]


def test_old_and_expired_quotes_do_not_count():
    quotes, rule = planted(0.3, 0, 0), ChainRule(max_age_ns=10 * NS_PER_DAY)
    counts = [
        one(quotes, START + int(d * NS_PER_DAY), rule)["contracts"]
        for d in (0, 4.99, 5, 10, 10.01)
    ]
    each = 2 * len(STRIKES)
    assert counts == [4 * each, 4 * each, 3 * each, 3 * each, 0]


def test_a_late_quote_does_not_replace_a_newer_one():
    quote = planted(0.3, 0, 0)[0]
    newer = quote | {"event_ns": START + 5, "received_ns": START + 5, "mark_iv": 0.4}
    late = quote | {"event_ns": START + 1, "received_ns": START + 9, "mark_iv": 0.9}
    assert one([newer, late], START + 9)["iv_p50"] == 0.4


@pytest.mark.parametrize("seed", range(3))
def test_what_is_received_later_changes_nothing(seed):
    quotes = simulated(seed, 300)
    cut = START + 150 * NS_PER_SECOND
    known = [q for q in quotes if q["received_ns"] <= cut]
    poisoned = known + [
        q | {"mark_iv": 5.0, "underlying_price": 1.0}
        for q in quotes
        if q["received_ns"] > cut
    ]
    times = [START + s * NS_PER_SECOND for s in range(0, 151, 10)]
    found = [chain_state(pl.DataFrame(q), times) for q in (known, quotes, poisoned)]
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


@pytest.mark.parametrize("seed", range(3))
def test_live_gives_the_bits_of_history(seed):
    days = (1, 2, 3, 4, 5, 20, 45, 120)
    quotes = simulated(seed, 900, days)
    for j, quote in enumerate(quotes):
        quote["event_ns"] = quote["received_ns"] = START + j * NS_PER_DAY // 200
    rule, count = ChainRule(max_age_ns=NS_PER_DAY), 0
    live = LiveChain(rule)
    history = chain_state(pl.DataFrame(quotes), rule=rule).rows_by_key(
        "event_ns", named=True, unique=True
    )
    for quote in quotes:
        live.take(quote)
        row = live.state("U", quote["received_ns"])
        held = history[quote["received_ns"]]
        assert {name: held[name] for name in COLUMNS} == row
        count += row["iv_30"] is not None
    assert count > 500


def test_many_contracts_make_room_and_change_no_bit():
    quotes = planted(0.3, -0.1, 0.2)
    live = LiveChain()
    for quote in reversed(quotes):
        live.take(quote)
    held = one(quotes)
    assert live.state("U", START) == {name: held[name] for name in COLUMNS}
    shape = live.smiles("U", START)
    assert shape["strikes"].to_list() == [len(STRIKES)] * len(DAYS)
    np.testing.assert_allclose(shape["years"] * 365, DAYS)


@pytest.mark.parametrize(
    ("rule", "scale", "priced"),
    [
        (ChainRule(), 1.0, price_on_spot),
        (ChainRule(priced_in="underlying"), 0.01, price_on_spot),
        (ChainRule(underlying="forward"), 1.0, price_on_forward),
    ],
)
def test_volatility_is_solved_where_the_source_gives_only_prices(rule, scale, priced):
    carry = () if priced is price_on_forward else (0.0,)
    quotes = []
    for q in planted(0.3, 0.0, 0.0):
        years = (q["expiry_ns"] - START) / NS_PER_YEAR
        side = 1.0 if q["right"] == "call" else -1.0
        price = priced(100.0, q["strike"], years, 0.04, *carry, 0.3, side)["price"][0]
        both = {"bid": price * scale * 0.99, "ask": price * scale * 1.01}
        quotes.append(q | both | {"mark_iv": None, "interest_rate": 0.04})
    row = one([q for q in quotes if 84 <= q["strike"] <= 120], rule=rule)
    assert row["iv_p50"] == pytest.approx(0.3, rel=1e-6)
    assert row["iv_30"] == pytest.approx(0.3, rel=1e-6)


def test_bid_and_ask_volatilities_stand_in_for_that_of_the_mark():
    quotes = [
        q | {"mark_iv": None, "bid_iv": 0.2, "ask_iv": 0.3} for q in planted(0.9, 0, 0)
    ]
    assert one(quotes)["iv_p50"] == 0.25


def test_underlyings_do_not_mix_and_rows_come_in_order():
    other = [q | {"underlying": "V", "mark_iv": 0.7} for q in planted(0.3, 0, 0)]
    found = chain_state(pl.DataFrame(planted(0.3, 0, 0) + other))
    assert found["instrument"].to_list() == ["U", "V"]
    assert found["atm_iv"].to_list() == pytest.approx([0.3, 0.7])
    assert found["received_ns"].to_list() == [START, START]


def test_no_quotes_give_no_rows_and_a_missing_column_is_named():
    quotes = pl.DataFrame(planted(0.3, 0, 0))
    assert chain_state(quotes.clear()).columns[3:] == list(COLUMNS)
    with pytest.raises(InputError, match="strike"):
        chain_state(quotes.drop("strike"))
    with pytest.raises(NotFoundError, match="'X'"):
        LiveChain().state("X", START)


@pytest.mark.realdata
def test_thin_chains_of_a_venue_give_what_they_hold(market_data):
    seen = pl.read_parquet(market_data / "options" / "deribit_tickers.parquet")
    quotes = seen.with_columns(
        instrument="contract",
        event_ns=pl.col("ts_event").dt.epoch("ns"),
        received_ns=pl.col("ts").dt.epoch("ns"),
        expiry_ns=pl.col("expiry").dt.epoch("ns"),
        mark_iv=pl.col("mark_iv") / 100,
        bid_iv=pl.col("bid_iv") / 100,
        ask_iv=pl.col("ask_iv") / 100,
    )
    rule = ChainRule(priced_in="underlying", underlying="forward")
    last = int(quotes["received_ns"].max())
    found = chain_state(quotes, [last], rule).rows_by_key(
        "instrument", named=True, unique=True
    )
    assert (found["BTC"]["contracts"], found["ETH"]["contracts"]) == (7.0, 3.0)
    # One strike an expiry: no smile, no money, so no term; nothing is made up.
    assert found["ETH"]["atm_iv"] is None
    assert found["BTC"]["iv_30"] is None
    assert 0.7 < found["BTC"]["iv_p10"] < found["BTC"]["iv_p90"] < 1.5
    assert found["BTC"]["put_call_open_interest"] > 0.0
    # The marks are priced at the venue's own volatility: ours of the mark agrees.
    columns = contract_columns(quotes).filter(pl.col("price") > 1e-4)
    priced = price_on_forward(
        *(columns[n] for n in ("underlying_price", "strike", "years", "rate")),
        columns["volatility"],
        columns["right"],
    )["price"]
    in_coin = priced / columns["underlying_price"].to_numpy()
    np.testing.assert_allclose(in_coin, columns["price"], rtol=0, atol=3e-4)


@pytest.mark.realdata
def test_far_strikes_of_an_index_give_percentiles_and_no_smile(market_data):
    seen = pl.read_parquet(market_data / "options" / "spx_contracts_1d.parquet")
    quotes = seen.with_columns(
        instrument="contract",
        event_ns=pl.col("ts").dt.epoch("ns"),
        received_ns=pl.col("ts").dt.epoch("ns"),
        expiry_ns=pl.col("expiry").dt.epoch("ns"),
        mark_iv="iv",
        underlying_price="underlying_last",
    )
    found = chain_state(quotes)
    assert found.height == seen["ts"].n_unique()
    assert found["atm_iv"].null_count() == found.height
    first = seen.filter(pl.col("ts") == seen["ts"].min())
    puts, calls = (
        first.filter(pl.col("right") == r)["open_interest"].sum()
        for r in ("put", "call")
    )
    assert found["put_call_open_interest"][0] == pytest.approx(puts / calls)
    assert found["iv_p50"][0] == pytest.approx(first["iv"].median())


def test_standard_columns_are_of_options_and_name_their_own_place():
    bank = Bank(standard())
    assert len(bank.names) >= 50
    assert {entry.category for entry in bank.catalogue()} == {"options"}
    assert {c.feature.group or c.feature.family.group for c in bank.outputs} == {
        "options"
    }
    option = {name for name in bank.inputs if name.startswith("option.")}
    assert option == {f"option.{name}" for name in COLUMNS}


def test_a_contract_goes_from_its_price_to_volatility_to_greeks():
    quotes = pl.DataFrame(
        [
            q | {"mark": 5.0, "interest_rate": 0.02}
            for q in planted(0.3, 0, 0)
            if q["strike"] == 100.0
        ]
    )
    given = contract_columns(quotes).drop("instrument", "event_ns", "received_ns")
    columns = {f"option.{name}": given[name].to_numpy() for name in given.columns}
    bank = Bank(contract_standard())
    found = dict(
        zip(bank.names, run_history(bank, Subject(bank).rows(columns)), strict=True)
    )
    priced = [values for name, values in found.items() if name.endswith("_price")]
    np.testing.assert_allclose(priced[0], 5.0, rtol=1e-12)
