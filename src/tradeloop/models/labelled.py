"""Training rows, checked once: features, what came, when, how much each counts.

A row's features were known at its own decision. A sequence holds the rows of the same
group that were decided before, so it knows no more than its last step does: that a test
row's sequence reaches into training rows is history, no leak, for it carries features
alone and no label. The other way round, in splits that train after a test too, a
training row's sequence could hold test rows: `Labelled.hiding` blanks them.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Given, Ints
from tradeloop.models.matrix import as_float32, checked_weight, class_numbers
from tradeloop.models.sequences import ABSENT, Sequences, places_of


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Training rows, checked by `labelled`.

    Parameters
    ----------
    features : ndarray of float32 of shape (n_rows, n_columns)
        What was known at the decision; NaN means missing.
    classes : ndarray of shape (n_rows,)
        Class numbers, 0 to 2.
    decision_ns, end_ns : ndarray of shape (n_rows,)
        When each row was decided and its label known, ns UTC.
    weight : ndarray of shape (n_rows,)
        Weights as given: each fit scales those of its own rows, so that the weight of
        a row elsewhere changes nothing.
    columns : Columns
        Names and bank of the columns.
    places : ndarray of int64 of shape (n_rows, n_steps), optional
        Source rows of each row's sequence, see `places_of`; None: no sequences.
    past : ndarray of float32 of shape (n_source_rows, n_columns), optional
        What the places name; None: ``features``.
    further : ndarray of int64 of shape (n_rows, n_further), optional
        Directions over further horizons, known by ``end_ns`` too.
    """

    features: NDArray[np.float32]
    classes: Ints
    decision_ns: Ints
    end_ns: Ints
    weight: Floats
    columns: Columns
    places: Ints | None = None
    further: Ints | None = None
    past: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.classes)

    def given(self, rows: Ints) -> Given:
        """Features of some rows: a matrix, or sequences where there are places."""
        if self.places is None:
            return self.features[rows]
        source = self.features if self.past is None else self.past
        return Sequences(source, self.places[rows])

    def direction(self, rows: Ints, *, horizons: bool = False) -> Ints:
        """Directions of some rows, of shape (n,), or (n, 1 + n_further) of all."""
        first = self.classes[rows] + CLASSES[0]
        if not horizons or self.further is None:
            return first
        return np.column_stack([first, self.further[rows]])

    def narrowed(self, places: Ints, columns: Columns) -> Self:
        """Return the rows with some of their columns."""
        features = np.ascontiguousarray(self.features[:, places])
        past = None
        if self.past is not None:
            past = np.ascontiguousarray(self.past[:, places])
        return replace(self, features=features, columns=columns, past=past)

    def hiding(self, rows: Ints) -> Self:
        """Return the rows with sequences in which these rows are missing."""
        if self.places is None or self.past is not None or not len(rows):
            return self  # a past of its own holds no row but as its own last step
        hidden = np.isin(self.places, rows)
        return replace(self, places=np.where(hidden, ABSENT, self.places))


def labelled(
    features: Given,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    columns: Columns | None,
    weight: ArrayLike | None,
) -> Labelled:
    """Check training rows; parameters and errors are those of `walk_forward`."""
    values = as_float32(features, columns)
    decided = np.asarray(decision_ns, dtype=np.int64)
    ended = np.asarray(end_ns, dtype=np.int64)
    if decided.shape != (len(values),) or ended.shape != (len(values),):
        raise InputError(
            f"decision_ns and end_ns must have the shape ({len(values)},), had "
            f"{decided.shape} and {ended.shape}.",
            way_out="Pass both times of every row.",
        )
    if (ended < decided).any():
        row = int(np.argmax(ended < decided))
        raise InputError(
            f"A label must not end before its decision at {decided[row]}, ended at "
            f"{ended[row]}.",
            way_out="Pass the time at which the label was known.",
            column="end_ns",
            row=row,
        )
    return Labelled(
        features=values,
        classes=class_numbers(direction, len(values)),
        decision_ns=decided,
        end_ns=ended,
        weight=_weight(weight, len(values)),
        columns=columns or Columns.unnamed(values.shape[1]),
        places=features.places if isinstance(features, Sequences) else None,
        past=(
            as_float32(features.values, columns)
            if isinstance(features, Sequences)
            else None
        ),
    )


def _weight(weight: ArrayLike | None, n_rows: int) -> Floats:
    scaled = checked_weight(weight, n_rows)
    return scaled if weight is None else np.array(weight, dtype=np.float64)


def with_sequences(rows: Labelled, groups: ArrayLike | None, steps: int) -> Labelled:
    """Add the places of each row's sequence.

    Parameters
    ----------
    rows : Labelled
        All rows.
    groups : array of shape (n_rows,), optional
        Whose row it is, such as the instrument; None: all rows are one history.
    steps : int
        Longest sequence that a model asks for; 1 adds nothing.
    """
    if steps <= 1:
        return replace(rows, places=None, past=None)
    if rows.places is not None:
        if rows.places.shape[1] < steps:
            raise InputError(
                f"A model looks at {steps} rows for one forecast, the sequences have "
                f"{rows.places.shape[1]}.",
                way_out="Give sequences of that many steps.",
                source="features",
            )
        return rows
    names = np.zeros(len(rows), np.int64) if groups is None else np.asarray(groups)
    return replace(rows, places=places_of(names, rows.decision_ns, steps))


def with_further(rows: Labelled, further: ArrayLike | None) -> Labelled:
    """Add the directions over further horizons.

    Parameters
    ----------
    rows : Labelled
        All rows.
    further : array of int of shape (n_rows, n_further), optional
        -1, 0 or +1; None adds nothing.

    Raises
    ------
    InputError
        Another shape, or a value that is no direction.
    """
    if further is None:
        return rows
    given = np.asarray(further)
    if given.ndim != len(("rows", "horizons")) or len(given) != len(rows):
        raise InputError(
            f"Further directions must have the shape ({len(rows)}, n_further), had "
            f"{given.shape}.",
            way_out="Pass one column a horizon beyond the first.",
            source="further",
        )
    for at in range(given.shape[1]):
        class_numbers(given[:, at], len(rows))
    return replace(rows, further=given.astype(np.int64))


def cut_in_time(
    decision_ns: Ints, end_ns: Ints, rows: Ints, share: float
) -> tuple[Ints, Ints]:
    """Cut rows in time so that no label of the first part reaches into the second.

    Parameters
    ----------
    decision_ns, end_ns : ndarray of int64 of shape (n_all_rows,)
        Decision and end of each label.
    rows : ndarray of int64
        Rows to cut.
    share : float
        Share of the rows that are decided before the cut, as near as ties allow: rows
        decided at one instant stay together.

    Returns
    -------
    first : ndarray of int64
        Rows whose label ended before the first decision of ``second``; sorted.
    second : ndarray of int64
        Rows decided at or after the cut; sorted.
    """
    if not len(rows):
        return rows, rows
    decided = np.sort(decision_ns[rows])
    cut_ns = decided[min(int(share * len(rows)), len(rows) - 1)]
    late = decision_ns[rows] >= cut_ns
    known = end_ns[rows] < cut_ns
    return np.sort(rows[~late & known]), np.sort(rows[late])
