"""Yang-Zhang volatility: overnight, within the day, and the range."""

from math import sqrt

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.rolling.moments import moments
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.close_to_close import TRADING_DAYS
from tradeloop.features.volatility.range_volatility import range_variance
from tradeloop.features.volatility.session_returns import session_returns
from tradeloop.fold import kernel


@kernel("bps", "annualised_pct", params=4)
def _yang_zhang(
    params: tuple[float, float, float, float],
    overnight: float,
    intraday: float,
    rogers_satchell: float,
) -> tuple[float, float]:
    sample, within, rest, year = params
    between = sample * (overnight * overnight)
    root = sqrt(between + within * (intraday * intraday) + rest * rogers_satchell)
    return root, year * root


def yang_zhang(n: int, rows_a_year: float = TRADING_DAYS) -> Feature:
    """Columns ``bps`` (a row) and ``annualised_pct`` over n bars.

    Free of drift and, unlike the other range estimators, aware of gaps.
    """
    n = positive_rows(n, "yang_zhang", 2)
    parts = session_returns()
    sample, k = n / (n - 1), 0.34 / (1.34 + (n + 1) / (n - 1))
    ending = "" if rows_a_year == TRADING_DAYS else f"_{rows_a_year:g}_a_year"
    return Feature(
        f"yang_zhang_{n}{ending}",
        FAMILY,
        (
            moments(parts["overnight_bps"], n)["std"],
            moments(parts["intraday_bps"], n)["std"],
            sma(range_variance()["rogers_satchell"], n)["value"],
        ),
        (sample, k * sample, 1 - k, sqrt(rows_a_year) / 100),
        warm_up=(0, 0),
    )


FAMILY = Family(
    name="yang_zhang",
    category="risk",
    kernel=_yang_zhang,
    formula="sqrt(var(overnight) + k * var(intraday) + (1 - k) * "
    "mean(rogers_satchell)), k = 0.34 / (1.34 + (n + 1) / (n - 1)), var divided by "
    "n - 1; the step is given standard deviations divided by n",
    unit="bps: bps a row; annualised_pct: percent a year of 252 rows unless given",
    reference="Yang and Zhang 2000",
    build=yang_zhang,
    examples=((20,), (5, 365)),
)
