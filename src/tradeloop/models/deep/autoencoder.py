"""An autoencoder: rows or sequences as short unit vectors, for patterns that are alike.

Each step enters alike and is halved by ReLU; all steps together become one vector of
length 1, from which they must be told again. As the vector has length 1 in training
too, the cosine of two of them is what was learned, and no afterthought.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import Columns, Floats, Given
from tradeloop.models.deep.arrays import NUMPY, SHORTEST, Arrays, unit_length
from tradeloop.models.deep.fitted import Learned
from tradeloop.models.deep.fitting import begin
from tradeloop.models.deep.forecast import scaled_chunks
from tradeloop.models.deep.network import (
    ENTRANCE,
    ENTRANCE_BIAS,
    Network,
    linear,
)
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.deep.rows import Rows, narrow, sequences_of
from tradeloop.models.deep.training import train
from tradeloop.models.graph import Graph
from tradeloop.models.training_rows import refuse_out_of_range, same_start

EMBEDDING_NAME = "embedding"
"""Output of the ONNX model, float32 of shape (n_rows, n_dimensions)."""
_LEAST_DIMENSIONS = 2


@dataclass(frozen=True)
class AutoencoderNetwork(Network):
    """The architecture.

    Parameters
    ----------
    step_width : int
        Width of a step behind the entrance.
    hidden : int
        Width of the layer before and behind the embedding.
    dimensions : int
        Width of the embedding.
    """

    step_width: int
    hidden: int
    dimensions: int

    @property
    def width(self) -> int:
        """Width of the entrance."""
        return self.step_width

    def body(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the weights behind the entrance."""
        wide = self.steps * self.step_width
        return {
            "squeeze": (wide, self.hidden),
            "squeeze_bias": (self.hidden,),
            "embed": (self.hidden, self.dimensions),
            "embed_bias": (self.dimensions,),
            "expand": (self.dimensions, self.hidden),
            "expand_bias": (self.hidden,),
            "unfold": (self.hidden, wide),
            "unfold_bias": (wide,),
            "leave": (self.step_width, self.columns),
            "leave_bias": (self.columns,),
        }

    def read(self, arrays: Arrays, weights: Mapping[str, Any], entered: Any) -> Any:
        """Embedding of what entered, of shape (n_rows, dimensions), of length 1."""
        steps = arrays.np.swapaxes(arrays.np.maximum(entered, 0), 0, 1)
        flat = steps.reshape(-1, self.steps * self.step_width)
        flat = flat @ weights["squeeze"] + weights["squeeze_bias"]
        shown = arrays.drop(arrays.np.maximum(flat, 0), self.dropout)
        return unit_length(arrays, shown @ weights["embed"] + weights["embed_bias"])

    def tell(self, arrays: Arrays, weights: Mapping[str, Any], embedding: Any) -> Any:
        """Scaled rows told from an embedding, of shape (n_rows, n_steps, n_columns)."""
        shown = embedding @ weights["expand"] + weights["expand_bias"]
        shown = arrays.drop(arrays.np.maximum(shown, 0), self.dropout)
        wide = shown @ weights["unfold"] + weights["unfold_bias"]
        steps = arrays.np.maximum(wide, 0).reshape(-1, self.step_width)
        rows = steps @ weights["leave"] + weights["leave_bias"]
        return rows.reshape(-1, self.steps, self.columns)

    def losses(
        self,
        arrays: Arrays,
        weights: Mapping[str, Any],
        rows: Any,
        classes: Any,  # noqa: ARG002 - nothing came: the rows tell themselves
    ) -> Any:
        """Mean squared error of each row, over steps and scaled columns."""
        embedding = self.read(arrays, weights, self.enter(weights, rows))
        off = self.tell(arrays, weights, embedding) - arrays.np.swapaxes(rows, 0, 1)
        return (off * off).mean(axis=(1, 2))[:, None]

    def write(self, graph: Graph, weights: Mapping[str, Any], values: str) -> str:
        """Write the way to the embedding into an ONNX graph."""
        shown = linear(graph, values, weights[ENTRANCE], weights[ENTRANCE_BIAS])
        wide = graph.constant(np.array([-1, self.steps * self.step_width]))
        flat = graph.add("Reshape", graph.add("Relu", shown), wide)
        shown = linear(graph, flat, weights["squeeze"], weights["squeeze_bias"])
        shown = graph.add("Relu", shown)
        shown = linear(graph, shown, weights["embed"], weights["embed_bias"])
        squares = graph.add("Mul", shown, shown)
        last = graph.constant(np.array([-1]))
        whole = graph.add("ReduceSum", squares, last, keepdims=1)
        whole = graph.add("Add", whole, graph.constant(self.number(SHORTEST)))
        return graph.add("Div", shown, graph.add("Sqrt", whole))


