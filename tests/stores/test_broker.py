"""Names, set-up and errors of the brokers; the streams are shown with the relay."""

import asyncio
import socket
from dataclasses import replace

import nats
import pytest
from faststream.kafka import TestKafkaBroker
from hypothesis import given
from hypothesis import strategies as st

from stores.nats import running
from tradeloop.errors import InputError
from tradeloop.stores.broker import (
    EVENTS,
    INTAKE,
    TICKS,
    Outgoing,
    StreamLimits,
    UnreachableError,
    event_subject,
    in_subject,
    message_id,
    open_broker,
    open_stream,
    tenant_and_kind,
    tick_subject,
)
from tradeloop.stores.broker.kafka import KafkaBroker, fast_kafka
from tradeloop.stores.broker.link import NatsLink
from tradeloop.stores.broker.loop import LoopThread
from tradeloop.stores.broker.sending import Tail, send

names = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)


@given(names, names, st.sampled_from([event_subject, in_subject, tick_subject]))
def test_a_subject_says_tenant_and_kind(tenant, kind, subject):
    assert tenant_and_kind(subject(tenant, kind)) == (tenant, kind)


@pytest.mark.parametrize("name", ["", "a.b", "*", ">", "a b", "é", "x" * 65])
def test_a_name_that_would_change_the_subject_is_refused(name):
    for subject in (event_subject, in_subject, tick_subject):
        with pytest.raises(InputError):
            subject(name, "fill")
        with pytest.raises(InputError):
            subject("acme", name)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "tradeloop",
        "tradeloop.a",
        "other.a.fill",
        "tradeloop.a.out.fill",
        "tradeloop.a.in.fill.more",
        "tradeloop.*.in.fill",
        "tradeloop..fill",
    ],
)
def test_what_is_no_subject_of_ours_is_refused(subject):
    with pytest.raises(InputError, match="no subject"):
        tenant_and_kind(subject)


@given(st.text(max_size=30), st.text(max_size=30))
def test_ids_of_messages_fit_in_a_header_and_tell_events_apart(one, other):
    first, second = (message_id("acme", "fill", name) for name in (one, other))
    assert first.isascii()
    assert first.isprintable()
    assert " " not in first
    assert (first == second) == (one == other)


@pytest.mark.parametrize("url", ["", "localhost:4222", "amqp://host", "http://host"])
def test_a_url_of_another_broker_is_refused(url):
    with pytest.raises(InputError, match=r"nats://|NATS"):
        open_broker(url)
    with pytest.raises(InputError, match=r"nats://|NATS"):
        open_stream(url)


def test_the_events_of_kafka_cannot_be_read_back():
    with pytest.raises(InputError, match="compared"):
        open_stream("kafka://localhost:9092")


def outgoing(k):
    name = message_id("acme", "fill", f"f{k}")
    return Outgoing("tradeloop.acme.fill", name, (0, k + 1), b'{"k": %d}' % k)


def configs(server):
    async def work():
        client = await nats.connect(server.url)
        stream = client.jetstream()
        found = {n: await stream.stream_info(n) for n in (EVENTS, INTAKE, TICKS)}
        await client.close()
        return {name: info.config for name, info in found.items()}

    return asyncio.run(work())


def test_streams_are_made_once_and_left_as_they_are(tmp_path):
    limits = StreamLimits(duplicate_window_s=60, max_bytes=1 << 24, max_age_s=3600)
    with running(tmp_path / "nats") as server:
        first = open_stream(server.url, limits=limits)
        assert first.prepare()
        made = configs(server)
        first.publish([outgoing(0)])
        assert not first.prepare()
        first.close()
        other = open_stream(server.url, limits=replace(limits, max_age_s=0))
        assert not other.prepare()
        assert other.drops_old()
        other.close()
        assert configs(server) == made
    for config in made.values():
        assert (config.storage, config.discard) == ("file", "new")
        assert (config.max_bytes, config.num_replicas) == (1 << 24, 1)
        assert config.duplicate_window == 60
    assert [made[n].retention for n in (EVENTS, INTAKE)] == ["limits", "workqueue"]
    assert [made[n].max_age for n in (EVENTS, INTAKE, TICKS)] == [3600, 0, 0]


def test_a_full_stream_refuses_what_is_new_and_keeps_what_it_has(tmp_path):
    with running(tmp_path / "nats") as server:
        stream = open_stream(server.url, limits=StreamLimits(max_bytes=4_000))
        with pytest.raises(UnreachableError, match="maximum bytes"):
            stream.publish([outgoing(k) for k in range(100)])
        for k in range(100):
            try:
                stream.publish([outgoing(k)])
            except UnreachableError:
                break
        held = [h.message_id for h in stream.held()]
        assert 0 < len(held) < 100
        assert held == [outgoing(k).message_id for k in range(len(held))]
        stream.close()


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("known", [[0], [5], range(7), range(1, 20, 2), range(20)])
def test_what_the_stream_has_is_left_out_and_the_rest_comes_in_order(
    tmp_path, known, together
):
    """Both ways of sending: in batches, and one by one for older servers."""
    with running(tmp_path / "nats") as server:
        stream = open_stream(server.url)
        stream.prepare()
        if not together:
            forbid_batches(server)
        stream.publish([outgoing(k) for k in known])
        told = stream.publish([outgoing(k) for k in range(20)])
        assert (told.stored, told.known) == (20 - len(known), len(known))
        rest = [k for k in range(20) if k not in known]
        wanted = [outgoing(k).message_id for k in [*known, *rest]]
        assert [h.message_id for h in stream.held()] == wanted
        stream.close()


