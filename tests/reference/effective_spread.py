"""Twice the way from the mid, in the direction of the taker."""

from reference.streams import of
from reference.trade_sign import expected as signed


def expected(columns, stream="trade", quotes="quote"):
    (price,), (bid, ask) = (
        of(columns, stream, "price"),
        of(columns, quotes, "bid", "ask"),
    )
    mid = (bid + ask) / 2
    sign = signed(columns, stream, quotes)["sign"]
    return {"value": 10_000 * 2 * sign * (price - mid) / mid}
