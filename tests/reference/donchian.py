"""Place of the close in the range of the n rows before it."""

from reference.rolling import rolled


def expected(columns, n):
    def place(high, low, close):
        top, bottom = max(high[:-1]), min(low[:-1])
        return (close[-1] - bottom) / (top - bottom)

    bars = columns["high"], columns["low"], columns["close"]
    return {"value": rolled(n + 1, place, *bars)}
