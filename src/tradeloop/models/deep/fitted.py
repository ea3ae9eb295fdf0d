"""Fitted networks: weights, scale and columns; forecasts, bytes and ONNX."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Given
from tradeloop.models.deep.arrays import NUMPY, softmax
from tradeloop.models.deep.forecast import results
from tradeloop.models.deep.network import ENTRANCE, Network, Weights
from tradeloop.models.deep.rows import sequences_of
from tradeloop.models.deep.training import Progress
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.scaling import Scaling
from tradeloop.models.tensors import pack, unpack

_CENTRE, _SPREAD = "centre", "spread"
_SINGLE, _DOUBLE = 1, 11  # onnx.TensorProto


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network.

    Parameters
    ----------
    network : Network
        Architecture.
    weights : dict of str to ndarray
        Weights, float32.
    scaling : Scaling
        Scale of the columns, fitted on the training rows.
    columns : Columns
        Columns that it was fitted on.
    progress : Progress
        How training went.
    """

    name: ClassVar[str]
    kind: ClassVar[type[Network]]

    network: Network
    weights: Weights
    scaling: Scaling
    columns: Columns
    progress: Progress

    @property
    def steps(self) -> int:
        """Rows that it looks at for one forecast."""
        return self.network.steps

    def results(self, features: Given, columns: Columns | None) -> Any:
        """Return what the network says, of shape (n_rows, n_results)."""
        if columns is not None:
            self.columns.refuse_other(columns)
        sequences = sequences_of(features, self.columns, self.steps)
        return results(self.network, self.weights, self.scaling, sequences)

    def to_bytes(self) -> bytes:
        """Return weights, scale and sizes as safetensors."""
        scale = {_CENTRE: self.scaling.centre, _SPREAD: self.scaling.spread}
        told = {k: v for k, v in asdict(self.progress).items() if v is not None}
        return pack(
            self.name, {**self.weights, **scale}, **asdict(self.network), **told
        )

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> Self:
        """Undo `to_bytes`.

        Raises
        ------
        ArtefactError
            No such file, other arrays, or another number of columns.
        """
        names = {_CENTRE, _SPREAD, *cls.kind.names()}
        arrays, header = unpack(cls.name, content, dict.fromkeys(names, np.float32))
        try:
            network = _read(cls.kind, header)
            progress = _read(Progress, header)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactError(
                f"The header of the {cls.name} is not whole: {error}. Train again."
            ) from error
        scaling = Scaling(arrays.pop(_CENTRE), arrays.pop(_SPREAD))
        network.refuse_other_shapes(arrays)
        wanted = (len(columns.names),)
        if (
            not scaling.centre.shape
            == scaling.spread.shape
            == wanted
            == (network.columns,)
        ):
            raise ArtefactError(
                f"The {cls.name} was fitted on {network.columns} columns, asked for "
                f"were {wanted[0]}. Pass the columns that it was fitted on."
            )
        if not (scaling.spread > 0).all():
            raise ArtefactError(
                f"A spread of the {cls.name} is not above 0. Train again."
            )
        return cls(network, dict(arrays), scaling, columns, progress)

    def importance(self) -> Mapping[str, float]:
        """Share of the entrance's absolute weights that each column has.

        Columns are on one scale there, so that weights compare. It tells how loudly a
        column enters, not what the later layers make of it. A column that did not vary
        in training has none.
        """
        found = np.abs(self.weights[ENTRANCE].astype(np.float64)).sum(axis=1)
        whole = found.sum() or 1.0
        return {
            name: float(value / whole)
            for name, value in zip(self.columns.names, found, strict=True)
        }

    def write_scaled(self) -> tuple[Graph, str]:
        """Begin an ONNX graph; return it and the name of the network's results."""
        graph = Graph(type(self).__name__)
        scaled = self.scaling.write(graph, INPUT_NAME)
        if self.network.number is np.float64:
            scaled = graph.add("Cast", scaled, to=_DOUBLE)
        weights = self.network.wide(self.weights)
        return graph, self.network.write(graph, weights, scaled)

    def write_narrow(self, graph: Graph, values: str) -> str:
        """Write the way back to float32."""
        if self.network.number is np.float64:
            return graph.add("Cast", values, to=_SINGLE)
        return values


class Forecaster(Learned):
    """A trained network that forecasts directions, over one or several horizons."""

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class over the first horizon.

        Parameters
        ----------
        features : array or Sequences
            See `tradeloop.models.base.Fitted`.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            A row alone gets the same bits as among others.
        """
        return np.ascontiguousarray(self.predict_horizons(features, columns)[:, 0])

    def predict_horizons(
        self, features: Given, columns: Columns | None = None
    ) -> Floats:
        """Probability of each class over each horizon.

        Returns
        -------
        ndarray of shape (n_rows, n_horizons, 3)
            Horizons in the order of training.
        """
        scores = self.results(features, columns).astype(np.float64)
        tall = scores.reshape(-1, self.network.horizons, len(CLASSES))
        return np.asarray(softmax(NUMPY, tall))

    def to_onnx(self, horizon: int = 0) -> bytes:
        """Return the network for ONNX Runtime; equal weights give equal bytes.

        Parameters
        ----------
        horizon : int
            Which horizon's probabilities it gives, from 0.

        Raises
        ------
        InputError
            There is no such horizon.
        """
        horizons = self.network.horizons
        if not 0 <= horizon < horizons:
            raise InputError(
                f"The {self.name} forecasts {horizons} horizons, from 0; asked for "
                f"was {horizon}.",
                way_out="Ask for one that it was trained on.",
            )
        graph, scores = self.write_scaled()
        if horizons > 1:
            chosen = np.arange(len(CLASSES)) + horizon * len(CLASSES)
            scores = graph.add("Gather", scores, graph.constant(chosen), axis=1)
        shares = self.write_narrow(graph, graph.add("Softmax", scores, axis=-1))
        return graph.build(
            shares, columns=len(self.columns.names), steps=self.network.steps
        )


def _read(kind: Any, header: Mapping[str, Any]) -> Any:
    """Take the fields of a dataclass out of a header; whole numbers stay whole."""
    found = {}
    for field in fields(kind):
        if field.name not in header and field.name == "held_loss":
            continue
        value = header[field.name]
        if field.type is int and (type(value) is not int or value < 0):
            raise ValueError(f"{field.name} is {value!r}, no whole number")
        if type(value) not in (int, float):
            raise TypeError(f"{field.name} is {value!r}, no number")
        found[field.name] = value
    return kind(**found)
