"""Questions to a stand-in's history, and results that it may give."""

from capture.polygon_standin import KEY
from tradeloop.capture.polygon import History, Key, Patience
from tradeloop.clock import ReplayClock
from tradeloop.events import instant_ns

DAY = instant_ns("2026-01-05T00:00:00Z")
NEXT = instant_ns("2026-01-06T00:00:00Z")
OPEN = instant_ns("2026-01-05T14:30:00Z")
LATENCY = 50_000_000
QUICK = Patience(tries=4, first_s=0.001, longest_s=0.2, timeout_s=5)


def history(url, key=KEY, **options):
    options = {"latency_ns": LATENCY, "patience": QUICK, **options}
    return History(Key(key), ReplayClock(DAY), url=url, **options)


def quote(at, **changed):
    stamp = OPEN + at * 1_000_000
    return {
        "participant_timestamp": stamp,
        "sip_timestamp": stamp + 200_000,
        "sequence_number": 100 + 3 * at,
        "bid_price": 10.0 + at,
        "ask_price": 10.5 + at,
        "bid_size": 2,
        "ask_size": 3,
        "bid_exchange": 4,
        "conditions": [1],
        **changed,
    }


def trade(at, **changed):
    stamp = OPEN + at * 1_000_000
    return {
        "participant_timestamp": stamp,
        "sip_timestamp": stamp + 200_000,
        "sequence_number": 5 * at,
        "price": 10.0 + at,
        "size": 100,
        "exchange": 4,
        "id": str(at),
        "conditions": [12, 37],
        **changed,
    }
