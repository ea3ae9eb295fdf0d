"""Raw columns of a stream: the same family serves bars, quotes, the book, the tape."""

from tradeloop.features.arithmetic.weighted_sum import weighted_sum
from tradeloop.features.base import Feature


def raw(stream: str, *names: str) -> tuple[str, ...]:
    """Raw columns of a stream; an empty one means bars, whose columns are plain."""
    point = f"{stream}." if stream else ""
    return tuple(f"{point}{name}" for name in names)


def titled(stream: str, name: str) -> str:
    """Return a feature's name with its stream in front, plain for bars."""
    return f"{stream}_{name}" if stream else name


def mid(stream: str = "") -> Feature:
    """Half of bid and ask, a price."""
    bid, ask = raw(stream, "bid", "ask")
    return weighted_sum(
        bid,
        ask,
        (0.5, 0.5),
        name=titled(stream, "mid"),
        category="microstructure",
        group="microstructure",
    )


def spelt(window_ns: int) -> str:
    """Spell a length of time in the largest unit that it is a whole number of."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if window_ns % size == 0:
            return f"{window_ns // size}{unit}"
    return f"{window_ns}ns"
