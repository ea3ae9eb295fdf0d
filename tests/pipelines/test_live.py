"""From an event to a stored signal: each is answered once, by what serves then."""

import json

import numpy as np
import pytest

from pipelines.captured_years import RULES, bars, capture_bars
from pipelines.conftest import NOW_NS, places_in
from pipelines.live_given import OWN, STEPS, bank_of, keep_champion
from tradeloop.clock import NS_PER_DAY, ReplayClock
from tradeloop.events import Principal, envelope_of, message_of
from tradeloop.pipelines import live_line
from tradeloop.pipelines.accept import Door
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.experimenting import begin, end, running
from tradeloop.pipelines.featurize import featurize
from tradeloop.pipelines.live_open import living
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.signals import Policy
from tradeloop.signals.conflicts import ConflictPolicy, ConflictRule
from tradeloop.signals.rules import SignalRules
from tradeloop.stores.group_commit import GroupCommit

DAYS = 400
WHO = Principal("desk", "tester")


@pytest.fixture
def workspace(tmp_path):
    clock = ReplayClock(NOW_NS)
    with open_workspace(places_in(tmp_path), WHO, clock) as opened:
        capture_bars(opened, bars(DAYS))
        yield opened


@pytest.fixture(autouse=True)
def _no_member_is_late(monkeypatch):
    """A busy machine would leave members out of the vote."""
    monkeypatch.setattr(live_line, "monotonic_ns", lambda: 0)


class Server:
    """A door and the live loop behind it."""

    def __init__(self, workspace, rules=None):
        self.workspace, self.rules = workspace, rules or SignalRules()

    def __enter__(self):
        self.group = GroupCommit(self.workspace.journal)
        self.door = Door(self.group, self.workspace.clock)
        self.opened = living(self.workspace, self.group, RULES, self.rules)
        self.live = self.opened.__enter__()
        self.door.heard = self.live.loop.heard
        return self

    def __exit__(self, *_):
        self.opened.__exit__(None, None, None)
        self.group.close()

    def send(self, *messages):
        data = json.dumps(list(messages)).encode()
        return self.door.send(WHO, data, "json").receipts.result(10)


def bar(day):
    row = bars(DAYS + day + 1).row(DAYS + day, named=True)
    body = {
        name: row[name]
        for name in ("instrument", "open_ns", "open", "high", "low", "close")
    }
    volume = {} if row["volume"] is None else {"volume": row["volume"]}
    times = {"event_ns": row["event_ns"], "received_ns": row["received_ns"]}
    return {
        "specversion": "1.0",
        "id": f"bar-{day}",
        "source": "feed",
        "type": "tradeloop.bar.v1",
        "data": {**body, **volume, **times},
    }


def decision(day, number=0):
    sent = bar(day)["data"]
    at_ns = sent["received_ns"] + 1_000 + number
    data = {
        "event_ns": at_ns,
        "received_ns": at_ns,
        "strategy": "breakout",
        "instrument": sent["instrument"],
        "side": 1,
        "signal_strength": 0.5,
    }
    return {
        "specversion": "1.0",
        "id": f"decision-{day}-{number}",
        "source": "desk",
        "type": "tradeloop.decision.v1",
        "data": data,
    }


def signals(workspace):
    return workspace.journal.events(WHO, "signal")


def test_a_bar_becomes_a_signal_in_journal_and_catalog(workspace):
    bank = bank_of(workspace, RULES)
    keep_champion(workspace, bank)
    with Server(workspace) as server:
        server.send(bar(0))
    (stored,) = signals(workspace)
    assert stored.body["model_version"] == "mine v1.0.0"
    assert stored.body["instrument"] == "SP500"
    (shown,) = workspace.catalog.signals(WHO)
    assert shown.signal.signal_key == stored.body["signal_id"]
    assert shown.signal.confidence == stored.body["confidence"]
    message = message_of(json.loads(json.dumps(envelope_of(message_as_sent(stored)))))
    assert message.body == stored.body


def message_as_sent(stored):
    from tradeloop.events import Message  # noqa: PLC0415

    return Message(
        kind=stored.kind,
        source=stored.source,
        event_id=stored.event_id,
        event_ns=stored.event_ns,
        received_ns=stored.received_ns,
        epoch=0,
        n=None,
        body=stored.body,
    )


def test_the_features_of_a_signal_are_those_of_history(workspace):
    bank = bank_of(workspace, RULES)
    keep_champion(workspace, bank)
    with Server(workspace) as server:
        server.send(*(bar(day) for day in range(5)))
    found = featurize(bank, captured_market(workspace).market.bars)
    history = found.sort("event_ns").tail(5)
    for stored, row in zip(
        signals(workspace), history.iter_rows(named=True), strict=True
    ):
        for name in bank.names:
            said = stored.body["features"].get(name, np.nan)
            wanted = np.nan if row[name] is None else row[name]
            assert np.array_equal(said, wanted, equal_nan=True), name


