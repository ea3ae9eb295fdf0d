"""Temperature scaling about the base rates: q = softmax(log r + a (log p - log r)).

One number for all classes, as in `tradeloop.models.calibrations.shrunk` without its
biases. a = 1 leaves a forecast as it is and a = 0 is the base rate r; with equal base
rates it is the plain softmax(a log p), whose a = 0 would be equal chances. Shares of
the classes that the model got wrong stay wrong: it takes the fewest rows to fit and
mends the least.

References
----------
Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017.
"""

from typing import Self

import numpy as np

from tradeloop.models.calibrations.base import Rows
from tradeloop.models.calibrations.shrunk import Shrunk, minimise


class Temperature(Shrunk):
    """A slope; ``bias`` is what the base rates then ask for: ``(1 - slope) log r``."""

    __slots__ = ()

    @classmethod
    def fit(cls, rows: Rows) -> Self:
        """Fit the slope alone."""
        slope, _ = minimise(rows, free=False)
        bias = (1 - slope) * np.log(rows.rates)
        return cls(slope, tuple(float(value) for value in bias))
