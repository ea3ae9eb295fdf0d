"""How far from no skill to the best possible forecast a model goes.

Only where the truth is known: on rows of `tradeloop.simulation.forecastable`. With p
the true chances, r the base rates and q the model, the share of the gap is

    expected:  1 - sum KL(p, q) / sum KL(p, r)
    realised:  (L(r) - L(q)) / (L(r) - L(p)),  L the log loss of what came

0 is no skill, 1 is the best there is, below 0 is worse than no skill. Both estimate the
same; the expected one has no luck of the draw in it, so it is the one to quote.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.evaluation.figures import log_losses, mean_of
from tradeloop.models.evaluation.realised import ratio
from tradeloop.models.matrix import class_numbers
from tradeloop.statistics import Interval
from tradeloop.statistics.resamples import OfMeans, Resamples

_SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class ClosedGap:
    """Share of the log-loss gap that a model closes.

    Parameters
    ----------
    share : Interval
        Expected share, over the true chances of each row.
    realised_share : Interval or None
        Share by what came; None where on some rows luck made the best forecast no
        better than no skill.
    no_skill, best, model : Interval
        Log losses by what came, in nats.
    rows : int
        Rows tested.
    """

    share: Interval
    realised_share: Interval | None
    no_skill: Interval
    best: Interval
    model: Interval
    rows: int

    def as_mapping(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return asdict(self)


def closed_gap(
    probabilities: ArrayLike,
    best: ArrayLike,
    no_skill: ArrayLike,
    direction: ArrayLike,
    *,
    block_rows: int,
    seed: int,
    repeats: int = 1000,
    level: float = 0.95,
) -> ClosedGap:
    """Measure the share of the gap that a model closes.

    Parameters
    ----------
    probabilities : array of shape (n_rows, 3)
        The model's, out of sample. Rows with NaN were not tested and are left out.
    best : array of shape (n_rows, 3)
        The true chances, in the order of `CLASSES`.
    no_skill : array of shape (n_rows, 3) or (3,)
        Base rates of the training rows.
    direction : array of int of shape (n_rows,)
        What came. Rows in time order.
    block_rows, seed, repeats, level
        As in `tradeloop.models.evaluation.evaluate`.

    Raises
    ------
    InputError
        Wrong shapes, fewer than 2 tested rows, or a truth no better than no skill.
    """
    chances, truth, rates, classes = _checked(probabilities, best, no_skill, direction)
    draw = Resamples(len(classes), block_rows, repeats, level, seed)
    gap, closed = _divergence(truth, rates), _divergence(truth, chances)
    if gap.mean() <= 0:
        raise InputError(
            "The best forecast must be better than no skill on average, the gap was "
            f"{gap.mean()}.",
            way_out="Simulate with a strength above 0.",
        )
    losses = [log_losses(each, classes) for each in (rates, truth, chances)]
    came = np.column_stack([losses[0] - losses[2], losses[0] - losses[1]])
    figures = {
        "share": OfMeans(np.column_stack([gap - closed, gap]), ratio),
        "realised": OfMeans(came, ratio),
        "no_skill": mean_of(losses[0]),
        "best": mean_of(losses[1]),
        "model": mean_of(losses[2]),
    }
    drawn = draw.values(figures)
    return ClosedGap(
        share=draw.certain(drawn["share"]),
        realised_share=draw.interval(drawn["realised"]),
        no_skill=draw.certain(drawn["no_skill"]),
        best=draw.certain(drawn["best"]),
        model=draw.certain(drawn["model"]),
        rows=len(classes),
    )


def _checked(
    probabilities: ArrayLike, best: ArrayLike, no_skill: ArrayLike, direction: ArrayLike
) -> tuple[Floats, Floats, Floats, Ints]:
    """Return tested rows of the model, the truth, no skill and the classes."""
    chances = np.asarray(probabilities, dtype=np.float64)
    truth = np.asarray(best, dtype=np.float64)
    rates = np.asarray(no_skill, dtype=np.float64)
    shape = (len(chances), len(CLASSES))
    good = chances.shape == truth.shape == shape and rates.shape in (shape, shape[1:])
    if not good:
        raise InputError(
            f"Model, best and no skill must have the shape {shape}, had "
            f"{chances.shape}, {truth.shape} and {rates.shape}.",
            way_out="Pass one row per decision, in the order of the classes.",
        )
    classes = class_numbers(direction, len(chances))
    tested = np.isfinite(chances).all(axis=1)
    rates = np.broadcast_to(rates, shape)[tested]
    return chances[tested], truth[tested], rates, classes[tested]


def _divergence(truth: Floats, forecast: Floats) -> Floats:
    """Kullback-Leibler divergence of each row, in nats."""
    logs = [np.log(np.maximum(each, _SMALLEST)) for each in (truth, forecast)]
    return np.asarray((truth * (logs[0] - logs[1])).sum(axis=1))
