"""Events reach a real broker in order and once, whatever happens to it or to us."""

import threading
from contextlib import contextmanager, suppress

import pytest

from pipelines.broked import ANN, BOB, CLOCK, NOW_NS, add_fills, fill_body, until
from stores.nats import running
from tradeloop.clock import NS_PER_SECOND, ReplayClock
from tradeloop.errors import BusyError
from tradeloop.events import AuditEntry, message_of
from tradeloop.events.strict_json import loads
from tradeloop.pipelines.relay import (
    Relay,
    Relayed,
    keep_on,
    messages,
    relay_once,
)
from tradeloop.stores import START, Event, open_journal
from tradeloop.stores.broker import Published, UnreachableError, open_stream


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "nats") as started:
        yield started


@contextmanager
def stream_of(server):
    opened = open_stream(server.url)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def stream(server):
    with stream_of(server) as opened:
        yield opened


@pytest.fixture
def journal(tmp_path):
    with open_journal(tmp_path / "journal.db", CLOCK) as opened:
        yield opened


def ids(stream):
    return [held.message_id for held in stream.held()]


def fills(count, first=0):
    return [f"acme/fill/f{k}" for k in range(first, first + count)]


def test_everything_is_published_once_in_the_order_of_the_journal(journal, stream):
    add_fills(journal, 2_500)
    first = relay_once(journal, stream, CLOCK, owner="a")
    add_fills(journal, 10, first=2_500)
    second = relay_once(journal, stream, CLOCK, owner="a")
    nothing = relay_once(journal, stream, CLOCK, owner="b")
    assert first == Relayed(2_500, 0, (0, 2_500), renewed=False)
    assert second == Relayed(10, 0, (0, 2_510), renewed=False)
    assert nothing == Relayed(0, 0, (0, 2_510), renewed=False)
    held = list(stream.held())
    assert [h.message_id for h in held] == fills(2_510)
    assert [h.position for h in held] == [(0, k + 1) for k in range(2_510)]


def test_a_message_is_the_event_and_says_whose_it_is_by_its_subject(journal):
    add_fills(journal, 1)
    add_fills(journal, 1, principal=BOB)
    found = messages(journal.outbox(START, 10))
    assert [m.subject for m in found] == ["tradeloop.acme.fill", "tradeloop.desk.fill"]
    read = message_of(loads(found[0].payload))
    assert (read.kind, read.event_id, read.event_ns) == ("fill", "f0", NOW_NS)
    assert dict(read.body) == fill_body(0)


def test_what_the_journal_notes_for_itself_is_not_published(journal, stream):
    note = Event("n1", NOW_NS, NOW_NS, {"rows": 3})
    journal.append(ANN, "slice", "lake", [note], AuditEntry(ANN, 5, "write", "lake"))
    add_fills(journal, 1)
    told = relay_once(journal, stream, CLOCK, owner="a")
    assert told == Relayed(1, 0, (0, 2), renewed=False)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_ends_and_comes_back_misses_nothing(journal, server, end):
    with stream_of(server) as stream:
        relay = Relay(journal, stream, CLOCK, owner="a", batch=50)
        add_fills(journal, 100)
        relay.round()
        getattr(server, end)()
        add_fills(journal, 100, first=100)
        for _ in range(3):
            with pytest.raises(UnreachableError):
                relay.round()
        server.start()
        add_fills(journal, 100, first=200)
        assert relay.round() == Relayed(200, 0, (0, 300), renewed=False)
        assert ids(stream) == fills(300)


def test_an_acknowledgement_that_was_lost_makes_no_second_message(journal, stream):
    """The relay dies between the broker's answer and its own note of it."""
    add_fills(journal, 700)
    stream.prepare()
    stream.publish(messages(journal.outbox(START, 600)))
    told = relay_once(journal, stream, CLOCK, owner="a")
    assert (told.published, told.known) == (100, 600)
    assert ids(stream) == fills(700)


