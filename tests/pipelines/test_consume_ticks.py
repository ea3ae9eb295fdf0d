"""Arrow batches from a broker are in the lake once, and acknowledged only then."""

import json
from concurrent.futures import Future
from dataclasses import replace

import polars as pl
import pytest

from pipelines.broked import ANN, CLOCK, NOW_NS, opened, until
from stores.nats import running
from tradeloop.clock import NS_PER_SECOND
from tradeloop.errors import InputError, OverloadedError, TradeloopError
from tradeloop.events import TRADE
from tradeloop.pipelines.consume import TickConsumer, TicksTaken
from tradeloop.pipelines.exchange import Sides, exchanging
from tradeloop.pipelines.take import TickIntake
from tradeloop.stores import Lake
from tradeloop.stores.broker import TickBatch, TickStream, UnreachableError


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "nats") as started:
        yield started


@pytest.fixture
def inside(tmp_path):
    with opened(tmp_path / "journal.db") as sides:
        yield sides


@pytest.fixture
def stream(server):
    made = TickStream(server.url)
    yield made
    made.close()


def trades(rows, n):
    first = n * rows
    index = pl.int_range(first, first + rows, eager=True)
    frame = pl.DataFrame({"event_ns": NOW_NS + index * NS_PER_SECOND}).with_columns(
        instrument=pl.lit("EURUSD"),
        received_ns=pl.col("event_ns") + 1,
        price=1.1 + index * 1e-6,
        size=1.0 + index % 7,
        side=pl.lit(1),
    )
    return TRADE.conform(frame)


def arrow(frame):
    return frame.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()


def batch(n, rows=100):
    return TickBatch("acme", "trade", "feed é", 3, n, arrow(trades(rows, n)))


def drained(consumer, batches):
    """Rounds until so many batches were dealt with."""
    total = TicksTaken()

    def enough():
        nonlocal total
        done = consumer.round(wait_s=0.2)
        total = TicksTaken(total.batches + done.batches, total.refused + done.refused)
        return total.batches + total.refused >= batches

    until(enough)
    return total


class Lists:
    """Takes batches at once and keeps them."""

    def __init__(self, failing=()):
        self.taken, self.failing = [], list(failing)

    def submit(self, principal, kind, table, *, source, epoch, n):
        answer = Future()
        error = self.failing.pop(0) if self.failing else None
        if isinstance(error, OverloadedError):
            raise error
        if error is None:
            self.taken.append((principal.tenant, kind, source, epoch, n, table))
            answer.set_result(None)
        else:
            answer.set_exception(error)
        return answer


def consumer(stream, lists, inside):
    return TickConsumer(stream, lists.submit, inside.group, CLOCK)


def test_batches_come_as_they_were_sent_with_their_numbers(stream, inside):
    sent, lists = [batch(n) for n in range(1, 6)], Lists()
    stream.send(sent)
    assert drained(consumer(stream, lists, inside), 5) == TicksTaken(5, 0)
    assert lists.taken == [("acme", "trade", "feed é", 3, b.n, b.payload) for b in sent]
    assert stream.fetch(10, 0.1) == []


def test_a_batch_that_could_not_be_stored_comes_again_its_neighbours_do_not(
    server, inside
):
    lists = Lists([None, TradeloopError("The disk is away.")])
    stream = TickStream(server.url, again_s=0.5)
    stream.send([batch(n) for n in range(1, 4)])
    taker = consumer(stream, lists, inside)
    with pytest.raises(TradeloopError, match="disk"):
        drained(taker, 3)
    drained(taker, 1)
    assert sorted(n for *_, n, _ in lists.taken) == [1, 2, 3]
    assert lists.taken[-1][4] == 2
    assert stream.fetch(10, 0.1) == []
    stream.close()


