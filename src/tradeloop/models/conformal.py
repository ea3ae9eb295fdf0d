"""Sets of directions that hold the one that comes as often as they say.

`Conformal` (split conformal): score s = 1 - p of the class that came; the set of a new
row is every class with 1 - p at most the ceil((n + 1) level)-th smallest of n scores.
If the rows are exchangeable, it holds the class with a chance of at least ``level``.
With fewer than level / (1 - level) rows that score does not exist, and the set is
everything.

Markets drift, so the promise fails after a change. `AdaptiveConformal` moves the level
with each outcome: a_next = a + gamma (alpha - missed), with alpha = 1 - level, and the
set of the moment is that of level 1 - a. Then, whatever the market does, after T rows

    | mean(missed) - alpha |  <=  (max(a_1, 1 - a_1) + gamma) / (gamma T).

A set that holds no direction says nothing to a trader, so it gets the likeliest one,
unless ``may_be_empty``. Then rows may be missed less often than alpha, never more: the
bound holds from above, and a is kept at 1 or below so that it finds back at once.

References
----------
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Gibbs and
Candes, Adaptive conformal inference under distribution shift, NeurIPS 2021
(arXiv 2106.00170), proposition 4.1.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.conformal_parts import (
    Sets,
    check_scores,
    quantile_of,
    read,
    scores_of,
    sets_of,
    unreadable,
    written,
)
from tradeloop.models.matrix import class_numbers
from tradeloop.statistics.samples import between

GAMMA = 0.01
"""Step of the adaptive level; 1 / gamma is about the rows that it remembers."""


@dataclass(frozen=True, slots=True)
class Conformal:
    """Split conformal sets.

    Parameters
    ----------
    quantile : float
        Greatest ``1 - p`` that a class of the set has, 0 to 1; 1 is every class.
    level : float
        Chance that the set holds the class, between 0 and 1.
    rows : int
        Calibration rows.
    may_be_empty : bool
        Whether a row may have no class; else it has at least the likeliest.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    quantile: float
    level: float
    rows: int
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        between(self.level, 0.0, 1.0, name="level")
        if not 0 <= self.quantile <= 1 or self.rows < 0:
            raise InputError(
                "Conformal sets need a quantile from 0 to 1 and rows of at least 0, "
                f"were {self.quantile} and {self.rows}.",
                way_out="Fit them again.",
            )

    def sets(self, probabilities: ArrayLike) -> Sets:
        """Directions that each row may bring.

        Parameters
        ----------
        probabilities : array of shape (n_rows, 3)
            Calibrated, in the order of `CLASSES`. A row with NaN has every class: what
            is not known excludes nothing.

        Returns
        -------
        ndarray of bool of shape (n_rows, 3)
        """
        return sets_of(probabilities, self.quantile, may_be_empty=self.may_be_empty)

    def to_json(self) -> str:
        """Write it as JSON; every float survives to the bit."""
        return written(
            "split",
            quantile=self.quantile,
            level=self.level,
            rows=self.rows,
            may_be_empty=self.may_be_empty,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ArtefactError
            Not JSON, another format, or a field is missing or wrong.
        """
        found = read(text, "split")
        try:
            return cls(
                quantile=float(found["quantile"]),
                level=float(found["level"]),
                rows=int(found["rows"]),
                may_be_empty=bool(found["may_be_empty"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise unreadable(error) from error


@dataclass(frozen=True, slots=True)
class AdaptiveConformal:
    """Conformal sets whose level follows the outcomes; a state, which never changes.

    Parameters
    ----------
    scores : tuple of float
        ``1 - p`` of the class that came on the calibration rows, sorted.
    level : float
        Share of rows whose set is to hold the class, between 0 and 1.
    alpha : float
        The a of the moment: the set is that of level ``1 - alpha``; at 0 or below it is
        everything. It starts at ``1 - level``.
    gamma : float
        Step, above 0; larger follows faster and wavers more.
    may_be_empty : bool
        As in `Conformal`.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    scores: tuple[float, ...]
    level: float
    alpha: float
    gamma: float = GAMMA
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        between(self.level, 0.0, 1.0, name="level")
        if not (0 < self.gamma < np.inf and np.isfinite(self.alpha)):
            raise InputError(
                "Adaptive sets need a gamma above 0 and a finite alpha, were "
                f"{self.gamma} and {self.alpha}.",
                way_out=f"Take {GAMMA} and 1 - level.",
            )

    @property
    def quantile(self) -> float:
        """Greatest ``1 - p`` in the set of the moment; 1 is everything, -1 nothing."""
        return quantile_of(self.scores, 1 - self.alpha)

    def sets(self, probabilities: ArrayLike) -> Sets:
        """Directions that each row may bring, at the level of the moment."""
        return sets_of(probabilities, self.quantile, may_be_empty=self.may_be_empty)

    def update(self, covered: bool) -> Self:  # noqa: FBT001  one outcome, said by name
        """Return the state after one outcome.

        Parameters
        ----------
        covered : bool
            Whether the set that was told for this row held what came. Call it in the
            order in which outcomes become known; they may come later than the rows.
        """
        moved = self.alpha + self.gamma * ((1 - self.level) - (not covered))
        return replace(self, alpha=moved if self.may_be_empty else min(moved, 1.0))

    def follow(self, probabilities: ArrayLike, direction: ArrayLike) -> "Followed":
        """Walk over rows whose outcome is known before the next row.

        Parameters
        ----------
        probabilities : array of shape (n_rows, 3)
            Calibrated, finite.
        direction : array of int of shape (n_rows,)
            What came.
        """
        chances = np.asarray(probabilities, dtype=np.float64)
        classes = class_numbers(direction, len(chances))
        state = self
        sets = np.empty(chances.shape, dtype=np.bool_)
        for row, came in enumerate(classes):
            sets[row] = state.sets(chances[row : row + 1])[0]
            state = state.update(covered=bool(sets[row, came]))
        covered = sets[np.arange(len(sets)), classes]
        return Followed(sets, covered, state)

    def to_json(self) -> str:
        """Write the state as JSON; every float survives to the bit."""
        return written(
            "adaptive",
            scores=list(self.scores),
            level=self.level,
            alpha=self.alpha,
            gamma=self.gamma,
            may_be_empty=self.may_be_empty,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; errors are those of `Conformal.from_json`."""
        found = read(text, "adaptive")
        try:
            scores = tuple(float(score) for score in found["scores"])
            check_scores(scores)
            return cls(
                scores=scores,
                level=float(found["level"]),
                alpha=float(found["alpha"]),
                gamma=float(found["gamma"]),
                may_be_empty=bool(found["may_be_empty"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise unreadable(error) from error


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What adaptive sets did on rows in order.

    Parameters
    ----------
    sets : ndarray of bool of shape (n_rows, 3)
        Set of each row, told before its outcome.
    covered : ndarray of bool of shape (n_rows,)
        Whether it held what came.
    state : AdaptiveConformal
        State after the last row.
    """

    sets: Sets
    covered: NDArray[np.bool_]
    state: AdaptiveConformal


def fit_conformal(
    probabilities: ArrayLike,
    direction: ArrayLike,
    level: float = 0.9,
    *,
    may_be_empty: bool = False,
) -> Conformal:
    """Fit split conformal sets.

    Parameters
    ----------
    probabilities : array of shape (n_rows, 3)
        Calibrated probabilities of rows on which neither the model nor its calibration
        was fitted: on rows that either saw the scores are too small.
    direction : array of int of shape (n_rows,)
        What came on these rows.
    level : float
        Chance that a set is to hold the class, between 0 and 1.
    may_be_empty : bool
        As in `Conformal`.

    Raises
    ------
    InputError
        Wrong shapes, a probability that is none, or a level that is none.
    """
    scores = scores_of(probabilities, direction)
    between(level, 0.0, 1.0, name="level")
    quantile = max(quantile_of(scores, level), 0.0)
    return Conformal(quantile, level, len(scores), may_be_empty)


def fit_adaptive_conformal(
    probabilities: ArrayLike,
    direction: ArrayLike,
    level: float = 0.9,
    *,
    gamma: float = GAMMA,
    may_be_empty: bool = False,
) -> AdaptiveConformal:
    """Fit adaptive conformal sets; parameters and errors as in `fit_conformal`."""
    scores = scores_of(probabilities, direction)
    return AdaptiveConformal(scores, level, 1 - level, gamma, may_be_empty)
