"""Frames of execution truth: by hand, as the future arrives, and what is refused."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from labels.execution.given import bars, decision, fills, orders, quotes, trades
from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.labels.execution import (
    ExecutionRule,
    execution_schema,
    execution_truth,
    fill_schema,
    fill_truth,
)

H = [10]
NONE = BAR.empty()
MARKET = quotes((0, 100.0), (5, 102.0), (10, 104.0), (20, 110.0), (40, 120.0))


def one(frame):
    assert frame.height == 1
    return frame.row(0, named=True)


def truth(*args, **terms):
    rule = {name: terms.pop(name) for name in list(terms) if name not in KEPT}
    rule.setdefault("session_end_ns", None)
    return execution_truth(
        *args, **{"horizons_ns": H} | terms, rule=ExecutionRule(**rule)
    )


KEPT = ("horizons_ns", "trades")


def test_a_partly_filled_buy_is_split_as_it_was_worked():
    told = orders(
        (3, "o", "sent", 10.0, {"arrival_ns": None, "arrival_price": None}),
        (5, "o", "acknowledged", 10.0, {"arrival_ns": 5, "arrival_price": None}),
    )
    done = fills((6, 103.0, 4.0, 1.0), (12, 105.0, 2.0, 0.5))
    row = one(truth(decision(1), done, NONE, MARKET, told, end_after_ns=20))
    assert row["decision_price"] == 100.0
    assert (row["quantity"], row["quantity_from"]) == (10.0, "orders")
    assert (row["arrival_price"], row["arrival_from"]) == (102.0, "order_mid")
    assert row["end_price"] == 110.0
    assert row["delay"] == 6 * 2.0
    assert row["execution"] == 4 * 1.0 + 2 * 3.0
    assert row["opportunity"] == 4 * 10.0
    assert row["fees"] == 1.5
    assert row["shortfall"] == 12 + 10 + 40 + 1.5
    assert row["shortfall_bps"] == pytest.approx(1e4 * 63.5 / 1000, rel=1e-15)
    assert row["fill_price"] == pytest.approx(311 / 3)
    assert row["arrival_slippage_bps"] == pytest.approx(1e4 * (311 / 3 - 102) / 102)
    # 21 after the decision the mid of 20 stood; the one of 40 shows that it still did.
    assert row["shortfall_end_ns"] == 40


def test_the_shortfall_of_a_whole_fill_is_known_when_its_fills_are():
    told = orders((3, "o", "sent", 6.0, {}))
    done = fills((6, 103.0, 6.0, 1.0))
    row = one(truth(decision(1), done, NONE, MARKET, told))
    assert row["shortfall_end_ns"] == 6
    assert row["execution_end_ns"] == 20
    unknown = one(truth(decision(1), done, NONE, MARKET))
    assert unknown["quantity_from"] == "fills"
    assert unknown["shortfall_end_ns"] == 20  # nobody says that this was all


def test_an_order_that_was_never_filled_is_opportunity_alone():
    told = orders((3, "o", "sent", 10.0, {}), (4, "o", "rejected", 10.0, {}))
    row = one(truth(decision(1), fills(), NONE, MARKET, told, end_after_ns=19))
    assert (row["fills"], row["filled_quantity"]) == (0, 0.0)
    assert (row["delay"], row["execution"], row["opportunity"]) == (0.0, 0.0, 100.0)
    assert row["shortfall"] == 100.0
    for name in ("fill_price", "effective_bps", "fill_suspect", "markout_bps_10ns"):
        assert row[name] is None


@pytest.mark.parametrize(
    ("given", "source", "price"),
    [
        ({"arrival_ns": 5, "arrival_price": 99.0}, "order", 99.0),
        ({"arrival_ns": 5, "arrival_price": None}, "order_mid", 102.0),
        ({"arrival_ns": None, "arrival_price": None}, "first_fill", 104.0),
    ],
)
def test_the_arrival_says_where_it_comes_from(given, source, price):
    told = orders((3, "o", "sent", 1.0, given))
    row = one(truth(decision(1), fills((12, 105.0, 1.0)), NONE, MARKET, told))
    assert (row["arrival_from"], row["arrival_price"]) == (source, price)


def test_without_a_mid_at_the_first_fill_the_arrival_is_the_decision():
    stale = quotes((0, 100.0), (400, 104.0))
    row = one(truth(decision(1), fills((300, 105.0, 1.0)), NONE, stale, wait_ns=50))
    assert (row["arrival_from"], row["arrival_price"]) == ("decision", 100.0)
    assert row["delay"] == 0.0


def test_fees_that_are_not_known_leave_the_shortfall_open_and_its_rest_known():
    row = one(truth(decision(1), fills((6, 103.0, 1.0)), NONE, MARKET))
    assert row["fees"] is None
    assert row["shortfall_bps"] is None
    assert row["shortfall_before_fees_bps"] == pytest.approx(300.0)


def test_spreads_and_markouts_of_a_fill_are_those_of_its_mids():
    done = fills((6, 103.0, 1.0))
    row = one(fill_truth(done, NONE, MARKET, horizons_ns=H))
    assert row["effective_bps"] == pytest.approx(2e4 * 1 / 102)
    assert row["realised_bps_10ns"] == pytest.approx(2e4 * -1 / 102)
    assert row["impact_bps_10ns"] == pytest.approx(2e4 * 2 / 102)
    assert row["markout_bps_10ns"] == pytest.approx(1e4 * 1 / 102)
    assert row["markout_end_ns_10ns"] == row["end_ns"] == 20


def test_a_future_that_has_not_come_is_null_and_never_zero():
    row = one(fill_truth(fills((35, 110.0, 1.0)), NONE, MARKET, horizons_ns=[1, 10]))
    assert row["markout_bps_1ns"] == 0.0  # 110 stood: a fact
    for name in ("markout_bps_10ns", "realised_bps_10ns", "impact_bps_10ns", "end_ns"):
        assert row[name] is None
    assert row["effective_bps"] == 0.0


def test_without_quotes_there_are_markouts_of_closes_and_no_spreads():
    made = bars((0, 10, 100, 101, 99, 100, 5), (10, 20, 100, 103, 100, 102, 5))
    row = one(fill_truth(fills((12, 101.0, 1.0)), made, horizons_ns=[5, 8]))
    assert row["mid_from"] == "bars"
    assert row["effective_bps"] is None
    assert row["realised_bps_8ns"] is None
    assert row["markout_bps_8ns"] == pytest.approx(100.0)
    assert row["markout_bps_5ns"] is None


def test_a_fill_was_known_no_earlier_than_it_was_received():
    late = fills({"event_ns": 6, "price": 103.0, "quantity": 1.0, "received_ns": 500})
    assert one(fill_truth(late, NONE, MARKET, horizons_ns=H))["end_ns"] == 500
    told = one(truth(decision(1), late, NONE, MARKET))
    assert told["execution_end_ns"] == 500
    assert told["shortfall_end_ns"] == 500


def test_decision_figures_weigh_fills_by_quantity_and_keep_the_identity():
    done = fills((6, 103.0, 3.0), (12, 105.0, 1.0))
    each = fill_truth(done, NONE, MARKET, horizons_ns=H)
    row = one(truth(decision(1), done, NONE, MARKET))
    weight = np.array([0.75, 0.25])
    for name in ("effective_bps", "realised_bps_10ns", "markout_bps_10ns"):
        assert row[name] == pytest.approx(float(each[name].to_numpy() @ weight))
    whole = row["realised_bps_10ns"] + row["impact_bps_10ns"]
    assert row["effective_bps"] == pytest.approx(whole, rel=1e-12)


def test_fills_of_the_other_side_or_instrument_do_not_execute_a_decision():
    own = fills((6, 103.0, 1.0))
    back = fills((12, 110.0, 1.0), side=-1).with_columns(fill_id=pl.lit("back"))
    other = fills((6, 3.0, 1.0), instrument="B.X").with_columns(fill_id=pl.lit("b"))
    row = one(truth(decision(1), pl.concat([own, back, other]), NONE, MARKET))
    assert (row["fills"], row["fills_left_out"]) == (1, 2)
    assert row["fill_price"] == 103.0
    told = fill_truth(
        pl.concat([own, back, other]),
        NONE,
        MARKET,
        horizons_ns=H,
        decisions=decision(1),
    )
    assert told["left_out"].to_list() == [None, "other_side", "other_instrument"]


def test_a_symbol_means_the_instrument_that_has_its_prices():
    done = fills((6, 103.0, 1.0), instrument="AAA")
    market = MARKET.with_columns(instrument=pl.lit("AAA.US"))
    row = one(truth(decision(1, instrument="AAA"), done, NONE, market))
    assert (row["instrument"], row["decision_price"]) == ("AAA.US", 100.0)


def test_slippage_is_against_what_others_paid_while_it_was_worked():
    tape = trades((5, 100.0, 1.0), (8, 101.0, 3.0), (12, 104.0, 3.0), (13, 9.0, 9.0))
    told = orders((3, "o", "sent", 3.0, {"arrival_ns": 5, "arrival_price": None}))
    done = fills((8, 101.0, 1.0), (12, 104.0, 2.0))
    row = one(truth(decision(1), done, NONE, MARKET, told, trades=tape))
    others = (100 * 1 + 101 * 2 + 104 * 1) / 4
    assert row["vwap_slippage_bps"] == pytest.approx(1e4 * (103 - others) / others)
    assert row["vwap_from"] == "trades"
    twap = (102 * 5 + 104 * 2) / 7
    assert row["twap_slippage_bps"] == pytest.approx(1e4 * (103 - twap) / twap)
    beside = one(
        truth(decision(1), done, NONE, MARKET, told, trades=tape, own_on_tape=False)
    )
    everyone = (100 * 1 + 101 * 3 + 104 * 3) / 7
    assert beside["vwap_slippage_bps"] == pytest.approx(
        1e4 * (103 - everyone) / everyone
    )


def test_the_units_of_the_decision_come_before_those_of_its_orders():
    told = orders((3, "o", "sent", 5.0, {}))
    asked = decision(1, quantity=8.0)
    row = one(truth(asked, fills((6, 103.0, 2.0, 0.0)), NONE, MARKET, told))
    assert (row["quantity"], row["quantity_from"]) == (8.0, "decision")


def random_market(seed, n_decisions):
    rng = np.random.default_rng(seed)
    market = quotes(
        *zip(
            np.sort(rng.integers(0, 4_000, 600)).tolist(),
            (100 + np.cumsum(rng.normal(0, 0.1, 600))).tolist(),
            strict=True,
        ),
        half=0.05,
        lag=2,
    )
    asked, done, told = [], [], []
    for k, at in enumerate(rng.integers(0, 3_500, n_decisions).tolist()):
        side, name = int(rng.choice([-1, 1])), f"d{k}"
        asked.append(decision(at, side, decision_id=name))
        ends = at + 5 + np.cumsum(rng.integers(1, 40, rng.integers(1, 4)))
        rows = [
            {
                "event_ns": int(end),
                "price": float(rng.choice([99.5, 98.9], p=[0.9, 0.1])),
            }
            | {"quantity": 1.0, "fees": 0.1}
            | {"received_ns": int(end) + int(rng.integers(0, 50)), "fill_id": f"{k}{n}"}
            for n, end in enumerate(ends)
        ]
        done.append(fills(*rows, side=side, decision_id=name))
        if k % 2:
            more = {"arrival_ns": at + 4, "arrival_price": None, "received_ns": at + 6}
            row = (at + 3, f"o{k}", "sent", 4.0, more)
            told.append(orders(row, side=side, decision_id=name))
    edge = [(t, t + 100, 100, 100, 99, 100, 9) for t in range(0, 4_000, 100)]
    tape = bars(*edge).with_columns(
        received_ns=pl.col("event_ns") + pl.Series(rng.integers(0, 300, 40))
    )
    return pl.concat(asked), pl.concat(done), market, pl.concat(told), tape


def test_truth_made_as_the_future_arrives_equals_that_made_afterwards():
    asked, done, market, told, tape = random_market(1, 60)
    terms = {"horizons_ns": [30, 300], "session_end_ns": 1_000}
    final = truth(asked, done, tape, market, told, **terms)
    assert 0 < final["fill_suspect"].sum() < final.height
    assert final["execution_end_ns"].null_count() < final.height
    seen = 0
    for as_of_ns in range(500, 4_000, 500):
        known = [
            frame.filter(pl.col("received_ns") <= as_of_ns)
            for frame in (asked, done, tape, market, told)
        ]
        cut = truth(*known, **terms)
        again = truth(asked, done, tape, market, told, **terms, as_of_ns=as_of_ns)
        assert_frame_equal(cut, again, check_exact=True)
        over = final.filter(pl.col("execution_end_ns") <= as_of_ns)
        at_once = again.filter(
            pl.col("decision_id").is_in(over["decision_id"].implode())
        )
        assert_frame_equal(over, at_once, check_exact=True)
        seen += over.height
    assert seen > 50


def test_each_fill_and_decision_is_measured_as_it_is_alone():
    asked, done, market, told, _ = random_market(2, 40)
    whole = truth(asked, done, NONE, market, told)
    each = fill_truth(done, NONE, market, horizons_ns=H)
    for row in range(0, 40, 7):
        mine = pl.col("decision_id") == asked["decision_id"][row]
        alone = truth(asked[row], done.filter(mine), NONE, market, told.filter(mine))
        assert_frame_equal(alone, whole.filter(mine), check_exact=True)
        alone = fill_truth(done[row], NONE, market, horizons_ns=H)
        assert_frame_equal(alone, each[row], check_exact=True)


def test_columns_are_those_of_the_schema_and_nothing_in_gives_nothing_out():
    for terms in ({}, {"quotes": MARKET}):
        frame = execution_truth(
            decision(1).clear(), fills(), NONE, **terms, horizons_ns=[10, 20]
        )
        told = execution_schema([10, 20])
        assert frame.schema == {name: figure.dtype for name, figure in told.items()}
        assert frame.is_empty()
        frame = fill_truth(fills(), NONE, **terms, horizons_ns=[10])
        assert list(frame.columns) == list(fill_schema([10]))
    assert all(figure.meaning for figure in told.values())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d, f: (d, f.rename({"price": "prices"}), H), "Is it 'prices'"),
        (lambda d, f: (d, f.with_columns(price=None), H), "price must have a value"),
        (lambda d, f: (pl.concat([d, d]), f, H), "decision_id must be unique"),
        (lambda d, f: (d, f, []), "horizons_ns must be"),
        (lambda d, f: (d, f, [0]), "horizons_ns must be"),
        (lambda d, f: (d, f, [5, 5]), "horizons_ns must be"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(change, says):
    asked, done, horizons = change(decision(1), fills((6, 103.0, 1.0)))
    with pytest.raises(InputError, match=says):
        execution_truth(asked, done, NONE, MARKET, horizons_ns=horizons)
