"""Microprice: the table's cell, found by trying all of them."""

import numpy as np

from reference.streams import of


def expected(columns, table, stream="quote"):
    rows = of(columns, stream, "bid", "ask", "bid_size", "ask_size")
    spreads, buckets = len(table.adjustment), len(table.adjustment[0])
    prices, gaps = [], []
    for bid, ask, bid_size, ask_size in zip(*rows, strict=True):
        share = bid_size / (bid_size + ask_size)
        bucket = max(k for k in range(buckets) if k / buckets <= share)
        wide = round((ask - bid) / table.tick)
        row = max([k for k in range(spreads) if k + 1 <= wide], default=0)
        gap = table.tick * table.adjustment[row][bucket]
        mid = (bid + ask) / 2
        prices.append(mid + gap)
        gaps.append(10_000 * gap / mid)
    return {"price": np.array(prices), "bps": np.array(gaps)}
