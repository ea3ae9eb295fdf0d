"""Which kind of calibration: the one with the lowest log loss out of sample.

1. The calibration rows are cut into blocks of time. Each block is forecast by every
   kind fitted on the others, without the rows whose labels meet those of the block.
2. The kind with the lowest mean log loss over all blocks is fitted on all rows.

Only calibration rows are used, never rows on which the model is then judged: the choice
is part of the training.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.datasets.purged_blocks import PurgedKFold
from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.calibration import (
    KINDS,
    RIDGE,
    Calibration,
    fit_calibration,
)
from tradeloop.models.matrix import checked_weight, class_numbers

BLOCKS = 5
"""Blocks of time that the calibration rows are cut into."""
_LEAST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen calibration and what it was chosen by.

    Parameters
    ----------
    calibration : Calibration
        Of the chosen kind, fitted on all rows.
    losses : mapping of str to float
        Weighted mean log loss over the blocks, in nats, of each kind; and of ``raw``,
        the probabilities as they came, and ``base_rates``. Empty where the rows were
        too few to compare: then the kind is the first that was asked for.
    rows : int
        Rows compared.
    """

    calibration: Calibration
    losses: Mapping[str, float]
    rows: int

    @property
    def kind(self) -> str:
        """The chosen kind."""
        return self.calibration.kind

    def as_mapping(self) -> dict[str, Any]:
        """Return kind, losses and rows as JSON can hold them."""
        return {"kind": self.kind, "losses": dict(self.losses), "rows": self.rows}


def choose_calibration(
    probabilities: ArrayLike,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    base_rates: ArrayLike | None = None,
    ridge: float = RIDGE,
    kinds: Iterable[str] = tuple(KINDS),
) -> Choice:
    """Choose the kind by purged blocks of the calibration rows, then fit it on all.

    Parameters
    ----------
    probabilities, direction, weight, base_rates, ridge
        As in `tradeloop.models.calibration.fit_calibration`.
    decision_ns, end_ns : array of int64 of shape (n_rows,)
        Decision and end of each label, ns UTC.
    kinds : iterable of str
        Kinds to choose from; of equal ones the first is taken.

    Raises
    ------
    InputError
        As in `fit_calibration`; or there is no kind to choose from.
    """
    names = tuple(kinds)
    if not names:
        raise InputError(
            "There must be at least one kind to choose from.",
            way_out=f"Name some of {', '.join(KINDS)}.",
            source="kinds",
        )
    raw = np.asarray(probabilities, dtype=np.float64)
    classes = class_numbers(direction, len(raw))
    weights = checked_weight(weight, len(raw))

    fit = partial(_fitted, raw, classes, weights, base_rates, ridge)
    try:
        splits = list(
            PurgedKFold(BLOCKS, min_rows=_LEAST_ROWS).split(decision_ns, end_ns)
        )
    except InputError:
        return Choice(fit(names[0], np.arange(len(raw))), {}, 0)
    forecasts = {name: np.full_like(raw, np.nan) for name in names}
    forecasts |= {"raw": raw, "base_rates": np.full_like(raw, np.nan)}
    for train, test in splits:
        for name in names:
            calibration = fit(name, train)
            forecasts[name][test] = calibration.apply(raw[test])
        forecasts["base_rates"][test] = calibration.base_rates
    losses = _losses(forecasts, classes, weights)
    best = min(names, key=losses.__getitem__)
    return Choice(fit(best, np.arange(len(raw))), losses, len(raw))


def _fitted(
    raw: Floats,
    classes: Ints,
    weights: Floats,
    base_rates: ArrayLike | None,
    ridge: float,
    kind: str,
    rows: Ints,
) -> Calibration:
    return fit_calibration(
        raw[rows],
        classes[rows] + CLASSES[0],
        weights[rows],
        base_rates=base_rates,
        ridge=ridge,
        kind=kind,
    )


def _losses(
    forecasts: Mapping[str, Floats], classes: Ints, weights: Floats
) -> dict[str, float]:
    found = {}
    for name, chances in forecasts.items():
        given = chances[np.arange(len(classes)), classes]
        losses = -np.log(np.maximum(given, np.finfo(np.float64).eps))
        found[name] = float(np.average(losses, weights=weights))
    return found
