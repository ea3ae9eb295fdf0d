"""What the gate is told about a model and about everything that was tried beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.overfitting import whole_days
from tradeloop.statistics.samples import Floats, at_least, finite_rows

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Out-of-sample calibration, beside the log loss: no skill is calibrated too.

    Parameters
    ----------
    error : float
        Expected calibration error, 0 to 1.
    log_loss, no_skill_log_loss : float
        Log loss of the candidate and of the base rates on the same rows, in nats.
    """

    error: float
    log_loss: float
    no_skill_log_loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A candidate, all trials of its family, and what else is known.

    Parameters
    ----------
    model : str
        The candidate, as the registry names it.
    author : str
        Who trained it; the policy may forbid that the same person approves it.
    returns : ndarray of shape (n_rows, n_trials)
        Out-of-sample returns net of costs of every trial that has any, on the same
        rows in time order. NaN is refused: a trial without returns on all rows is
        counted in ``trials`` alone.
    candidate : int
        Column of the candidate.
    trials : int
        All trials of the family that were ever started, also the abandoned and failed
        ones; at least ``n_trials``.
    day : ndarray of int64 of shape (n_rows,), optional
        Day of each row, not falling. The gate judges sums over whole days. Without it,
        a row is a day.
    champion : ndarray of shape (n_rows,), optional
        Returns of the model that serves now, on the same rows.
    doubled_costs : ndarray of shape (n_rows,), optional
        Returns of the candidate if every cost were twice as high.
    calibration : CalibrationFigures, optional
        Of the candidate's probabilities.
    drift : mapping of str to float
        Population stability index per input column; empty if it was not measured.
    permutation_p : float, optional
        P-value of the label-permutation null, see
        `tradeloop.statistics.permutation_null`.

    Raises
    ------
    InputError
        Shapes differ, a value is not finite, or a count cannot be.
    """

    model: str
    author: str
    returns: Floats
    candidate: int
    trials: int
    day: Ints | None = None
    champion: Floats | None = None
    doubled_costs: Floats | None = None
    calibration: CalibrationFigures | None = None
    drift: Mapping[str, float] = field(default_factory=dict)
    permutation_p: float | None = None

    def __post_init__(self) -> None:
        values = finite_rows(self.returns, name="returns", at_least=1, axes=2)
        columns = values.shape[1]
        if not 0 <= self.candidate < columns:
            raise InputError(
                f"candidate must be a column of the {columns} trials with returns, was "
                f"{self.candidate}.",
                way_out="Give the column of the model that is to be promoted.",
                source="candidate",
            )
        at_least(self.trials, columns, name="trials")
        whole_days(self.day, len(values))
        for name in ("champion", "doubled_costs"):
            _refuse_other_rows(getattr(self, name), len(values), name)
        finite_rows(list(self.drift.values()), name="drift", at_least=0)
        if self.permutation_p is not None and not 0 < self.permutation_p <= 1:
            raise InputError(
                f"permutation_p must lie above 0 and up to 1, was "
                f"{self.permutation_p}.",
                way_out="Give the p-value of `permutation_null`; it is never 0.",
                source="permutation_p",
            )

    def daily(self, rows: ArrayLike) -> Floats:
        """Sum rows of returns over whole days: shape (n_days, ...)."""
        values = np.asarray(rows, dtype=np.float64)
        first = whole_days(self.day, len(values))
        return np.asarray(np.add.reduceat(values, first, axis=0), dtype=np.float64)


def _refuse_other_rows(rows: Floats | None, n_rows: int, name: str) -> None:
    if rows is None:
        return
    if len(finite_rows(rows, name=name, at_least=1)) != n_rows:
        raise InputError(
            f"{name} must have the {n_rows} rows of returns, had {len(rows)}.",
            way_out="Give the returns on the same rows.",
            source=name,
        )
