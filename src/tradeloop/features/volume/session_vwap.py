"""Volume-weighted average price since the session began."""

from math import floor

from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE
from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature
from tradeloop.features.structure.typical import typical_price
from tradeloop.fold import Float, kernel

_DAY = float(NS_PER_DAY)


@kernel("value", state=4, params=1)
def _session_vwap(
    state: Float,
    params: tuple[float],
    price: float,
    volume: float,
    day: float,
    ns_of_day: float,
) -> float:
    session = day + floor((ns_of_day - params[0]) / _DAY)
    same = state[0] == 1.0 and session == state[1]
    money = (state[2] if same else 0.0) + price * volume
    traded = (state[3] if same else 0.0) + volume
    state[0], state[1], state[2], state[3] = 1.0, session, money, traded
    return money / traded if traded > 0.0 else price


def session_vwap(offset_ns: int = 0) -> Feature:
    """``sum(typical * volume) / sum(volume)`` since the session began, a price.

    A session lasts a day from ``offset_ns`` after midnight UTC, all the year (clocks
    that change twice a year need two features). A bar stands at the time of its end, so
    what ends on the boundary belongs to the session before it.
    """
    if not 0 <= offset_ns < NS_PER_DAY:
        raise InputError(
            f"offset_ns must be at least 0 and below one day, was {offset_ns}.",
            way_out="Give the time of day, UTC, at which a session begins.",
            source="session_vwap",
        )
    minutes = offset_ns / NS_PER_MINUTE
    return Feature(
        f"session_vwap_from_{minutes:g}_min" if offset_ns else "session_vwap",
        FAMILY,
        (typical_price(), "volume", "day", "ns_of_day"),
        (
            offset_ns + 1,
        ),  # one nanosecond after the boundary is the new session's first
        warm_up=(0,),
        look_back=None,
    )


FAMILY = Family(
    name="session_vwap",
    category="technical",
    kernel=_session_vwap,
    formula="sum(price * volume) / sum(volume) since the session began; session = "
    "day + floor((ns_of_day - offset - 1) / 86400e9)",
    unit="price; the price itself while nothing traded",
    reference="definition; TA-Lib VWAP within one session",
    build=session_vwap,
    examples=((), (5 * 3_600_000_000_000,)),
    price_degree=(1,),
)
