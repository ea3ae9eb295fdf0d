"""Order flow imbalance of the best quotes."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.features.rolling.share import share
from tradeloop.fold import Float, kernel


@kernel("flow", "depth", state=5)
def _order_flow(
    state: Float, bid: float, ask: float, bid_size: float, ask_size: float
) -> tuple[float, float]:
    started, old_bid, old_ask = state[0], state[1], state[2]
    old_bid_size, old_ask_size = state[3], state[4]
    state[0], state[1], state[2], state[3], state[4] = 1.0, bid, ask, bid_size, ask_size
    if started == 0.0:
        return nan, nan
    flow = bid_size if bid >= old_bid else 0.0
    flow -= old_bid_size if bid <= old_bid else 0.0
    flow -= ask_size if ask <= old_ask else 0.0
    flow += old_ask_size if ask >= old_ask else 0.0
    return flow, bid_size + ask_size


def order_flow(stream: str = "") -> Feature:
    """Columns ``flow`` (what the best quotes gained for the bid) and ``depth``.

    Of each quote in a stream of quotes; of bars, from the quotes at their ends.
    """
    return Feature(
        titled(stream, "order_flow"),
        FAMILY,
        raw(stream, "bid", "ask", "bid_size", "ask_size"),
        warm_up=(1, 1),
        look_back=1,
    )


def order_flow_share(n: int, stream: str = "") -> Feature:
    """Sum of the flow over the sum of the depth of n rows."""
    node = order_flow(stream)
    name = titled(stream, f"order_flow_share_{n}")
    return share(node["flow"], node["depth"], n, name=name, group="microstructure")


FAMILY = Family(
    name="order_flow",
    category="microstructure",
    kernel=_order_flow,
    formula="1{b >= b'} qb - 1{b <= b'} qb' - 1{a <= a'} qa + 1{a >= a'} qa', with ' "
    "for the row before",
    unit="size",
    reference="Cont, Kukanov and Stoikov 2014",
    build=order_flow,
    examples=((), ("quote",)),
)
