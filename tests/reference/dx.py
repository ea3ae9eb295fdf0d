"""Directional index: the definition, row by row."""

import numpy as np


def expected(columns, name, plus, minus):
    rows = zip(columns[plus], columns[minus], strict=True)
    found = [100 * abs(p - m) / (p + m) if p + m > 0 else 0.0 for p, m in rows]
    return {"value": np.array(found)}