@dataclass(frozen=True, eq=False)
class FittedAutoencoder(Learned):
    """A fitted autoencoder."""

    name: ClassVar[str] = "autoencoder"
    kind: ClassVar[type[Network]] = AutoencoderNetwork

    def embed(self, features: Given, columns: Columns | None = None) -> Floats:
        """Return unit vectors: the product of two is the cosine of their angle.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            Sequences where it was fitted on some.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, dimensions)
            A row alone gets the same bits as among others.
        """
        found = self.results(features, columns).astype(np.float64)
        return np.asarray(unit_length(NUMPY, found))

    def error(self, features: Given, columns: Columns | None = None) -> Floats:
        """Mean squared error of telling each row again, in squared spreads.

        Returns
        -------
        ndarray of shape (n_rows,)
            High where a row is like none of the training rows.
        """
        embedding = self.results(features, columns)
        sequences = sequences_of(features, self.columns, self.steps)
        found, weights = np.empty(len(embedding)), self.network.wide(self.weights)
        for rows, given in scaled_chunks(self.scaling, sequences):
            chunk = np.zeros((len(given), embedding.shape[1]), embedding.dtype)
            chunk[: rows.stop - rows.start] = embedding[rows]
            network: Any = self.network
            off = network.tell(NUMPY, weights, chunk) - given
            each = (off * off).mean(axis=(1, 2))
            found[rows] = each[: rows.stop - rows.start]
        return found

    def to_onnx(self) -> bytes:
        """Return the way to the embedding for ONNX Runtime; output `EMBEDDING_NAME`."""
        graph, embedding = self.write_scaled()
        network: Any = self.network
        return graph.build(
            self.write_narrow(graph, embedding),
            columns=network.columns,
            steps=self.steps,
            output=EMBEDDING_NAME,
            width=network.dimensions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoencoder(Rounds):
    """An autoencoder of rows, or of sequences.

    Parameters
    ----------
    learning_rate, batch, epochs and so on
        See `tradeloop.models.deep.rounds.Rounds`.
    sequence : int
        Rows of a sequence; 1: rows alone.
    step_width : int
        Width of a step behind the entrance.
    hidden : int
        Width of the layer before and behind the embedding.
    dimensions : int
        Width of the embedding, at least 2.
    """

    name: ClassVar[str] = "autoencoder"

    sequence: int = 1
    step_width: int = 32
    hidden: int = 64
    dimensions: int = 16
    dropout: float = 0.0

    def __post_init__(self) -> None:
        Rounds.__post_init__(self)
        refuse_out_of_range(self, counts=("sequence", "step_width", "hidden"))
        if self.dimensions < _LEAST_DIMENSIONS:
            raise InputError(
                f"Autoencoder.dimensions must be at least {_LEAST_DIMENSIONS}, was "
                f"{self.dimensions}.",
                way_out="Correct the parameter.",
            )

    @property
    def steps(self) -> int:
        """Rows of a sequence."""
        return self.sequence

    def fit(
        self,
        features: Given,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Given | None = None,
        start: FittedAutoencoder | None = None,
    ) -> FittedAutoencoder:
        """Train.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing and counts as the median.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : array or Sequences, optional
            Rows to stop by.
        start : FittedAutoencoder, optional
            To go on from, with its scale.

        Raises
        ------
        InputError
            Wrong shapes, an infinite value, no rows, no column that varies, or a
            ``start`` of other sizes.
        """
        rows = self._rows(features, weight, columns)
        shown = None if held is None else self._rows(held, None, rows.columns)
        network = AutoencoderNetwork(
            len(rows.columns.names),
            self.sequence,
            1,
            self.dropout,
            self.step_width,
            self.hidden,
            self.dimensions,
        )
        going = _same_start(start, rows.columns)
        scaling, weights = begin(network, self, narrow(rows.sequences.last()), going)
        if not weights[ENTRANCE].any():
            raise InputError(
                f"All {network.columns} features are constant over the training rows, "
                "so nothing can be learned.",
                way_out="Check the feature frame, or take a longer period.",
            )
        weights, progress = train(network, weights, scaling, self, rows, shown)
        return FittedAutoencoder(network, weights, scaling, rows.columns, progress)

    def _rows(
        self, features: Given, weight: ArrayLike | None, columns: Columns | None
    ) -> Rows:
        sequences = sequences_of(features, columns, self.sequence)
        if not len(sequences):
            raise InputError(
                "An autoencoder needs rows, had none.",
                way_out="Pass rows to learn from.",
            )
        nothing = np.zeros(len(sequences), np.int64)
        return Rows.of(sequences, nothing, weight, columns, steps=self.sequence)

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedAutoencoder:
        """Return the fitted autoencoder of ``content``.

        Raises
        ------
        ArtefactError
            No such file, or one of another width.
        """
        return FittedAutoencoder.load(content, columns)


def _same_start(
    start: FittedAutoencoder | None, columns: Columns
) -> FittedAutoencoder | None:
    """Check a start; to `same_start` it is as good as a model that forecasts."""
    kind: Any = FittedAutoencoder
    found: FittedAutoencoder | None = same_start(cast("Any", start), kind, columns)
    return found
