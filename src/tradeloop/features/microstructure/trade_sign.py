"""Who traded: the side of the taker, told or found by the rule of Lee and Ready."""

from tradeloop.features.base import Category, Family, Feature
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.fold import Float, kernel

_ROUNDING = 1e-12  # of the mid: a mid of two decimal prices is no exact float


@kernel("sign", "volume", "buy", state=2)
def _trade_sign(
    state: Float, price: float, size: float, side: float, bid: float, ask: float
) -> tuple[float, float, float]:
    if size <= 0.0:
        return 0.0, 0.0, 0.0
    last, tick = state[0], state[1]
    if last > 0.0:
        tick = 1.0 if price > last else -1.0 if price < last else tick
    state[0], state[1] = price, tick
    mid = 0.5 * (bid + ask)
    gap, near = price - mid, _ROUNDING * mid
    sign = 1.0 if gap > near else -1.0 if gap < -near else tick
    sign = 1.0 if side > 0.0 else -1.0 if side < 0.0 else sign
    return sign, sign * size, size if sign > 0.0 else 0.0


def trade_sign(
    stream: str = "trade", quotes: str = "quote", *, category: Category | None = None
) -> Feature:
    """Columns ``sign`` (+1, -1, 0 unknown), ``volume`` (signed) and ``buy`` of a trade.

    The venue's flag counts where there is one. Otherwise the quote rule: above the mid
    a buy, below it a sale; at the mid the tick rule: the direction of the last change
    of price. Quotes are taken as last known, without the five seconds of 1991.

    Parameters
    ----------
    stream : str
        Where the trades are; on a ``tape`` rows of size 0 are quotes: they give 0.
    quotes : str
        Where bid and ask are. Empty: there are none, the tick rule alone decides.
    """
    trades = raw(stream, "price", "size", "side")
    # A price between itself and itself is at the mid.
    beside = raw(quotes, "bid", "ask") if quotes else (trades[0], trades[0])
    name = "taker" if quotes else "taker_by_tick"
    return Feature(
        titled(stream, name),
        FAMILY,
        (*trades, *beside),
        warm_up=(0, 0, 0),
        look_back=None,
        category=category,
        clock=stream,
    )


FAMILY = Family(
    name="trade_sign",
    category="microstructure",
    kernel=_trade_sign,
    formula="side, else the sign of price - (bid + ask) / 2, else of the last change "
    "of price; volume = sign * size; buy = size where sign is 1",
    unit="1, -1 or 0; size; size",
    reference="Lee and Ready 1991",
    build=trade_sign,
    examples=((), ("tape", "tape"), ("trade", "")),
)
