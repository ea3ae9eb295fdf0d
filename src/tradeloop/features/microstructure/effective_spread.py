"""Effective spread of a trade against the mid that stood when it came."""

from tradeloop.features.base import Column, Family, Feature, Source
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.features.microstructure.trade_sign import trade_sign
from tradeloop.fold import kernel


@kernel("value")
def _effective_spread(sign: float, price: float, bid: float, ask: float) -> float:
    mid = 0.5 * (bid + ask)
    return 2e4 * (sign * ((price - mid) / mid)) if mid > 0.0 else 0.0


def effective_spread(
    stream: str = "trade", quotes: str = "quote", *, sign: Source = ""
) -> Feature:
    """``2e4 * sign * (price - mid) / mid`` of each trade, in bps; 0 where unknown.

    Parameters
    ----------
    stream, quotes : str
        Where the trades are, and where bid and ask; quotes are taken as last known.
    sign : Source
        Side of the taker; absent: that of `trade_sign`.
    """
    side: str | Column = sign or trade_sign(stream, quotes)["sign"]
    inputs = (*raw(stream, "price"), *raw(quotes, "bid", "ask"))
    return Feature(
        titled(stream, "effective_spread_bps"),
        FAMILY,
        (side, *inputs),
        warm_up=(0,),
        clock=stream,
    )


FAMILY = Family(
    name="effective_spread",
    category="microstructure",
    kernel=_effective_spread,
    formula="2e4 * sign * (price - mid) / mid, mid = (bid + ask) / 2",
    unit="bps of the mid; below 0 where a trade was better than the mid",
    reference="Huang and Stoll 1996; SEC Rule 605",
    build=effective_spread,
    examples=((), ("tape", "tape")),
)
