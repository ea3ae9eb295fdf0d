"""Spread over the mid."""

from reference.streams import of


def expected(columns, stream=""):
    bid, ask = of(columns, stream, "bid", "ask")
    return {"value": 10_000 * (ask - bid) / ((ask + bid) / 2)}
