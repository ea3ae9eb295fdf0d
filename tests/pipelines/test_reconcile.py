"""What a broker has lost is named exactly, and mended from the journal."""

import asyncio
from contextlib import contextmanager
from pathlib import Path
from random import Random

import nats
import pytest

from pipelines.broked import ANN, BOB, CLOCK, add_fills
from stores.nats import running
from stores.server import empty, shared_url
from tradeloop.errors import BusyError
from tradeloop.pipelines.broker import (
    rebuild_places,
    reconcile_places,
    relay_places,
)
from tradeloop.pipelines.reconcile import (
    Rebuilt,
    published_upto,
    rebuild_stream,
    reconcile,
    repair,
)
from tradeloop.pipelines.relay import Relay, relay_once
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import START, open_journal, open_log
from tradeloop.stores.broker import EVENTS, Outgoing, StreamLimits, open_stream

N = 600


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "nats") as started:
        yield started


@contextmanager
def stream_of(server, **limits):
    opened = open_stream(server.url, limits=StreamLimits(**limits))
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
    """Fills of two tenants, in turns."""
    with open_journal(tmp_path / "journal.db", CLOCK) as opened:
        for k in range(0, N, 100):
            add_fills(opened, 100, first=k, principal=ANN if k % 200 else BOB)
        yield opened


def relayed(journal, stream):
    relay_once(journal, stream, CLOCK, owner="relay")


def compared(journal, stream):
    return reconcile(journal, stream, upto=published_upto(journal, "me"))


def delete(server, sequences):
    async def work():
        client = await nats.connect(server.url)
        for sequence in sequences:
            await client.jetstream().delete_msg(EVENTS, sequence)
        await client.close()

    asyncio.run(work())


def ids(stream):
    return [held.message_id for held in stream.held()]


