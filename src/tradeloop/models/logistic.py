"""Multinomial logistic regression: the baseline that any other model must beat.

Its logits are sums over the scaled columns, so what each column contributed is exact
and not an estimate.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held
from tradeloop.models.exact import (
    factors,
    scaled,
    softmax,
    write_scaled,
    write_softmax,
)
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.matrix import as_float32
from tradeloop.models.scaling import Scaling, fit_scaling
from tradeloop.models.softmax_regression import Linear, fit_linear
from tradeloop.models.tensors import pack, unpack
from tradeloop.models.training_rows import (
    TrainingRows,
    refuse_out_of_range,
    same_start,
)

_ARRAYS: Mapping[str, type[np.generic]] = {
    "centre": np.float32,
    "spread": np.float32,
    "coefficients": np.float64,
    "intercept": np.float64,
}


@dataclass(frozen=True, slots=True, eq=False)
class FittedLogistic:
    """A fitted logistic regression.

    Parameters
    ----------
    scaling : Scaling
        Scale of each column.
    linear : Linear
        Logits of the scaled columns; coefficients as `tradeloop.models.exact` rounds
        them.
    columns : Columns
        Columns that it was fitted on.
    """

    name: ClassVar[str] = "logistic"
    steps: ClassVar[int] = 1

    scaling: Scaling
    linear: Linear
    columns: Columns

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            A missing value counts as the median of its column; infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
        """
        if columns is not None:
            self.columns.refuse_other(columns)
        values = scaled(self.scaling, as_float32(features, self.columns))
        return softmax(values @ self.linear.coefficients.T + self.linear.intercept)

    def contributions(self, features: Given) -> Floats:
        """Tell what each column added to the logit of each class.

        Logit = intercept + sum of the contributions, to the bit but for the rounding of
        the intercept. A column at its median, or missing, adds 0.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            As in `predict_proba`.

        Returns
        -------
        ndarray of shape (n_rows, 3, n_columns)
        """
        values = scaled(self.scaling, as_float32(features, self.columns))
        return np.asarray(values[:, None, :] * self.linear.coefficients)

    def to_bytes(self) -> bytes:
        """Return the arrays as safetensors."""
        arrays: dict[str, NDArray[np.floating]] = {
            "centre": self.scaling.centre,
            "spread": self.scaling.spread,
            "coefficients": self.linear.coefficients,
            "intercept": self.linear.intercept,
        }
        return pack(self.name, arrays)

    def to_onnx(self) -> bytes:
        """Return the model for ONNX Runtime; equal models give equal bytes."""
        graph = Graph(type(self).__name__)
        values = write_scaled(graph, self.scaling, INPUT_NAME)
        slopes = graph.constant(self.linear.coefficients.T)
        product = graph.add("MatMul", values, slopes)
        logits = graph.add("Add", product, graph.constant(self.linear.intercept))
        found = write_softmax(graph, logits)
        return graph.build(found, columns=len(self.columns.names))

    def importance(self) -> Mapping[str, float]:
        """Share of the sizes of the coefficients, which are on one scale."""
        sizes = np.abs(self.linear.coefficients).sum(axis=0)
        whole = float(sizes.sum()) or 1.0
        return {
            name: float(size) / whole
            for name, size in zip(self.columns.names, sizes, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Logistic:
    """Multinomial logistic regression with an L2 penalty on scaled columns.

    Nothing in it is random.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty, as in scikit-learn.
    max_iter : int
        Steps of the optimiser, at most.

    Raises
    ------
    InputError
        A parameter is outside its range.
    """

    name: ClassVar[str] = "logistic"
    steps: ClassVar[int] = 1
    random_state: ClassVar[int] = 0

    C: float = 1.0
    max_iter: int = 300

    def __post_init__(self) -> None:
        refuse_out_of_range(self, counts=("max_iter",), positive=("C",))

    def get_params(self) -> Mapping[str, Any]:
        """Return the parameters by name."""
        return asdict(self)

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> FittedLogistic:
        """Fit the coefficients; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            A missing value counts as the median of its column.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Left unread: the minimum is exact, there is no round to stop at.
        start : FittedLogistic, optional
            Its scale stays, and the penalty pulls towards its coefficients instead of
            towards 0: the new rows move what the old ones taught.
        """
        del held
        rows = TrainingRows.of(features, direction, weight, columns)
        first = same_start(start, FittedLogistic, rows.columns)
        scaling = first.scaling if first else fit_scaling(rows.values)
        found = fit_linear(
            scaled(scaling, rows.values).astype(np.float32),
            rows.classes,
            rows.weight,
            strength=self.C,
            most_steps=self.max_iter,
            prior=first.linear if first else None,
        )
        slopes = factors(found.coefficients, terms=rows.values.shape[1])
        return FittedLogistic(scaling, Linear(slopes, found.intercept), rows.columns)

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedLogistic:
        """Return the fitted model of ``content``.

        Raises
        ------
        ArtefactError
            No logistic regression in safetensors, or one of another width.
        """
        arrays, _ = unpack(cls.name, content, _ARRAYS)
        width, classes = len(columns.names), len(CLASSES)
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != {
            "centre": (width,),
            "spread": (width,),
            "coefficients": (classes, width),
            "intercept": (classes,),
        }:
            raise ArtefactError(
                f"The model has the shapes {shapes}, asked for were {width} columns. "
                "Train again."
            )
        return FittedLogistic(
            Scaling(arrays["centre"], arrays["spread"]),
            Linear(arrays["coefficients"], arrays["intercept"]),
            columns,
        )
