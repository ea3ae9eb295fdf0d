"""Signals listed, scored, explained, settled and summed up over a small workspace."""

from math import log
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pipelines.conftest import places_in
from pipelines.models_given import Remembering
from pipelines.signals_given import (
    BARS,
    HORIZON_NS,
    RULES,
    START_NS,
    SYMBOLS,
    bar,
    closes,
    decision,
    keep_champion,
    market_of,
    tell_bars,
    tell_decisions,
)
from tradeloop.clock import NS_PER_HOUR, ReplayClock
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.models import Columns
from tradeloop.pipelines import live_line, models_track
from tradeloop.pipelines.deployed import Champions
from tradeloop.pipelines.experimenting import begin, running
from tradeloop.pipelines.live_open import living, policy_of
from tradeloop.pipelines.models_open import open_registry
from tradeloop.pipelines.shelf import Shelf
from tradeloop.pipelines.signal_events import KIND, SOURCE, event_of
from tradeloop.pipelines.signals_active import ActiveSignals
from tradeloop.pipelines.signals_explain import _steps, explain_signal, find_signal
from tradeloop.pipelines.signals_list import list_signals
from tradeloop.pipelines.signals_score import Inquiry, decision_named, score_captured
from tradeloop.pipelines.signals_settle import settle_signals
from tradeloop.pipelines.signals_stats import signal_figures
from tradeloop.pipelines.signals_status import live_status
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.signals.rules import SignalRules
from tradeloop.stores.group_commit import GroupCommit

ME = Principal("desk", "tester")
LAST_NS = START_NS + (BARS - 1) * NS_PER_HOUR + 10**9  # the newest bar is known
FIRST = 70


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    # No member is late, however busy the machine is.
    monkeypatch.setattr(live_line, "monotonic_ns", lambda: 0)


@pytest.fixture
def desk(tmp_path):
    """A workspace with all bars and a champion, a minute after the newest bar."""
    clock = ReplayClock(LAST_NS + 60 * 10**9)
    with open_workspace(places_in(tmp_path), ME, clock) as workspace:
        tell_bars(workspace)
        keep_champion(workspace, market_of(workspace).bank)
        yield workspace


def scorers(workspace, *versions):
    load = Champions(workspace).load
    return [(version, load("boost", version)) for version in versions]


def answered(workspace, *, arms=(), experiment="", until=BARS):
    """Answer bar after bar as the loop does, store the signals; return them."""
    champion = workspace.catalog.models.champions(ME)["boost"]
    own, *others = scorers(workspace, champion, *arms)
    market = market_of(workspace)
    past = type(market)(market.bank, market.interval_ns, {})
    inquiry = Inquiry(past, SignalRules(gate=policy_of(RULES)))
    signals, events = [], []
    for k in range(until):
        for symbol in SYMBOLS:
            event = bar(symbol, k)
            past.take_bar(event.body, event.event_ns, event.received_ns)
            if k < FIRST:
                continue
            (told,) = inquiry.ask({"boost": own}, symbol).signals
            signals.append(told.answer.signal)
            other = None
            for each in others:
                (said,) = inquiry.ask({"boost": each}, symbol).signals
                other = said.answer.signal
            arm = "champion" if experiment else ""
            events.append(event_of(signals[-1], experiment, arm, other))
    audit = workspace.audit("signal", "bars")
    workspace.journal.append(ME, KIND, SOURCE, events, audit)
    return signals


def came_of(signal):
    """Return over the horizon in bps, by hand; None while it is not known."""
    known = closes(signal.symbol)
    ends = signal.created_ns + HORIZON_NS
    if known["at"].max() < ends:
        return None
    entry = known.filter(pl.col("at") <= signal.created_ns)["close"][-1]
    return 1e4 * (known.filter(pl.col("at") <= ends)["close"][-1] / entry - 1)