def test_a_whole_stream_is_complete_by_count_and_by_hash(journal, stream):
    relayed(journal, stream)
    found = compared(journal, stream)
    assert found.complete
    assert [(k.tenant, k.kind, k.journal, k.stream) for k in found.kinds] == [
        ("acme", "fill", N // 2, N // 2),
        ("desk", "fill", N // 2, N // 2),
    ]
    assert all(k.journal_sha256 == k.stream_sha256 for k in found.kinds)
    assert found.kinds[0].journal_sha256 != found.kinds[1].journal_sha256


def test_exactly_what_was_deleted_is_missing_and_repair_brings_it_back(
    journal, server, stream
):
    relayed(journal, stream)
    before = ids(stream)
    lost = sorted(Random(3).sample(range(N), 37))  # noqa: S311 - planted, not secret
    delete(server, [k + 1 for k in lost])
    found = compared(journal, stream)
    assert not found.complete
    assert sorted(found.missing) == sorted(before[k] for k in lost)
    assert all(k.journal_sha256 != k.stream_sha256 for k in found.kinds)
    # The broker was sent these ids a moment ago: naming them again would store nothing.
    assert repair(journal, stream, found) == Rebuilt(37, (0, N))
    again = compared(journal, stream)
    assert again.complete
    assert [k.repeated for k in again.kinds] == [0, 0]
    assert ids(stream)[-37:] == [before[k] for k in lost]


def test_what_the_journal_does_not_hold_is_named_as_extra(journal, stream):
    relayed(journal, stream)
    ghost = Outgoing("tradeloop.acme.fill", "acme/fill/ghost", (0, 17), b"{}")
    stream.publish([ghost])
    found = compared(journal, stream)
    assert [k.extra for k in found.kinds] == [("acme/fill/ghost",), ()]
    assert not found.complete
    assert found.missing == ()


def test_a_message_that_is_there_twice_is_counted_and_does_no_harm(journal, stream):
    relayed(journal, stream)
    copy = Outgoing("tradeloop.acme.fill", "acme/fill/f100", (0, 101), b"{}")
    stream.publish([copy], named=False)
    found = compared(journal, stream)
    assert found.complete
    assert [k.repeated for k in found.kinds] == [1, 0]


def test_what_is_on_its_way_is_neither_missing_nor_extra(journal, stream):
    relayed(journal, stream)
    upto = published_upto(journal, "me")
    add_fills(journal, 50, first=N)
    relayed(journal, stream)
    add_fills(journal, 50, first=N + 50)
    found = reconcile(journal, stream, upto=upto)
    assert found.complete
    assert sum(k.journal for k in found.kinds) == N


def test_after_a_wipe_everything_is_missing_until_the_stream_is_rebuilt(
    journal, server
):
    with stream_of(server) as stream:
        relayed(journal, stream)
        before = ids(stream)
    server.kill()
    server.wipe()
    server.start()
    with stream_of(server) as stream:
        assert len(compared(journal, stream).missing) == N
        assert rebuild_stream(journal, stream, CLOCK, owner="me") == Rebuilt(N, (0, N))
        assert compared(journal, stream).complete
        assert ids(stream) == before
        add_fills(journal, 1, first=N)
        relayed(journal, stream)
        assert ids(stream) == [*before, f"acme/fill/f{N}"]


def test_a_rebuilt_stream_is_whole_and_in_order_whatever_was_in_it(
    journal, server, stream
):
    relayed(journal, stream)
    before = ids(stream)
    delete(server, [1, 5, N])
    stream.publish([Outgoing("tradeloop.acme.fill", "acme/fill/x", (0, 1), b"{}")])
    add_fills(journal, 10, first=N)
    told = rebuild_stream(journal, stream, CLOCK, owner="me")
    assert told == Rebuilt(N + 10, (0, N + 10))
    assert ids(stream) == before + [f"acme/fill/f{k}" for k in range(N, N + 10)]
    assert published_upto(journal, "me") == (0, N + 10)


def test_the_commands_do_all_of_it_on_the_journal_of_a_workspace(server, tmp_path):
    places = Places(
        *[tmp_path / name for name in ("j.db", "c.db", "t.db", "lake", "a")]
    )
    with open_journal(places.journal, CLOCK) as journal:
        add_fills(journal, 30)
    assert relay_places(places, CLOCK, server.url).published == 30
    assert reconcile_places(places, CLOCK, server.url).complete
    delete(server, [3, 4])
    told = reconcile_places(places, CLOCK, server.url)
    assert (told.found.missing, told.repaired, told.complete) == (
        ("acme/fill/f2", "acme/fill/f3"),
        0,
        False,
    )
    mended = reconcile_places(places, CLOCK, server.url, mend=True)
    assert (mended.repaired, mended.complete) == (2, True)
    server.kill()
    server.wipe()
    server.start()
    assert rebuild_places(places, CLOCK, server.url) == Rebuilt(30, (0, 30))
    assert reconcile_places(places, CLOCK, server.url).complete


def test_a_relay_at_work_is_not_disturbed(journal, stream):
    relay = Relay(journal, stream, CLOCK, owner="relay")
    position = relay.round().position
    with pytest.raises(BusyError, match="relay"):
        rebuild_stream(journal, stream, CLOCK, owner="me")
    with pytest.raises(BusyError, match="relay"):
        published_upto(journal, "me")
    assert len(ids(stream)) == N
    assert reconcile(journal, stream, upto=position).complete


def test_a_stream_that_drops_what_is_old_is_compared_from_its_first_message(
    journal, server
):
    with stream_of(server, max_age_s=3600) as stream:
        relayed(journal, stream)
        delete(server, [1, 2, 3, 50])
        found = compared(journal, stream)
        assert found.since == (0, 4)
        assert found.missing == ("desk/fill/f49",)


def test_a_stream_that_keeps_everything_is_compared_from_the_start(
    journal, server, stream
):
    relayed(journal, stream)
    delete(server, [1])
    found = compared(journal, stream)
    assert found.since == START
    assert found.missing == ("desk/fill/f0",)


def test_the_same_holds_for_a_journal_on_postgresql(server):
    """Its outbox has places of another form: (transaction, seq)."""
    with shared_url() as shared, empty(shared) as url:
        places = Places(url, *[Path(name) for name in ("c.db", "t.db", "lake", "a")])
        with open_log(url, CLOCK) as journal:
            for first in (0, 50):
                add_fills(journal, 50, first=first)
        assert relay_places(places, CLOCK, server.url).published == 100
        assert relay_places(places, CLOCK, server.url).published == 0
        delete(server, [7, 60])
        mended = reconcile_places(places, CLOCK, server.url, mend=True)
        missing = ("acme/fill/f6", "acme/fill/f59")
        assert (mended.found.missing, mended.complete) == (missing, True)
        assert rebuild_places(places, CLOCK, server.url).published == 100
        assert reconcile_places(places, CLOCK, server.url).complete
