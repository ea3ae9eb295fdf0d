"""A random forest: scikit-learn grows it, our own arrays keep, score and export it.

A missing value is a value to these trees: each split learns to which side it goes, and
one that saw none missing sends them to its larger side. So absence itself can tell
something, and nothing is filled in.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held
from tradeloop.models.exact import FLOAT
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.matrix import as_float32
from tradeloop.models.tensors import pack, unpack
from tradeloop.models.training_rows import (
    TrainingRows,
    refuse_out_of_range,
    same_start,
)
from tradeloop.models.trees import ARRAYS, LEAF, Trees, round_down

_DECREASE: Mapping[str, type[np.generic]] = {"decrease": np.float64}
_LEAST_SPLIT = 2
_SHARE_TOLERANCE = 1e-9
_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True, eq=False)
class FittedForest:
    """Fitted trees.

    Parameters
    ----------
    trees : Trees
        Their leaves hold the share of each class among the training rows in them.
    decrease : ndarray of shape (n_columns,)
        Share of the impurity that splits on each column took away, mean over trees.
    columns : Columns
        Columns that it was fitted on.
    """

    name: ClassVar[str] = "forest"
    steps: ClassVar[int] = 1

    trees: Trees
    decrease: Floats
    columns: Columns

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Mean share of each class over the trees; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            Equal to scikit-learn's up to 1e-12.
        """
        if columns is not None:
            self.columns.refuse_other(columns)
        return self.trees.sums(as_float32(features, self.columns)) / len(self.trees)

    def to_bytes(self) -> bytes:
        """Return the arrays as safetensors."""
        return pack(self.name, self.trees.arrays() | {"decrease": self.decrease})

    def to_onnx(self) -> bytes:
        """Return the trees for ONNX Runtime; equal trees give equal bytes."""
        graph = Graph(type(self).__name__)
        sums = self.trees.write(graph, INPUT_NAME)
        shares = graph.add("Div", sums, graph.constant(np.float64(len(self.trees))))
        narrow = graph.add("Cast", shares, to=FLOAT)
        return graph.build(narrow, columns=len(self.columns.names))

    def importance(self) -> Mapping[str, float]:
        """Share of the decrease of the Gini impurity that each column brought."""
        whole = float(self.decrease.sum()) or 1.0
        return {
            name: float(value) / whole
            for name, value in zip(self.columns.names, self.decrease, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Forest:
    """Random forest; parameters as in scikit-learn.

    The same rows, parameters, seed and version of scikit-learn give the same bytes,
    whatever ``n_jobs`` is. A row is drawn for a tree as often as its weight says.

    Parameters
    ----------
    n_estimators : int
        Trees.
    max_depth : int
        Splits from root to leaf, at most.
    min_samples_split : int
        Rows that a node needs to be split, at least 2.
    min_samples_leaf : int
        Rows that each side of a split keeps.
    max_samples : int
        Rows that are drawn for a tree, at most; of fewer rows as many as there are.
        It bounds the time: a tree on 100,000 rows is nearly as good as one on 500,000,
        and the rows that one tree misses another one has.
    class_weight : {"none", "balanced"}
        ``balanced``: each class weighs the same in all.
    random_state : int
        Seed of the rows and columns that are drawn.
    n_jobs : int
        Threads.

    Raises
    ------
    InputError
        A parameter is outside its range.

    References
    ----------
    Breiman, Random forests, Machine Learning 45 (2001).
    """

    name: ClassVar[str] = "forest"
    steps: ClassVar[int] = 1

    n_estimators: int = 100
    max_depth: int = 10
    min_samples_split: int = 5
    min_samples_leaf: int = 2
    max_samples: int = 100_000
    class_weight: str = "none"
    random_state: int = 42
    n_jobs: int = 1

    def __post_init__(self) -> None:
        counts = (
            "n_estimators",
            "max_depth",
            "min_samples_leaf",
            "max_samples",
            "n_jobs",
        )
        refuse_out_of_range(self, counts=counts, zero_or_more=("random_state",))
        if self.min_samples_split < _LEAST_SPLIT:
            raise InputError(
                f"Forest.min_samples_split must be at least {_LEAST_SPLIT}, was "
                f"{self.min_samples_split}.",
                way_out="Correct the parameter.",
            )
        if self.class_weight not in _WEIGHTS:
            raise InputError(
                f"Forest.class_weight must be one of {_WEIGHTS}, was "
                f"{self.class_weight!r}.",
                way_out="Correct the parameter.",
            )

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
    ) -> FittedForest:
        """Grow the trees; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Left unread: trees are grown side by side, not in rounds.
        start : FittedForest, optional
            Its trees stay and as many more are grown on the new rows; each counts the
            same.
        """
        del held
        rows = TrainingRows.of(features, direction, weight, columns)
        first = same_start(start, FittedForest, rows.columns)
        grown = self._grown(rows, trees_before=len(first.trees) if first else 0)
        if first is None:
            return grown
        trees = first.trees + grown.trees
        share = len(first.trees) / len(trees)
        decrease = share * first.decrease + (1 - share) * grown.decrease
        return FittedForest(trees, decrease, rows.columns)

    def _grown(self, rows: TrainingRows, trees_before: int) -> FittedForest:
        # Trees that go on from others must not draw the same rows again.
        seed = np.random.SeedSequence([self.random_state, trees_before])
        forest = _sklearn_forest()(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
            max_samples=min(self.max_samples, len(rows.classes)),
            random_state=int(seed.generate_state(1)[0]),
            n_jobs=self.n_jobs,
        )
        weight = rows.weight
        if self.class_weight == "balanced":
            whole = np.bincount(rows.classes, weights=weight)
            weight = weight * (len(weight) / len(CLASSES) / whole)[rows.classes]
        drawn = None if (weight == weight[0]).all() else weight
        # scikit-learn adds all values up to look for missing ones.
        with np.errstate(invalid="ignore", over="ignore"):
            forest.fit(rows.values, rows.classes, drawn)
        found = [tree.tree_ for tree in forest.estimators_]
        decrease = np.mean([tree.compute_feature_importances() for tree in found], 0)
        return FittedForest(_joined(found), decrease, rows.columns)

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedForest:
        """Return the fitted trees of ``content``.

        Raises
        ------
        ArtefactError
            No forest in safetensors, another width, or trees that cannot be walked.
        """
        arrays, _ = unpack(cls.name, content, {**ARRAYS, **_DECREASE})
        decrease, width = arrays.pop("decrease"), len(columns.names)
        trees = Trees(**arrays)
        trees.refuse_broken(width)
        shares = (trees.leaves >= 0).all() and (
            np.abs(trees.leaves.sum(axis=1) - 1) <= _SHARE_TOLERANCE
        ).all()
        if not shares or decrease.shape != (width,) or (decrease < 0).any():
            raise ArtefactError(
                f"The forest has {len(decrease)} columns, asked for were {width}; its "
                "leaves must hold shares that sum to 1. Train again."
            )
        return FittedForest(trees, decrease, columns)


def _joined(found: list[Any]) -> Trees:
    """Take the nodes of scikit-learn's trees; thresholds as float32."""
    first = np.cumsum([0, *(tree.node_count for tree in found)]).astype(np.int32)
    feature = np.concatenate([tree.feature for tree in found])
    leaf = np.concatenate([tree.children_left for tree in found]) == LEAF
    threshold = np.concatenate([tree.threshold for tree in found])
    value = np.concatenate([tree.value[:, 0] for tree in found])
    begin = np.repeat(first[:-1], np.diff(first))
    left, right = (
        np.where(leaf, np.arange(len(leaf)), begin + np.concatenate(side))
        for side in (
            [tree.children_left for tree in found],
            [tree.children_right for tree in found],
        )
    )
    missing = np.concatenate([tree.missing_go_to_left for tree in found])
    return Trees(
        first,
        np.where(leaf, LEAF, feature).astype(np.int32),
        np.where(leaf, np.float32(0), round_down(threshold)),
        left.astype(np.int32),
        right.astype(np.int32),
        missing.astype(np.bool_) & ~leaf,
        np.ascontiguousarray(value[leaf], dtype=np.float64),
    )


def _sklearn_forest() -> Any:
    try:
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "models") from error
    return RandomForestClassifier