def test_a_broker_that_was_emptied_is_noticed_and_takes_what_is_new(journal, server):
    with stream_of(server) as stream:
        relay = Relay(journal, stream, CLOCK, owner="a")
        add_fills(journal, 20)
        assert not relay.round().renewed
        server.kill()
        server.wipe()
        server.start()
        add_fills(journal, 5, first=20)
        with suppress(UnreachableError):  # the connection of before
            stream.prepare()
        assert relay.round() == Relayed(5, 0, (0, 25), renewed=True)
        assert ids(stream) == fills(5, first=20)


class Paused:
    """A broker whose caller is paused in the middle: others act meanwhile."""

    def __init__(self, meanwhile):
        self.meanwhile, self.published = meanwhile, []

    def prepare(self):
        return False

    def publish(self, messages):
        self.published += [m.message_id for m in messages]
        self.meanwhile()
        return Published(len(messages))

    def close(self):
        pass


def test_a_relay_that_was_paused_past_its_lease_moves_nothing_and_stops(tmp_path):
    clock = ReplayClock(NOW_NS)
    with open_journal(tmp_path / "j.db", clock) as journal:
        add_fills(journal, 30)
        other = Relay(journal, Paused(lambda: None), clock, owner="other")

        def overtaken():
            clock.advance(clock.now_ns() + 60 * NS_PER_SECOND)
            assert other.round().position == (0, 30)

        broker = Paused(overtaken)
        paused = Relay(journal, broker, clock, owner="paused", batch=10)
        with pytest.raises(BusyError):
            paused.round()
        assert len(broker.published) == 10
        with pytest.raises(BusyError):  # and it stands by while the other holds it
            paused.round()
        add_fills(journal, 1, first=30)
        assert other.round() == Relayed(1, 0, (0, 31), renewed=False)


def test_a_relay_that_lost_its_cursor_while_it_slept_begins_where_the_other_stopped(
    tmp_path,
):
    clock, nobody = ReplayClock(NOW_NS), Paused(lambda: None)
    with open_journal(tmp_path / "j.db", clock) as journal:
        sleeper = Relay(journal, nobody, clock, owner="sleeper")
        other = Relay(journal, nobody, clock, owner="other")
        add_fills(journal, 10)
        assert sleeper.round().published == 10
        clock.advance(NOW_NS + 60 * NS_PER_SECOND)
        add_fills(journal, 10, first=10)
        assert other.round().published == 10
        other.give_back()
        clock.advance(clock.now_ns() + 1)
        add_fills(journal, 10, first=20)
        with pytest.raises(BusyError, match="meanwhile"):
            sleeper.round()
        assert len(nobody.published) == 20
        assert sleeper.round() == Relayed(10, 0, (0, 30), renewed=False)
        assert nobody.published == fills(30)


def test_two_relays_take_turns_and_only_one_publishes(journal, stream):
    add_fills(journal, 10)
    first = Relay(journal, stream, CLOCK, owner="first")
    second = Relay(journal, stream, CLOCK, owner="second")
    assert first.round().published == 10
    with pytest.raises(BusyError, match="first"):
        second.round()
    first.give_back()
    add_fills(journal, 10, first=10)
    assert second.round().published == 10
    assert ids(stream) == fills(20)


def test_the_loop_outlives_the_broker_and_gives_the_cursor_back(journal, server):
    stop, heard = threading.Event(), []
    with stream_of(server) as stream:
        relay = Relay(journal, stream, CLOCK, owner="loop")
        loop = threading.Thread(
            target=keep_on, args=(lambda: heard.append(relay.round()), stop)
        )
        loop.start()
        add_fills(journal, 50)
        until(lambda: sum(r.published for r in heard) == 50)
        server.kill()
        add_fills(journal, 50, first=50)
        server.start()
        until(lambda: sum(r.published + r.known for r in heard) >= 100)
        stop.set()
        loop.join()
        relay.give_back()
        assert ids(stream) == fills(100)
        until(lambda: free(journal))


def free(journal):
    try:
        return journal.lease("relay", "next", 1).position == (0, 100)
    except BusyError:
        return False
