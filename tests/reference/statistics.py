"""Statistics by plain loops and closed forms, written from the definitions."""

from math import atan, ceil, e, erf, log, pi, sqrt
from statistics import NormalDist


def student3_cdf(x):
    """Distribution of Student's t with three degrees of freedom, in closed form."""
    s = x / sqrt(3)
    return 0.5 + (s / (1 + s * s) + atan(s)) / pi


def student3_psi(move, bins=10):
    """Stability index of x against move(x), both t(3), without any sampling.

    ``move`` maps a bin edge of the reference back to the scale of the current rows.
    """
    edges = []
    for k in range(1, bins):
        low, high = -1e3, 1e3
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if student3_cdf(middle) < k / bins else (low, middle)
            )
        edges.append(low)
    cumulated = [0.0, *(student3_cdf(move(edge)) for edge in edges), 1.0]
    total = 0.0
    for k in range(bins):
        share = cumulated[k + 1] - cumulated[k]
        total += (share - 1 / bins) * log(share * bins)
    return total


def psr_oracle(returns, benchmark):
    """Probabilistic Sharpe ratio term by term, with the raw kurtosis."""
    n = len(returns)
    mean = sum(returns) / n
    m2 = sum((r - mean) ** 2 for r in returns) / n
    m3 = sum((r - mean) ** 3 for r in returns) / n
    m4 = sum((r - mean) ** 4 for r in returns) / n
    ratio = mean / sqrt(m2 * n / (n - 1))
    g3, g4 = m3 / m2**1.5, m4 / m2**2
    z = (ratio - benchmark) * sqrt(n - 1)
    z /= sqrt(1 - g3 * ratio + (g4 - 1) / 4 * ratio**2)
    return (1 + erf(z / sqrt(2))) / 2


def expected_maximum_oracle(trials, variance):
    z, gamma = NormalDist().inv_cdf, 0.57721566490153286
    return sqrt(variance) * (
        (1 - gamma) * z(1 - 1 / trials) + gamma * z(1 - 1 / (trials * e))
    )


def calibration_error_oracle(probabilities, classes, bins):
    """Naeini et al. (2015): bins of equal width, closed above."""
    held = {}
    for row, came in zip(probabilities, classes, strict=True):
        best = max(range(len(row)), key=lambda k: (row[k], -k))
        place = max(1, ceil(row[best] * bins))
        held.setdefault(place, []).append((row[best], best == came))
    total = 0.0
    for rows in held.values():
        confidence = sum(p for p, _ in rows) / len(rows)
        share = sum(right for _, right in rows) / len(rows)
        total += len(rows) * abs(share - confidence)
    return total / len(classes)


def brier_oracle(probabilities, classes):
    total = 0.0
    for row, came in zip(probabilities, classes, strict=True):
        total += sum((p - (k == came)) ** 2 for k, p in enumerate(row))
    return total / len(classes)


def log_loss_oracle(probabilities, classes):
    rows = zip(probabilities, classes, strict=True)
    return -sum(log(row[came]) for row, came in rows) / len(classes)


def bootstrap_variance_oracle(values, block):
    """Politis and Romano (1994): long-run variance under the stationary bootstrap."""
    n, stay = len(values), 1 - 1 / block
    mean = sum(values) / n
    off = [v - mean for v in values]
    total = sum(v * v for v in off) / n
    for lag in range(1, n):
        weight = (1 - lag / n) * stay**lag + lag / n * stay ** (n - lag)
        total += 2 * weight * sum(off[i] * off[i + lag] for i in range(n - lag)) / n
    return total
