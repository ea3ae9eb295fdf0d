"""Size-weighted mid against the plain mid."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.fold import kernel


@kernel("value")
def _weighted_mid(bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    sizes, prices = bid_size + ask_size, bid + ask
    if sizes <= 0.0 or prices <= 0.0:
        return 0.0
    return 1e4 * (((ask - bid) / prices) * ((bid_size - ask_size) / sizes))


def weighted_mid(stream: str = "") -> Feature:
    """Size-weighted mid less mid, in bps of the mid; it leans to the thinner side."""
    inputs = raw(stream, "bid", "ask", "bid_size", "ask_size")
    return Feature(titled(stream, "weighted_mid_bps"), FAMILY, inputs, warm_up=(0,))


FAMILY = Family(
    name="weighted_mid",
    category="microstructure",
    kernel=_weighted_mid,
    formula="1e4 * ((bid * ask_size + ask * bid_size) / (all sizes) / mid - 1)",
    unit="bps of the mid",
    reference="Gatheral and Oomen 2010; not the microprice of Stoikov 2018",
    build=weighted_mid,
    examples=((), ("quote",)),
)
