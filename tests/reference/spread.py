"""Spread over the mid."""


def expected(columns):
    bid, ask = columns["bid"], columns["ask"]
    return {"value": 10_000 * (ask - bid) / ((ask + bid) / 2)}
