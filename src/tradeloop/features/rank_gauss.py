"""Normal scores of ranks, kept as a few quantiles and interpolated between them.

Knots stand at `KNOTS` normal scores, evenly spaced from ``-z(1 - 1/2n)`` to
``z(1 - 1/2n)``: the first is the least of the n values, the last the greatest.
"""

from statistics import NormalDist

import numpy as np

from tradeloop.fold import Float

KNOTS = 65
"""Quantiles that are kept of each column."""
Line = tuple[Float, Float, Float, Float]
"""Distinct knots, their scores, the way to the next knot and how much it rises."""
_NORMAL = NormalDist()


def knots_of(values: Float) -> Float:
    """Return the knots of finite values, of shape (KNOTS,), growing."""
    shares = [_NORMAL.cdf(score) for score in scores(len(values))]
    knots = np.quantile(values, shares, method="hazen")
    knots[0], knots[-1] = values.min(), values.max()
    return np.asarray(np.maximum.accumulate(knots))


def scores(count: int) -> Float:
    """Return the normal scores of the knots of ``count`` values."""
    end = _NORMAL.inv_cdf(1 - 0.5 / count)
    return np.linspace(-end, end, KNOTS)


def line(knots: Float, count: int) -> Line:
    """Return the line through the knots; tied ones share the mean of their scores."""
    places, first, ties = np.unique(knots, return_index=True, return_counts=True)
    given = scores(count)
    middle = (given[first] + given[first + ties - 1]) / 2
    return (
        places,
        middle,
        np.append(np.diff(places), 1.0),
        np.append(np.diff(middle), 0.0),
    )


def on_line(x: Float, known: Line) -> Float:
    """Return the score of each value, never less for a greater one; NaN stays NaN."""
    knots, given, widths, rises = known
    inside = np.clip(x, knots[0], knots[-1])
    at = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 1)
    found = (inside - knots[at]) / widths[at] * rises[at] + given[at]
    # Rounding must not step over the next knot.
    return np.asarray(np.minimum(found, given[np.minimum(at + 1, len(knots) - 1)]))
