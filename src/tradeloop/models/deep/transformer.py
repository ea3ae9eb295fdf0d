"""A small Transformer encoder over the last rows, for several horizons at once.

Pre-norm blocks (Xiong et al. 2020) of causal self-attention (Vaswani et al. 2017) and
two layers with a ReLU between; learned positions; the last step is read. As only that
step is read, the last block asks for it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Fitted, Given, Held
from tradeloop.models.deep.arrays import Arrays, normalised, softmax
from tradeloop.models.deep.attention import (
    future,
    layer,
    stretch,
    write_attention,
    write_norm,
)
from tradeloop.models.deep.fitted import Forecaster
from tradeloop.models.deep.fitting import Asked, fit_network, refuse_short
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

_WIDER = 2  # of the two layers behind the attention


@dataclass(frozen=True)
class TransformerNetwork(Network):
    """The architecture.

    Parameters
    ----------
    hidden : int
        Width of a step.
    heads : int
        Heads of the attention; divide ``hidden``.
    layers : int
        Blocks.
    """

    hidden: int
    heads: int
    layers: int

    @property
    def width(self) -> int:
        """Width of the entrance."""
        return self.hidden

    def body(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the weights behind the entrance."""
        wide, many = self.hidden, self.layers
        results = self.horizons * len(CLASSES)
        return {
            "position": (self.steps, wide),
            "attention": (many, wide, 3 * wide),
            "attention_bias": (many, 3 * wide),
            "attended": (many, wide, wide),
            "attended_bias": (many, wide),
            "first": (many, wide, _WIDER * wide),
            "first_bias": (many, _WIDER * wide),
            "second": (many, _WIDER * wide, wide),
            "second_bias": (many, wide),
            "norm_scale": (2 * many + 1, wide),
            "norm_bias": (2 * many + 1, wide),
            OUT: (wide, results),
            OUT_BIAS: (results,),
        }

    def read(self, arrays: Arrays, weights: Mapping[str, Any], entered: Any) -> Any:
        """Read what entered: every block, then the last step."""
        shown = arrays.np.swapaxes(entered, 0, 1) + weights["position"]
        for at in range(self.layers):
            last = at == self.layers - 1
            attended = self._attend(arrays, weights, at, shown, last=last)
            shown = (shown[:, -1:] if last else shown) + attended
            first = self._norm(arrays, weights, 2 * at + 1, shown)
            first = first @ weights["first"][at] + weights["first_bias"][at]
            first = arrays.np.maximum(first, 0)
            second = first @ weights["second"][at] + weights["second_bias"][at]
            shown = shown + arrays.drop(second, self.dropout)
        shown = self._norm(arrays, weights, 2 * self.layers, shown)[:, -1]
        return shown @ weights[OUT] + weights[OUT_BIAS]

    def _attend(
        self,
        arrays: Arrays,
        weights: Mapping[str, Any],
        at: int,
        shown: Any,
        *,
        last: bool,
    ) -> Any:
        normed = self._norm(arrays, weights, 2 * at, shown)
        three = normed @ weights["attention"][at] + weights["attention_bias"][at]
        three = three.reshape(-1, self.steps, 3 * self.heads, self.hidden // self.heads)
        asks, keys, values = arrays.np.split(arrays.np.swapaxes(three, 1, 2), 3, axis=1)
        asks = (asks[:, :, -1:] if last else asks) * stretch(asks.shape[-1])
        found = asks @ arrays.np.swapaxes(keys, 2, 3)
        found = found if last else found + future(self.steps)
        mixed = arrays.np.swapaxes(softmax(arrays, found) @ values, 1, 2)
        mixed = mixed.reshape(len(mixed), -1, self.hidden)
        mixed = mixed @ weights["attended"][at] + weights["attended_bias"][at]
        return arrays.drop(mixed, self.dropout)

    def _norm(
        self, arrays: Arrays, weights: Mapping[str, Any], at: int, shown: Any
    ) -> Any:
        return normalised(
            arrays, shown, weights["norm_scale"][at], weights["norm_bias"][at]
        )

    def write(self, graph: Graph, weights: Mapping[str, Any], values: str) -> str:
        """Write every block into an ONNX graph."""
        shown = linear(graph, values, weights[ENTRANCE], weights[ENTRANCE_BIAS])
        shown = graph.add("Add", shown, graph.constant(weights["position"]))
        last_step = graph.constant(np.array([self.steps - 1]))
        for at in range(self.layers):
            last = at == self.layers - 1
            normed = write_norm(graph, weights, 2 * at, shown)
            attended = write_attention(
                graph, weights, at, normed, heads=self.heads, last=last
            )
            shown = graph.add("Gather", shown, last_step, axis=1) if last else shown
            shown = graph.add("Add", shown, attended)
            first = write_norm(graph, weights, 2 * at + 1, shown)
            first = graph.add("Relu", layer(graph, weights, "first", at, first))
            second = layer(graph, weights, "second", at, first)
            shown = graph.add("Add", shown, second)
        shown = write_norm(graph, weights, 2 * self.layers, shown)
        shown = graph.add("Squeeze", shown, graph.constant(np.array([1])))
        return linear(graph, shown, weights[OUT], weights[OUT_BIAS])


@dataclass(frozen=True, eq=False)
class FittedTransformer(Forecaster):
    """A fitted Transformer."""

    name: ClassVar[str] = "transformer"
    kind: ClassVar[type[Network]] = TransformerNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformer(Rounds):
    """A Transformer over sequences; see `tradeloop.models.deep.rounds.Rounds` for more.

    Parameters
    ----------
    sequence : int
        Rows of a sequence, at least 2.
    hidden : int
        Width of a step.
    heads : int
        Heads of the attention; must divide ``hidden``.
    layers : int
        Blocks.
    """

    name: ClassVar[str] = "transformer"
    many_horizons: ClassVar[bool] = True

    sequence: int = 50
    hidden: int = 32
    heads: int = 4
    layers: int = 2

    def __post_init__(self) -> None:
        Rounds.__post_init__(self)
        refuse_out_of_range(self, counts=("hidden", "heads", "layers"))
        refuse_short(self, self.sequence)
        if self.hidden % self.heads:
            raise InputError(
                f"Transformer.heads must divide hidden, was {self.heads} and "
                f"{self.hidden}.",
                way_out="Correct the parameter.",
            )

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
    ) -> FittedTransformer:
        """Train; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : Sequences, or array of shape (n_rows, n_steps, n_columns)
            NaN means missing; of longer sequences the last steps are read.
        direction : array of int of shape (n_rows,) or (n_rows, n_horizons)
            -1, 0 or +1; each must occur over each horizon. The first horizon is the
            one of ``predict_proba``.
        weight : array of shape (n_rows,) or (n_rows, n_horizons), optional
            Weight of each row; 0 where a horizon has not ended.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Rows to stop by, of as many horizons; the mean loss over them decides.
        start : FittedTransformer, optional
            To go on from, with its scale.
        """
        asked = Asked(features, direction, weight, columns, held, start)
        return fit_network(FittedTransformer, self, asked, self._network)

    def _network(self, columns: int, horizons: int) -> TransformerNetwork:
        return TransformerNetwork(
            columns,
            self.sequence,
            horizons,
            self.dropout,
            self.hidden,
            self.heads,
            self.layers,
        )

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedTransformer:
        """Return the fitted Transformer of ``content``.

        Raises
        ------
        ArtefactError
            No such file, or one of another width.
        """
        return FittedTransformer.load(content, columns)
