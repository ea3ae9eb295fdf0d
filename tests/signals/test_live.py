from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.members import Raising, changed
from tradeloop.errors import ArtefactError
from tradeloop.models import Columns
from tradeloop.models.sequences import Sequences
from tradeloop.signals import (
    Abstention,
    Gate,
    Market,
    Policy,
    Rings,
    SignalStatus,
)
from tradeloop.signals.intake import AHEAD_NS
from tradeloop.signals.live import LiveSignals
from tradeloop.signals.live_rows import LiveRow

FREE = Policy(min_confidence=0.0)
NAMES = tuple("abcdef")


@pytest.fixture
def live(vote, columns):
    return LiveSignals(Gate(vote, FREE), columns)


@pytest.fixture
def single(scorer, columns):
    return LiveSignals(Gate(scorer, FREE), columns)


def row_of(history, at, **more):
    symbol, time_ns, values = history
    when = int(time_ns[at])
    return LiveRow(
        **{
            "symbol": str(symbol[at]),
            "values": values[at],
            "event_ns": when,
            "received_ns": when + 5,
        }
        | more
    )


def same(answer, verdicts, at):
    """Whether an answer says what the gate said of row ``at``, to the bit."""
    signal, told = answer.signal, verdicts.probabilities[at]
    chances = (np.nan,) * 3 if signal.probabilities is None else signal.probabilities
    return (
        np.array_equal(chances, told, equal_nan=True)
        and signal.side == verdicts.choices.side[at]
        and signal.abstain_reason == Abstention(int(verdicts.reason[at])).text
    )


def test_live_says_what_history_says_to_the_bit(live, vote, history, sequences):
    past = Gate(vote, FREE).judge(sequences, "bank-1", NAMES)
    for at in range(len(sequences)):
        assert same(live.on_row(row_of(history, at)), past, at), at
    assert {Abstention.NONE, Abstention.NOT_WARM, Abstention.BELOW_THRESHOLD} == {
        Abstention(int(reason)) for reason in past.reason
    }


def test_a_single_model_says_what_history_says_to_the_bit(single, scorer, history):
    past = Gate(scorer, FREE).judge(history[2], "bank-1", NAMES)
    for at in range(len(history[2])):
        assert same(single.on_row(row_of(history, at)), past, at)


def test_rows_together_are_rows_one_by_one(live, vote, columns, history):
    rows = [row_of(history, at) for at in range(120)]
    alone = [live.on_row(row).signal for row in rows]
    together = LiveSignals(Gate(vote, FREE), columns)
    found = [answer.signal for answer in together.on_rows(rows)]
    assert found == alone


def test_a_restored_loop_goes_on_as_if_it_had_never_stopped(
    live, vote, columns, history
):
    symbol, time_ns, values = history
    for at in range(100):
        live.on_row(row_of(history, at))
    again = LiveSignals(Gate(vote, FREE), columns)
    for name in "AB":
        own = np.flatnonzero(symbol[:100] == name)
        again.restore(name, values[own], time_ns[own])
    for at in range(100, 130):
        row = row_of(history, at)
        assert again.on_row(row).signal == live.on_row(row).signal


def test_rows_that_are_only_observed_give_the_past_of_the_next(
    live, vote, history, sequences
):
    for at in range(50):
        assert live.observe(row_of(history, at)) is Abstention.NONE
    past = Gate(vote, FREE).judge(sequences, "bank-1", NAMES)
    assert same(live.on_row(row_of(history, 50)), past, 50)
    assert live.observe(row_of(history, 20)) is Abstention.OUT_OF_ORDER
    short = row_of(history, 60, values=np.zeros(3))
    assert live.observe(short) is Abstention.COLUMNS_DIFFER


def test_the_columns_of_the_model_are_picked_from_a_wider_bank(
    vote, columns, history, live
):
    wide = Columns(("x", *NAMES[::-1], "y"), "bank-1")
    wider = LiveSignals(Gate(vote, FREE), wide)
    for at in range(40):
        row = row_of(history, at)
        values = np.r_[7, row.values[::-1], 8]
        ours = wider.on_row(replace(row, values=values)).signal
        assert ours == live.on_row(row).signal


