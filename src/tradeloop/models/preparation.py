"""Which columns the estimators see, decided on the rows that they learn from.

In this order, each with its reason on record:

1. ``missing``: known in too small a share of the rows.
2. ``constant``: one value in too large a share of the known rows.
3. ``correlation``: of two columns that say the same, the one that tells less of the
   class (by mutual information) is left out.
4. ``count``: all but the first ``most_columns`` by relevance.

Scales are no part of it: a model that needs one scale fits it itself, on the rows it
learns from (`tradeloop.models.scaling`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tradeloop.datasets.selection import correlations, mutual_information
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Ints
from tradeloop.models.boosting import Boosting

FORMAT = "tradeloop-preparation-1"
Relevance = Literal["information", "importance"]
_BY = ("information", "importance")
_QUICK = Boosting(n_estimators=30, max_depth=4)
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Preparation:
    """When a column is left out; the defaults drop what can teach nothing.

    Parameters
    ----------
    least_known_share : float
        Of the model rows, 0 to 1.
    most_common_share : float
        Of the known rows, that hold one value; 1 drops constants only.
    most_correlation : float
        Absolute correlation of two columns that are both kept; 1 keeps all.
    most_columns : int, optional
        The most relevant ones, where there are more; None keeps all.
    by : {"information", "importance"}
        What is relevant: mutual information with the class, in nats, or the share of
        the gain that a small gradient boosting draws from the column.
    most_rows : int
        Rows that information and correlation are measured on, evenly spaced in time:
        the bound of their cost.

    Raises
    ------
    InputError
        A figure is outside its range, or a name is unknown.
    """

    least_known_share: float = 0.05
    most_common_share: float = 1.0
    most_correlation: float = 1.0
    most_columns: int | None = None
    by: Relevance = "information"
    most_rows: int = 20_000

    def __post_init__(self) -> None:
        shares = (self.least_known_share, self.most_common_share, self.most_correlation)
        most = self.most_columns
        counts = (self.most_rows, 1 if most is None else most)
        good = all(isinstance(count, int) and count >= 1 for count in counts)
        if not all(0 <= share <= 1 for share in shares) or not good:
            raise InputError(
                "A preparation needs shares from 0 to 1 and counts of 1 or more, was "
                f"{self.as_mapping()}.",
                way_out="Correct the limit.",
                source="preparation",
            )
        if self.by not in _BY:
            near = get_close_matches(str(self.by), _BY, n=1, cutoff=0.0)[0]
            raise InputError(
                f"Columns are relevant by {' or '.join(_BY)}, was {self.by!r}; did you "
                f"mean {near!r}?",
                way_out="Correct the name.",
                source="preparation",
                column="by",
            )

    def as_mapping(self) -> dict[str, Any]:
        """Limits by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What was kept, and why the rest was not.

    Parameters
    ----------
    columns : Columns
        Columns as they come.
    kept : ndarray of int64 of shape (n_kept,)
        Their places that the estimators see, ascending.
    dropped : mapping of str to str
        The other columns, each with criterion and figure.
    rows : int
        Rows that decided.
    """

    columns: Columns
    kept: Ints
    dropped: Mapping[str, str]
    rows: int

    @property
    def inner(self) -> Columns:
        """Columns that the estimators see, of the same bank."""
        names = tuple(self.columns.names[at] for at in self.kept)
        return Columns(names, self.columns.fingerprint)

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                "format": FORMAT,
                "names": list(self.columns.names),
                "fingerprint": self.columns.fingerprint,
                "kept": [int(at) for at in self.kept],
                "dropped": dict(self.dropped),
                "rows": self.rows,
            },
            indent=2,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ArtefactError
            Not JSON, another format, or a field is missing or wrong.
        """
        try:
            found = json.loads(text)
            columns = Columns(tuple(found["names"]), str(found["fingerprint"]))
            kept = np.array(found["kept"], dtype=np.int64)
            inside = len(kept) and kept.min() >= 0 and kept.max() < len(columns.names)
            if found["format"] == FORMAT and inside:
                return cls(columns, kept, dict(found["dropped"]), int(found["rows"]))
        except (ValueError, KeyError, TypeError, InputError) as error:
            raise ArtefactError(
                f"The preparation cannot be read: {error}. Train again."
            ) from error
        raise ArtefactError(
            f"The preparation must have the format {FORMAT} and places of its own "
            f"columns, had {found['format']!r} and {found['kept']}. Train again."
        )


