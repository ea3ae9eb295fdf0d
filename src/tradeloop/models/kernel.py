"""Logits from the nearness of a row to chosen rows: the centres.

    logits(x) = sum_m weights_m exp(-gamma |z(x) - centre_m|^2) + intercept

with z the scaled columns. A support vector machine and a Nystroem model are both of
this form, so both are kept, scored and exported alike.

Distances come from products: |z|^2 + |c|^2 - 2 z c. In float32 the three would cancel;
here all are multiples of 2^-32 (see `tradeloop.models.exact`), so the distance is
exact. Nearness is rounded to multiples of 2^-24 and the weights are taken in two parts,
so that the sums over the centres are exact too.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.exact import DOUBLE, factors, scaled, write_scaled
from tradeloop.models.graph import Graph
from tradeloop.models.scaling import Narrow, Scaling

ARRAYS: dict[str, type[np.generic]] = {
    "centre": np.float32,
    "spread": np.float32,
    "centres": np.float32,
    "weights": np.float64,
    "intercept": np.float64,
}
"""What a `Kernel` is stored as, beside gamma."""
_NEARNESS_BITS = 24
_NEARNESS_STEP = 2.0**-_NEARNESS_BITS
_VALUES_AT_ONCE = 4_000_000


def nearness(values: Floats, centres: Floats, gamma: float) -> Floats:
    """Radial basis function between rows, rounded to multiples of 2^-24.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Rows of `tradeloop.models.exact.scaled`.
    centres : ndarray of shape (n_centres, n_columns)
        Such rows too.
    gamma : float
        Above 0: 1 over the squared distance at which nearness is 1 / e.

    Returns
    -------
    ndarray of shape (n_rows, n_centres)
        From 0 to 1.
    """
    products = values @ centres.T
    apart = (_squares(values)[:, None] + _squares(centres)) - 2 * products
    near = np.exp(-gamma * apart)
    return np.asarray(np.rint(near / _NEARNESS_STEP) * _NEARNESS_STEP)


def _squares(values: Floats) -> Floats:
    return np.asarray((values * values).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Kernel:
    """The fitted parts.

    Parameters
    ----------
    scaling : Scaling
        Scale of each column.
    centres : ndarray of shape (n_centres, n_columns)
        Scaled rows.
    gamma : float
        See `nearness`.
    weights : ndarray of shape (n_centres, 3)
        What each centre adds to the logit of each class.
    intercept : ndarray of shape (3,)
        Logits far from all centres.
    """

    scaling: Scaling
    centres: Floats
    gamma: float
    weights: Floats
    intercept: Floats

    @cached_property
    def _parts(self) -> Floats:
        """Weights in two parts, coarse and rest, of shape (n_centres, 6)."""
        terms = len(self.centres)
        coarse = factors(self.weights, terms=terms, bits=_NEARNESS_BITS)
        rest = factors(self.weights - coarse, terms=terms, bits=_NEARNESS_BITS)
        return np.hstack([coarse, rest])

    @property
    def _narrow(self) -> Narrow:
        """Centres in float32, which holds multiples of 2^-16 up to 8 exactly."""
        return self.centres.astype(np.float32)

    def logits(self, values: Narrow) -> Floats:
        """Logits of each row, of shape (n_rows, 3); the same bits for a row alone.

        Parameters
        ----------
        values : ndarray of float32 of shape (n_rows, n_columns)
            NaN means missing.
        """
        found = np.empty((len(values), len(CLASSES)))
        width = max(len(self.centres), values.shape[1])
        at_once = max(_VALUES_AT_ONCE // width, 1)
        for begin in range(0, len(values), at_once):
            rows = slice(begin, begin + at_once)
            near = nearness(
                scaled(self.scaling, values[rows]), self.centres, self.gamma
            )
            both = near @ self._parts
            sums = both[:, : len(CLASSES)] + both[:, len(CLASSES) :]
            found[rows] = sums + self.intercept
        return found

    def write(self, graph: Graph, values: str) -> str:
        """Write `logits` into an ONNX graph; return the name of the float64 result."""
        real = np.float64
        rows = write_scaled(graph, self.scaling, values)
        axes = graph.constant(np.array([1], dtype=np.int64))
        own = graph.add("ReduceSum", graph.add("Mul", rows, rows), axes, keepdims=1)
        both = graph.add("Add", own, graph.constant(_squares(self.centres)))
        narrow = graph.constant(self._narrow.T)
        product = graph.add("MatMul", rows, graph.add("Cast", narrow, to=DOUBLE))
        twice = graph.add("Mul", product, graph.constant(real(2)))
        apart = graph.add("Sub", both, twice)
        near = graph.add(
            "Exp", graph.add("Mul", apart, graph.constant(real(-self.gamma)))
        )
        step = graph.constant(real(_NEARNESS_STEP))
        steps = graph.add("Round", graph.add("Div", near, step))
        exact = graph.add("Mul", steps, step)
        parts = graph.add("MatMul", exact, graph.constant(self._parts))
        coarse = graph.add("Split", parts, outputs=2, axis=1)
        sums = graph.add("Add", coarse, f"{coarse}_1")
        return graph.add("Add", sums, graph.constant(self.intercept))

    def slopes(self, rows: Floats) -> Floats:
        """Mean size of the slope of the logits along each scaled column.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
            Scaled rows at which the slopes are taken.

        Returns
        -------
        ndarray of shape (n_columns,)
        """
        near = nearness(rows, self.centres, self.gamma)
        sizes = np.zeros(rows.shape[1])
        for weight in self.weights.T:
            pull = near * weight
            slope = pull @ self.centres - pull.sum(axis=1, keepdims=True) * rows
            sizes += np.abs(slope).mean(axis=0)
        return 2 * self.gamma * sizes

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return the arrays by name."""
        return {
            "centre": self.scaling.centre,
            "spread": self.scaling.spread,
            "centres": self._narrow,
            "weights": self.weights,
            "intercept": self.intercept,
        }

    def refuse_broken(self, width: int) -> None:
        """Raise unless the arrays fit together and to ``width`` columns.

        Raises
        ------
        ArtefactError
            Naming the shapes.
        """
        shapes = {name: array.shape for name, array in self.arrays().items()}
        count = len(self.centres)
        wanted = {
            "centre": (width,),
            "spread": (width,),
            "centres": (count, width),
            "weights": (count, len(CLASSES)),
            "intercept": (len(CLASSES),),
        }
        if shapes != wanted or not 0 < self.gamma < np.inf:
            raise ArtefactError(
                f"The model has the shapes {shapes} and gamma {self.gamma}, asked for "
                f"were {width} columns and gamma above 0. Train again."
            )
