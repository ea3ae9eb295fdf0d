"""Reference data is applied as it was known, and never backwards."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from reference.known_then import (
    adjusted_oracle,
    continuous_oracle,
    in_force_oracle,
    rate_oracle,
)
from tradeloop.capture.continuous import continuous
from tradeloop.capture.conversion import converted
from tradeloop.capture.reference import adjusted, in_force
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import BAR, CORPORATE_ACTION, FUTURES_ROLL, FX_RATE, TRADE
from tradeloop.events import instant_ns as ns

NAMES = st.sampled_from(["A", "B"])
TIMES = st.integers(0, 12)
PRICES = st.floats(1, 100)
few = settings(max_examples=60)


def bars_of(rows):
    """Bars of one unit of time, known ``late`` after their end."""
    return BAR.frame(
        [
            {
                "instrument": name,
                "open_ns": open_ns,
                "event_ns": open_ns + 1,
                "received_ns": open_ns + 1 + late,
                **dict.fromkeys(("open", "high", "low", "close"), price),
                "volume": 10.0,
            }
            for name, open_ns, late, price in rows
        ]
    )


def one_each(rows):
    return list({row[:2]: row for row in rows}.values())


def agree(found, expected, **near):
    """Whether two lists hold nulls at the same places, else nearly equal numbers."""
    nulls = [value is None for value in expected]
    numbers = [0.0 if value is None else value for value in expected]
    return [value is None for value in found] == nulls and [
        0.0 if value is None else value for value in found
    ] == pytest.approx(numbers, **near)


BARS = st.lists(st.tuples(NAMES, TIMES, st.integers(0, 4), PRICES), max_size=12).map(
    lambda rows: bars_of(one_each(rows))
)
IDS = st.sampled_from(["1", "2", "3", "4"])


def action(action_id, name, known, kind, ex_ns, figure, replaces):
    return {
        "action_id": action_id,
        "instrument": name,
        "event_ns": known,
        "received_ns": known,
        "action": kind,
        "ex_ns": ex_ns,
        "ratio": figure if kind == "split" else None,
        "amount": figure if kind == "cash_dividend" else None,
        "replaces": "1" if kind == "withdrawn" and replaces is None else replaces,
    }


ACTIONS = st.lists(
    st.builds(
        action,
        IDS,
        NAMES,
        TIMES,
        st.sampled_from(["split", "cash_dividend", "withdrawn"]),
        TIMES,
        st.sampled_from([0.125, 0.5, 2.0, 7.0, 60.0]),
        st.none() | IDS,
    ),
    max_size=5,
).map(CORPORATE_ACTION.frame)


def roll(roll_id, root, known, effective_ns, left, entered, replaces):
    return {
        "roll_id": roll_id,
        "root": root,
        "event_ns": known,
        "received_ns": known,
        "effective_ns": effective_ns,
        "from_instrument": left,
        "to_instrument": entered,
        "replaces": replaces,
    }


CONTRACTS = st.sampled_from(["A", "B", "C"])
ROLLS = st.lists(
    st.builds(
        roll,
        IDS,
        st.sampled_from(["R", "R", "S"]),
        TIMES,
        TIMES,
        st.none() | CONTRACTS,
        CONTRACTS,
        st.none() | IDS,
    ),
    max_size=5,
).map(FUTURES_ROLL.frame)


def known_by(frame, at_ns):
    return frame.filter(pl.col("received_ns") <= at_ns)


@few
@given(ACTIONS, TIMES)
def test_an_announcement_counts_until_its_replacement_is_known(actions, at_ns):
    expected = in_force_oracle(actions.to_dicts(), "action_id", at_ns)
    assert in_force(actions, at_ns).to_dicts() == expected


@few
@given(BARS, ACTIONS, TIMES)
def test_prices_and_volumes_are_those_of_the_slow_reading(bars, actions, at_ns):
    found = adjusted(bars, actions, at_ns)
    known = known_by(bars, at_ns)
    expected = adjusted_oracle(bars.to_dicts(), actions.to_dicts(), at_ns)
    assert found["instrument"].to_list() == known["instrument"].to_list()
    factors = [price for price, _ in expected]
    assert agree(found["adjustment"].to_list(), factors, rel=1e-12)
    assert found["volume"].to_list() == pytest.approx(
        [10.0 * volume for _, volume in expected], rel=1e-12
    )
    for name in ("open", "high", "low", "close"):
        prices = [
            None if factor is None else price * factor
            for price, factor in zip(known[name], factors, strict=True)
        ]
        assert agree(found[name].to_list(), prices, rel=1e-12)
    assert (found["reason"].is_null() == found["close"].is_not_null()).all()


@few
@given(BARS, ACTIONS, TIMES)
def test_what_is_known_later_changes_nothing_of_a_look(bars, actions, at_ns):
    assert_frame_equal(
        adjusted(bars, actions, at_ns),
        adjusted(known_by(bars, at_ns), known_by(actions, at_ns), at_ns),
    )


@few
@given(BARS, ACTIONS, TIMES)
def test_an_action_that_is_not_yet_effective_changes_nothing(bars, actions, at_ns):
    effective = pl.col("ex_ns") <= at_ns
    # What is replaced is gone even if its replacement is not effective yet.
    alone = actions.filter(pl.col("replaces").is_null()).unique("action_id")
    assert_frame_equal(
        adjusted(bars, alone, at_ns), adjusted(bars, alone.filter(effective), at_ns)
    )


@few
@given(BARS, ACTIONS, TIMES)
def test_a_split_leaves_the_worth_of_what_was_traded(bars, actions, at_ns):
    found = adjusted(bars, actions, at_ns, dividends=False)
    worth = (found["close"] * found["volume"]).to_list()
    known = known_by(bars, at_ns)
    expected = (known["close"] * known["volume"]).to_list()
    assert worth == pytest.approx(expected, rel=1e-12)


def test_a_split_is_applied_from_its_ex_time_and_not_from_its_announcement():
    bars = bars_of([("A", 0, 0, 100.0), ("A", 5, 0, 50.0)])
    split = CORPORATE_ACTION.frame([action("1", "A", 2, "split", 5, 2.0, None)])
    closes = {
        at_ns: adjusted(bars, split, at_ns)["close"].to_list() for at_ns in (1, 4, 5, 6)
    }
    assert closes == {1: [100.0], 4: [100.0], 5: [50.0], 6: [50.0, 50.0]}


def test_a_split_that_is_heard_of_late_is_applied_late():
    bars = bars_of([("A", 0, 0, 100.0), ("A", 5, 0, 50.0)])
    split = CORPORATE_ACTION.frame([action("1", "A", 9, "split", 5, 2.0, None)])
    assert adjusted(bars, split, 8)["close"].to_list() == [100.0, 50.0]
    assert adjusted(bars, split, 9)["close"].to_list() == [50.0, 50.0]


def test_ticks_are_adjusted_by_their_event_time():
    ticks = TRADE.frame(
        [
            {
                "instrument": "A",
                "event_ns": t,
                "received_ns": t,
                "price": 8.0,
                "size": 3.0,
                "side": 0,
            }
            for t in (4, 5)
        ]
    )
    split = CORPORATE_ACTION.frame([action("1", "A", 2, "split", 5, 4.0, None)])
    found = adjusted(ticks, split, 9)
    assert found["price"].to_list() == [2.0, 8.0]
    assert found["size"].to_list() == [12.0, 3.0]


def test_of_two_ticks_at_one_time_the_later_one_is_the_last_price():
    ticks = [
        {"instrument": "A", "received_ns": t, "event_ns": t, "price": p, "size": 1.0}
        for t, p in ((3, 8.0), (4, 20.0), (4, 10.0), (6, 9.0))
    ]
    paid = CORPORATE_ACTION.frame([action("1", "A", 2, "cash_dividend", 5, 2.0, None)])
    found = adjusted(TRADE.frame([{**t, "side": 0} for t in ticks]), paid, 9)
    assert found["adjustment"].to_list() == pytest.approx([0.8, 0.8, 0.8, 1.0])


def test_a_dividend_above_the_price_gives_no_price_and_the_reason():
    bars = bars_of([("A", 0, 0, 10.0), ("A", 5, 0, 9.0)])
    paid = CORPORATE_ACTION.frame([action("1", "A", 2, "cash_dividend", 5, 60.0, None)])
    found = adjusted(bars, paid, 9)
    assert found["close"].to_list() == [None, 9.0]
    assert found["reason"].to_list() == ["dividend_not_below_price", None]


def test_rows_without_a_price_are_refused():
    with pytest.raises(InputError, match="close, price, or bid and ask"):
        adjusted(bars_of([]).drop("close", "bid"), CORPORATE_ACTION.empty(), 0)


@few
@given(BARS, ROLLS, TIMES, st.sampled_from(["ratio", "difference", "none"]))
def test_a_continuous_future_is_that_of_the_slow_reading(bars, rolls, at_ns, method):
    found = continuous(bars, rolls, "R", at_ns, method=method)
    expected = continuous_oracle(bars.to_dicts(), rolls.to_dicts(), "R", at_ns, method)
    assert found["contract"].to_list() == [contract for contract, _, _ in expected]
    for number, name in ((1, "close"), (2, "adjustment")):
        numbers = [row[number] for row in expected]
        assert agree(found[name].to_list(), numbers, rel=1e-12, abs=1e-9)
    assert (found["instrument"] == "R").all()
    assert (found["reason"].is_null() == found["close"].is_not_null()).all()


@few
@given(BARS, ROLLS, TIMES, st.sampled_from(["ratio", "difference", "none"]))
def test_a_roll_that_is_known_later_changes_nothing(bars, rolls, at_ns, method):
    assert_frame_equal(
        continuous(bars, rolls, "R", at_ns, method=method),
        continuous(
            known_by(bars, at_ns), known_by(rolls, at_ns), "R", at_ns, method=method
        ),
    )


def test_returns_across_a_roll_are_those_of_the_contract_held():
    bars = bars_of(
        [
            ("A", 0, 0, 100.0),
            ("A", 1, 0, 110.0),
            ("B", 1, 0, 121.0),
            ("A", 2, 0, 1.0),
            ("B", 2, 0, 133.1),
        ]
    )
    rolls = FUTURES_ROLL.frame([roll("1", "R", 0, 2, "A", "B", None)])
    found = continuous(bars, rolls, "R", 9)
    assert found["close"].pct_change().to_list()[1:] == pytest.approx([0.1, 0.1])
    before = continuous(bars, rolls, "R", 1)
    assert before.is_empty()  # until its first roll nobody said which contract it is


RATES = st.lists(
    st.builds(
        lambda pair, event_ns, late, rate: {
            "base_currency": pair[0],
            "quote_currency": pair[1],
            "event_ns": event_ns,
            "received_ns": event_ns + late,
            "rate": rate,
        },
        st.sampled_from(
            [("EUR", "USD"), ("USD", "EUR"), ("GBP", "USD"), ("EUR", "GBP")]
        ),
        TIMES,
        st.integers(0, 4),
        st.floats(0.1, 10),
    ),
    max_size=6,
    unique_by=lambda rate: (rate["received_ns"], rate["event_ns"]),
).map(FX_RATE.frame)
AMOUNTS = st.lists(
    st.fixed_dictionaries(
        {
            "received_ns": TIMES,
            "currency": st.sampled_from(["EUR", "USD", "GBP", "JPY"]),
            "fees": st.none() | st.floats(-5, 5),
        }
    ),
    max_size=6,
).map(
    lambda rows: pl.DataFrame(
        rows,
        schema={"received_ns": pl.Int64, "currency": pl.String, "fees": pl.Float64},
    )
)


@few
@given(AMOUNTS, RATES, st.integers(1, 6))
def test_amounts_are_converted_at_the_newest_rate_known_then(rows, rates, stale):
    found = converted(rows, rates, "USD", amounts=["fees"], stale_after_ns=stale)
    expected = [
        rate_oracle(row, rates.to_dicts(), "USD", stale) for row in rows.to_dicts()
    ]
    assert found["rate"].to_list() == [rate for rate, _ in expected]
    assert found["reason"].to_list() == [reason for _, reason in expected]
    assert found["fees"].to_list() == [
        None if rate is None or fees is None else fees * rate
        for fees, (rate, _) in zip(rows["fees"], expected, strict=True)
    ]
    assert (found["currency"] == "USD").all()


def test_a_late_rate_changes_nothing_and_a_correction_does():
    rates = [(5, 5, 1.5), (3, 6, 9.0), (5, 8, 1.6)]
    known = FX_RATE.frame(
        [
            {
                "base_currency": "EUR",
                "quote_currency": "USD",
                "event_ns": event_ns,
                "received_ns": received_ns,
                "rate": rate,
            }
            for event_ns, received_ns, rate in rates
        ]
    )
    rows = pl.DataFrame({"received_ns": [4, 5, 7, 8], "currency": "EUR", "fees": 1.0})
    found = converted(rows, known, "USD", amounts=["fees"], stale_after_ns=99)
    assert found["fees"].to_list() == [None, 1.5, 1.5, 1.6]
    assert found["rate_ns"].to_list() == [None, 5, 5, 5]
    assert found["reason"].to_list() == ["no_rate", None, None, None]


@few
@given(AMOUNTS, RATES, TIMES)
def test_a_rate_that_is_known_later_changes_no_earlier_amount(rows, rates, at_ns):
    rows = known_by(rows, at_ns)
    every, then = (
        converted(rows, known, "USD", amounts=["fees"], stale_after_ns=99)
        for known in (rates, known_by(rates, at_ns))
    )
    assert_frame_equal(every, then)


# What Apple paid for a share, by ex-dividend day, and its split: its own announcements.
PAID = (
    ("2012-11-07", 2.65), ("2013-02-07", 2.65), ("2013-05-09", 3.05),
    ("2013-08-08", 3.05), ("2013-11-06", 3.05), ("2014-02-06", 3.05),
    ("2014-05-08", 3.29), ("2014-08-07", 0.47), ("2014-11-06", 0.47),
    ("2015-02-05", 0.47), ("2015-05-07", 0.52), ("2015-08-06", 0.52),
    ("2015-11-05", 0.52), ("2016-02-04", 0.52), ("2016-05-05", 0.57),
    ("2016-08-04", 0.57), ("2016-11-03", 0.57), ("2017-02-09", 0.57),
    ("2017-05-11", 0.63), ("2017-08-10", 0.63),
)  # fmt: skip
SPLIT_NS = ns("2014-06-09T00:00:00Z")


@pytest.mark.realdata
def test_public_dividends_and_the_split_give_the_vendors_adjusted_closes(market_data):
    """The vendor's close has the split taken out; it is put back to stand as traded."""
    rows = (
        pl.read_parquet(market_data / "equity" / "bars_1d_stocks.parquet")
        .filter(pl.col("symbol") == "AAPL")
        .with_columns(pl.col("ts").dt.epoch("ns").alias("open_ns"))
    )
    shares = pl.when(pl.col("open_ns") < SPLIT_NS).then(7.0).otherwise(1.0)
    traded = BAR.conform(
        rows.with_columns(
            *(pl.col(name) * shares for name in ("open", "high", "low", "close")),
            instrument="symbol",
            volume=pl.col("volume") / shares,
            event_ns=pl.col("open_ns") + NS_PER_DAY,
            received_ns=pl.col("open_ns") + NS_PER_DAY,
        )
    )
    actions = [action("split", "AAPL", 0, "split", SPLIT_NS, 7.0, None)]
    for day, amount in PAID:
        ex_ns = ns(f"{day}T00:00:00Z")
        actions.append(action(day, "AAPL", 0, "cash_dividend", ex_ns, amount, None))
    known = CORPORATE_ACTION.frame(actions)
    found = adjusted(traded, known, ns("2017-09-02T00:00:00Z"))
    # The vendor rounds prices to six digits behind the point.
    assert found["close"].to_list() == pytest.approx(
        rows["adj_close"].to_list(), rel=2e-6
    )
    assert found["volume"].to_list() == pytest.approx(rows["volume"].to_list())
    # A look before the split sees neither it nor the dividends to come.
    then = adjusted(traded, known, SPLIT_NS - NS_PER_DAY)
    assert then["close"].tail(1).item() == traded["close"][then.height - 1]
    assert then["close"].max() > 600
