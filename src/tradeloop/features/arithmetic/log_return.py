"""Log return over n rows."""

from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.window import push_old
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=1)
def _log_return(state: Float, ring: Float, params: tuple[float], x: float) -> float:
    return 1e4 * (x - push_old(state, ring, 0, 0, params[0], x))  # type: ignore[no-any-return]


def log_return(
    n: int,
    x: Source = "close",
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``1e4 * ln(x / x[t - n])``, in bps; missing where x was not above 0."""
    n = positive_rows(n, "log_return")
    return Feature(
        name or f"log_return_{n}{suffix(x, 'close')}_bps",
        FAMILY,
        (log_price(x).columns[0],),
        (n,),
        ring=n,
        warm_up=(n,),
        look_back=n,
        category=category,
        group=group,
    )


FAMILY = Family(
    name="log_return",
    category="technical",
    kernel=_log_return,
    formula="1e4 * (x[t] - x[t - n]), x the logarithm of a price",
    unit="bps",
    reference="definition",
    build=log_return,
    examples=((1,), (20,)),
)
