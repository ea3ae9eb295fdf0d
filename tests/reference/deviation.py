"""Standard deviation and variance: TA-Lib."""

import talib


def expected(columns, n, x="close", k=1.0):
    return {
        "stddev": talib.STDDEV(columns[x], n, k),
        "variance": talib.VAR(columns[x], n),
    }
