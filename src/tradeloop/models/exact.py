"""Sums without rounding, so that no order of adding them changes a bit.

A row must get the same bits alone as among others, and by ONNX Runtime the same as by
NumPy; but both add up in an order that depends on the number of rows and on the
processor. Rounded to multiples of a power of two, factors have so few bits that every
product and every sum of them fits into float64 exactly: then all orders agree.

Scaled features get 16 bits behind the point: a step of 1/65,536 of a spread.
"""

import numpy as np

from tradeloop.models.base import Floats
from tradeloop.models.graph import Graph
from tradeloop.models.scaling import CLIP, Narrow, Scaling

FLOAT, DOUBLE = 1, 11
"""Numbers of float32 and float64 in ``Cast`` nodes of ONNX."""
STEP = 2.0**-16
"""Step of scaled features."""
_EXACT_BITS = 53
_FEATURE_BITS = int(np.log2(CLIP / STEP))


def scaled(scaling: Scaling, values: Narrow) -> Floats:
    """Scale rows and round them to multiples of `STEP`; a missing value is 0.

    Parameters
    ----------
    scaling : Scaling
        Centre and spread of each column.
    values : ndarray of float32 of shape (n_rows, n_columns)
        NaN means missing.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Between -8 and 8.
    """
    with np.errstate(over="ignore"):  # what overflows is clipped
        found = scaling.apply(values)
    return np.asarray(np.rint(found.astype(np.float64) / STEP) * STEP)


def write_scaled(graph: Graph, scaling: Scaling, values: str) -> str:
    """Write `scaled` into an ONNX graph; return the name of the float64 result."""
    wide = graph.add("Cast", scaling.write(graph, values), to=DOUBLE)
    steps = graph.add("Round", graph.add("Div", wide, graph.constant(np.float64(STEP))))
    return graph.add("Mul", steps, graph.constant(np.float64(STEP)))


def factors(values: Floats, *, terms: int, bits: int = _FEATURE_BITS) -> Floats:
    """Round factors so that sums of their products are exact.

    Parameters
    ----------
    values : ndarray
        Finite factors, such as coefficients.
    terms : int
        Products in a sum, at most.
    bits : int
        Bits of the other factor of each product: it is a multiple of some power of two
        and at most ``2 ** bits`` times as large; those of `scaled` if absent.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if not largest:
        return np.zeros_like(values)
    room = _EXACT_BITS - bits - int(np.ceil(np.log2(max(terms, 1))))
    step = 2.0 ** (np.ceil(np.log2(largest)) - max(room, 1))
    return np.asarray(np.rint(values / step) * step)


def softmax(logits: Floats) -> Floats:
    """Probabilities of shape (n_rows, 3); the same bits for a row alone."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    # Not sum(axis=1): its order depends on the number of rows.
    whole = raised[:, 0] + raised[:, 1] + raised[:, 2]
    return np.asarray(raised / whole[:, None])


def write_softmax(graph: Graph, logits: str) -> str:
    """Write `softmax` of float64 logits; return the name of the float32 result."""
    return graph.add("Cast", graph.add("Softmax", logits, axis=1), to=FLOAT)
