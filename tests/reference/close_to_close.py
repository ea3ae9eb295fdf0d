"""Sample standard deviation of log returns."""

from math import sqrt
from statistics import stdev

from reference.rolling import log_returns, rolled


def expected(columns, n, rows_a_year=252):
    bps = rolled(n, stdev, log_returns(columns["close"]))
    return {"bps": bps, "annualised_pct": bps / 100 * sqrt(rows_a_year)}
