"""Close against the extremes of the n rows before, each window afresh."""

from reference.rolling import rolled


def expected(columns, n):
    def side(close, high, low):
        if close[-1] > max(high[:-1]):
            return 1.0
        return -1.0 if close[-1] < min(low[:-1]) else 0.0

    bars = columns["close"], columns["high"], columns["low"]
    return {"value": rolled(n + 1, side, *bars)}
