"""Drawdown of each row, looking at all rows before it."""

import numpy as np


def expected(columns, x="close"):
    values, depths, rows = columns[x].tolist(), [], []
    for row, value in enumerate(values):
        peak = max(values[: row + 1])
        depths.append(10_000 * (1 - value / peak))
        rows.append(values[: row + 1][::-1].index(peak))
    deepest = [max(depths[: row + 1]) for row in range(len(depths))]
    return {
        "depth_bps": np.array(depths),
        "rows": np.array(rows, float),
        "deepest_bps": np.array(deepest),
    }
