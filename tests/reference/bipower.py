"""Products of neighbouring returns, each window afresh."""

from math import pi, sqrt

from reference.rolling import log_returns, mean, rolled


def expected(columns, n):
    def smooth(values):
        return pi / 2 * mean([abs(values[i] * values[i - 1]) for i in range(1, n)])

    def jump(values):
        return max(0.0, 1 - smooth(values) / mean([v**2 for v in values]))

    change = log_returns(columns["close"])
    root = rolled(n, lambda values: sqrt(smooth(values)), change)
    return {"bps": root, "jump_share": rolled(n, jump, change)}