def test_scoring_tells_what_the_live_loop_stores_and_stores_nothing(desk):
    told = score_captured(desk, RULES)
    assert desk.journal.last_seq(ME, KIND) == 0
    group = GroupCommit(desk.journal)
    with living(desk, group, RULES, SignalRules(gate=policy_of(RULES))) as live:
        live.loop.close()  # what waits is answered
        group.close(10)
        status = live_status(desk, live)
    stored = {e.event_id: e.body for e in desk.journal.events(ME, KIND)}
    assert set(stored) == {each.answer.signal.key for each in told.signals}
    for each in told.signals:
        body = stored[each.answer.signal.key]
        assert body["probability_up"] == each.answer.signal.probabilities[2]
        assert body["side"] == each.answer.signal.side
    assert status.models == {"boost": {"champion": "v1.0.0"}}
    assert (status.signals + status.abstained, status.faults) == (2, 0)


def test_scoring_can_store_and_the_same_signal_is_stored_once(desk):
    first, second = (score_captured(desk, RULES, store=True) for _ in range(2))
    assert {each.stored for each in first.signals} == {"stored"}
    assert {each.stored for each in second.signals} == {"duplicate"}
    assert score_captured(desk, RULES, "AAA").signals[0].answer.signal.symbol == "AAA"
    with pytest.raises(NotFoundError, match="'CCC'"):
        score_captured(desk, RULES, "CCC")


def test_the_same_request_is_answered_from_memory_until_a_bar_comes(desk):
    market = market_of(desk)
    inquiry = Inquiry(market, SignalRules(gate=policy_of(RULES)))
    versions = {"boost": scorers(desk, "v1.0.0")[0]}
    repeated = [inquiry.ask(versions, "AAA").signals[0].answer for _ in range(3)]
    assert [each.repeated for each in repeated] == [False, True, True]
    assert len({each.signal.key for each in repeated}) == 1
    event = bar("AAA", BARS)
    market.take_bar(event.body, event.event_ns, event.received_ns)
    (new,) = inquiry.ask(versions, "AAA").signals
    assert not new.answer.repeated
    assert new.answer.signal.created_ns == event.received_ns


def test_a_model_of_decisions_answers_a_decision_as_it_was_known(desk):
    bank = market_of(desk).bank
    keep_champion(desk, bank, name="deciding", own=("decision_side",))
    tell_decisions(desk, decision(80), decision(BARS - 1))
    without = score_captured(desk, RULES, "AAA")
    assert [each.model for each in without.signals] == ["boost"]
    assert "decision" in without.left_out["deciding"]
    told = score_captured(desk, RULES, decision_id="d80")
    by_model = {each.model: each.answer.signal for each in told.signals}
    assert by_model["deciding"].decision_id == "d80"
    assert by_model["deciding"].features.as_mapping()["decision_side"] == 1.0
    assert by_model["boost"].created_ns == bar("AAA", 80).received_ns
    inquiry = Inquiry(market_of(desk), SignalRules(gate=policy_of(RULES)))
    with pytest.raises(InputError, match="newest bar"):
        inquiry.ask({}, "AAA", decision_named(desk, "d80"))
    assert inquiry.ask({}, "AAA", decision_named(desk, f"d{BARS - 1}")).signals == ()


def test_signals_are_listed_by_state_and_symbol_the_newest_first(desk):
    signals = answered(desk)
    Shelf(desk).go_on()
    scored = [each for each in signals if each.confidence is not None]
    holding = [s for s in scored if s.expires_ns > desk.clock.now_ns()]
    active = list_signals(desk)
    assert {each.key for each in active} == {each.key for each in holding}
    assert {each.state for each in active} == {"active"}
    everything = list_signals(desk, "all", limit=1_000)
    times = [each.created_ns for each in everything]
    assert times == sorted(times, reverse=True)
    assert len(everything) == len(scored)
    Shelf(desk).tidy()  # into the archive: the answers stay
    assert list_signals(desk, "all", limit=1_000) == everything
    past = list_signals(desk, "past", "AAA", limit=5)
    assert {each.symbol for each in past} == {"AAA"}
    assert [each.state for each in past] == ["expired"] * 5
    for limit in (0, 10_001):
        with pytest.raises(InputError, match="limit"):
            list_signals(desk, limit=limit)
    with pytest.raises(InputError, match="'gone'"):
        list_signals(desk, "gone")


