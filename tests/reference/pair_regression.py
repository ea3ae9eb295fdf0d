"""Least squares of each window by the standard library."""

from math import sqrt
from statistics import correlation, linear_regression

from reference.rolling import mean, rolled


def fitted(ys, xs):
    slope, intercept = linear_regression(xs, ys)
    rest = [y - intercept - slope * x for y, x in zip(ys, xs, strict=True)]
    zscore = rest[-1] / sqrt(mean([each**2 for each in rest]))
    return slope, intercept, correlation(ys, xs), zscore


def expected(columns, y, x, n):
    names = ("beta", "alpha", "correlation", "zscore")
    return {
        name: rolled(n, lambda a, b, k=k: fitted(a, b)[k], columns[y], columns[x])
        for k, name in enumerate(names)
    }
