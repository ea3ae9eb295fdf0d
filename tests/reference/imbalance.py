"""Imbalance of two sizes."""

from reference.streams import of


def expected(columns, stream="", levels=1):
    what = "size" if levels == 1 else f"depth_{levels}"
    bid, ask = of(columns, stream, f"bid_{what}", f"ask_{what}")
    return {"value": (bid - ask) / (bid + ask)}