def test_what_holds_is_told_from_the_books_before_the_catalog_has_it(desk):
    group = GroupCommit(desk.journal)
    with living(desk, group, RULES, SignalRules(gate=policy_of(RULES))) as live:
        live.shelf.close()  # the catalog is behind from here on
        live.loop.close()
        found = ActiveSignals(desk, live).holding()
        group.close(10)
        booked = {
            s.key for s in live.loop.lines["boost"]["champion"].live.book.active(0)
        }
    assert {each.key for each in found} >= booked
    assert booked


def test_a_settled_signal_holds_what_arithmetic_says_and_is_settled_once(desk):
    signals = {each.key: each for each in answered(desk)}
    done = settle_signals(desk, RULES)
    known = {key for key, each in signals.items() if came_of(each) is not None}
    assert (done.settled, done.before) == (len(known), 0)
    assert done.pending == len(signals) - len(known) == 6
    for each in list_signals(desk, "all", limit=1_000):
        if each.key not in known:
            assert each.performance is None
            continue
        signal, told = signals[each.key], each.performance
        came = came_of(signal)
        paid = RULES.costs.round_trip_bps(holding_ns=HORIZON_NS)
        direction = 0 if abs(came) <= RULES.outcome.neutral_bps else int(np.sign(came))
        chance = signal.probabilities[direction + 1]
        assert told["return_bps"] == pytest.approx(came)
        net = signal.side * came - paid if signal.side else 0.0
        assert told["net_bps"] == pytest.approx(net)
        assert (told["direction"], told["hit"]) == (direction, direction == signal.side)
        assert told["log_loss"] == pytest.approx(-log(chance))
        assert told["settled_ns"] == signal.created_ns + HORIZON_NS
    again = settle_signals(desk, RULES)
    assert (again.settled, again.before, again.pending) == (0, len(known), 6)


def test_a_running_experiment_is_told_of_each_signal_once(desk):
    champion = "v1.0.0"
    challenger = keep_champion(desk, market_of(desk).bank, seed=2, crown=False)
    trial = begin(desk, "boost", challenger, "shadow")
    signals = answered(desk, arms=(challenger,), experiment=trial.name)
    (stored, *_) = desk.journal.events(ME, KIND)
    assert stored.body["model_version"] == f"boost {champion}"
    done = settle_signals(desk, RULES)
    assert done.observed == {trial.name: done.settled}
    figures = running(desk)["boost"].state.figures()
    known = {each.key: came_of(each) for each in signals}
    differences, gains = [], []
    for event in desk.journal.events(ME, KIND):
        body, came = event.body, known[event.event_id]
        if came is None:
            continue
        band = RULES.outcome.neutral_bps
        name = "flat" if abs(came) <= band else "up" if came > 0 else "down"
        own, other = body[f"probability_{name}"], body[f"other_probability_{name}"]
        differences.append(log(own) - log(other))
        paid = RULES.costs.round_trip_bps(holding_ns=HORIZON_NS)
        net = [
            side * came - paid if side else 0.0
            for side in (body["side"], body["other_side"])
        ]
        gains.append(net[1] - net[0])
    assert figures["settled"] == len(differences)
    assert figures["log_loss_difference"] == pytest.approx(np.mean(differences))
    assert figures["pnl_difference_bps"] == pytest.approx(np.mean(gains))
    assert settle_signals(desk, RULES).observed == {}


def test_an_ab_test_counts_the_arm_that_served_by_the_bar_that_it_answers(desk):
    challenger = keep_champion(desk, market_of(desk).bank, seed=2, crown=False)
    trial = begin(desk, "boost", challenger, "ab")
    answered(desk, arms=(challenger,), experiment=trial.name)
    done = settle_signals(desk, RULES)
    state = running(desk)["boost"].state
    assert sum(state.rows) == done.observed[trial.name] == done.settled
    units = {bar(symbol, k).event_id for symbol in SYMBOLS for k in range(BARS)}
    assert state.seen.ids() <= units


