"""Least squares, from a statistics package."""

from scipy.stats import linregress

from reference.rolling import rolled


def expected(columns, move, flow, n):
    pairs = columns[flow], columns[move]
    return {
        "slope": rolled(n, lambda x, y: linregress(x, y).slope, *pairs),
        "t_stat": rolled(
            n, lambda x, y: linregress(x, y).slope / linregress(x, y).stderr, *pairs
        ),
        "r2": rolled(n, lambda x, y: linregress(x, y).rvalue ** 2, *pairs),
    }