def test_a_bar_that_comes_again_is_not_answered_again(workspace):
    keep_champion(workspace, bank_of(workspace, RULES))
    with Server(workspace) as server:
        server.send(bar(0))
        again = server.send(bar(0))
    assert [receipt.status for receipt in again] == ["duplicate"]
    assert len(signals(workspace)) == 1


def test_a_server_that_begins_again_answers_nothing_twice(workspace):
    keep_champion(workspace, bank_of(workspace, RULES))
    with Server(workspace) as server:
        server.send(bar(0))
    workspace.clock.at_ns = bar(0)["data"]["received_ns"] + 1
    with Server(workspace) as server:
        server.send(bar(1))
    assert len({e.event_id for e in signals(workspace)}) == 2
    assert len(signals(workspace)) == 2


def test_a_bar_that_was_stored_and_not_answered_is_answered_by_the_next_server(
    tmp_path,
):
    clock = ReplayClock(bar(0)["data"]["received_ns"] + 1)
    with open_workspace(places_in(tmp_path), WHO, clock) as workspace:
        capture_bars(workspace, bars(DAYS))
        keep_champion(workspace, bank_of(workspace, RULES))
        group = GroupCommit(workspace.journal)
        door = Door(group, clock)
        door.send(WHO, json.dumps([bar(0)]).encode(), "json").receipts.result(10)
        group.close()  # the process ends before any loop has heard of it
        assert signals(workspace) == []
        with Server(workspace):
            pass
        (stored,) = signals(workspace)
    assert stored.body["status"] in ("active", "abstained")


def test_a_signal_that_would_have_expired_is_not_made_up_later(workspace):
    keep_champion(workspace, bank_of(workspace, RULES))
    group = GroupCommit(workspace.journal)
    door = Door(group, workspace.clock)
    door.send(WHO, json.dumps([bar(0)]).encode(), "json").receipts.result(10)
    group.close()
    with Server(workspace):  # decades later
        pass
    assert signals(workspace) == []


def test_a_model_that_needs_a_decision_answers_decisions_and_no_bars(workspace):
    keep_champion(workspace, bank_of(workspace, RULES), own=OWN)
    with Server(workspace) as server:
        server.send(bar(0), decision(0), bar(1))
    (stored,) = signals(workspace)
    assert stored.body["decision_id"] == "decision-0-0"
    assert stored.body["features"]["decision_side"] == 1.0
    assert stored.body["features"]["strategy_breakout"] == 1.0


def test_a_decision_that_comes_after_a_later_bar_is_not_answered(workspace):
    keep_champion(workspace, bank_of(workspace, RULES), own=OWN)
    with Server(workspace) as server:
        server.send(bar(0), bar(1), decision(0))
        loop = server.live.loop
    assert signals(workspace) == []
    assert loop.told.late == 1


def test_a_vote_with_an_lstm_sees_the_bars_before(workspace):
    keep_champion(workspace, bank_of(workspace, RULES), steps=STEPS)
    with Server(workspace) as server:
        server.send(*(bar(day) for day in range(3)))
        loop = server.live.loop
    assert len(signals(workspace)) == 3
    assert not loop.told.left_out
    assert all("confidence" in stored.body for stored in signals(workspace))


def test_without_a_model_there_is_no_signal_and_one_that_comes_answers_from_then_on(
    workspace,
):
    with Server(workspace) as server:
        server.send(bar(0))
        keep_champion(workspace, bank_of(workspace, RULES))
        server.live.loop._looked_s = -1e9
        server.send(bar(1))
    assert [e.event_ns for e in signals(workspace)] == [bar(1)["data"]["received_ns"]]


def test_a_new_champion_answers_the_next_event_and_none_is_lost_or_doubled(workspace):
    bank = bank_of(workspace, RULES)
    first = keep_champion(workspace, bank, seed=1)
    with Server(workspace) as server:
        server.send(bar(0), bar(1))
        second = keep_champion(workspace, bank, seed=2)
        server.live.loop._looked_s = -1e9
        server.send(bar(2), bar(3))
    said = [stored.body["model_version"] for stored in signals(workspace)]
    assert first != second
    assert len(said) == 4
    assert said[-1] == f"mine {second}"
    assert said == sorted(said)


def test_a_model_of_another_bank_is_left_out_and_the_reason_is_told(workspace):
    bank = bank_of(workspace, RULES)
    keep_champion(workspace, bank)

    class Other:
        names, fingerprint = bank.names, "another bank"

    keep_champion(workspace, Other, "foreign")
    with Server(workspace) as server:
        server.send(bar(0))
        loop = server.live.loop
    assert len(signals(workspace)) == 1
    assert "another bank" in loop.told.trouble["foreign v1.0.0"]


