"""Levels of sentiment: for each text, a sum over all texts before it."""

from math import sqrt

import numpy as np

DAY_NS = 86_400 * 10**9


def expected(columns, half_life_ns):
    names = ("score", "confidence_score", "day", "ns_of_day")
    score, sure, day, rest = (columns[f"sentiment.{n}"].tolist() for n in names)
    at = [int(d) * DAY_NS + int(r) for d, r in zip(day, rest, strict=True)]
    found = []
    for row in range(len(at)):
        fade = [2.0 ** ((at[j] - at[row]) / half_life_ns) for j in range(row + 1)]
        weight = [f * s for f, s in zip(fade, sure, strict=False)]
        mean, spread = moments(weight, score[: row + 1])
        before, width = moments(weight[:-1], score[:row])
        surprise = (score[row] - before) / width if width > 0 else 0.0
        net = sum(w * s for w, s in zip(weight, score, strict=False))
        found.append((mean, net, sum(fade), spread, surprise))
    outputs = ("mean", "net", "volume", "dispersion", "surprise")
    return dict(zip(outputs, np.array(found).T, strict=True))


def moments(weight, score):
    if not sum(weight):
        return 0.0, 0.0
    mean = sum(w * s for w, s in zip(weight, score, strict=True)) / sum(weight)
    square = sum(w * (s - mean) ** 2 for w, s in zip(weight, score, strict=True))
    return mean, sqrt(square / sum(weight)) if len(weight) > 1 else 0.0
