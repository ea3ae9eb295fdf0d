"""Close-to-close volatility about the mean return, a row and a year."""

from math import sqrt

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.rolling.moments import moments
from tradeloop.fold import kernel

TRADING_DAYS = 252
"""Rows in a year where a row is a trading day: the usual convention."""


@kernel("bps", "annualised_pct", params=2)
def _close_to_close(params: tuple[float, float], std: float) -> tuple[float, float]:
    return params[0] * std, params[1] * std


def close_to_close(n: int, rows_a_year: float = TRADING_DAYS) -> Feature:
    """Columns ``bps`` (a row) and ``annualised_pct`` of n log returns.

    The mean is taken out and the sum divided by n - 1; the annualised column is the
    other times ``sqrt(rows_a_year)``, in percent. `realised_volatility` takes the mean
    as 0 instead.
    """
    n = positive_rows(n, "close_to_close", 2)
    sample = sqrt(n / (n - 1))
    ending = "" if rows_a_year == TRADING_DAYS else f"_{rows_a_year:g}_a_year"
    return Feature(
        f"close_to_close_{n}{ending}",
        FAMILY,
        (moments(log_return(1).columns[0], n)["std"],),
        (sample, sample * sqrt(rows_a_year) / 100),
        warm_up=(0, 0),
    )


FAMILY = Family(
    name="close_to_close",
    category="risk",
    kernel=_close_to_close,
    formula="bps = sqrt(sum((r - mean(r))^2) / (n - 1)), annualised_pct = bps * "
    "sqrt(rows a year) / 100, r log return in bps",
    unit="bps: bps a row; annualised_pct: percent a year of 252 rows unless given",
    reference="definition; TTR volatility(calc = 'close')",
    build=close_to_close,
    examples=((20,), (5, 365)),
)