def test_statistics_count_what_arithmetic_counts(desk):
    signals = answered(desk)
    found = signal_figures(desk, RULES, ("model", "symbol"))
    assert found.by == ("model_version", "symbol")
    for group in found.groups:
        mine = [s for s in signals if s.symbol == group["symbol"] and s.side]
        came = [(s.side, came_of(s)) for s in mine if came_of(s) is not None]
        band = RULES.outcome.neutral_bps
        hits = sum(abs(c) > band and np.sign(c) == side for side, c in came)
        assert (group["trades"], group["hits"]) == (len(came), hits)
        assert group["hit_low"] <= group["hit_rate"] <= group["hit_high"]
        assert group["no_skill_hit_rate"] is not None
    buckets = signal_figures(desk, RULES, ("confidence",), symbol="AAA").groups
    assert sum(each["signals"] for each in buckets) == len(signals) / 2
    assert signal_figures(desk, RULES, ("regime",)).groups == ()
    with pytest.raises(InputError, match="colour"):
        signal_figures(desk, RULES, ("colour",))


def test_a_signal_is_explained_by_all_that_is_known_of_it(desk):
    signal = next(each for each in answered(desk) if each.side)
    settle_signals(desk, RULES)
    told = explain_signal(desk, RULES, signal.key)
    assert told.features == signal.features.as_mapping()
    assert told.cause["event_id"].startswith(signal.symbol)
    assert told.cause["received_ns"] == signal.created_ns
    assert (told.model.version, told.model.champion) == ("v1.0.0", "v1.0.0")
    assert told.signal.performance["return_bps"] == pytest.approx(came_of(signal))
    assert told.note == ""
    assert set(told.shapley) <= set(told.features)
    (_, scorer), names = scorers(desk, "v1.0.0")[0], list(told.features)
    row = signal.features.values.copy()
    for name, lost in told.occlusion.items():
        without = row.copy()
        without[names.index(name)] = np.nan
        lead = [
            found[1 + signal.side] - found[1 - signal.side]
            for found in scorer.vote(np.stack([row, without])).probabilities
        ]
        assert lost == pytest.approx(lead[0] - lead[1])
    number = str(told.signal.number)
    assert explain_signal(desk, RULES, number) == told
    assert find_signal(desk, number) == told.signal
    with pytest.raises(NotFoundError):
        explain_signal(desk, RULES, "none")


def test_looking_works_beside_a_writer_of_the_journal(desk):
    answered(desk)
    Shelf(desk).go_on()
    with open_registry(desk.places, ME, desk.clock) as beside:
        assert list_signals(beside) == list_signals(desk)
        assert score_captured(beside, RULES).signals
        key = list_signals(beside)[0].key
        assert explain_signal(beside, RULES, key).note == ""
        assert signal_figures(beside, RULES).groups


def test_without_a_champion_there_is_nobody_to_ask(workspace):
    tell_bars(workspace, 0, 30)
    with pytest.raises(NotFoundError, match="champion"):
        score_captured(workspace, RULES)


def test_a_model_of_several_steps_is_explained_by_the_bars_before(desk):
    market = market_of(desk)
    columns = Columns((*market.bank.names[:3], "decision_side"), "x")
    asked = SimpleNamespace(steps=4, meta=SimpleNamespace(columns=columns))
    row = np.array([1.0, 2.0, 3.0, -1.0])
    body = {"instrument": "AAA", "created_ns": bar("AAA", BARS - 1).received_ns}
    values, _ = market.past("AAA")
    before = values[-4:-1, :3]
    found = _steps(asked, row, body, lambda _: market)
    np.testing.assert_array_equal(found[:-1, :3], before)
    assert np.isnan(found[:-1, 3]).all()
    np.testing.assert_array_equal(found[-1], row)
    # A decision comes after the newest bar, which is then a step before it.
    found = _steps(asked, row, {**body, "decision_id": "d"}, lambda _: market)
    np.testing.assert_array_equal(found[:-1, :3], values[-3:, :3])
