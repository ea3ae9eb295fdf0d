"""Vortex: TA-Lib."""

import talib


def expected(columns, n):
    found = talib.VORTEX(columns["high"], columns["low"], columns["close"], n)
    return dict(zip(("plus", "minus"), found, strict=True))
