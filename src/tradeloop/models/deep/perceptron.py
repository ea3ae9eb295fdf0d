"""A multi-layer perceptron on rows: ReLU layers of one width, a softmax."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from tradeloop.models.base import CLASSES, Columns, Fitted, Given, Held
from tradeloop.models.deep.arrays import Arrays
from tradeloop.models.deep.fitted import Forecaster
from tradeloop.models.deep.fitting import Asked, fit_network
from tradeloop.models.deep.network import (
    ENTRANCE,
    ENTRANCE_BIAS,
    OUT,
    OUT_BIAS,
    Network,
    linear,
)
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.graph import Graph
from tradeloop.models.training_rows import refuse_out_of_range


@dataclass(frozen=True)
class PerceptronNetwork(Network):
    """The architecture.

    Parameters
    ----------
    hidden : int
        Width of each layer.
    layers : int
        Layers of that width, the entrance among them.
    """

    hidden: int
    layers: int

    @property
    def width(self) -> int:
        """Width of the entrance."""
        return self.hidden

    def body(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the weights behind the entrance."""
        between, results = self.layers - 1, self.horizons * len(CLASSES)
        return {
            "layer": (between, self.hidden, self.hidden),
            "layer_bias": (between, self.hidden),
            OUT: (self.hidden, results),
            OUT_BIAS: (results,),
        }

    def read(self, arrays: Arrays, weights: Mapping[str, Any], entered: Any) -> Any:
        """Read what entered: the last step."""
        shown = arrays.drop(arrays.np.maximum(entered[-1], 0), self.dropout)
        for at in range(self.layers - 1):
            shown = shown @ weights["layer"][at] + weights["layer_bias"][at]
            shown = arrays.drop(arrays.np.maximum(shown, 0), self.dropout)
        return shown @ weights[OUT] + weights[OUT_BIAS]

    def write(self, graph: Graph, weights: Mapping[str, Any], values: str) -> str:
        """Write the layers into an ONNX graph."""
        shown = linear(graph, values, weights[ENTRANCE], weights[ENTRANCE_BIAS])
        shown = graph.add("Relu", shown)
        for matrix, bias in zip(weights["layer"], weights["layer_bias"], strict=True):
            shown = graph.add("Relu", linear(graph, shown, matrix, bias))
        return linear(graph, shown, weights[OUT], weights[OUT_BIAS])


@dataclass(frozen=True, eq=False)
class FittedPerceptron(Forecaster):
    """A fitted perceptron."""

    name: ClassVar[str] = "perceptron"
    kind: ClassVar[type[Network]] = PerceptronNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceptron(Rounds):
    """A multi-layer perceptron; see `tradeloop.models.deep.rounds.Rounds` for more.

    Parameters
    ----------
    hidden : int
        Width of each hidden layer.
    layers : int
        Hidden layers.
    """

    name: ClassVar[str] = "perceptron"
    steps: ClassVar[int] = 1

    hidden: int = 64
    layers: int = 2

    def __post_init__(self) -> None:
        Rounds.__post_init__(self)
        refuse_out_of_range(self, counts=("hidden", "layers"))

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> FittedPerceptron:
        """Train; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; of sequences the last step is read.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Rows to stop by.
        start : FittedPerceptron, optional
            To go on from, with its scale.
        """
        asked = Asked(features, direction, weight, columns, held, start)
        return fit_network(FittedPerceptron, self, asked, self._network)

    def _network(self, columns: int, horizons: int) -> PerceptronNetwork:
        return PerceptronNetwork(
            columns, self.steps, horizons, self.dropout, self.hidden, self.layers
        )

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedPerceptron:
        """Return the fitted perceptron of ``content``.

        Raises
        ------
        ArtefactError
            No such file, or one of another width.
        """
        return FittedPerceptron.load(content, columns)
