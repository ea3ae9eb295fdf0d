"""What is asked of a row before it is scored; nothing here raises.

The first reason in this order stands: infinite input, not warm, stale, low quality, out
of range. What cannot be read counts as bad: an age that is no number is stale.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.models.artefact import Artefact
from tradeloop.models.base import Floats, Given
from tradeloop.models.sequences import ABSENT, Sequences
from tradeloop.signals.policy import Policy

_LARGEST = float(np.finfo(np.float32).max)
_AXES = ("rows", "steps", "columns")


class Abstention(IntEnum):
    """Why there is no trade. A number never changes its meaning: it is stored."""

    NONE = 0
    FINGERPRINT_DIFFERS = 1
    COLUMNS_DIFFER = 2
    INFINITE_INPUT = 3
    NOT_WARM = 4
    SCORER_FAILED = 5
    BELOW_THRESHOLD = 6
    STALE = 7
    OUT_OF_RANGE = 8
    LOW_QUALITY = 9
    AMBIGUOUS = 10
    LOW_CONFIDENCE = 11
    OUT_OF_ORDER = 12
    OVERLOADED = 13

    @property
    def text(self) -> str:
        """The reason in words; empty for `NONE`."""
        return "" if self is Abstention.NONE else self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True, eq=False)
class RowFacts:
    """What is known of rows beside their values; each one number, or one for each row.

    Parameters
    ----------
    age_ns : array of shape (n_rows,) or number, optional
        Age of the newest input of each row at the time of the forecast, ns.
    age_limit_ns : array of shape (n_rows,) or number, optional
        Oldest that it may be; the policy's `max_age_ns` if absent.
    quality : array of shape (n_rows,) or number, optional
        Quality score of the data behind each row, 0 to 1.
    """

    age_ns: ArrayLike | None = None
    age_limit_ns: ArrayLike | None = None
    quality: ArrayLike | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Range of each column in training; a column without one has NaN ends.

    Compared in float32, as the models compare.

    Parameters
    ----------
    low, high : ndarray of float32 of shape (n_columns,)
        Ends, both inside.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def of(cls, artefact: Artefact) -> Self | None:
        """Return the ranges of the columns that the members see; None without any."""
        ranges, seen = artefact.meta.input_ranges, set(artefact.inner.names)
        nothing = (np.nan, np.nan)
        ends = [
            ranges.get(name, nothing) if name in seen else nothing
            for name in artefact.meta.columns.names
        ]
        low, high = np.array(ends, dtype=np.float32).T
        return None if np.isnan(low).all() else cls(low, high)

    def outside(self, values: Floats) -> Floats:
        """Share of the columns with a range that lie outside it, for each row."""
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
        beyond = (narrow < self.low) | (narrow > self.high)
        return np.asarray(
            beyond.sum(axis=1) / max(1, int((self.low == self.low).sum()))
        )


UNREADABLE = RowFacts(age_ns=np.nan, age_limit_ns=0)
"""Facts that cannot be read: the row counts as stale."""


def as_rows(features: Given) -> tuple[Floats, Given]:
    """Return the rows themselves as float64, and what members of several steps take.

    What is no array becomes one row of no width.
    """
    try:
        if isinstance(features, Sequences):
            return np.asarray(features.last(), dtype=np.float64), features
        if isinstance(features, np.ndarray) and features.ndim == len(_AXES):
            if not np.issubdtype(features.dtype, np.floating):
                features = features.astype(np.float64)
            return features[:, -1].astype(np.float64), features
        values = np.asarray(features, dtype=np.float64)
    except Exception:  # noqa: BLE001 - an array-like may raise anything
        values = np.empty(())
    if not values.ndim:
        values = np.empty((1, 0))
    return values, values


def take(given: Given, rows: NDArray[np.bool_]) -> Given:
    """Return some of the rows."""
    if isinstance(given, Sequences):
        return given.take(rows)
    return np.asarray(given)[rows]


def unfit(
    values: Floats,
    given: Given,
    facts: RowFacts | None,
    policy: Policy,
    bounds: Bounds | None,
) -> NDArray[np.int8]:
    """Return why each row is not scored, as `Abstention`; 0 where it is.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        The rows.
    given : array or Sequences
        The rows with their past, where there is one.
    facts : RowFacts or None
        What is known beside the values; what is not given is not asked for.
    policy : Policy
        What is asked.
    bounds : Bounds or None
        Ranges of the columns, if the model knows them.
    """
    reason = np.zeros(len(values), dtype=np.int8)
    if bounds is not None and policy.max_outside_share < 1:
        strange = bounds.outside(values) > policy.max_outside_share
        reason[strange] = Abstention.OUT_OF_RANGE
    if facts is not None:
        reason[_low(facts, policy, len(values))] = Abstention.LOW_QUALITY
        reason[_stale(facts, policy, len(values))] = Abstention.STALE
    infinite, there = _past(values, given)
    known = (values == values).sum(axis=1)
    cold = known < policy.min_finite_share * values.shape[1]
    reason[cold | (there < policy.min_steps_share)] = Abstention.NOT_WARM
    # What float32 cannot hold would become an infinity in the trees.
    reason[infinite] = Abstention.INFINITE_INPUT
    return reason


def _past(values: Floats, given: Given) -> tuple[NDArray[np.bool_], Any]:
    """Tell whether a row or its past holds an infinity, and which share of it is there.

    A step without any value is not there.
    """
    if isinstance(given, Sequences):
        bad = (np.abs(given.values) > _LARGEST).any(axis=1)
        any_known = (given.values == given.values).any(axis=1)
        found = given.places != ABSENT
        bad_past = (bad[given.places] & found).any(axis=1)
        return bad_past, (any_known[given.places] & found).mean(axis=1)
    steps = np.asarray(given)
    if steps.ndim != len(_AXES):
        return np.asarray((np.abs(values) > _LARGEST).any(axis=1)), 1.0
    bad_past = np.asarray((np.abs(steps) > _LARGEST).any(axis=(1, 2)))
    return bad_past, (steps == steps).any(axis=2).mean(axis=1)


def _stale(facts: RowFacts, policy: Policy, rows: int) -> NDArray[np.bool_]:
    limit = policy.max_age_ns if facts.age_limit_ns is None else facts.age_limit_ns
    if limit is None:
        return np.zeros(rows, dtype=np.bool_)
    age = np.nan if facts.age_ns is None else facts.age_ns
    found: NDArray[np.bool_] = ~(_column(age, rows) <= _column(limit, rows))
    return found


def _low(facts: RowFacts, policy: Policy, rows: int) -> NDArray[np.bool_]:
    if facts.quality is None or policy.min_quality <= 0:
        return np.zeros(rows, dtype=np.bool_)
    found: NDArray[np.bool_] = ~(_column(facts.quality, rows) >= policy.min_quality)
    return found


def _column(given: Any, rows: int) -> Floats:
    """Return one number per row; NaN where they cannot be read."""
    try:
        return np.broadcast_to(np.asarray(given, dtype=np.float64), (rows,))
    except Exception:  # noqa: BLE001 - an array-like may raise anything
        return np.full(rows, np.nan)
