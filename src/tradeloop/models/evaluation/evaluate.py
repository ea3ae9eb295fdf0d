"""How good a forecast is, beside what it takes to be no good, on the same rows.

Two baselines stand next to the model:

- no skill: the base rates of the training rows of each fold, known in advance;
- majority: always the direction that was most common in the rows evaluated. It knows
  that only afterwards, so it is the harder one for accuracy. It names no probability,
  so it has no log loss, Brier score, area or calibration error.

Each figure has an interval from the stationary block bootstrap, since the labels of
neighbouring decisions overlap. All figures of all forecasts see the same resamples.
"""

from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.evaluation.figures import (
    BINS,
    Figures,
    chances_of,
    log_losses,
    mean_of,
    orders_of,
    picks,
    trades,
)
from tradeloop.models.evaluation.leak import leak_alarm
from tradeloop.models.evaluation.realised import Outcomes, Realised
from tradeloop.models.evaluation.scores import Evaluation, Scores, SkillTest
from tradeloop.models.matrix import class_numbers
from tradeloop.statistics import BrierParts, brier_decomposition
from tradeloop.statistics.predictive_accuracy import diebold_mariano
from tradeloop.statistics.resamples import Resamples

_LEAST_ROWS = 2
_LEAST_TEST = 3
_ALWAYS = ("accuracy", "balanced_accuracy")


def evaluate(
    probabilities: ArrayLike,
    no_skill: ArrayLike,
    direction: ArrayLike,
    *,
    block_rows: int,
    seed: int,
    repeats: int = 1000,
    level: float = 0.95,
    realised: Realised | None = None,
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
    realised : Realised, optional
        Returns and costs of all rows, for correlations and profit.

    Raises
    ------
    InputError
        Wrong shapes, fewer than 2 tested rows, or a block longer than they are.
    """
    chances, rates, classes, tested = tested_rows(probabilities, no_skill, direction)
    outcomes = None if realised is None else realised.of(tested)
    draw = Resamples(len(classes), block_rows, repeats, level, seed)
    counts = np.bincount(classes, minlength=len(CLASSES))
    gain = log_losses(rates, classes) - log_losses(chances, classes)
    figures = Figures()
    _forecast(figures, "model", chances, classes, outcomes)
    _forecast(figures, "no_skill", rates, classes, outcomes)
    _majority(figures, counts, classes, outcomes)
    figures.add("gain", {"mean": mean_of(gain)})
    drawn = draw.values(figures.means, figures.others)
    model = _scores(draw, drawn, "model", _parts(chances, classes))
    majority = _scores(draw, drawn, "majority", None)
    leak = leak_alarm(model.direction_accuracy, majority.direction_accuracy)
    return Evaluation(
        rows=len(classes),
        class_shares=tuple(float(count) for count in counts / len(classes)),
        model=model,
        no_skill=_scores(draw, drawn, "no_skill", _parts(rates, classes)),
        majority=majority,
        log_loss_gain=draw.certain(drawn["gain.mean"]),
        leak_alarm=leak is not None,
        block_rows=block_rows,
        repeats=repeats,
        seed=seed,
        skill=skill_test(gain, drawn["gain.mean"], block_rows),
        leak=leak,
        cross_section=(
            None if outcomes is None else outcomes.cross_section(_edge(chances), draw)
        ),
    )


def tested_rows(
    probabilities: ArrayLike, no_skill: ArrayLike, direction: ArrayLike
) -> tuple[Floats, Floats, Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return probabilities, base rates and class numbers of the tested rows, and which.

    Raises
    ------
    InputError
        As in `evaluate`.
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
    if tested.sum() < _LEAST_ROWS:
        raise InputError(
            f"At least {_LEAST_ROWS} tested rows are needed, had {tested.sum()}.",
            way_out="Take more rows or fewer folds.",
        )
    return chances[tested], rates[tested], classes[tested], tested


def skill_test(gain: Floats, drawn: Floats, lags: int) -> SkillTest | None:
    """Test the mean gain in log loss.

    Parameters
    ----------
    gain : ndarray of shape (n_rows,)
        Log loss of no skill less that of the model.
    drawn : ndarray of shape (1 + repeats,)
        Its mean on the rows and on each resample.
    lags : int
        Lags of the variance by formula: the mean block.
    """
    if len(gain) < _LEAST_TEST:
        return None
    found = diebold_mariano(gain, lags=lags)
    value, resampled = drawn[0], drawn[1:]
    # About 0, resampled means lie as they do about the value.
    beyond = int((resampled - value >= value).sum())
    return SkillTest(
        p_value=(1 + beyond) / (1 + len(resampled)),
        diebold_mariano=found.statistic if np.isfinite(found.statistic) else None,
        diebold_mariano_p_value=found.p_value,
        lags=found.lags,
    )


def _edge(chances: Floats) -> Floats:
    return np.asarray(chances[:, -1] - chances[:, 0])


def _forecast(
    figures: Figures,
    name: str,
    chances: Floats,
    classes: Ints,
    outcomes: Outcomes | None,
) -> None:
    edge = _edge(chances)
    figures.add(name, picks(chances.argmax(axis=1), edge, classes))
    figures.add(name, chances_of(chances, classes))
    figures.add(name, orders_of(chances, classes))
    if outcomes is not None:
        figures.add(name, trades(edge, outcomes))


def _majority(
    figures: Figures, counts: Ints, classes: Ints, outcomes: Outcomes | None
) -> None:
    pick = int(counts.argmax())
    lead = float(np.sign(counts[-1] - counts[0]))
    rows = len(classes)
    side = np.full(rows, lead)
    figures.add("majority", picks(np.full(rows, pick), side, classes))
    if outcomes is not None:
        figures.add("majority", trades(side, outcomes))


def _parts(chances: Floats, classes: Ints) -> BrierParts:
    return brier_decomposition(chances, classes, bins=BINS)


def _scores(
    draw: Resamples,
    drawn: dict[str, Floats],
    name: str,
    parts: BrierParts | None,
) -> Scores:
    found = {
        each.name: draw.interval(drawn[f"{name}.{each.name}"])
        for each in fields(Scores)
        if each.name not in _ALWAYS and f"{name}.{each.name}" in drawn
    }
    return Scores(
        accuracy=draw.certain(drawn[f"{name}.accuracy"]),
        balanced_accuracy=draw.certain(drawn[f"{name}.balanced_accuracy"]),
        direction_accuracy=found.pop("direction_accuracy", None),
        brier_parts=parts,
        **found,
    )
