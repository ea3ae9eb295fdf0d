"""Labels as the future arrives are the labels made afterwards."""

import json
from dataclasses import replace
from io import BytesIO
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from reference.label_market import HOUR, bars, decisions, random_decisions, walk
from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import QUOTE
from tradeloop.labels import LabelPlan, OutcomeRule, bar_path, label, tick_path
from tradeloop.labels.live import LiveLabeller
from tradeloop.labels.live_state import LiveState
from tradeloop.labels.live_tape import Tape

NAMES = ("A", "B", "T")  # T is quoted, B is the benchmark of some plans
TICK = 10
RULES = (
    OutcomeRule(volatility_rows=2),
    OutcomeRule(volatility_rows=3, profit_barrier=0.5, graded="net"),
    OutcomeRule(1.0, 0.3, -0.3, -1.0, 0.3, "volatility", volatility_rows=5),
)
COSTS = CostModel(half_spread_bps=1.0, financing_bps_per_year=300.0)


def afterwards(plan, rows, market, quotes, as_of_ns=None):
    return label(
        rows,
        market,
        quotes,
        horizons_ns=plan.horizons_ns,
        benchmark=plan.benchmark,
        rule=plan.rule,
        costs=plan.costs,
        wait_ns=plan.wait_ns,
        as_of_ns=as_of_ns,
    )