def test_of_two_models_on_one_bar_one_is_followed_and_the_other_says_why(workspace):
    bank = bank_of(workspace, RULES)
    for seed, name in enumerate(("mine", "yours"), start=3):
        keep_champion(workspace, bank, name, seed=seed)
    trading = Policy(min_edge=0.0, min_confidence=0.0)
    rule = ConflictRule(ConflictPolicy.PRIORITY, priority=("yours v1.0.0",))
    rules = SignalRules(gate=trading, conflicts=rule)
    with Server(workspace, rules) as server:
        server.send(*(bar(day) for day in range(8)))
        books = [arms["champion"].live.book for arms in server.live.loop.lines.values()]
    by_bar = {}
    for stored in signals(workspace):
        by_bar.setdefault(stored.event_ns, []).append(stored.body)
    both = [pair for pair in by_bar.values() if all(said["side"] for said in pair)]
    assert both, "the two never traded at once: the test says nothing"
    for pair in both:
        said = {each["model_version"]: each for each in pair}
        assert said["yours v1.0.0"]["status"] == "active"
        assert said["mine v1.0.0"]["status"] == "superseded"
        assert "yours v1.0.0" in said["mine v1.0.0"]["status_reason"]
    lost = [pair[0]["signal_id"] for pair in both]
    assert not any(key in book for key in lost for book in books[:1])


def test_in_a_shadow_both_are_asked_and_the_champion_answers(workspace):
    bank = bank_of(workspace, RULES)
    challenger = keep_champion(workspace, bank, seed=1)
    champion = keep_champion(workspace, bank, seed=2)
    begin(workspace, "mine", challenger, "shadow")
    with Server(workspace) as server:
        server.send(bar(0), bar(1))
    for stored in signals(workspace):
        assert stored.body["model_version"] == f"mine {champion}"
        assert stored.body["other_model_version"] == f"mine {challenger}"
        assert stored.body["arm"] == "champion"
    assert running(workspace)["mine"].state.compared == 2


def test_an_experiment_goes_on_where_it_stood_after_a_restart(workspace):
    bank = bank_of(workspace, RULES)
    challenger = keep_champion(workspace, bank, seed=1)
    keep_champion(workspace, bank, seed=2)
    begin(workspace, "mine", challenger, "ab")
    for day in range(3):
        with Server(workspace) as server:
            server.send(bar(day))
    said = {stored.event_ns: stored.body["arm"] for stored in signals(workspace)}
    assert len(said) == 3
    trial = running(workspace)["mine"]
    for day in range(3):
        at_ns = bar(day)["data"]["received_ns"]
        assert trial.arm_of(f"bar-{day}", at_ns) == said[at_ns]


def test_an_experiment_that_a_command_ended_does_not_come_back(workspace):
    bank = bank_of(workspace, RULES)
    challenger = keep_champion(workspace, bank, seed=1)
    keep_champion(workspace, bank, seed=2)
    begin(workspace, "mine", challenger, "shadow")
    with Server(workspace) as server:
        server.send(bar(0))
        end(workspace, "mine", "seen enough")
    assert running(workspace) == {}
    again = begin(workspace, "mine", challenger, "shadow")
    assert again.name == f"shadow-mine-{challenger}-2"
    assert again.state.compared == 0


def test_a_canary_that_is_rolled_back_is_an_alert_about_its_version(workspace):
    bank = bank_of(workspace, RULES)
    challenger = keep_champion(workspace, bank, seed=1)
    keep_champion(workspace, bank, seed=2)
    begin(workspace, "mine", challenger, "canary")
    end(workspace, "mine", "it abstains too often")
    registry = workspace.catalog.models
    (alert,) = registry.alerts(registry.model(WHO, "mine", challenger))
    assert alert.kind == "canary"
    assert "it abstains too often" in alert.message
    assert registry.alerts(registry.model(WHO, "mine", "v1.0.1")) == []


def test_the_loop_goes_on_after_an_event_that_it_cannot_read(workspace):
    keep_champion(workspace, bank_of(workspace, RULES))
    with Server(workspace) as server:
        loop = server.live.loop
        server.send(bar(0))
        server.send(bar(2), bar(1))  # one comes too late
        server.send(bar(3))
    assert loop.told.late == 1
    assert len(signals(workspace)) == 3


def test_expired_signals_leave_the_table_of_those_that_hold(workspace):
    keep_champion(workspace, bank_of(workspace, RULES))
    with Server(workspace) as server:
        server.send(bar(0))
    ended_ns = bar(0)["data"]["received_ns"] + 5 * NS_PER_DAY
    book = workspace.catalog.trading_signals
    assert len(book.active(WHO, ended_ns - 1_000)) == 1
    with Server(workspace) as server:
        assert server.live.shelf.tidy() == 1
    assert workspace.catalog.signals(WHO) == []
    assert len(book.past(WHO)) == 1
