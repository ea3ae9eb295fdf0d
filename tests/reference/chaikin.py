"""Chaikin oscillator: TA-Lib."""

import talib


def expected(columns, fast=3, slow=10):
    bars = (columns[name] for name in ("high", "low", "close", "volume"))
    return {"value": talib.ADOSC(*bars, fast, slow)}
