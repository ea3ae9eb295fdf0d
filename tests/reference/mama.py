"""MESA adaptive means: TA-Lib."""

import talib


def expected(columns, x="close", fast=0.5, slow=0.05):
    leading, following = talib.MAMA(columns[x], fast, slow)
    return {"mama": leading, "fama": following}
