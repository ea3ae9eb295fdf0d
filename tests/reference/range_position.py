"""Place of the close in its bar."""


def expected(columns):
    high, low = columns["high"], columns["low"]
    return {"value": (columns["close"] - low) / (high - low)}
