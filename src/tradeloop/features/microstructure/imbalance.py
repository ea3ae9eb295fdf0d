"""Imbalance of the sizes at the best bid and ask."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel


@kernel("value")
def _imbalance(bid_size: float, ask_size: float) -> float:
    both = bid_size + ask_size
    return (bid_size - ask_size) / both if both > 0.0 else 0.0


def imbalance() -> Feature:
    """``(bid_size - ask_size) / (bid_size + ask_size)``: 1 all bid, -1 all ask."""
    return Feature("imbalance", FAMILY, ("bid_size", "ask_size"), warm_up=(0,))


FAMILY = Family(
    name="imbalance",
    category="microstructure",
    kernel=_imbalance,
    formula="(bid_size - ask_size) / (bid_size + ask_size)",
    unit="-1 to 1; 0 without sizes",
    reference="Gould and Bonart 2016",
    build=imbalance,
    examples=((),),
)