def random_market(seed):
    """Small integers as times, so that everything meets everything."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(5, 60))
    event = generator.integers(0, 40, n) * TICK
    close = 100 * np.exp(np.cumsum(generator.normal(0, 2e-3, n)))
    market = pl.DataFrame(
        {
            "instrument": generator.choice(["A", "A", "B"], n),
            "open_ns": event - TICK * generator.integers(1, 3, n),
            "event_ns": event,
            # Late, at once, and before its own end.
            "received_ns": event + generator.integers(-5, 30, n),
            "high": close * 1.001,
            "low": close * 0.999,
            "close": close,
        }
    )
    m = int(generator.integers(1, 40))
    received = generator.integers(0, 420, m)
    mid = 50 * np.exp(np.cumsum(generator.normal(0, 2e-3, m)))
    quotes = pl.DataFrame(
        {
            "instrument": ["T"] * m,
            "event_ns": received - generator.integers(0, 20, m),
            "received_ns": received,
            "bid": mid - 0.01,
            "ask": mid + 0.01,
        }
    )
    k = int(generator.integers(1, 30))
    # The first one: `label` refuses a benchmark that is the instrument of them all.
    rows = pl.DataFrame(
        {
            "decision_id": [f"d{j}" for j in range(k)],
            "instrument": ["NONE", *generator.choice([*NAMES, "NONE"], k - 1)],
            "side": generator.choice([-1, 0, 1, 1], k).astype(np.int8),
            "received_ns": [-1, *generator.integers(0, 420, k - 1)],
        }
    )
    # Of two bars of one interval that become known together, the first received counts.
    ordered = (f.sort("received_ns", maintain_order=True) for f in (market, quotes))
    return (rows, *ordered)


def arrivals(frame, edges):
    """Cut a frame into the parts received up to each edge."""
    cuts = [-(2**62), *edges]
    return [
        frame.filter(pl.col("received_ns") > low, pl.col("received_ns") <= high)
        for low, high in zip(cuts, edges, strict=False)
    ]


def as_json_and_parquet(state):
    """Take a state through the only two things it may be written as."""

    def read_again(frame):
        file = BytesIO()
        frame.write_parquet(file)
        file.seek(0)
        return pl.read_parquet(file)

    frames = (state.decisions, state.bars, state.quotes, state.marks)
    return LiveState(json.loads(json.dumps(state.about)), *map(read_again, frames))


def in_order_of_rows(rows, given):
    order = rows.select("decision_id").with_row_index("k")
    return given.join(order, on="decision_id").sort("k").drop("k")


def check_law(plan, rows, market, quotes, edges, *, save_at=(), generator=None):
    """Hand everything in up to each edge in random batches; compare what comes out."""
    live, given = LiveLabeller(plan), []
    quotes = QUOTE.empty() if quotes is None else quotes
    parts = [arrivals(frame, edges) for frame in (rows, market, quotes)]
    for step, as_of_ns in enumerate(edges):
        feeds = {
            kind: part[step]
            for kind, part in zip(("decisions", "bars", "quotes"), parts, strict=True)
        }
        hand_in(live, feeds, generator)
        given.append(live.advance(as_of_ns))
        compare_as_of(plan, rows, market, quotes, given[-1], as_of_ns)
        counts = live.counts
        assert counts.received == counts.labelled + counts.pending + counts.censored
        if step in save_at:
            live = LiveLabeller.restored(plan, as_json_and_parquet(live.state()))
            assert live.counts == counts
    return live, pl.concat(given)


def hand_in(live, feeds, generator):
    """Hand each feed in batches of any size, in any order between the feeds."""
    left = {kind: rows for kind, rows in feeds.items() if rows.height}
    while left:
        kind = generator.choice(list(left))
        size = int(generator.integers(1, left[kind].height + 1))
        live.receive(**{kind: left[kind][:size]})
        left[kind] = left[kind][size:]
        if not left[kind].height:
            del left[kind]


def compare_as_of(plan, rows, market, quotes, given, as_of_ns):
    known = [
        f.filter(pl.col("received_ns") <= as_of_ns) for f in (rows, market, quotes)
    ]
    if plan.benchmark is not None:
        there = pl.concat([known[1]["instrument"], known[2]["instrument"]])
        if plan.benchmark not in there:
            assert not given.height
            return
    wanted = afterwards(plan, *known, as_of_ns=as_of_ns)
    wanted = wanted.filter(pl.col("decision_id").is_in(given["decision_id"].implode()))
    assert_frame_equal(in_order_of_rows(rows, given), wanted, check_exact=True)


def last_ns(market, quotes, instrument):
    """When the last price of an instrument stood."""
    kind = tick_path(quotes) if instrument == "T" else None
    path = kind or bar_path(market.filter(instrument=instrument))
    return path.time_ns[-1] if len(path) else -1


@given(
    seed=st.integers(0, 10**6),
    benchmark=st.sampled_from([None, "B", "T"]),
    horizons=st.sampled_from([(30,), (50, 20), (7, 100)]),
    wait_ns=st.sampled_from([0, 15, 60]),
    rule=st.sampled_from(RULES),
    edges=st.lists(st.integers(0, 480), min_size=1, max_size=12, unique=True),
    save_at=st.sets(st.integers(0, 11)),
)
@settings(max_examples=60)
def test_in_any_batches_the_rows_given_out_are_those_made_afterwards_to_the_bit(
    seed, benchmark, horizons, wait_ns, rule, edges, save_at
):
    rows, market, quotes = random_market(seed)
    assume(benchmark != "B" or "B" in market["instrument"])
    plan = LabelPlan(horizons, benchmark, rule, costs=COSTS, wait_ns=wait_ns)
    edges = [*sorted(edges), 500]
    generator = np.random.default_rng(seed)
    with patch.object(Tape, "is_long", new=True):  # drop all that can be dropped
        live, given = check_law(
            plan, rows, market, quotes, edges, save_at=save_at, generator=generator
        )
    final = afterwards(plan, rows, market, quotes)
    there = final["decision_id"].is_in(given["decision_id"].implode())
    assert_frame_equal(
        in_order_of_rows(rows, given), final.filter(there), check_exact=True
    )
    assert given["decision_id"].is_unique().all()
    waiting = live.pending()
    assert set(waiting["decision_id"]) == set(final.filter(~there)["decision_id"])
    for row in waiting.iter_rows(named=True):
        names = [row["instrument"], *([] if benchmark is None else [benchmark])]
        assert any(row["last_due_ns"] > last_ns(market, quotes, n) for n in names)
    if waiting.height:
        left = rows.filter(~there)
        so_far = in_order_of_rows(left, live.so_far())
        assert_frame_equal(so_far, final.filter(~there), check_exact=True)


def test_one_feed_in_order_of_receipt_may_be_cut_anywhere_even_within_an_instant():
    for seed in range(12):
        rows, market, quotes = random_market(seed)
        generator = np.random.default_rng(seed)
        plan = LabelPlan((30, 60), costs=COSTS, wait_ns=60)
        live, given = LiveLabeller(plan), []
        feed = [
            (row["received_ns"], kind, k)
            for kind, frame in (
                ("decisions", rows),
                ("bars", market),
                ("quotes", quotes),
            )
            for k, row in enumerate(frame.iter_rows(named=True))
        ]
        frames = {"decisions": rows, "bars": market, "quotes": quotes}
        feed.sort(key=lambda item: item[0])  # equal times stay in order of their frame
        while feed:
            size = int(generator.integers(1, 7))
            batch, feed = feed[:size], feed[size:]
            cut = {
                kind: frames[kind][[k for _, name, k in batch if name == kind]]
                for kind in frames
            }
            given.append(live.take(**cut))
        given.append(live.advance(500))
        final = afterwards(plan, rows, market, quotes)
        there = final["decision_id"].is_in(pl.concat(given)["decision_id"].implode())
        assert_frame_equal(
            in_order_of_rows(rows, pl.concat(given)),
            final.filter(there),
            check_exact=True,
        )
        assert live.counts.pending == (~there).sum()


def test_rows_of_one_instant_that_come_later_are_waited_for():
    late = bars("A", [100.0, 101.0, 102.0]).with_columns(
        received_ns=pl.Series([HOUR, 4 * HOUR, 4 * HOUR])
    )
    rows = decisions(("d", "A", 1, 1.5))
    live = LiveLabeller(LabelPlan([HOUR // 2]))
    live.take(decisions=rows, bars=late[:1])
    assert not live.take(bars=late[2:]).height  # the third hour came first
    given = pl.concat([live.take(bars=late[1:2]), live.advance(4 * HOUR)])
    assert given["return_30m"].to_list() == [(101.0 - 100.0) / 100.0]


def test_a_bar_from_before_what_was_dropped_is_left_out_as_it_is_afterwards():
    market = bars("A", [100.0 + k for k in range(2000)])
    stray = market[1000].with_columns(
        received_ns=pl.lit(1999 * HOUR), close=pl.lit(1.0)
    )
    everything = pl.concat([market, stray.select(market.columns)])
    rows = decisions(*((f"d{k}", "A", 1, 50.0 * k) for k in range(40)))
    plan = LabelPlan([20 * HOUR])
    live, given = LiveLabeller(plan), []
    for hour in range(50, 2100, 50):
        low, high = (hour - 50) * HOUR, hour * HOUR
        part = pl.col("received_ns").is_between(low, high, closed="right")
        first = pl.col("received_ns") == 0 if hour == 50 else pl.lit(value=False)
        live.receive(
            decisions=rows.filter(part | first), bars=everything.filter(part | first)
        )
        given.append(live.advance(high))
    assert live.price_rows < 600
    assert_frame_equal(
        in_order_of_rows(rows, pl.concat(given)),
        afterwards(plan, rows, everything, None),
        check_exact=True,
    )


def test_what_a_left_out_bar_told_is_remembered_after_it_is_gone():
    # The second bar ends behind the first and opens after it; the third opens behind.
    market = pl.concat(
        bars("A", [price], start_ns=0).with_columns(
            open_ns=pl.lit(begin * HOUR, pl.Int64),
            event_ns=pl.lit(end * HOUR, pl.Int64),
            received_ns=pl.lit(received * HOUR, pl.Int64),
        )
        for begin, end, received, price in (
            (0, 10, 10, 100.0),
            (5, 6, 11, 101.0),
            (2, 20, 20, 102.0),
            (20, 30, 30, 103.0),
        )
    )
    rows = decisions(("d", "A", 1, 12))
    plan = LabelPlan([5 * HOUR])
    edges = [HOUR * hour for hour in (10, 11, 12, 20, 30)]
    with patch.object(Tape, "is_long", new=True):
        _, found = check_law(
            plan, rows, market, None, edges, generator=np.random.default_rng(0)
        )
    assert found["return_5h"].to_list() == [0.03]


def test_prices_older_than_the_oldest_pending_decision_are_dropped():
    generator = np.random.default_rng(0)
    live, most = LiveLabeller(LabelPlan([5 * HOUR, 10 * HOUR], "B")), 0
    close = 100 * np.exp(np.cumsum(generator.normal(0, 1e-3, 5000)))
    market = {name: bars(name, close) for name in "AB"}
    for hour in range(100, 5000, 100):
        both = pl.concat(frame[hour - 100 : hour] for frame in market.values())
        live.receive(bars=both, decisions=decisions((f"{hour}", "A", 1, hour - 3)))
        live.advance(hour * HOUR)
        most = max(most, live.price_rows)
    assert most <= 2 * (256 + 100)


def test_an_instrument_that_turns_to_quotes_is_read_by_them_from_then_on():
    market = bars("A", 100.0 + np.arange(30.0))
    quotes = pl.DataFrame(
        {
            "instrument": ["A"] * 20,
            "event_ns": [HOUR * k for k in range(10, 30)],
            "received_ns": [HOUR * k for k in range(10, 30)],
            "bid": np.arange(20.0) + 199,
            "ask": np.arange(20.0) + 201,
        }
    )
    rows = decisions(*((f"d{k}", "A", 1, k + 0.5) for k in range(1, 25)))
    plan = LabelPlan([3 * HOUR])
    edges = [HOUR * k for k in range(1, 31)]
    _, given = check_law(
        plan, rows, market, quotes, edges, generator=np.random.default_rng(1)
    )
    state = dict(given.select("decision_id", "state").iter_rows())
    assert state["d5"] == "labelled"  # by bars, before the first quote
    assert state["d8"] == "censored"  # no quote was known at the decision
    assert state["d15"] == "labelled"  # by quotes
    live = LiveLabeller(plan)
    live.receive(decisions=rows[7:8], bars=market[:9])
    assert live.advance(9 * HOUR).is_empty()
    live.receive(quotes=quotes[:1])
    assert live.advance(10 * HOUR)["state"].to_list() == ["censored"]  # at once


def test_decisions_wait_while_the_benchmark_has_no_price():
    market = bars("A", [100.0] * 9)
    rows = decisions(("d", "A", 1, 2), ("n", "A", 0, 2), ("x", "NONE", 1, 2))
    live = LiveLabeller(LabelPlan([HOUR], "B"))
    live.receive(decisions=rows, bars=market[:6])
    assert not live.advance(6 * HOUR).height
    live.receive(bars=bars("B", [50.0], start_ns=6 * HOUR))
    given = live.advance(7 * HOUR)
    assert given["reason"].to_list() == [
        "no benchmark price was known at the decision",
        "decided not to trade",
        "no price was known at the decision",
    ]
    assert live.counts.reasons["decided not to trade"] == 1


def test_what_waits_is_told_with_its_due_time():
    live = LiveLabeller(LabelPlan([HOUR, 5 * HOUR]))
    live.receive(
        decisions=decisions(("d", "A", 1, 1), ("e", "A", -1, 4)),
        bars=bars("A", [100.0, 101.0, 102.0]),
    )
    assert live.advance(7 * HOUR).is_empty()
    assert live.pending().rows() == [
        ("d", "A", 1, HOUR, 2 * HOUR, 6 * HOUR, True),
        ("e", "A", -1, 4 * HOUR, 5 * HOUR, 9 * HOUR, False),
    ]
    assert live.so_far()["state"].to_list() == ["labelled", "pending"]
    assert live.so_far()["return_1h"].to_list() == [0.01, None]


def test_a_decision_on_the_benchmark_alone_is_censored_and_no_error():
    live = LiveLabeller(LabelPlan([HOUR], "A"))
    live.receive(decisions=decisions(("d", "A", 1, 1)), bars=bars("A", [100.0] * 3))
    given = live.advance(3 * HOUR)
    assert given["reason"].to_list() == ["benchmark is the instrument itself"]


def test_nothing_of_a_call_is_taken_when_a_part_of_it_is_refused():
    live = LiveLabeller(LabelPlan([HOUR]))
    good, market = decisions(("d", "A", 1, 1)), bars("A", [100.0, 101.0])
    broken = market.with_columns(low=pl.Series([99.0, float("nan")]))
    for refused, match in (
        ({"decisions": good, "bars": broken}, "row 1: A price must be finite"),
        ({"bars": market, "decisions": good.drop("side")}, "column 'side'"),
        ({"bars": market.drop("low")}, "column 'low'"),
        ({"decisions": pl.concat([good, good])}, "must be unique"),
    ):
        with pytest.raises(InputError, match=match):
            live.receive(**refused)
        assert live.price_rows == live.counts.received == 0


def test_what_comes_after_its_time_was_closed_is_refused():
    live = LiveLabeller(LabelPlan([HOUR]))
    live.receive(decisions=decisions(("d", "A", 1, 1)))
    live.advance(HOUR - 1)
    with pytest.raises(InputError, match="is pending already"):
        live.receive(decisions=decisions(("d", "A", 1, 1)))
    live.advance(2 * HOUR)
    with pytest.raises(InputError, match="bars, column 'received_ns', row 0"):
        live.receive(bars=bars("A", [100.0]))
    with pytest.raises(InputError, match="must not go back"):
        live.advance(HOUR)


def test_a_state_goes_on_under_its_own_plan_only():
    plan = LabelPlan([HOUR])
    state = LiveLabeller(plan).state()
    with pytest.raises(InputError, match="under another plan"):
        LiveLabeller.restored(replace(plan, wait_ns=7), state)
    with pytest.raises(InputError, match="must have no as_of_ns"):
        LiveLabeller(replace(plan, as_of_ns=7))


@pytest.mark.realdata
@pytest.mark.parametrize("save", [False, True])
def test_real_ticks_labelled_as_they_come_are_those_labelled_afterwards(
    market_data, save
):
    raw = pl.read_parquet(market_data / "fx" / "ticks_oanda_eurusd.parquet")
    time = pl.col("ts").cast(pl.Int64)
    quotes = raw.head(40_000).select(
        "bid", "ask", instrument="symbol", event_ns=time, received_ns=time
    )
    generator = np.random.default_rng(3)
    first, last = quotes["received_ns"][0], quotes["received_ns"][-1]
    when = np.sort(generator.integers(first, last, 800))
    rows = pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(800)],
            "instrument": ["EURUSD"] * 800,
            "side": generator.choice([-1, 1], 800).astype(np.int8),
            "received_ns": when,
        }
    )
    plan = LabelPlan(
        [NS_PER_MINUTE, 15 * NS_PER_MINUTE], costs=COSTS, wait_ns=60 * NS_PER_SECOND
    )
    edges = [*np.sort(generator.integers(first, last, 40)).tolist(), last]
    live, given = LiveLabeller(plan), []
    parts = zip(arrivals(rows, edges), arrivals(quotes, edges), edges, strict=True)
    for asked, ticks, as_of_ns in parts:
        live.receive(decisions=asked, quotes=ticks)
        given.append(live.advance(as_of_ns))
        if save:
            live = LiveLabeller.restored(plan, as_json_and_parquet(live.state()))
    final = afterwards(plan, rows, bars("EURUSD", []), quotes)
    found = in_order_of_rows(rows, pl.concat(given))
    there = final["decision_id"].is_in(found["decision_id"].implode())
    assert_frame_equal(found, final.filter(there), check_exact=True)
    assert (final.filter(~there)["due_ns_15m"] > last).all()
    assert found.filter(state="labelled").height > 500
    assert live.price_rows < 12_000


@pytest.mark.realdata
def test_real_hourly_bars_of_seven_pairs_labelled_as_they_come(market_data):
    raw = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    start = raw["ts"].cast(pl.Int64)
    market = raw.select("high", "low", "close", instrument="symbol").with_columns(
        open_ns=start, event_ns=start + HOUR, received_ns=start + HOUR + 40
    )
    market = market.filter(pl.col("open_ns") < start.min() + 3000 * HOUR)
    rows = random_decisions(5, market, 3000).unique("decision_id", maintain_order=True)
    plan = LabelPlan([24 * HOUR, 5 * HOUR], "GBPUSD", costs=COSTS)
    last = int(market["received_ns"].max())
    edges = list(range(int(market["received_ns"].min()), last, 100 * HOUR))
    generator = np.random.default_rng(2)
    live, given = LiveLabeller(plan), []
    for asked, prices in zip(
        arrivals(rows, [*edges, last]), arrivals(market, [*edges, last]), strict=True
    ):
        hand_in(live, {"decisions": asked, "bars": prices}, generator)
        given.append(live.advance([*edges, last][len(given)]))
    final = afterwards(plan, rows, market, None)
    found = in_order_of_rows(rows, pl.concat(given))
    there = final["decision_id"].is_in(found["decision_id"].implode())
    assert_frame_equal(found, final.filter(there), check_exact=True)
    assert found.height > 2500
    assert (final.filter(~there)["state"] == "pending").any()


def test_a_walk_of_many_instruments_leaves_nothing_behind():
    market = walk(1, 4, 300)
    rows = random_decisions(2, market, 200)
    plan = LabelPlan([5 * HOUR], "I3")
    live = LiveLabeller(plan)
    live.receive(decisions=rows, bars=market)
    given = live.advance(400 * HOUR)
    final = afterwards(plan, rows, market, None)
    pending = final.filter(pl.col("due_ns_5h") > 300 * HOUR)["decision_id"]
    assert set(given["decision_id"]) | set(pending) == set(final["decision_id"])
    assert live.counts.pending == pending.len()
