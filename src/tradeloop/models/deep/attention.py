"""Attention and layer normalisation as ONNX nodes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tradeloop.models.deep.arrays import NORM_EPSILON
from tradeloop.models.deep.network import linear
from tradeloop.models.graph import Graph


def write_norm(graph: Graph, weights: Mapping[str, Any], at: int, values: str) -> str:
    """Write a layer normalisation over the last axis."""
    return graph.add(
        "LayerNormalization",
        values,
        graph.constant(weights["norm_scale"][at]),
        graph.constant(weights["norm_bias"][at]),
        axis=-1,
        epsilon=float(NORM_EPSILON),
    )


def write_attention(
    graph: Graph,
    weights: Mapping[str, Any],
    at: int,
    normed: str,
    *,
    heads: int,
    last: bool,
) -> str:
    """Write the attention of a block.

    Parameters
    ----------
    graph : Graph
        The graph.
    weights : mapping of str to ndarray
        Weights.
    at : int
        Block.
    normed : str
        Normalised steps, of shape (n_rows, n_steps, hidden).
    heads : int
        Heads.
    last : bool
        Whether the last step alone asks.

    Returns
    -------
    str
        Name of what was attended to, of shape (n_rows, n_steps or 1, hidden).
    """
    steps, hidden = weights["position"].shape
    part, number = hidden // heads, weights["position"].dtype.type
    three = layer(graph, weights, "attention", at, normed)
    three = graph.add("Reshape", three, _shape(graph, 0, steps, 3 * heads, part))
    three = graph.add("Transpose", three, perm=[0, 2, 1, 3])
    asks = graph.add("Split", three, outputs=3, axis=1)
    keys, values = f"{asks}_1", f"{asks}_2"
    if last:
        asks = graph.add("Gather", asks, _shape(graph, steps - 1), axis=2)
    asks = graph.add("Mul", asks, graph.constant(number(stretch(part))))
    found = graph.add("MatMul", asks, graph.add("Transpose", keys, perm=[0, 1, 3, 2]))
    if not last:
        found = graph.add("Add", found, graph.constant(future(steps).astype(number)))
    shares = graph.add("Softmax", found, axis=-1)
    mixed = graph.add("MatMul", shares, values)
    mixed = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", mixed, _shape(graph, 0, -1, hidden))
    return layer(graph, weights, "attended", at, mixed)


def layer(
    graph: Graph, weights: Mapping[str, Any], name: str, at: int, values: str
) -> str:
    """Write a linear layer of a block."""
    return linear(graph, values, weights[name][at], weights[f"{name}_bias"][at])


def stretch(part: int) -> np.float32:
    """Return what a query of so many values is multiplied by: 1 over their root."""
    return np.float32(part**-0.5)


def future(steps: int) -> Any:
    """Return what keeps steps from later ones, added, of shape (steps, steps)."""
    return np.triu(np.full((steps, steps), np.float32(-1e9)), 1)


def _shape(graph: Graph, *sizes: int) -> str:
    return graph.constant(np.array(sizes, np.int64))
