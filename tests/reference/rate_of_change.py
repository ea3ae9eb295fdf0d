"""Rate of change in per cent: TA-Lib."""

import talib


def expected(columns, n, x="close"):
    return {"value": talib.ROC(columns[x], n)}