@pytest.mark.parametrize(
    "bank",
    [Columns(NAMES, "bank-2"), Columns(NAMES[:5], "bank-1")],
    ids=["bank", "few"],
)
def test_another_bank_is_refused_at_the_start(vote, bank):
    with pytest.raises(ArtefactError, match="Train again"):
        LiveSignals(Gate(vote, FREE), bank)


def warmed(live, history, until=60):
    for at in range(until):
        live.observe(row_of(history, at))
    return live


def test_the_same_request_gets_the_stored_signal(live, history):
    warmed(live, history)
    row = row_of(history, 60)
    first = live.on_row(row)
    asked = []
    live.gate = Gate(changed(live.gate.scorer, boosting=Raising()), FREE)
    for later in (0, 1_000):
        again = live.on_row(row, now_ns=row.received_ns + later)
        asked.append(again.signal is first.signal and again.repeated)
    assert asked == [True, True]
    assert not first.repeated
    other = live.on_row(replace(row, quality=0.5))
    assert not other.repeated
    assert [fault.member for fault in other.members] == ["boosting"]


def test_an_expired_or_stale_answer_is_not_given_again(vote, columns, history):
    policy = replace(FREE, max_age_ns=1_000)
    live = warmed(LiveSignals(Gate(vote, policy), columns), history)
    row = row_of(history, 60)
    live.on_row(row)
    assert live.on_row(row, row.event_ns + 1_000).repeated
    late = live.on_row(row, row.event_ns + 1_001)
    assert (late.repeated, late.signal.abstain_reason) == (False, "stale")
    free = warmed(LiveSignals(Gate(vote, FREE), columns), history)
    first = free.on_row(row).signal
    assert not free.on_row(row, first.expires_ns).repeated


def test_an_answer_without_all_members_is_asked_for_again(vote, columns, history):
    broken = Gate(changed(vote, forest=Raising()), FREE)
    live = warmed(LiveSignals(broken, columns), history)
    row = row_of(history, 60)
    first, again = live.on_row(row), live.on_row(row)
    assert [f.member for f in first.members] == ["forest"]
    assert not again.repeated


def test_rows_out_of_order_or_ahead_of_the_clock_abstain(live, history):
    warmed(live, history)
    for odd in (
        row_of(history, 10),
        row_of(history, 59, values=np.ones(6)),
        row_of(history, 60, event_ns=60 * 10**9 + AHEAD_NS + 6),
    ):
        answer = live.on_row(odd)
        assert answer.signal.abstain_reason == "out of order"
    assert live.on_row(row_of(history, 60)).signal.probabilities is not None


def test_an_infinite_row_abstains_and_is_missing_in_the_past(live, vote, history):
    symbol, _, values = history
    bad = values.copy()
    bad[40, 2] = np.inf
    for at in range(40):
        live.observe(row_of(history, at))
    found = live.on_row(row_of(history, 40, values=bad[40]))
    assert found.signal.abstain_reason == "infinite input"
    after = live.on_row(row_of(history, 41))
    bad[40, 2] = np.nan
    own = np.flatnonzero(symbol[:42] == symbol[41])[-5:]
    expected = vote.vote(Sequences(bad, own[None])).probabilities[0]
    assert np.array_equal(after.signal.probabilities, expected)


def test_more_symbols_than_may_be_followed_abstain(vote, columns, history):
    live = LiveSignals(Gate(vote, FREE), columns, rings=Rings(5, 6, most=1))
    live.on_row(row_of(history, 0, symbol="A"))
    answer = live.on_row(row_of(history, 1, symbol="B"))
    assert answer.signal.abstain_reason == "overloaded"


def test_active_signals_are_in_the_book_until_they_expire(single, history):
    kept = []
    for at in range(100):
        kept += [single.on_row(row_of(history, at)).signal]
    active = [s for s in kept if s.status is SignalStatus.ACTIVE]
    assert active
    now_ns = 100 * 10**9
    assert list(single.book.active(now_ns)) == active
    end_ns = active[-1].expires_ns
    last = row_of(history, 101, event_ns=end_ns, received_ns=end_ns)
    archived = single.on_row(last).archived
    assert [s.key for s in archived] == [s.key for s in active]
    assert {s.status for s in archived} == {SignalStatus.EXPIRED}


