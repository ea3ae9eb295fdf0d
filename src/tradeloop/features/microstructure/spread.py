"""Quoted spread, of each quote or at the end of a bar."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.fold import kernel


@kernel("value")
def _spread(bid: float, ask: float) -> float:
    both = bid + ask
    return 2e4 * ((ask - bid) / both) if both > 0.0 else 0.0


def spread(stream: str = "") -> Feature:
    """Ask less bid over the mid, in bps; negative where the quotes cross."""
    inputs = raw(stream, "bid", "ask")
    return Feature(titled(stream, "spread_bps"), FAMILY, inputs, warm_up=(0,))


FAMILY = Family(
    name="spread",
    category="microstructure",
    kernel=_spread,
    formula="1e4 * (ask - bid) / ((ask + bid) / 2)",
    unit="bps of the mid",
    reference="definition",
    build=spread,
    examples=((), ("quote",)),
)
