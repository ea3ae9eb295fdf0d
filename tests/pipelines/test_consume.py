"""Messages from a broker are in the journal once, and acknowledged only then."""

import asyncio
import json
from contextlib import contextmanager
from random import Random

import nats
import pytest
from faststream.kafka import TestKafkaBroker

from pipelines.broked import (
    ANN,
    CLOCK,
    add_fills,
    fill_letter,
    opened,
    quantities,
    until,
)
from stores.nats import running
from tradeloop.errors import OverloadedError
from tradeloop.pipelines.consume import Consumer
from tradeloop.pipelines.exchange import Sides, exchanging
from tradeloop.pipelines.reconcile import reconcile
from tradeloop.pipelines.relay import relay_once
from tradeloop.stores.broker import (
    EVENTS,
    INTAKE,
    Letter,
    Reading,
    in_subject,
    open_intake,
    open_stream,
)
from tradeloop.stores.broker.fast import fast_kafka_intake

SUBJECT = in_subject("acme", "fill")
POISON = [
    b"",
    b"\x00",
    b"not json",
    b'{"a": NaN}',
    b'{"price": 1e999}',
    b'{"a": 1, "a": 2}',
    b'"\xff\xfe"',
    b'"\\ud800"',
    b"[" * 100_000,
    b'{"specversion": "1.0", "id": 7}',
    fill_letter(0, price=-1.0),
    fill_letter(0, surprise=1),
    json.dumps("x" * 600_000).encode(),
]


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "nats") as started:
        yield started


@pytest.fixture
def inside(tmp_path):
    with opened(tmp_path / "journal.db") as sides:
        yield sides


def consumer(inside):
    return Consumer(inside.door, inside.group, CLOCK)


def publish(server, letters, subject=SUBJECT):
    async def work():
        client = await nats.connect(server.url)
        for letter in letters:
            await client.jetstream().publish(subject, letter)
        await client.close()

    asyncio.run(work())


def left(server, stream=INTAKE):
    """Messages of the stream, and those delivered that nobody has acknowledged."""

    async def work():
        client = await nats.connect(server.url)
        try:
            return (await client.jetstream().stream_info(stream)).state.messages
        finally:
            await client.close()

    return asyncio.run(work())


@contextmanager
def taking(server, take, **what):
    intake = open_intake(server.url, take, reading=Reading(again_s=3.0, **what))
    intake.go_on()
    try:
        yield intake
    finally:
        intake.close()


def test_letters_are_stored_and_then_removed_from_the_broker(server, inside):
    with taking(server, consumer(inside).take):
        publish(server, [fill_letter(k) for k in range(40)])
        until(lambda: inside.journal.counts(ANN) == {"fill": 40})
        until(lambda: left(server) == 0)
    stored = inside.journal.events(ANN, "fill")
    assert [e.event_id for e in stored] == [f"f{k}" for k in range(40)]
    assert [(e.source, e.n) for e in stored] == [("bot", k + 1) for k in range(40)]


def test_poison_is_set_aside_with_its_reason_and_its_neighbours_are_stored(
    server, inside
):
    letters = [fill_letter(k + 1) for k in range(len(POISON))]
    mixed = [letter for pair in zip(POISON, letters, strict=True) for letter in pair]
    taker = consumer(inside)
    with taking(server, taker.take):
        publish(server, mixed)
        until(lambda: left(server) == 0)
    assert inside.journal.counts(ANN) == {"fill": len(POISON)}
    rejected = inside.journal.rejects(ANN)
    assert len(rejected) == len(POISON)
    assert all(r.rejected.reason for r in rejected)
    assert taker.told == {"stored": len(POISON), "quarantined": len(POISON)}


def test_what_could_not_be_stored_comes_again(server, inside):
    taker, calls = consumer(inside), []

    async def failing(letters):
        calls.append(len(letters))
        if len(calls) == 1:
            raise OSError("the disk is away")
        await taker.take(letters)

    with taking(server, failing):
        publish(server, [fill_letter(1)])
        until(lambda: left(server) == 0)
    assert calls == [1, 1]
    assert taker.told == {"stored": 1}


def test_a_letter_that_was_stored_but_not_acknowledged_changes_nothing(server, inside):
    taker, calls = consumer(inside), []

    async def dying(letters):
        await taker.take(letters)
        calls.append(len(letters))
        if len(calls) == 1:
            raise OSError("the answer was lost")

    with taking(server, dying):
        publish(server, [fill_letter(1)])
        until(lambda: left(server) == 0)
    assert taker.told == {"stored": 1, "duplicate": 1}
    assert inside.journal.counts(ANN) == {"fill": 1}


def test_while_the_journal_is_full_the_letters_wait(inside):
    refusals = iter([True, True, False, False])

    class Full:
        def send(self, principal, data, form):
            if next(refusals):
                raise OverloadedError("Full.", retry_after_s=0.01)
            return inside.door.send(principal, data, form)

    taker = Consumer(Full(), inside.group, CLOCK)
    asyncio.run(taker.take([Letter(SUBJECT, fill_letter(k)) for k in range(2)]))
    assert taker.told == {"stored": 2}


def test_a_letter_to_no_tenant_is_set_aside(inside):
    taker = consumer(inside)
    asyncio.run(taker.take([Letter("tradeloop.\u00e9.in.fill", fill_letter(1))]))
    assert taker.told == {"quarantined": 1}


