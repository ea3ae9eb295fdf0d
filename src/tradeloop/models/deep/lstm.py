"""A long short-term memory over the last rows, its last state through a softmax."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.models.base import CLASSES, Columns, Fitted, Given, Held
from tradeloop.models.deep.arrays import Arrays
from tradeloop.models.deep.fitted import Forecaster
from tradeloop.models.deep.fitting import Asked, fit_network, refuse_short
from tradeloop.models.deep.network import (
    ENTRANCE,
    ENTRANCE_BIAS,
    OUT,
    OUT_BIAS,
    Network,
    Weights,
    linear,
)
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.graph import Graph
from tradeloop.models.training_rows import refuse_out_of_range

_GATES = 4
_FORGET = 2  # place of the forget gate in ONNX's order i, o, f, c


@dataclass(frozen=True)
class LstmNetwork(Network):
    """The architecture.

    Parameters
    ----------
    hidden : int
        Width of the state.
    """

    number: ClassVar[type[np.floating[Any]]] = np.float32
    """ONNX Runtime's operator is made for float32; it agrees, see docs/deep.md."""

    hidden: int

    @property
    def width(self) -> int:
        """Width of the entrance: four gates."""
        return _GATES * self.hidden

    def body(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the weights behind the entrance."""
        results = self.horizons * len(CLASSES)
        return {
            "recurrent": (self.hidden, self.width),
            OUT: (self.hidden, results),
            OUT_BIAS: (results,),
        }

    def start(self, draw: np.random.Generator) -> Weights:
        """Weights to start from; the bias of the forget gate is 1, to remember."""
        weights = super().start(draw)
        first = _FORGET * self.hidden
        weights[ENTRANCE_BIAS][first : first + self.hidden] = 1
        return weights

    def read(self, arrays: Arrays, weights: Mapping[str, Any], entered: Any) -> Any:
        """Read what entered, step by step."""
        state = arrays.recur(entered, weights["recurrent"])
        return arrays.drop(state, self.dropout) @ weights[OUT] + weights[OUT_BIAS]

    def write(self, graph: Graph, weights: Mapping[str, Any], values: str) -> str:
        """Write ONNX's own operator, its gates in the order i, o, f, c."""
        bias = weights[ENTRANCE_BIAS]
        steps_first = graph.add("Transpose", values, perm=[1, 0, 2])
        ran = graph.add(
            "LSTM",
            steps_first,
            graph.constant(weights[ENTRANCE].T[None]),
            graph.constant(weights["recurrent"].T[None]),
            graph.constant(np.concatenate([bias, np.zeros_like(bias)])[None]),
            outputs=2,
            hidden_size=self.hidden,
        )
        state = graph.add("Squeeze", f"{ran}_1", graph.constant(np.array([0])))
        return linear(graph, state, weights[OUT], weights[OUT_BIAS])


@dataclass(frozen=True, eq=False)
class FittedLstm(Forecaster):
    """A fitted LSTM."""

    name: ClassVar[str] = "lstm"
    kind: ClassVar[type[Network]] = LstmNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Lstm(Rounds):
    """An LSTM over sequences; see `tradeloop.models.deep.rounds.Rounds` for more.

    Parameters
    ----------
    sequence : int
        Rows of a sequence, at least 2.
    hidden : int
        Width of the state.
    """

    name: ClassVar[str] = "lstm"

    sequence: int = 50
    hidden: int = 64

    def __post_init__(self) -> None:
        Rounds.__post_init__(self)
        refuse_out_of_range(self, counts=("hidden",))
        refuse_short(self, self.sequence)

    @property
    def steps(self) -> int:
        """Rows of a sequence."""
        return self.sequence

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> FittedLstm:
        """Train; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : Sequences, or array of shape (n_rows, n_steps, n_columns)
            NaN means missing; of longer sequences the last steps are read.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Rows to stop by.
        start : FittedLstm, optional
            To go on from, with its scale.
        """
        asked = Asked(features, direction, weight, columns, held, start)
        return fit_network(FittedLstm, self, asked, self._network)

    def _network(self, columns: int, horizons: int) -> LstmNetwork:
        return LstmNetwork(columns, self.sequence, horizons, self.dropout, self.hidden)

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedLstm:
        """Return the fitted LSTM of ``content``.

        Raises
        ------
        ArtefactError
            No such file, or one of another width.
        """
        return FittedLstm.load(content, columns)
