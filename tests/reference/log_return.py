"""Log return: of the ratio of two prices."""

from reference.rolling import log_returns


def expected(columns, n):
    return {"value": log_returns(columns["close"], n)}