def test_reading_begins_anew_when_the_broker_was_emptied(server, inside):
    intake = open_intake(server.url, consumer(inside).take)
    intake.go_on()
    publish(server, [fill_letter(0)])
    until(lambda: inside.journal.counts(ANN) == {"fill": 1})
    server.kill()
    server.wipe()
    server.start()
    until(lambda: begun_anew(intake, server))
    publish(server, [fill_letter(1)])
    until(lambda: inside.journal.counts(ANN) == {"fill": 2})
    intake.close()


def begun_anew(intake, server):
    try:
        intake.go_on()
        return left(server) == 0
    except Exception:  # noqa: BLE001 - it is not back yet
        return False


def test_the_same_letters_over_kafka_become_the_same_journal(tmp_path):
    """The in-memory broker of FastStream: no Kafka is run here."""
    letters = [fill_letter(k) for k in range(20)] + POISON + [fill_letter(3)]
    found = {}
    for name, deliver in (("nats", by_nats), ("kafka", by_kafka)):
        with opened(tmp_path / f"{name}.db") as inside:
            taker = consumer(inside)
            deliver(tmp_path / name, taker, letters)
            stored = inside.journal.events(ANN, "fill")
            found[name] = (
                [(e.event_id, e.event_ns, e.source, e.n, e.body) for e in stored],
                [r.rejected for r in inside.journal.rejects(ANN)],
                dict(taker.told),
            )
    assert found["nats"] == found["kafka"]
    told = {"stored": 20, "quarantined": len(POISON), "duplicate": 1}
    assert found["kafka"][2] == told


def by_nats(folder, taker, letters):
    with running(folder) as server, taking(server, taker.take):
        publish(server, letters)
        until(lambda: sum(taker.told.values()) == len(letters))


def by_kafka(_, taker, letters):
    async def work():
        broker = fast_kafka_intake("kafka://localhost:9092", taker.take)
        async with TestKafkaBroker(broker) as fake:
            for letter in letters:
                await fake.publish(letter, topic=SUBJECT)

    asyncio.run(work())


def test_fills_are_the_same_to_the_unit_at_both_ends(tmp_path):
    """From one journal over a broker that is killed, wiped and repeats, to another."""
    random = Random(5)  # noqa: S311 - planted, not secret
    total = 3_000
    with (
        running(tmp_path / "nats") as server,
        opened(tmp_path / "source.db") as source,
        opened(tmp_path / "sink.db") as sink,
    ):
        taker = consumer(sink)

        async def unsteady(letters):
            await taker.take(letters)
            if random.random() < 0.1:
                raise OSError("the answer was lost")

        where = {"subject": "tradeloop.*.*", "stream": EVENTS}
        sides = Sides(source.journal, source.group, source.door, CLOCK)
        with (
            exchanging(server.url, sides, owner="relay") as exchange,
            taking(server, unsteady, **where) as intake,
        ):
            for first in range(0, total, 300):
                add_fills(source.journal, 300, first=first)
                if first in {600, 1_500}:
                    server.kill()
                    server.start()
            until(lambda: exchange.position == (0, total))
            until(lambda: sink.journal.counts(ANN) == {"fill": total})
            copies = [fill_letter(k) for k in random.sample(range(total), total // 10)]
            publish(server, copies, "tradeloop.acme.fill")
            until(lambda: taker.told["duplicate"] >= len(copies))
            intake.go_on()
            upto = exchange.position
            found = whole(source.journal, server, upto)
        assert quantities(sink.journal) == quantities(source.journal)
        assert sink.journal.counts(ANN) == {"fill": total}
        assert sink.journal.rejects(ANN) == []
        assert found.missing == ()


def whole(journal, server, upto):
    stream = open_stream(server.url)
    try:
        return reconcile(journal, stream, upto=upto)
    finally:
        stream.close()


def test_the_exchange_says_what_does_not_work_and_goes_on(server, tmp_path):
    with opened(tmp_path / "j.db") as inside:
        sides = Sides(inside.journal, inside.group, inside.door, CLOCK)
        with exchanging(server.url, sides, owner="a") as exchange:
            add_fills(inside.journal, 3)
            until(lambda: exchange.position == (0, 3))
            server.kill()
            add_fills(inside.journal, 3, first=3)
            until(lambda: "relay" in exchange.trouble)
            server.wipe()
            server.start()
            until(lambda: exchange.position == (0, 6))
            until(lambda: "relay" not in exchange.trouble)
            assert exchange.renewed


def test_relayed_events_can_be_read_by_the_contract(server, inside, tmp_path):
    add_fills(inside.journal, 5)
    stream = open_stream(server.url)
    relay_once(inside.journal, stream, CLOCK, owner="a")
    stream.close()
    with opened(tmp_path / "other.db") as other:
        where = {"subject": "tradeloop.*.*", "stream": EVENTS}
        with taking(server, consumer(other).take, **where):
            until(lambda: other.journal.counts(ANN) == {"fill": 5})
        pairs = zip(
            inside.journal.events(ANN, "fill"),
            other.journal.events(ANN, "fill"),
            strict=True,
        )
        for one, two in pairs:
            assert one.event_id == two.event_id
            assert (one.source, one.epoch, one.n) == (two.source, two.epoch, two.n)
            assert (one.event_ns, one.received_ns) == (two.event_ns, two.received_ns)
            assert one.body == two.body
