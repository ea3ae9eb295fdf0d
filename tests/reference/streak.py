"""Streak: every run of rises or falls counted from its first row."""

import numpy as np


def expected(columns, x="close"):
    values, found = columns[x], []
    for row in range(len(values)):
        signs = np.sign(np.diff(values[: row + 1]))[::-1]
        run = 0
        while run < len(signs) and signs[run] == signs[0] != 0:
            run += 1
        found.append(run * signs[0] if run else 0.0)
    return {"value": np.array(found)}
