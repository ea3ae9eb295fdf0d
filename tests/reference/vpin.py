"""VPIN: volume poured into buckets one piece after the other."""

from math import nan
from statistics import NormalDist, pstdev

import numpy as np

from reference.rolling import mean, rolled


def expected(columns, n, bucket, rows, price="close", volume="volume"):
    moves = np.diff(columns[price], prepend=nan)
    deviations = rolled(rows, pstdev, moves)
    closed, held, bought = [], 0.0, 0.0
    values, counts = [], []
    for move, std, traded in zip(moves, deviations, columns[volume], strict=True):
        if std != std:
            values.append(nan)
            counts.append(nan)
            continue
        share = NormalDist().cdf(move / std) if std > 0 else (1 + np.sign(move)) / 2
        left = traded
        while left > 0:
            piece = min(left, bucket - held)
            held, bought, left = held + piece, bought + share * piece, left - piece
            if held == bucket:
                closed.append(abs(bought - (bucket - bought)) / bucket)
                held, bought = 0.0, 0.0
        last = closed[-n:]
        values.append(mean(last) if last else 0.0)
        counts.append(len(last))
    return {"value": np.array(values), "buckets": np.array(counts, float)}
