"""Yang and Zhang's estimator, each window by the three variances of the paper."""

from math import log, sqrt
from statistics import variance

from reference.rolling import mean, rolled


def expected(columns, n, rows_a_year=252):
    k = 0.34 / (1.34 + (n + 1) / (n - 1))

    def whole(open_, high, low, close):
        bars = range(1, n + 1)
        overnight = variance([log(open_[i] / close[i - 1]) for i in bars])
        within = variance([log(close[i] / open_[i]) for i in bars])
        rogers = mean(
            [
                log(high[i] / close[i]) * log(high[i] / open_[i])
                + log(low[i] / close[i]) * log(low[i] / open_[i])
                for i in bars
            ]
        )
        return sqrt(overnight + k * within + (1 - k) * rogers)

    names = ("open", "high", "low", "close")
    root = rolled(n + 1, whole, *(columns[name] for name in names))
    return {"bps": 10_000 * root, "annualised_pct": 100 * root * sqrt(rows_a_year)}
