"""Log returns over the gap and within the bar."""

from math import log, nan

import numpy as np


def expected(columns):
    open_, close = columns["open"].tolist(), columns["close"].tolist()
    gaps = [log(o / c) for o, c in zip(open_[1:], close[:-1], strict=True)]
    within = [log(c / o) for o, c in zip(open_, close, strict=True)]
    return {
        "overnight_bps": 10_000 * np.array([nan, *gaps]),
        "intraday_bps": 10_000 * np.array(within),
    }
