"""The live stream: authorised, subscribed again after each loss, ended when asked."""

import logging
import sys
import threading

import pytest

from capture.polygon_standin import DROP, KEY, stream_vendor
from tradeloop.capture.polygon import Down, FeedError, Frame, Key, Limits, Stream, Up
from tradeloop.clock import LiveClock
from tradeloop.errors import InputError, MissingExtraError

QUICK = Limits(first_tries=3, first_s=0.01, longest_s=0.05, open_s=5, poll_s=0.02)


def trade(q):
    return {"ev": "T", "sym": "A", "x": 4, "i": str(q), "p": 1, "s": 1, "t": q, "q": q}


def stream(vendor, url, key=KEY, channels=("T.A", "Q.A")):
    return Stream(
        Key(key), channels, LiveClock(), stop=vendor.done, url=url, limits=QUICK
    )


def numbers(heard):
    frames = [one for one in heard if isinstance(one, Frame)]
    return [m["q"] for frame in frames for m in frame.messages]


def states(heard):
    return [one for one in heard if isinstance(one, Up | Down)]


def test_frames_come_in_order_and_those_that_are_here_at_the_end_too():
    session = [
        [trade(1), trade(2)],
        [trade(3)],
        [],
        *([trade(n)] for n in range(4, 14)),
    ]
    with stream_vendor([session]) as (vendor, url):
        live = stream(vendor, url)
        heard = list(live.frames())
    assert numbers(heard) == list(range(1, 14))
    assert [type(one) for one in states(heard)] == [Up]
    assert live.confirmed == {"T.A", "Q.A"}
    assert vendor.subscribed == ["T.A,Q.A"]


def test_what_is_here_when_it_is_asked_to_end_is_given():
    with stream_vendor([[[trade(n)] for n in range(12)]]) as (vendor, url):
        frames, heard = stream(vendor, url).frames(), []
        for one in frames:
            heard.append(one)
            vendor.done.wait(10)
    assert numbers(heard) == list(range(12))


def test_after_a_loss_it_authorises_and_subscribes_again():
    sessions = [
        [[trade(1)], DROP],
        [DROP],
        [[trade(2)], [trade(3)], DROP],
        [[trade(4)]],
    ]
    with stream_vendor(sessions) as (vendor, url):
        heard = list(stream(vendor, url).frames())
    assert numbers(heard) == [1, 2, 3, 4]
    assert [type(one) for one in states(heard)] == [Up, Down] * 3 + [Up]
    assert [one.connection for one in states(heard)] == [1, 1, 2, 2, 3, 3, 4]
    times = [one.at_ns for one in states(heard)]
    assert times == sorted(times)
    assert vendor.subscribed == ["T.A,Q.A"] * 4


def test_what_is_no_array_is_handed_on_with_its_reason_and_without_the_key():
    garbage = ["no json", '{"ev":"T"}', '[{"a":1,"a":2}]', "[NaN]", b"\xff\xfe", KEY]
    with stream_vendor([[[trade(1)], *garbage, [trade(2), 7, "x", None]]]) as (
        vendor,
        url,
    ):
        heard = list(stream(vendor, url).frames())
    frames = [one for one in heard if isinstance(one, Frame)]
    assert [m for f in frames for m in f.messages] == [trade(1), trade(2), 7, "x", None]
    spoilt = [text for f in frames for text, _ in f.garbage]
    assert len(spoilt) == len(garbage)
    assert KEY not in str(spoilt)


def test_a_refusal_of_the_key_ends_it_without_the_key_in_any_word(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    wrong = "another-key-0123456789"
    with stream_vendor([[]]) as (vendor, url):
        live = stream(vendor, url, key=wrong)
        with pytest.raises(InputError, match="auth_failed") as refused:
            list(live.frames())
        said = repr(live)
    ours = [r.getMessage() for r in caplog.records if "server" not in r.name]
    out = "".join(capfd.readouterr())
    for text in (str(refused.value), said, out, *ours):
        assert wrong not in text
    assert vendor.greetings == [{"action": "auth", "params": wrong}]


def test_the_driver_writes_no_key_into_a_log_at_debug_level(caplog):
    caplog.set_level(logging.DEBUG)
    with stream_vendor([[[trade(1)]]]) as (vendor, url):
        list(stream(vendor, url).frames())
    clients = [r for r in caplog.records if "server" not in r.name]
    assert not [r for r in clients if KEY in r.getMessage()]
    # The stand-in's own side of the driver does: the test can fail.
    assert [r for r in caplog.records if KEY in r.getMessage()]


def test_a_channel_that_is_refused_at_first_ends_it():
    refusal = '[{"ev":"status","status":"error","message":"not authorized"}]'
    with stream_vendor([[]]) as (vendor, url):
        vendor.after_subscribe = [refusal]
        with pytest.raises(InputError, match="not authorized"):
            list(stream(vendor, url).frames())


def test_a_refusal_later_on_is_a_loss_like_others():
    busy = '[{"ev":"status","status":"max_connections","message":"too many"}]'
    sessions = [[[trade(1)], busy, DROP], [[trade(2)], DROP], [[trade(3)]]]
    with stream_vendor(sessions) as (vendor, url):
        heard = list(stream(vendor, url).frames())
    assert numbers(heard) == [1, 2, 3]
    downs = [one for one in heard if isinstance(one, Down)]
    assert "max_connections" in downs[0].reason


def test_data_beside_a_status_that_ends_the_connection_are_not_lost():
    busy = {"ev": "status", "status": "max_connections", "message": ""}
    with stream_vendor([[[trade(1), busy, trade(2)]], [[trade(3)]]]) as (vendor, url):
        heard = list(stream(vendor, url).frames())
    assert numbers(heard) == [1, 2, 3]


def test_without_a_first_connection_it_gives_up():
    stop = threading.Event()
    live = Stream(
        Key(KEY), ["T.A"], LiveClock(), stop=stop, url="ws://127.0.0.1:1", limits=QUICK
    )
    with pytest.raises(FeedError, match="cannot be reached"):
        list(live.frames())


def test_a_stop_before_the_start_opens_nothing():
    with stream_vendor([[]]) as (vendor, url):
        vendor.done.set()
        assert list(stream(vendor, url).frames()) == []
        assert vendor.greetings == []


@pytest.mark.parametrize(
    "channels",
    [[], ["T"], ["X.A"], ["T.A,Q.A"], ["T."], ["T.*.B"], ["A.A", "AM.B"], [""]],
)
def test_channels_that_are_none_are_refused(channels):
    with pytest.raises(InputError):
        Stream(Key(KEY), channels, LiveClock(), stop=threading.Event())


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "websockets.sync.client", None)
    stop = threading.Event()
    live = Stream(Key(KEY), ["T.A"], LiveClock(), stop=stop, url="ws://127.0.0.1:1")
    with pytest.raises(MissingExtraError, match=r"tradeloop\[polygon\]"):
        list(live.frames())
