"""What a forecast would be without a column: reasons from the served model alone.

Each column in turn is set to missing, in the row and its past, and the calibrated lead
of the chosen side is compared. It needs no trainer and holds for every kind of member,
but it is no Shapley value: what two columns say together counts for both, or for
neither. For exact contributions of trees see `tradeloop.models.explain`.
"""

import numpy as np

from tradeloop.models.base import CLASSES, Floats, Given
from tradeloop.models.sequences import Sequences
from tradeloop.signals.scorer import Scorer


def occluded(scorer: Scorer, given: Given) -> Floats:
    """Calibrated probabilities with each column missing in turn.

    Parameters
    ----------
    scorer : Scorer
        The model.
    given : array of shape (n_columns,) or (n_steps, n_columns), or Sequences of one
        One row, or the steps that lead to it.

    Returns
    -------
    ndarray of shape (n_columns + 1, 3)
        The first row is the forecast with all columns.

    Raises
    ------
    InputError
        Wrong shape, or an infinite value.
    """
    values = given.gather()[0] if isinstance(given, Sequences) else np.asarray(given)
    width = values.shape[-1]
    many = np.repeat(values[None], width + 1, axis=0)
    columns = np.arange(width)
    many[columns + 1, ..., columns] = np.nan
    return scorer.vote(many).probabilities


def top_occluded(
    scorer: Scorer, given: Given, side: int, *, count: int = 3
) -> tuple[tuple[str, float], ...]:
    """Columns without which the side would lead less (above 0) or more (below 0).

    Parameters
    ----------
    scorer : Scorer
        The model.
    given : array or Sequences
        See `occluded`.
    side : int
        +1 or -1: its probability less that of the opposite; 0: that of flat.
    count : int
        At most so many.

    Returns
    -------
    tuple of (name, lost lead)
        Largest size first; columns that change nothing are left out.
    """
    found = occluded(scorer, given)
    lead = found[:, CLASSES.index(side)]
    if side:
        lead = lead - found[:, CLASSES.index(-side)]
    lost = lead[0] - lead[1:]
    order = np.argsort(-np.abs(lost), kind="stable")[:count]
    names = scorer.meta.columns.names
    return tuple((names[at], float(lost[at])) for at in order if lost[at])
