"""Both prices, unless the other one's last event is too old."""

import numpy as np

MINUTE = 60 * 10**9


def expected(columns, x="close", y="benchmark.close", stale_minutes=10**9):
    own = columns["day"] * 1440 + columns["ns_of_day"] / MINUTE
    other = columns["benchmark.day"] * 1440 + columns["benchmark.ns_of_day"] / MINUTE
    fresh = own - other <= stale_minutes
    return {
        "own": np.where(fresh, columns[x], np.nan),
        "other": np.where(fresh, columns[y], np.nan),
        "age_minutes": own - other,
    }
