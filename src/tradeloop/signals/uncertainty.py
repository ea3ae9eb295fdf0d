"""How sure a confidence is: the Wilson interval of a calibration that was counted.

A calibrated 0.6 says that 60 of 100 such forecasts came true. How well that is known
depends on how many forecasts like it the calibration saw. The calibration keeps its
number of rows, not where they lay, so they are taken to lie evenly in ten bins of equal
counts, as in a reliability curve: n = rows / 10.

The interval is what a reliability curve of those rows would draw around this point. It
covers the chance in the calibration rows. It does not cover a market that has changed
since, nor rows that depend on one another, which count for less than their number.

References: Wilson (1927), JASA 22, 209-212.
"""

from math import sqrt
from statistics import NormalDist

from tradeloop.errors import InputError

BINS = 10
"""Bins of equal counts that the calibration rows are taken to lie in."""


def confidence_interval(
    confidence: float, rows: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Interval of a calibrated probability.

    ``(p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)`` with ``n`` the rows of
    one bin.

    Parameters
    ----------
    confidence : float
        Calibrated probability, 0 to 1; NaN gives the whole range.
    rows : int
        Rows that the calibration was fitted on; none gives the whole range.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    low, high : float
        0 <= low <= confidence <= high <= 1.

    Raises
    ------
    InputError
        The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(
            f"The level of an interval lies between 0 and 1, was {level}.",
            way_out="Take 0.95.",
        )
    count = rows / BINS
    if not (0 <= confidence <= 1 and count > 0):
        return 0.0, 1.0
    z = _quantile(level)
    centre = confidence + z * z / (2 * count)
    spread = confidence * (1 - confidence) / count + z * z / (4 * count * count)
    half, scale = z * sqrt(spread), 1 + z * z / count
    # Rounding must not put an end on the other side of the confidence.
    low = max(0.0, min((centre - half) / scale, confidence))
    return low, min(1.0, max((centre + half) / scale, confidence))


_KNOWN: dict[float, float] = {0.95: NormalDist().inv_cdf(0.975)}


def _quantile(level: float) -> float:
    """Return the normal quantile; that of 95 % without working it out each time."""
    return _KNOWN.get(level) or NormalDist().inv_cdf((1 + level) / 2)