def prepare(
    values: NDArray[np.float32],
    classes: Ints,
    weight: Floats,
    columns: Columns,
    rule: Preparation,
) -> Prepared:
    """Decide which columns to keep.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_rows, n_columns)
        Model rows, and no others, in time order; NaN means missing.
    classes : ndarray of int64 of shape (n_rows,)
        Class numbers.
    weight : ndarray of shape (n_rows,)
        Weight of each row; read by ``importance`` only.
    columns : Columns
        Names of the columns.
    rule : Preparation
        Limits.

    Raises
    ------
    InputError
        No column is left.
    """
    dropped: dict[int, str] = {}
    for at in range(values.shape[1]):
        reason = _unfit(values[:, at], rule)
        if reason:
            dropped[at] = reason
    left = [at for at in range(values.shape[1]) if at not in dropped]
    if not left:
        name, why = columns.names[0], dropped[0]
        raise InputError(
            f"The preparation leaves none of {values.shape[1]} columns; the first, "
            f"{name!r}, is out by {why}.",
            way_out="Loosen its limits, or check the feature frame.",
            source="preparation",
        )
    spread = np.unique(
        np.linspace(0, len(values) - 1, min(len(values), rule.most_rows)).astype(int)
    )
    seen, what = values[spread].astype(np.float64), classes[spread]
    relevance = np.full(values.shape[1], np.nan)
    if rule.most_correlation < 1 or rule.most_columns is not None:
        relevance[left] = _relevance(
            (values, classes, weight), (seen, what), left, rule
        )
    if rule.most_correlation < 1:
        dropped |= dict(_twins(seen, left, relevance, columns, rule))
        left = [at for at in left if at not in dropped]
    ordered = sorted(left, key=lambda at: (-relevance[at], at))
    for number, at in enumerate(ordered[rule.most_columns or len(ordered) :]):
        place = number + 1 + (rule.most_columns or 0)
        dropped[at] = f"count: number {place} by {rule.by}, {relevance[at]:.4g}"
    kept = np.array([at for at in left if at not in dropped], dtype=np.int64)
    said = {columns.names[at]: dropped[at] for at in sorted(dropped)}
    return Prepared(columns, kept, said, len(values))


def _unfit(column: NDArray[np.float32], rule: Preparation) -> str:
    known = column[~np.isnan(column)]
    share = len(known) / max(1, len(column))
    if share < rule.least_known_share or not len(known):
        return f"missing: known in {share:.4f} of the rows"
    if known.min() == known.max():
        # A value that comes and goes still tells whether it is there.
        return "constant: does not vary" if len(known) == len(column) else ""
    if rule.most_common_share < 1:
        counts = np.unique(known, return_counts=True)[1]
        common = float(counts.max() / len(known))
        if common > rule.most_common_share:
            return f"constant: one value in {common:.4f} of the known rows"
    return ""


def _relevance(
    whole: tuple[NDArray[np.float32], Ints, Floats],
    spread: tuple[Floats, Ints],
    left: list[int],
    rule: Preparation,
) -> Floats:
    if rule.by == "importance":
        values, classes, weight = whole
        direction = classes + CLASSES[0]
        found = _QUICK.fit(values[:, left], direction, weight).importance()
        return np.array(list(found.values()))
    seen, classes = spread
    told = []
    for at in left:
        known = np.isfinite(seen[:, at])
        told.append(mutual_information(seen[known, at], classes[known]))
    return np.array(told)


def _twins(
    seen: Floats,
    left: list[int],
    relevance: Floats,
    columns: Columns,
    rule: Preparation,
) -> Iterator[tuple[int, str]]:
    """Columns that say what a more relevant one says."""
    alike = correlations(seen[:, left])
    kept: list[int] = []
    for place in sorted(range(len(left)), key=lambda at: (-relevance[left[at]], at)):
        near = max(kept, key=lambda other: alike[place, other], default=None)
        if near is None or alike[place, near] <= rule.most_correlation + _ROUNDING:
            kept.append(place)
        else:
            name = columns.names[left[near]]
            yield left[place], f"correlation: {alike[place, near]:.4f} with {name}"
