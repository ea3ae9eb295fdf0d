"""Statistics of the gate and of sequential tests, by plain loops from the papers."""

from itertools import combinations
from math import sqrt


def _sharpe(rows):
    n = len(rows)
    mean = sum(rows) / n
    variance = sum((r - mean) ** 2 for r in rows) / (n - 1)
    return mean / sqrt(variance) if variance > 1e-20 else 0.0


def overfitting_oracle(columns, edges):
    """Bailey et al. (2017), section 3: blocks lie between the edges, row numbers."""
    n = len(columns[0])
    blocks = len(edges) - 1
    bad = splits = 0
    for taken in combinations(range(blocks), blocks // 2):
        inside = [t for k in taken for t in range(edges[k], edges[k + 1])]
        outside = [t for t in range(n) if t not in set(inside)]
        before = [_sharpe([c[t] for t in inside]) for c in columns]
        after = [_sharpe([c[t] for t in outside]) for c in columns]
        best = next(k for k, r in enumerate(before) if r > max(before) - 1e-10)
        less = sum(r < after[best] - 1e-10 for r in after)
        equal = sum(abs(r - after[best]) <= 1e-10 for r in after)
        rank = less + (equal + 1) / 2
        bad += rank / (len(columns) + 1) <= 0.5 + 1e-12
        splits += 1
    return bad / splits


def betting_oracle(values, limit, bets):
    """Waudby-Smith and Ramdas (2024): what equal bets hold together, values in 0..1."""
    held = [1.0] * len(bets)
    for value in values:
        held = [h * (1 + b * (value - limit)) for h, b in zip(held, bets, strict=True)]
    return sum(held) / len(held)
