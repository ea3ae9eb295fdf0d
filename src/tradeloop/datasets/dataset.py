"""Rows a model may learn from: five frames that speak of the same decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError

FRAMES = (
    "decision_context",
    "market_context",
    "execution_context",
    "feature_vectors",
    "outcome_labels",
)
_NOT_FEATURES = ("decision_id", "known_ns")


# eq=False: nobody means cell by cell when they write ==; compare the versions.
@dataclass(frozen=True, eq=False)
class Dataset:
    """Five frames with one row per labelled decision, all in the same order.

    Parameters
    ----------
    dataset_type : str
        What it teaches; a value of `tradeloop.events.DatasetType`.
    version : str
        SHA-256 of the inputs; see `DatasetInputs`.
    manifest : str
        Canonical JSON of the inputs, of which ``version`` is the hash.
    decision_context, market_context, execution_context : polars.DataFrame
        What was decided, and what was known of the market and of trading then.
    feature_vectors : polars.DataFrame of shape (n_rows, 2 + n_features)
        decision_id, known_ns and one Float64 column per feature.
    outcome_labels : polars.DataFrame
        What came of it, with decision_ns, end_ns and fold.
    left_out : mapping of str to int
        Decisions that are no rows, by reason.
    """

    dataset_type: str
    version: str
    manifest: str
    decision_context: pl.DataFrame
    market_context: pl.DataFrame
    execution_context: pl.DataFrame
    feature_vectors: pl.DataFrame
    outcome_labels: pl.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.outcome_labels["decision_ns"].is_sorted():
            raise InputError(
                "Rows must stand in the order of their decisions.",
                way_out="Sort the frames by decision_ns, then decision_id.",
                source="outcome_labels",
                column="decision_ns",
            )
        ids = self.decision_context["decision_id"]
        if ids.n_unique() != ids.len():
            raise InputError(
                f"A dataset needs each decision once; {ids.len() - ids.n_unique()} "
                "rows repeat an id.",
                way_out="Take each decision_id once.",
                source="decision_context",
            )
        for name, frame in self.frames.items():
            if not frame["decision_id"].equals(ids):
                raise InputError(
                    "The frame does not hold the same decisions in the same order.",
                    way_out="Join each frame to the same list of decisions.",
                    source=name,
                    column="decision_id",
                )

    @property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        """Name of each frame to the frame, in the contract's order."""
        return {name: getattr(self, name) for name in FRAMES}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of ``X``."""
        columns = self.feature_vectors.columns
        return tuple(name for name in columns if name not in _NOT_FEATURES)

    @property
    def X(self) -> NDArray[np.float64]:  # noqa: N802
        """Features of shape (n_rows, n_features), C order; NaN where missing."""
        chosen = self.feature_vectors.select(self.feature_names)
        filled = chosen.with_columns(pl.all().fill_null(float("nan")))
        return np.ascontiguousarray(filled.to_numpy(), dtype=np.float64)

    @property
    def decision_ns(self) -> NDArray[np.int64]:
        """Start of each label interval, ns UTC, shape (n_rows,)."""
        return self.outcome_labels["decision_ns"].to_numpy()

    @property
    def end_ns(self) -> NDArray[np.int64]:
        """When all labels of a row were known, ns UTC, shape (n_rows,)."""
        return self.outcome_labels["end_ns"].to_numpy()

    @property
    def fold(self) -> NDArray[np.int8]:
        """Fold in which each row is tested, -1 for rows that only train."""
        return self.outcome_labels["fold"].to_numpy()

    @property
    def sample_count(self) -> int:
        """Number of rows."""
        return self.outcome_labels.height

    @property
    def feature_count(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    @property
    def label_distribution(self) -> Mapping[str, int]:
        """Rows per outcome class, best class first; empty without classes."""
        outcome = self.outcome_labels["decision_outcome"].drop_nulls()
        if outcome.is_empty():
            return {}
        counted = dict(outcome.value_counts().iter_rows())
        order = ("EXCELLENT", "GOOD", "NEUTRAL", "POOR", "BAD")
        return {name: int(counted.get(name, 0)) for name in order}
