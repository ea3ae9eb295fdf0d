"""Volatility of the mid for a second, from every change of the quotes."""

from math import log, nan, sqrt

from tradeloop.features.base import Category, Family, Feature
from tradeloop.features.microstructure.stream import raw, spelt, titled
from tradeloop.features.microstructure.time_window import FIELDS, checked, push_recent
from tradeloop.fold import Float, kernel


@kernel("value", state=6, params=3)
def _mid_volatility(
    state: Float,
    ring: Float,
    params: tuple[float, float, float],
    bid: float,
    ask: float,
    day: float,
    ns_of_day: float,
) -> float:
    window, most, scale = params
    mid, last = 0.5 * (bid + ask), state[5]
    if mid <= 0.0:
        return nan
    state[5] = mid
    if last == 0.0:
        return nan
    move = log(mid / last)
    square, _, _ = push_recent(
        state, ring, (window, most), (day, ns_of_day), (move * move, 0.0)
    )
    return 1e4 * sqrt(square * scale)


def mid_volatility(
    window_ns: int,
    most: int = 4096,
    *,
    stream: str = "quote",
    category: Category | None = None,
) -> Feature:
    """Root of the squared log changes of the mid in a time window, for a second.

    In bps for the root of a second: times the root of n it is that of n seconds, if
    changes are independent. Until ``window_ns`` has passed it is too low.
    """
    window_ns, most = checked(window_ns, most, "mid_volatility")
    return Feature(
        titled(stream, f"mid_volatility_{spelt(window_ns)}_bps"),
        FAMILY,
        raw(stream, "bid", "ask", "day", "ns_of_day"),
        (window_ns, most, 1e9 / window_ns),
        ring=FIELDS * most,
        warm_up=(1,),
        look_back=most + 1,
        category=category,
    )


FAMILY = Family(
    name="mid_volatility",
    category="microstructure",
    kernel=_mid_volatility,
    formula="1e4 * sqrt(sum(ln(mid / mid')^2) / seconds of w), events in (now - w, "
    "now]",
    unit="bps for the root of a second",
    reference="Andersen and others 2003; mean taken as 0",
    build=mid_volatility,
    examples=((20 * 10**9, 64), (3 * 10**9, 4)),
)