def test_while_the_lake_is_full_the_batches_wait(server, inside):
    full = OverloadedError("Full.", retry_after_s=0.01)
    lists, stream = Lists([full, full]), TickStream(server.url, again_s=0.5)
    stream.send([batch(1)])
    taker = consumer(stream, lists, inside)
    for _ in range(2):
        with pytest.raises(OverloadedError):
            drained(taker, 1)
    assert drained(taker, 1) == TicksTaken(1, 0)
    stream.close()


@pytest.mark.parametrize(
    "changes", [{"payload": b"no arrow"}, {"kind": "nothing"}, {"n": 0}, {"n": -4}]
)
def test_a_batch_that_breaks_a_rule_is_set_aside_and_does_not_come_again(
    stream, inside, tmp_path, changes
):
    with TickIntake(Lake(tmp_path / "lake"), inside.journal, CLOCK) as intake:
        stream.send([batch(1), replace(batch(2), **changes), batch(3)])
        taker = TickConsumer(stream, intake.submit, inside.group, CLOCK)
        assert drained(taker, 3) == TicksTaken(2, 1)
    rejected = inside.journal.rejects(ANN)
    assert len(rejected) == 1
    assert rejected[0].rejected.reason
    assert "sha256" in json.loads(rejected[0].rejected.body)
    assert stream.fetch(10, 0.1) == []


def test_a_fetch_that_the_driver_gives_up_bare_is_an_empty_one(
    stream, server, monkeypatch
):
    assert stream.fetch(10, 0.1) == []
    (_, reading) = stream._reading

    async def late(*_, **__):
        raise TimeoutError  # seen where the broker's "no messages" came after the time

    monkeypatch.setattr(reading, "fetch", late)
    assert stream.fetch(10, 0.1) == []
    server.kill()
    with pytest.raises(UnreachableError):
        stream.fetch(10, 0.1)


def test_a_batch_without_a_number_names_the_headers_that_it_needs(stream):
    stream.send([batch(1)])
    (one,) = stream.fetch(1, 1.0)
    assert one.number() == ("feed é", 3, 1)
    one.headers.pop("Tradeloop-N")
    with pytest.raises(InputError, match="Tradeloop-N"):
        one.number()


def taken(consumer):
    try:
        consumer.round(wait_s=0.2)
    except UnreachableError:
        return False
    return True


def test_ticks_are_in_the_lake_once_though_the_broker_is_killed_and_repeats(
    tmp_path, inside
):
    n_batches, rows = 30, 200
    sent = [batch(n, rows) for n in range(1, n_batches + 1)]
    lake = Lake(tmp_path / "lake")

    def commits():
        return lake.ticks.commits(ANN, "trade")

    with (
        running(tmp_path / "nats") as server,
        TickIntake(lake, inside.journal, CLOCK) as intake,
    ):
        stream = TickStream(server.url, again_s=0.5)
        taker = TickConsumer(stream, intake.submit, inside.group, CLOCK)
        stream.send(sent[:15])
        taker.round()
        server.kill()
        server.start()
        for part in (sent[10:], sent[::10]):  # some of them a second time
            for _ in range(5):
                try:
                    stream.send(part)
                    break
                except UnreachableError:
                    continue
        until(lambda: taken(taker) and len(commits()) == n_batches)
        stream.close()
    found = lake.ticks.read(ANN, "trade")
    assert found.height == n_batches * rows
    wanted = pl.concat([trades(rows, n) for n in range(1, n_batches + 1)])
    columns = ["event_ns", "price", "size"]
    assert found.select(columns).sort("event_ns").equals(wanted.select(columns))


def test_the_exchange_takes_ticks_beside_messages(server, stream, inside, tmp_path):
    lake = Lake(tmp_path / "lake")
    with TickIntake(lake, inside.journal, CLOCK) as intake:
        sides = Sides(inside.journal, inside.group, inside.door, CLOCK, intake.submit)
        with exchanging(server.url, sides, owner="a") as exchange:
            stream.send([batch(n) for n in range(1, 4)])
            until(lambda: len(lake.ticks.commits(ANN, "trade")) == 3)
            assert exchange.trouble == {}
