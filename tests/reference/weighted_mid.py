"""Size-weighted mid against the mid, as the paper writes it."""

from reference.streams import of


def expected(columns, stream=""):
    bid, ask, bid_size, ask_size = of(
        columns, stream, "bid", "ask", "bid_size", "ask_size"
    )
    weighted = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    mid = (bid + ask) / 2
    return {"value": 10_000 * (weighted - mid) / mid}