def test_a_signal_carries_market_row_interval_and_reasons(scorer, columns, history):
    live = LiveSignals(
        Gate(scorer, FREE),
        columns,
        explain=lambda given_row, side: (("a", side * float(given_row[0])),),
    )
    market = Market(price=50.0, volatility=0.02, cost_bps=1.0)
    rows = [row_of(history, at, market=market, decision_id=str(at)) for at in range(60)]
    answers = live.on_rows(rows)
    traded = [
        (row, a.signal) for row, a in zip(rows, answers, strict=True) if a.signal.side
    ]
    assert traded
    for row, signal in traded:
        assert signal.decision_id == row.decision_id
        assert signal.created_ns == row.received_ns
        assert 0 < signal.position_size <= FREE.position_share
        assert signal.side * (signal.target_price - 50) > 0
        assert signal.interval[0] < signal.confidence < signal.interval[1]
        assert np.array_equal(signal.features.values, row.values, equal_nan=True)
        assert f"Most from a {signal.side * row.values[0]:+.2f}." in signal.reasoning


def test_a_reason_that_cannot_be_told_costs_no_signal(scorer, columns, history):
    def explain(*_):
        raise RuntimeError

    live = LiveSignals(Gate(scorer, FREE), columns, explain=explain)
    found = [live.on_row(row_of(history, at)).signal.side for at in range(60)]
    assert any(found)


ODD = st.none() | st.floats() | st.text(max_size=2) | st.integers() | st.booleans()
LISTS = st.lists(st.floats(), min_size=6, max_size=6) | st.lists(ODD, max_size=7)
ROWS = st.builds(
    LiveRow,
    symbol=st.sampled_from(["A", "B"]) | ODD,
    values=LISTS | ODD,
    event_ns=st.integers(0, 50) | ODD,
    received_ns=st.integers(0, 50) | ODD,
    quality=st.floats(0, 1) | ODD,
    market=st.builds(Market, ODD, ODD, ODD) | ODD,
    decision_id=ODD,
)
GOOD = st.builds(
    LiveRow,
    symbol=st.just("C"),
    values=st.lists(st.floats(-2, 2), min_size=6, max_size=6),
    event_ns=st.integers(0, 50),
    received_ns=st.just(50),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS | GOOD | ODD, max_size=6), st.integers(0, 10**6) | ODD)
def test_nothing_raises_into_a_trading_loop_whatever_comes(live, rows, now_ns):
    answers = live.on_rows(rows, now_ns)
    assert len(answers) == len(rows)
    for answer in answers:
        known = answer.signal.status in set(SignalStatus)
        assert known
        if answer.signal.status is SignalStatus.ABSTAINED:
            assert answer.signal.abstain_reason
            assert answer.signal.position_size == 0
    for row in rows:
        live.observe(row)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_a_bad_row_does_not_harm_the_rows_beside_it(vote, columns, history, bad):
    alone = LiveSignals(Gate(vote, FREE), columns)
    beside = LiveSignals(Gate(vote, FREE), columns)
    for at in range(50):
        alone.observe(row_of(history, at, symbol="good"))
        beside.observe(row_of(history, at, symbol="good"))
    row = row_of(history, 50, symbol="good")
    found = beside.on_rows([bad, row, bad])[1].signal
    assert found == alone.on_row(row).signal


def test_a_gate_that_raises_abstains_for_all_its_rows(live, history):
    live.gate = SimpleNamespace(
        scorer=live.gate.scorer, policy=FREE, judge=lambda *_, **__: 1 / 0
    )
    found = live.on_rows([row_of(history, at) for at in range(3)])
    assert {a.signal.abstain_reason for a in found} == {"scorer failed"}
    assert "ZeroDivisionError" in found[0].signal.reasoning


def test_signals_of_a_strategy_say_whose_they_are(scorer, columns, history):
    live = LiveSignals(Gate(scorer, FREE), columns, strategy="trend", timeframe="1h")
    signal = live.on_row(row_of(history, 0)).signal
    assert (signal.strategy, signal.timeframe) == ("trend", "1h")
    assert ":trend:1h:" in signal.key
