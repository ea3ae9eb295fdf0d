"""Change: TA-Lib momentum."""

import talib


def expected(columns, x, n):
    return {"value": talib.MOM(columns[x], n)}
