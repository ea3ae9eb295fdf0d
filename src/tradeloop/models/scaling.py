"""Columns on one scale, for models that add them up; fitted on training rows alone.

z = clip((x - median) / spread, -8, 8), where spread is the interquartile range over
1.349 (a standard deviation, were the column normal), the standard deviation where that
is 0, and 1 where the column does not vary. A missing value becomes 0, the median.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.models.graph import Graph

CLIP = 8.0
_NORMAL_IQR = 1.3489795003921634
Narrow = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """What was fitted.

    Parameters
    ----------
    centre : ndarray of float32 of shape (n_columns,)
        Median of each column; 0 where all values are missing.
    spread : ndarray of float32 of shape (n_columns,)
        Spread of each column, above 0.
    """

    centre: Narrow
    spread: Narrow

    def apply(self, values: Narrow) -> Narrow:
        """Scale an array whose last axis are the columns; NaN becomes 0."""
        with np.errstate(over="ignore"):  # what overflows is clipped
            found = (values - self.centre) / self.spread
        return np.asarray(
            np.where(np.isnan(found), np.float32(0), np.clip(found, -CLIP, CLIP)),
            dtype=np.float32,
        )

    def write(self, graph: Graph, values: str) -> str:
        """Write the same steps into an ONNX graph; return the name of the result."""
        moved = graph.add("Sub", values, graph.constant(self.centre))
        scaled = graph.add("Div", moved, graph.constant(self.spread))
        low, high = np.float32(-CLIP), np.float32(CLIP)
        clipped = graph.add("Clip", scaled, graph.constant(low), graph.constant(high))
        missing = graph.add("IsNaN", scaled)
        return graph.add("Where", missing, graph.constant(np.float32(0)), clipped)


def fit_scaling(values: Narrow) -> Scaling:
    """Fit the scale of each column.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_rows, n_columns)
        Training rows only; NaN means missing.
    """
    width = values.shape[1]
    centre, spread = np.zeros(width, np.float32), np.ones(width, np.float32)
    for at in range(width):
        column = values[:, at]
        column = column[~np.isnan(column)].astype(np.float64)
        if not len(column):
            continue
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
        found = (high - low) / _NORMAL_IQR or column.std()
        centre[at], spread[at] = middle, _usable(found)
    return Scaling(centre, spread)


def _usable(spread: float) -> float:
    """Return a spread that float32 can divide by."""
    return spread if spread > float(np.finfo(np.float32).tiny) else 1.0
