"""How good a forecast is, beside what it takes to be no good, on the same rows.

Two baselines stand next to the model:

- no skill: the base rates of the training rows of each fold, known in advance;
- majority: always the direction that was most common in the rows evaluated. It knows
  that only afterwards, so it is the harder one for accuracy. It names no probability,
  so it has no log loss, Brier score or calibration error.

Each figure has an interval from the stationary block bootstrap, since the labels of
neighbouring decisions overlap.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.matrix import class_numbers
from tradeloop.statistics import (
    Interval,
    block_bootstrap,
    expected_calibration_error,
)

LEAK_ALARM = 0.60
"""Direction accuracy above which a leak is likelier than skill on liquid markets."""
_LEAST_ROWS = 2


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one forecast; absent where the forecast or the rows allow none.

    Parameters
    ----------
    accuracy : Interval
        Share of rows whose most probable class came.
    balanced_accuracy : Interval
        Mean over the classes of the share that was right; 1/3 is no skill.
    direction_accuracy : Interval or None
        Of the rows that moved (-1 or +1), the share with p_up above p_down just when it
        went up. None with fewer than 2 such rows.
    log_loss : Interval or None
        Mean of -ln p of the class that came, in nats.
    brier : Interval or None
        Mean squared distance to what came, 0 to 2.
    calibration_error : Interval or None
        Expected calibration error of the most probable class, 10 bins of equal width.
        The resamples carry more noise than the rows, so the interval leans upwards.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    direction_accuracy: Interval | None
    log_loss: Interval | None = None
    brier: Interval | None = None
    calibration_error: Interval | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A forecast, its baselines and how they were measured.

    Parameters
    ----------
    rows : int
        Rows evaluated.
    class_shares : tuple of float
        Share of each class of `CLASSES` in these rows.
    model, no_skill, majority : Scores
        The forecast and its baselines on the same rows.
    log_loss_gain : Interval
        Log loss of no skill less that of the model, row by row; above 0 is skill.
    leak_alarm : bool
        The direction accuracy is above `LEAK_ALARM` and above that of always naming the
        majority: look for a leak first.
    block_rows, repeats, seed : int
        Mean block, number and seed of the resamples.
    """

    rows: int
    class_shares: tuple[float, ...]
    model: Scores
    no_skill: Scores
    majority: Scores
    log_loss_gain: Interval
    leak_alarm: bool
    block_rows: int
    repeats: int
    seed: int

    def as_mapping(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them; absent ones are left out."""
        found = asdict(self)
        found["class_shares"] = list(self.class_shares)
        for forecast in ("model", "no_skill", "majority"):
            scores = found[forecast]
            found[forecast] = {
                name: at for name, at in scores.items() if at is not None
            }
        return found


@dataclass(frozen=True, slots=True)
class _Resampling:
    """How intervals are drawn."""

    block_rows: int
    repeats: int
    level: float
    seed: int

    def interval(self, statistic: Callable[[Floats], float], rows: Floats) -> Interval:
        return block_bootstrap(
            statistic,
            rows,
            block_rows=self.block_rows,
            repeats=self.repeats,
            level=self.level,
            seed=self.seed,
        )

    def mean(self, per_row: Floats) -> Interval:
        return self.interval(_mean, per_row)

    def mean_of_some(
        self, per_row: Floats, chosen: NDArray[np.bool_]
    ) -> Interval | None:
        """Mean over the chosen rows; a block spans fewer of them."""
        count = int(chosen.sum())
        if count < _LEAST_ROWS:
            return None
        block = max(1, round(self.block_rows * count / len(chosen)))
        narrower = _Resampling(block, self.repeats, self.level, self.seed)
        return narrower.mean(per_row[chosen])


def evaluate(
    probabilities: ArrayLike,
    no_skill: ArrayLike,
    direction: ArrayLike,
    *,
    block_rows: int,
    seed: int,
    repeats: int = 1000,
    level: float = 0.95,
) -> Evaluation:
    """Measure a forecast on the rows that were tested.

    Parameters
    ----------
    probabilities : array of shape (n_rows, 3)
        Calibrated, in the order of `CLASSES`. Rows with NaN were not tested and are
        left out.
    no_skill : array of shape (n_rows, 3)
        Base rates known to the fold of each row.
    direction : array of int of shape (n_rows,)
        What came: -1, 0 or +1. Rows in time order.
    block_rows : int
        Mean block of the bootstrap, in tested rows; see `rows_per_block`.
    seed : int
        Seed of the bootstrap.
    repeats : int
        Number of resamples.
    level : float
        Coverage of the intervals.

    Raises
    ------
    InputError
        Wrong shapes, fewer than 2 tested rows, or a block longer than they are.
    """
    chances, rates = np.asarray(probabilities, float), np.asarray(no_skill, float)
    shape = (len(chances), len(CLASSES))
    if chances.shape != shape or rates.shape != shape:
        raise InputError(
            f"Probabilities and base rates must have the shape (n_rows, "
            f"{len(CLASSES)}), had {chances.shape} and {rates.shape}.",
            way_out="Pass both in the order of the classes.",
        )
    classes = class_numbers(direction, len(chances))
    tested = np.isfinite(chances).all(axis=1)
    chances, rates, classes = chances[tested], rates[tested], classes[tested]
    if len(classes) < _LEAST_ROWS:
        raise InputError(
            f"At least {_LEAST_ROWS} tested rows are needed, had {len(classes)}.",
            way_out="Take more rows or fewer folds.",
        )
    draw = _Resampling(block_rows, repeats, level, seed)
    model = _scores(chances, classes, draw)
    counts = np.bincount(classes, minlength=len(CLASSES))
    gain = _log_losses(rates, classes) - _log_losses(chances, classes)
    majority = _majority(counts, classes, draw)
    return Evaluation(
        rows=len(classes),
        class_shares=tuple(float(count) for count in counts / len(classes)),
        model=model,
        no_skill=_scores(rates, classes, draw),
        majority=majority,
        log_loss_gain=draw.mean(gain),
        leak_alarm=_too_good(model, majority),
        block_rows=block_rows,
        repeats=repeats,
        seed=seed,
    )


def rows_per_block(decision_ns: ArrayLike, end_ns: ArrayLike) -> int:
    """Block length for rows whose labels overlap: twice the rows that a label spans.

    Twice, because the resampled blocks end at random: for labels of equal span, blocks
    of one span keep 74 % of the variance of the mean, blocks of two 85 %.

    Parameters
    ----------
    decision_ns, end_ns : array of int64 of shape (n_rows,)
        Decision and end of each label, sorted by decision.

    Returns
    -------
    int
        From 1 to the number of rows, rounded up.
    """
    decided, ended = np.asarray(decision_ns, np.int64), np.asarray(end_ns, np.int64)
    spans = np.searchsorted(decided, ended, side="left") - np.arange(len(decided))
    mean = float(np.maximum(spans, 1).mean()) if len(spans) else 1.0
    return max(1, min(int(np.ceil(2 * mean)), len(decided)))


def _too_good(model: Scores, majority: Scores) -> bool:
    """Whether directions were right more often than skill can explain.

    A market that rose on two days of three is no leak: always saying "up" is right as
    often, so the forecast must beat that too.
    """
    own, usual = model.direction_accuracy, majority.direction_accuracy
    if own is None or usual is None:
        return False
    return own.value > max(LEAK_ALARM, usual.value)


def _mean(rows: Floats) -> float:
    return float(rows.mean())


def _scores(chances: Floats, classes: Ints, draw: _Resampling) -> Scores:
    happened = np.eye(len(CLASSES))[classes]
    squares = ((chances - happened) ** 2).sum(axis=1)
    found = _picks(
        chances.argmax(axis=1), chances[:, -1] - chances[:, 0], classes, draw
    )
    return Scores(
        accuracy=found.accuracy,
        balanced_accuracy=found.balanced_accuracy,
        direction_accuracy=found.direction_accuracy,
        log_loss=draw.mean(_log_losses(chances, classes)),
        brier=draw.mean(squares),
        calibration_error=draw.interval(
            lambda rows: expected_calibration_error(rows[:, :-1], rows[:, -1]),
            np.column_stack([chances, classes]),
        ),
    )


def _majority(counts: Ints, classes: Ints, draw: _Resampling) -> Scores:
    pick = int(counts.argmax())
    lead = float(np.sign(counts[-1] - counts[0]))
    rows = len(classes)
    return _picks(np.full(rows, pick), np.full(rows, lead), classes, draw)


def _picks(picked: Ints, lead: Floats, classes: Ints, draw: _Resampling) -> Scores:
    right = picked == classes
    direction = classes + CLASSES[0]
    return Scores(
        accuracy=draw.mean(right.astype(float)),
        balanced_accuracy=draw.interval(
            _mean_recall, np.column_stack([classes, right]).astype(float)
        ),
        direction_accuracy=draw.mean_of_some(
            (np.sign(lead) == direction).astype(float), direction != 0
        ),
    )


def _mean_recall(rows: Floats) -> float:
    """Balanced accuracy of rows (class, right), over the classes that came."""
    classes = rows[:, 0].astype(np.int64)
    counts = np.bincount(classes)
    hits = np.bincount(classes, weights=rows[:, 1])
    return float((hits[counts > 0] / counts[counts > 0]).mean())


def _log_losses(chances: Floats, classes: Ints) -> Floats:
    """-ln p of the class that came, floored as `tradeloop.statistics.log_loss` is."""
    given = chances[np.arange(len(classes)), classes]
    return np.asarray(-np.log(np.maximum(given, np.finfo(np.float64).eps)))
