"""What every network here has: a linear entrance per row, then a body over the steps.

entered = z W + b for each source row z (scaled). A source row stands in as many
sequences as there are steps, but its entrance is the same in all of them: forecasts
compute it once. A step that is absent enters as z = 0, as a row of medians.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES
from tradeloop.models.deep.arrays import Arrays
from tradeloop.models.graph import Graph

Weights = dict[str, NDArray[np.float32]]
ENTRANCE, ENTRANCE_BIAS = "entrance", "entrance_bias"
OUT, OUT_BIAS = "out", "out_bias"


@dataclass(frozen=True)
class Network(ABC):
    """An architecture: sizes and formulas, no weights.

    Parameters
    ----------
    columns : int
        Width of a row.
    steps : int
        Rows of a sequence.
    horizons : int
        Forecasts of three classes each.
    dropout : float
        Share of the values dropped in training, 0 or more and below 1.
    """

    number: ClassVar[type[np.floating[Any]]] = np.float64
    """Numbers that a forecast is made in; weights and training are float32.

    Two libraries add up float32 in two orders, and layer normalisation and attention
    make more of the difference: with float64 both say the same.
    """

    columns: int
    steps: int
    horizons: int
    dropout: float

    @property
    @abstractmethod
    def width(self) -> int:
        """Width of the entrance."""

    @abstractmethod
    def body(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the weights behind the entrance; see `start` for their names."""

    @abstractmethod
    def read(self, arrays: Arrays, weights: Mapping[str, Any], entered: Any) -> Any:
        """Read what entered, of shape (n_steps, n_rows, width).

        Returns
        -------
        array of shape (n_rows, n_results)
        """

    @abstractmethod
    def write(self, graph: Graph, weights: Mapping[str, Any], values: str) -> str:
        """Write entrance and body into an ONNX graph.

        Parameters
        ----------
        graph : Graph
            The graph.
        weights : mapping of str to ndarray
            Weights, of `number`.
        values : str
            Scaled rows of `number`, of shape (n_rows, n_columns), or
            (n_rows, n_steps, n_columns) where there are several steps.

        Returns
        -------
        str
            Name of what `read` gives.
        """

    @classmethod
    def names(cls) -> frozenset[str]:
        """Names of all weights; they do not depend on the sizes."""
        sizes: dict[str, Any] = {size.name: 1 for size in fields(cls)}
        return frozenset(cls(**sizes).shapes())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all weights."""
        return {
            ENTRANCE: (self.columns, self.width),
            ENTRANCE_BIAS: (self.width,),
            **self.body(),
        }

    def start(self, draw: np.random.Generator) -> Weights:
        """Weights to start from: uniform within sqrt(6 / (in + out)).

        Names that end in ``_bias`` start at 0, in ``_scale`` at 1.

        References
        ----------
        Glorot and Bengio, Understanding the difficulty of training deep feedforward
        neural networks (2010).
        """
        weights = {}
        for name, shape in sorted(self.shapes().items()):
            if name.endswith("_bias"):
                weights[name] = np.zeros(shape, np.float32)
            elif name.endswith("_scale"):
                weights[name] = np.ones(shape, np.float32)
            else:
                bound = np.sqrt(6 / sum(shape[-2:]))
                weights[name] = draw.uniform(-bound, bound, shape).astype(np.float32)
        return weights

    def wide(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        """Weights as forecasts take them."""
        return {name: found.astype(self.number) for name, found in weights.items()}

    def enter(self, weights: Mapping[str, Any], rows: Any) -> Any:
        """Let scaled rows in: the last axis of ``rows`` becomes the width."""
        # As one flat product: its gradient is one too, in a third of the time.
        flat = rows.reshape(-1, self.columns) @ weights[ENTRANCE]
        return (flat + weights[ENTRANCE_BIAS]).reshape(*rows.shape[:-1], self.width)

    def losses(
        self, arrays: Arrays, weights: Mapping[str, Any], rows: Any, classes: Any
    ) -> Any:
        """Loss of each row and horizon: minus log of the probability of what came.

        Parameters
        ----------
        arrays : Arrays
            Library.
        weights : mapping of str to array
            Weights.
        rows : array of shape (n_steps, n_rows, n_columns)
            Scaled rows.
        classes : array of int of shape (n_rows, n_horizons)
            Class numbers.

        Returns
        -------
        array of shape (n_rows, n_horizons), in nats
        """
        found = self.read(arrays, weights, self.enter(weights, rows))
        scores = found.reshape(-1, self.horizons, len(CLASSES))
        scores = scores - scores.max(axis=-1, keepdims=True)
        whole = arrays.np.log(arrays.np.exp(scores).sum(axis=-1))
        chosen = arrays.np.take_along_axis(scores, classes[..., None], axis=-1)
        return whole - chosen[..., 0]

    def refuse_other_shapes(self, weights: Weights) -> None:
        """Raise unless the weights have the shapes of this network.

        Raises
        ------
        ArtefactError
            Naming the first weight that has another.
        """
        for name, shape in self.shapes().items():
            if weights[name].shape != shape:
                raise ArtefactError(
                    f"The array {name!r} of the model has the shape "
                    f"{weights[name].shape}, expected was {shape}. Train again, or "
                    "pass the columns that it was fitted on."
                )


def linear(graph: Graph, values: str, matrix: Any, bias: Any) -> str:
    """Write ``values @ matrix + bias``."""
    product = graph.add("MatMul", values, graph.constant(matrix))
    return graph.add("Add", product, graph.constant(bias))
