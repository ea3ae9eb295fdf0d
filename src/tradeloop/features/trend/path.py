"""Path: the way that a series walked in a window, and what is measured by it."""

from math import nan

from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
    suffix,
)
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.blend import titled
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=5, params=1)
def _path(state: Float, ring: Float, params: tuple[float], x: float) -> float:
    prev, started = state[3], state[4]
    state[3], state[4] = x, 1.0
    if started == 0.0:
        return nan
    return push_sum(state, ring, 0, 0, params[0], abs(x - prev))  # type: ignore[no-any-return]


def path(x: Source, n: int) -> Feature:
    """Sum of the absolute changes of ``x`` over n rows, in its unit."""
    n = positive_rows(n, "path")
    return Feature(
        f"path_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n,),
        ring=n,
        warm_up=(n,),
        look_back=n,
    )


def vertical_horizontal_filter(n: int, x: Source = "close") -> Feature:
    """Range of n values over the way walked to them, 0 where nothing moved."""
    window = extremes(n, x, x)
    span = difference(
        window["highest"], window["lowest"], name=f"span_{n}_{name_of(x)}"
    )
    name = f"vertical_horizontal_filter_{n}{suffix(x, 'close')}"
    return titled(ratio(span.columns[0], path(x, n).columns[0]), name)


FAMILY = Family(
    name="path",
    category="technical",
    kernel=_path,
    formula="sum(abs(x - x[t-1])) over n rows",
    unit="unit of x",
    reference="TA-Lib VHF divides the range of the window by it",
    build=path,
    examples=(("close", 20), ("volume", 3)),
    price_degree=(1,),
)
