"""Correlation of two columns over a window; with a lag, autocorrelation."""

from math import nan, sqrt

from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_pairs
from tradeloop.fold import Float, kernel


@kernel("value", state=9, params=1)
def _correlation(
    state: Float, ring: Float, params: tuple[float], x: float, y: float
) -> float:
    (n,) = params
    a, b, aa, bb, ab = push_pairs(state, ring, n, x, y)
    if a != a:
        return nan
    wide, tall = aa - a * (a / n), bb - b * (b / n)
    if wide <= 0.0 or tall <= 0.0:
        return 0.0
    value = (ab - a * (b / n)) / (sqrt(wide) * sqrt(tall))
    return max(-1.0, min(value, 1.0))  # type: ignore[no-any-return]


def correlation(
    x: Source, y: Source, n: int, *, name: str = "", group: str = ""
) -> Feature:
    """Pearson correlation over n rows, -1 to 1, 0 where one of them did not move."""
    n = positive_rows(n, "correlation", 2)
    return Feature(
        name or f"correlation_{n}_{name_of(x)}_{name_of(y)}",
        FAMILY,
        (x, y),
        (n,),
        ring=5 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
        group=group,
    )


def autocorrelation(
    x: Source, n: int, rows: int = 1, *, name: str = "", group: str = ""
) -> Feature:
    """Correlation of ``x`` with its own value some rows ago, over n rows."""
    name = name or f"autocorrelation_{n}_{rows}_{name_of(x)}"
    return correlation(x, lag(x, rows).columns[0], n, name=name, group=group)


FAMILY = Family(
    name="correlation",
    category="technical",
    kernel=_correlation,
    formula="cov(x, y) / sqrt(var(x) * var(y)) over n rows",
    unit="-1 to 1; 0 where one did not move",
    reference="Pearson; TA-Lib CORREL",
    build=correlation,
    examples=(("close", "volume", 20), ("high", "low", 5)),
)
