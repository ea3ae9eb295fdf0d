"""Messages that must not come in, each with what it does to the request that holds it.

``text`` is the value of a field or a whole message as raw bytes; ``alone`` says whether
its neighbours in one array can still be told from it.
"""

import gzip
import json

NOW_NS = 1_700_000_000_000_000_000


def message(event_id: str, **fields) -> dict:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "poisoner",
        "type": "tradeloop.decision.v1",
        "data": {
            "event_ns": NOW_NS,
            "received_ns": NOW_NS,
            "strategy": "s",
            "instrument": "EURUSD",
            "side": 1,
            **fields,
        },
    }


def raw(event_id: str, field: str, value: bytes) -> bytes:
    """A message whose field holds these very bytes."""
    text = json.dumps(message(event_id, **{field: "@@"})).encode()
    return text.replace(b'"@@"', value, 1)


VALUES = {
    "NaN": ("confidence_score", b"NaN"),
    "Infinity": ("confidence_score", b"Infinity"),
    "minus Infinity": ("confidence_score", b"-Infinity"),
    "1e999": ("position_size", b"1e999"),
    "-1e999": ("position_size", b"-1e999"),
    "2^63": ("event_ns", b"9223372036854775808"),
    "5000 digits": ("event_ns", b"9" * 5000),
    "year 1": ("event_ns", b"-62135596800000000000"),
    "year 1 as text": ("event_ns", b'"0001-01-01T00:00:00Z"'),
    "year 9999": ("event_ns", b'"9999-12-31T23:59:59Z"'),
    "a time without a zone": ("event_ns", b'"2024-01-01T00:00:00"'),
    "a side of 2": ("side", b"2"),
    "a side of 1.0": ("side", b"1.0"),
    "true for a side": ("side", b"true"),
    "text for a number": ("risk_score", b'"0.5"'),
    "NUL": ("reasoning", b'"a\\u0000b"'),
    "a raw NUL": ("reasoning", b'"a\x00b"'),
    "a lone surrogate": ("reasoning", b'"\\ud800"'),
    "wrong UTF-8": ("reasoning", b'"\xff\xfe"'),
    "overlong UTF-8": ("reasoning", b'"\xc0\x80"'),
    "a list for text": ("reasoning", b"[1]"),
    "duplicate keys": ("timeframe_consensus", b'{"1h":1,"1h":-1}'),
    "NaN deep inside": ("timeframe_consensus", b'{"1h":[[[NaN]]]}'),
    "50 levels": ("timeframe_consensus", b"[" * 50 + b"]" * 50),
    "2 MB of text": ("reasoning", b'"' + b"x" * (2 << 20) + b'"'),
    "an empty instrument": ("instrument", b'""'),
    "an unknown field": ("colour", b'"red"'),
    "null for a side": ("side", b"null"),
    "a confidence of 1e308": ("confidence_score", b"1e308"),
}
"""A field of a decision, and the bytes of its value; each must be set aside."""

HARMLESS = {
    "1e308": ("position_size", b"1e308"),
    "minus zero": ("position_size", b"-0.0"),
    "the smallest number": ("position_size", b"5e-324"),
    "right to left": ("reasoning", '"\u202eabc\u200b"'.encode()),
    "an emoji": ("reasoning", '"\U0001f4c8"'.encode()),
    "an escaped pair": ("reasoning", b'"\\ud83d\\udcc8"'),
}
"""Odd values that are right: they are stored as they came."""

WHOLE = {
    "nothing": b"",
    "blanks": b" \n ",
    "no JSON": b"hello",
    "half an array": b'[{"id":',
    "an empty array": b"[]",
    "a number": b"1",
    "text": b'"abc"',
    "null": b"null",
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
    "100,000 open": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "UTF-16": '{"id":"a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf[]",
    "9 MB": b'["' + b"x" * (9 << 20) + b'"]',
    "an array of arrays": b"[[],[]]",
    "an empty object": b"{}",
    "duplicate ids": b'{"id":"a","id":"b"}',
}
"""Bodies of a whole request, of which nothing may be stored as an event."""


def bomb() -> bytes:
    """64 KB when packed, 64 MB when not: more than any request may hold."""
    return gzip.compress(b" " * (64 << 20), 9)
