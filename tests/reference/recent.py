"""Sums over a time window: every row looks back over all rows before it."""

import numpy as np

from reference.streams import times


def expected(columns, part, whole, window_ns, most=4096):
    stamps = times(columns, part.partition(".")[0])
    rows = []
    for row, now in enumerate(stamps):
        inside = [k for k in range(row + 1) if now - stamps[k] < window_ns][-most:]
        some = sum(columns[part][k] for k in inside)
        total = sum(columns[whole][k] for k in inside)
        rows.append((some, total, some / total, len(inside)))
    names = ("part", "whole", "share", "count")
    return dict(zip(names, np.array(rows, float).T, strict=True))
