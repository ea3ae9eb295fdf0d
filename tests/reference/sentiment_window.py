"""Texts of a window, counted anew for each text."""

import numpy as np

DAY_NS = 86_400 * 10**9


def expected(columns, window_ns, most=1024):
    day, rest = columns["sentiment.day"], columns["sentiment.ns_of_day"]
    at = [int(d) * DAY_NS + int(r) for d, r in zip(day, rest, strict=True)]
    found = []
    for row, now in enumerate(at):
        last = range(max(0, row - most + 1), row + 1)
        scores = [
            columns["sentiment.score"][j] for j in last if now - at[j] < window_ns
        ]
        good, bad = sum(s > 0 for s in scores), sum(s < 0 for s in scores)
        found.append((len(scores), good / len(scores), bad / len(scores)))
    outputs = ("events", "positive", "negative")
    return dict(zip(outputs, np.array(found).T, strict=True))
