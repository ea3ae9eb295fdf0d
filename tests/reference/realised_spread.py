"""Spreads after a horizon: for each trade, look through all rows for the later mid."""

import numpy as np

from reference.streams import of, times
from reference.trade_sign import expected as signed


def matured(columns, horizon_ns, most=4096):
    """(row of the trade, row where known, effective, realised, impact) of each."""
    stamps = times(columns, "tape")
    price, bid, ask = of(columns, "tape", "price", "bid", "ask")
    sign, mid = signed(columns, "tape", "tape")["sign"], (bid + ask) / 2
    taken, found = [], []
    for row in np.flatnonzero(sign):
        due = stamps[row] + horizon_ns
        if sum(stamps[k] + horizon_ns >= stamps[row] for k in taken) >= most:
            continue
        taken.append(row)
        later = [k for k, stamp in enumerate(stamps) if stamp > due]
        if not later:
            continue
        then = mid[max(k for k, stamp in enumerate(stamps) if stamp <= due)]
        side = 10_000 * 2 * sign[row] / mid[row]
        gaps = (price[row] - mid[row], price[row] - then, then - mid[row])
        found.append((row, later[0], *(side * gap for gap in gaps)))
    return found


def expected(columns, horizon_ns, n=100, most=4096):
    trades = matured(columns, horizon_ns, most)
    rows = []
    for row in range(len(columns["tape.price"])):
        known = [trade[2:] for trade in trades if trade[1] <= row][-n:]
        means = [sum(kind) / len(known) for kind in zip(*known, strict=True)]
        now = sum(trade[1] == row for trade in trades)
        rows.append((*(means or (0, 0, 0)), now))
    names = ("effective", "realised", "impact", "matured")
    return dict(zip(names, np.array(rows, float).T, strict=True))
