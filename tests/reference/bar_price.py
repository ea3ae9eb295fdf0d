"""One price for a bar: TA-Lib."""

import talib


def expected(columns):
    open_, high, low, close = (columns[k] for k in ("open", "high", "low", "close"))
    return {
        "average": talib.AVGPRICE(open_, high, low, close),
        "median": talib.MEDPRICE(high, low),
        "weighted": talib.WCLPRICE(high, low, close),
    }
