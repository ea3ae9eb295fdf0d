"""Imbalance of the sizes at the best bid and ask, or of the depth of several levels."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.fold import kernel


@kernel("value")
def _imbalance(bid_size: float, ask_size: float) -> float:
    both = bid_size + ask_size
    return (bid_size - ask_size) / both if both > 0.0 else 0.0


def imbalance(stream: str = "", levels: int = 1) -> Feature:
    """``(bid_size - ask_size) / (bid_size + ask_size)``: 1 all bid, -1 all ask.

    Parameters
    ----------
    stream : str
        Where the sizes are; empty: in the bars.
    levels : int
        Levels of the book that they sum up; more than 1 only in the stream ``book``.
    """
    what = "size" if levels == 1 else f"depth_{levels}"
    name = "imbalance" if levels == 1 else f"imbalance_{levels}"
    inputs = raw(stream, f"bid_{what}", f"ask_{what}")
    return Feature(titled(stream, name), FAMILY, inputs, warm_up=(0,))


FAMILY = Family(
    name="imbalance",
    category="microstructure",
    kernel=_imbalance,
    formula="(bid_size - ask_size) / (bid_size + ask_size)",
    unit="-1 to 1; 0 without sizes",
    reference="Gould and Bonart 2016",
    build=imbalance,
    examples=((), ("quote",), ("book", 10)),
)
