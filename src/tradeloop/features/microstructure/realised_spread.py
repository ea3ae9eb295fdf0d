"""Realised spread and price impact of trades, at a fixed time after each."""

from numpy import uint64

from tradeloop.features.base import Column, Family, Feature, Source, positive_rows
from tradeloop.features.microstructure.stream import mid, raw, spelt, titled
from tradeloop.features.microstructure.time_window import DAY, checked
from tradeloop.features.microstructure.trade_sign import trade_sign
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, inline, kernel

_FIELDS = 5  # of a trade that waits: day, ns of day, side / mid in bps, price, mid


@inline
def _mean(state: Float, ring: Float, at: int, base: float, n: float, x: float) -> float:
    """Mean of the last n values, of fewer at the start."""
    total = push_sum(state, ring, at, base, n, x)
    if total == total:
        return total / n  # type: ignore[no-any-return]
    return state[at + 1] / state[at]  # type: ignore[no-any-return]


@kernel("effective", "realised", "impact", "matured", state=15, params=3)
def _realised_spread(
    state: Float,
    ring: Float,
    params: tuple[float, float, float],
    sign: float,
    price: float,
    mid: float,
    day: float,
    ns_of_day: float,
) -> tuple[float, float, float, float]:
    # state: first, waiting, last mid; three means that stand; then three sums
    horizon, most, n = params
    first, waiting, stood = state[0], state[1], state[2]
    base, matured = 5.0 * most, 0.0
    while waiting > 0.0:
        at = uint64(5.0 * first)
        age = (day - ring[at]) * DAY + (ns_of_day - ring[at + uint64(1)])
        # At the very end of the horizon a quote of this instant may still come.
        if age <= horizon:
            break
        side, paid = ring[at + uint64(2)], ring[at + uint64(3)]
        then = ring[at + uint64(4)]
        state[3] = _mean(state, ring, 6, base, n, side * (paid - then))
        state[4] = _mean(state, ring, 9, base + n, n, side * (paid - stood))
        state[5] = _mean(state, ring, 12, base + n + n, n, side * (stood - then))
        matured += 1.0
        first += 1.0
        first -= most if first == most else 0.0
        waiting -= 1.0
    if sign != 0.0 and mid > 0.0 and waiting < most:
        place = first + waiting
        place -= most if place >= most else 0.0
        at = uint64(5.0 * place)
        ring[at], ring[at + uint64(1)] = day, ns_of_day
        ring[at + uint64(2)], ring[at + uint64(3)] = 2e4 * (sign / mid), price
        ring[at + uint64(4)] = mid
        waiting += 1.0
    state[0], state[1], state[2] = first, waiting, mid
    return state[3], state[4], state[5], matured


def realised_spread(
    horizon_ns: int,
    n: int = 100,
    most: int = 4096,
    *,
    stream: str = "tape",
    sign: Source = "",
) -> Feature:
    """Columns ``effective``, ``realised``, ``impact`` and ``matured``.

    Means over the last n trades whose horizon has ended, in bps of the mid at the
    trade; ``matured`` counts those that ended in this row. The later mid is the one
    that stood exactly ``horizon_ns`` after the trade, never the next one, so all three
    are known only then: at the first row after it. Effective = realised + impact.

    Parameters
    ----------
    horizon_ns : int
        Nanoseconds from the trade to the later mid.
    n : int
        Trades in a mean; at the start as many as there are.
    most : int
        Trades that may wait. A trade that finds no room is left out.
    stream : str
        A stream with a row for every quote *and* every trade, as `tape` makes it: on
        trades alone the mid between two trades would be missed.
    sign : Source
        Side of the taker, 0 on rows without a trade; absent: that of `trade_sign`.
    """
    horizon_ns, most = checked(horizon_ns, most, "realised_spread")
    n = positive_rows(n, "realised_spread")
    price, day, ns_of_day = raw(stream, "price", "day", "ns_of_day")
    side: str | Column = sign or trade_sign(stream, stream)["sign"]
    return Feature(
        titled(stream, f"spread_{spelt(horizon_ns)}_{n}"),
        FAMILY,
        (side, price, mid(stream)["value"], day, ns_of_day),
        (horizon_ns, most, n),
        ring=_FIELDS * most + 3 * n,
        warm_up=(0, 0, 0, 0),
        look_back=None,
        clock=stream,
    )


FAMILY = Family(
    name="realised_spread",
    category="microstructure",
    kernel=_realised_spread,
    formula="effective = 2e4 * sign * (price - m) / m, realised = 2e4 * sign * (price "
    "- m') / m, impact = 2e4 * sign * (m' - m) / m; m the mid at the trade, m' the mid "
    "a horizon later; means over n trades",
    unit="bps of the mid; trades. 0 until the first trade has matured",
    reference="Huang and Stoll 1996; SEC Rule 605; as-of mid, equal weights",
    build=realised_spread,
    examples=((5 * 10**9, 10), (700 * 10**6, 1, 4)),
)
