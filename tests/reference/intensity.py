"""Weights of all events so far, added up for each row."""

from math import exp

import numpy as np

from reference.streams import times


def expected(columns, stream, mean_age_ns):
    stamps = times(columns, stream)
    rates = [
        sum(exp(-(now - stamp) / mean_age_ns) for stamp in stamps[: row + 1])
        for row, now in enumerate(stamps)
    ]
    return {"value": np.array(rates) / (mean_age_ns / 1e9)}
