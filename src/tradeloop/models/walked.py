"""What walking forward over folds gives, and the evidence of who saw which rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.models.base import Floats, Ints
from tradeloop.models.calibrated import CalibratedModel

UNTESTED = -1
"""Fold id of a row that no fold tests."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedRows:
    """Which rows something was fitted on: evidence for the leak certificate.

    Parameters
    ----------
    fold : int
        Fold of the splitter, from 0.
    part : str
        ``model``, ``calibration`` or ``base_rates``; where there is such a part,
        ``held``, ``preparation``, ``vote``, ``conformal`` or ``start``.
    rows : ndarray of int64
        Row numbers, sorted.
    """

    fold: int
    part: str
    rows: Ints


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fold that was not fitted.

    Parameters
    ----------
    fold : int
        Fold of the splitter, from 0.
    reason : str
        Why.
    """

    fold: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """What walking forward over the folds gave.

    Parameters
    ----------
    models : tuple of CalibratedModel
        One per fold that was fitted.
    probabilities : ndarray of shape (n_rows, 3)
        Calibrated and out of sample; NaN where no fold tests the row.
    no_skill : ndarray of shape (n_rows, 3)
        Base rates of the fold that tests the row; NaN where none does.
    fold : ndarray of int8 of shape (n_rows,)
        Place in ``models`` of the fold that tests the row, -1 where none does.
    skipped : tuple of Skipped
        Folds that were not fitted.
    numbers : tuple of int
        Number of each model's fold in the splitter; its place where absent.
    """

    models: tuple[CalibratedModel, ...]
    probabilities: Floats
    no_skill: Floats
    fold: NDArray[np.int8]
    skipped: tuple[Skipped, ...] = ()
    numbers: tuple[int, ...] = ()

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Whether some fold tests the row, of shape (n_rows,)."""
        return np.asarray(self.fold != UNTESTED)

    @property
    def fitted_rows(self) -> tuple[FittedRows, ...]:
        """Which rows each part of each fold was fitted on."""
        numbers = self.numbers or range(len(self.models))
        return tuple(
            FittedRows(number, part, rows)
            for number, model in zip(numbers, self.models, strict=True)
            for part, rows in _evidence(model)
        )


def _evidence(model: CalibratedModel) -> Iterator[tuple[str, Ints]]:
    yield "model", model.model_rows
    if len(model.held_rows):
        yield "held", model.held_rows
    yield "calibration", model.calibration_rows
    first = np.union1d(model.model_rows, model.held_rows)
    yield "base_rates", np.union1d(first, model.calibration_rows)
    if model.preparation is not None:
        kept = model.start_rows if len(model.start_rows) else model.model_rows
        yield "preparation", kept
    if len(model.vote_rows):
        yield "vote", model.vote_rows
    if model.conformal is not None:
        yield "conformal", model.calibration_rows
    if len(model.start_rows):
        yield "start", model.start_rows


def joined(walks: Sequence[WalkForward]) -> WalkForward:
    """Join walks over the same rows, each over other folds, into one.

    Parameters
    ----------
    walks : sequence of WalkForward
        At least one; no row is tested twice.
    """
    probabilities = np.full_like(walks[0].probabilities, np.nan)
    no_skill, fold = probabilities.copy(), np.full_like(walks[0].fold, UNTESTED)
    count = 0
    for walk in walks:
        tested = walk.tested
        probabilities[tested] = walk.probabilities[tested]
        no_skill[tested] = walk.no_skill[tested]
        fold[tested] = walk.fold[tested] + count
        count += len(walk.models)
    return WalkForward(
        models=tuple(model for walk in walks for model in walk.models),
        probabilities=probabilities,
        no_skill=no_skill,
        fold=fold,
        skipped=tuple(left for walk in walks for left in walk.skipped),
        numbers=tuple(number for walk in walks for number in walk.numbers),
    )