def forbid_batches(server):
    async def work():
        client = await nats.connect(server.url)
        stream = client.jetstream()
        config = (await stream.stream_info(EVENTS)).config
        config.allow_atomic = False
        await stream.update_stream(config)
        await client.close()

    asyncio.run(work())


@pytest.mark.parametrize("together", [True, False])
def test_what_a_late_writer_sends_is_refused_whole(tmp_path, together):
    """A relay that was overtaken does not know it: its stream has another end."""
    with running(tmp_path / "nats") as server:
        stream = open_stream(server.url)
        stream.publish([outgoing(k) for k in range(5)])
        late = Tail(3, together)
        sent = sent_by(server, [outgoing(k) for k in range(10, 15)], late)
        assert (sent.stored, sent.known, sent.tail) == (0, 0, None)
        assert "wrong last" in sent.failed
        assert len(list(stream.held())) == 5
        sent = sent_by(server, [outgoing(k) for k in range(5, 8)], Tail(5, together))
        assert (sent.stored, sent.failed, sent.tail) == (3, "", Tail(8, together))
        stream.close()


class Losing:
    """A connection on which the third message goes astray."""

    def __init__(self, client):
        self.client, self.count = client, 0

    def __getattr__(self, name):
        return getattr(self.client, name)

    async def publish(self, subject, payload, **more):
        self.count += 1
        where = f"{subject}.astray" if self.count == 3 else subject
        await self.client.publish(where, payload, **more)


@pytest.mark.parametrize(("together", "kept"), [(True, 0), (False, 2)])
def test_nothing_overtakes_a_message_that_was_lost_on_the_way(tmp_path, together, kept):
    with running(tmp_path / "nats") as server:
        stream = open_stream(server.url)
        stream.prepare()
        chunk = [outgoing(k) for k in range(6)]
        sent = sent_by(server, chunk, Tail(0, together), Losing)
        assert (sent.stored, sent.known) == (kept, 0)
        assert sent.failed
        assert len(list(stream.held())) == kept
        assert stream.publish(chunk).stored == 6 - kept
        assert [h.message_id for h in stream.held()] == [m.message_id for m in chunk]
        stream.close()


def sent_by(server, chunk, tail, over=lambda client: client):
    async def work():
        client = await nats.connect(server.url)
        sent = await send(over(client), chunk, tail, named=True)
        await client.close()
        return sent

    return asyncio.run(work())


def test_a_broker_that_is_not_there_is_said_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        stream = open_stream(f"nats://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(UnreachableError, match="does not answer"):
            stream.prepare()
        stream.close()


def test_the_first_server_that_answers_is_taken(tmp_path):
    with running(tmp_path / "nats") as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"nats://127.0.0.1:{taken.getsockname()[1]}"
        stream = open_stream(f"{dead}, {server.url}")
        assert stream.publish([outgoing(0)]).stored == 1
        stream.close()


def test_a_broker_that_hangs_is_given_up_in_time(tmp_path):
    with running(tmp_path / "nats") as server:
        link = NatsLink(server.url, timeout_s=0.5)
        assert link.run(connected)
        server.pause()
        with pytest.raises(UnreachableError):
            link.run(lambda client: client.flush(timeout=5))
        server.go_on()
        assert link.run(connected)
        link.close()


async def connected(client):
    return client.is_connected


def test_an_event_loop_ends_with_all_that_runs_in_it():
    thread, ended = LoopThread("test"), []

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def begin():
        thread.kept = asyncio.create_task(endless())
        await asyncio.sleep(0)

    thread.run(begin(), 5)
    with pytest.raises(TimeoutError):
        thread.run(endless(), 0.01)
    thread.close()
    thread.close()
    assert ended == [1, 1]


def test_events_go_to_kafka_in_order_under_their_ids():
    """The in-memory broker of FastStream: no Kafka is run here."""
    fast, seen = fast_kafka("kafka://localhost:9092"), []

    @fast.subscriber("tradeloop.acme.fill", batch=True, decoder=as_it_is)
    async def see(body: list[bytes]):
        seen.extend(body)

    async def work(broker):
        async with TestKafkaBroker(fast):
            await asyncio.to_thread(broker.publish, [outgoing(k) for k in range(5)])
            await asyncio.to_thread(broker.close)

    broker = KafkaBroker("kafka://localhost:9092", fast=fast)
    asyncio.run(work(broker))
    assert seen == [outgoing(k).payload for k in range(5)]


async def as_it_is(message):
    return message.body
