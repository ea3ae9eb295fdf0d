"""Aroon: TA-Lib."""

import talib


def expected(columns, n):
    down, up = talib.AROON(columns["high"], columns["low"], n)
    oscillator = talib.AROONOSC(columns["high"], columns["low"], n)
    return {"up": up, "down": down, "oscillator": oscillator}
