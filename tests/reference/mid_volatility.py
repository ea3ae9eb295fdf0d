"""Volatility of the mid: every row looks back over all rows before it."""

from math import log, nan, sqrt

import numpy as np

from reference.streams import of, times


def expected(columns, window_ns, most=4096, stream="quote"):
    stamps, (bid, ask) = times(columns, stream), of(columns, stream, "bid", "ask")
    mid = (bid + ask) / 2
    values = [nan]
    for row in range(1, len(mid)):
        since = [k for k in range(1, row + 1) if stamps[row] - stamps[k] < window_ns]
        squares = [log(mid[k] / mid[k - 1]) ** 2 for k in since[-most:]]
        values.append(10_000 * sqrt(sum(squares) / (window_ns / 1e9)))
    return {"value": np.array(values)}
