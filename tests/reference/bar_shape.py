"""Body and shadows as shares of the range."""

import numpy as np


def expected(columns):
    open_, high, low, close = (columns[k] for k in ("open", "high", "low", "close"))
    span = high - low
    return {
        "body": (close - open_) / span,
        "upper_shadow": (high - np.maximum(open_, close)) / span,
        "lower_shadow": (np.minimum(open_, close) - low) / span,
    }
