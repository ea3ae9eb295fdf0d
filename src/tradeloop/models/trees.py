"""Decision trees as plain arrays: sums of their leaves by NumPy and by ONNX Runtime.

Values and thresholds are float32 on both sides, so both take the same branch. A float32
value lies below a float64 threshold exactly if it lies below the largest float32 that
does not exceed it: `round_down` therefore moves no row to another branch.

ONNX Runtime adds leaves in float32, which 300 trees would carry past 1e-6. So the graph
adds each leaf in two parts: a multiple of one power of two, so coarse that every sum of
them is exact in any order, and the small rest. Both are joined in float64.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.exact import DOUBLE
from tradeloop.models.graph import Graph

LEAF = -1
"""Feature of a node that splits no further."""
ARRAYS: Mapping[str, type[np.generic]] = {
    "first": np.int32,
    "feature": np.int32,
    "threshold": np.float32,
    "left": np.int32,
    "right": np.int32,
    "missing_left": np.bool_,
    "leaves": np.float64,
}
"""What `Trees` are stored as."""
_EXACT_BITS = 23
_ROWS_AT_ONCE = 2_000


def round_down(threshold: ArrayLike) -> NDArray[np.float32]:
    """Largest finite float32 that is not above the threshold.

    An infinite threshold, which parts what is there from what is missing, becomes the
    largest of all: every value lies at or below it.
    """
    largest = np.finfo(np.float32).max
    exact = np.clip(np.asarray(threshold, np.float64), -float(largest), float(largest))
    near = exact.astype(np.float32)
    below = np.nextafter(near, -largest)
    return np.where(near > exact, below, near)


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees, node after node; a parent stands before its children.

    A value at most the threshold goes left; a missing one where ``missing_left`` says.

    Parameters
    ----------
    first : ndarray of int32 of shape (n_trees + 1,)
        Number of the root of each tree, and of nodes.
    feature : ndarray of int32 of shape (n_nodes,)
        Column that is asked; `LEAF` in a leaf.
    threshold : ndarray of float32 of shape (n_nodes,)
        0 in a leaf.
    left, right : ndarray of int32 of shape (n_nodes,)
        Number of the next node; of itself in a leaf.
    missing_left : ndarray of bool of shape (n_nodes,)
        Whether a missing value goes left.
    leaves : ndarray of shape (n_leaves, 3)
        What each leaf adds to each class, in the order of their nodes.
    """

    first: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    leaves: Floats

    def __len__(self) -> int:
        return len(self.first) - 1

    def __add__(self, more: "Trees") -> "Trees":
        shift = self.first[-1]
        return Trees(
            np.concatenate([self.first, more.first[1:] + shift]),
            np.concatenate([self.feature, more.feature]),
            np.concatenate([self.threshold, more.threshold]),
            np.concatenate([self.left, more.left + shift]),
            np.concatenate([self.right, more.right + shift]),
            np.concatenate([self.missing_left, more.missing_left]),
            np.concatenate([self.leaves, more.leaves]),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    @cached_property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Whether a node splits no further, of shape (n_nodes,)."""
        return np.asarray(self.feature == LEAF)

    @cached_property
    def _leaf_of(self) -> NDArray[np.int64]:
        return np.cumsum(self.is_leaf) - 1

    @cached_property
    def _asked(self) -> NDArray[np.int32]:
        return np.maximum(self.feature, 0)

    @cached_property
    def depth(self) -> int:
        """Splits on the longest way from a root to a leaf."""
        found, at = 0, self.first[:-1]
        while True:
            at = at[~self.is_leaf[at]]
            if not len(at):
                return found
            at, found = np.concatenate([self.left[at], self.right[at]]), found + 1

    def sums(self, values: NDArray[np.float32]) -> Floats:
        """Add up the leaves that each row falls into, tree after tree.

        Parameters
        ----------
        values : ndarray of float32 of shape (n_rows, n_columns)
            NaN means missing.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            The same bits for a row alone as among others.
        """
        found = np.zeros((len(values), len(CLASSES)))
        for begin in range(0, len(values), _ROWS_AT_ONCE):
            some = values[begin : begin + _ROWS_AT_ONCE]
            for leaf in self._leaf_of[self._nodes(some)]:
                found[begin : begin + len(some)] += self.leaves[leaf]
        return found

    def _nodes(self, values: NDArray[np.float32]) -> NDArray[np.int32]:
        """Leaf node of each row in each tree, of shape (n_trees, n_rows)."""
        flat, missing = values.ravel(), bool(np.isnan(values).any())
        begin = np.arange(len(values)) * values.shape[1]
        node = np.repeat(self.first[:-1, None], len(values), axis=1)
        for _ in range(self.depth):
            asked = flat[begin + self._asked[node]]
            goes_left = asked <= self.threshold[node]
            if missing:
                goes_left |= np.isnan(asked) & self.missing_left[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def write(self, graph: Graph, values: str) -> str:
        """Write the trees into an ONNX graph.

        Returns
        -------
        str
            Name of the sums, float64 of shape (n_rows, 3).
        """
        parts = graph.add(
            "TreeEnsembleRegressor",
            values,
            domain="ai.onnx.ml",
            n_targets=2 * len(CLASSES),
            aggregate_function="SUM",
            post_transform="NONE",
            **self._node_attributes(),
            **self._leaf_attributes(),
        )
        both = graph.add("Cast", parts, to=DOUBLE)
        coarse = graph.add("Split", both, outputs=2, axis=1)
        return graph.add("Add", coarse, f"{coarse}_1")

    @cached_property
    def _tree_of(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def _node_attributes(self) -> dict[str, Any]:
        root = self.first[self._tree_of]
        modes = np.where(self.is_leaf, "LEAF", "BRANCH_LEQ")
        return {
            "nodes_treeids": self._tree_of.tolist(),
            "nodes_nodeids": (np.arange(len(root)) - root).tolist(),
            "nodes_featureids": self._asked.tolist(),
            "nodes_modes": modes.tolist(),
            "nodes_values": self.threshold.tolist(),
            "nodes_truenodeids": np.where(self.is_leaf, 0, self.left - root).tolist(),
            "nodes_falsenodeids": np.where(self.is_leaf, 0, self.right - root).tolist(),
            "nodes_missing_value_tracks_true": self.missing_left.astype(int).tolist(),
        }

    def _leaf_attributes(self) -> dict[str, Any]:
        weights = np.hstack(_coarse_and_rest(self.leaves, self._largest_sum()))
        # A leaf without any weight would be no leaf to ONNX Runtime.
        told = weights != 0
        told[:, 0] |= ~told.any(axis=1)
        leaf, target = np.nonzero(told)
        node = np.flatnonzero(self.is_leaf)[leaf]
        tree = self._tree_of[node]
        return {
            "target_treeids": tree.tolist(),
            "target_nodeids": (node - self.first[tree]).tolist(),
            "target_ids": target.tolist(),
            "target_weights": weights[leaf, target].tolist(),
        }

    def _largest_sum(self) -> float:
        sizes = np.abs(self.leaves).max(axis=1)
        begins = np.concatenate([[0], self._leaf_of[self.first[1:-1] - 1] + 1])
        return float(np.maximum.reduceat(sizes, begins).sum())

    def refuse_broken(self, width: int) -> None:
        """Raise unless these are trees over ``width`` columns that can be walked.

        Raises
        ------
        ArtefactError
            Arrays of unequal length, a column or a child that does not exist, a child
            before its parent, or a leaf without its values.
        """
        nodes = len(self.feature)
        by_node = (self.threshold, self.left, self.right, self.missing_left)
        whole = (
            all(array.shape == (nodes,) for array in (self.feature, *by_node))
            and self.first.ndim == 1
            and len(self) >= 1
            and (self.first[0], self.first[-1]) == (0, nodes)
            and bool((np.diff(self.first) >= 1).all())
            and self.leaves.shape == (int(self.is_leaf.sum()), len(CLASSES))
        )
        if not whole or not self._children_follow(width):
            raise ArtefactError(
                f"The arrays are no trees over {width} columns: a node, a child or a "
                "leaf is missing. Train again."
            )

    def _children_follow(self, width: int) -> bool:
        end = self.first[1:][self._tree_of]
        node = np.arange(len(self.feature))
        inner = ~self.is_leaf
        return bool(
            ((self.feature >= LEAF) & (self.feature < width)).all()
            and all(
                ((child > node) & (child < end))[inner].all()
                and (child == node)[self.is_leaf].all()
                for child in (self.left, self.right)
            )
        )


def _coarse_and_rest(leaves: Floats, largest: float) -> tuple[Floats, Floats]:
    """Two parts of each leaf; sums of the first are exact in float32."""
    step = 2.0 ** (np.ceil(np.log2(largest or 1.0)) - _EXACT_BITS)
    coarse = np.rint(leaves / step) * step
    return coarse, leaves - coarse
