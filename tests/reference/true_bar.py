"""High and low joined to the close before."""

import numpy as np


def expected(columns):
    before = np.concatenate([[np.nan], columns["close"][:-1]])
    return {
        "high": np.maximum(columns["high"], before),
        "low": np.minimum(columns["low"], before),
    }
