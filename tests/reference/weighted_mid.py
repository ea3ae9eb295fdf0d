"""Size-weighted mid against the mid, as the paper writes it."""


def expected(columns):
    bid, ask = columns["bid"], columns["ask"]
    bid_size, ask_size = columns["bid_size"], columns["ask_size"]
    weighted = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    mid = (bid + ask) / 2
    return {"value": 10_000 * (weighted - mid) / mid}
