"""Imbalance of two sizes."""


def expected(columns):
    bid, ask = columns["bid_size"], columns["ask_size"]
    return {"value": (bid - ask) / (bid + ask)}
