"""MACD: TA-Lib."""

import talib


def expected(columns, fast, slow, signal):
    found = talib.MACD(columns["close"], fast, slow, signal)
    return dict(zip(("line", "signal", "histogram"), found, strict=True))
