"""What a dataset is good for: the lift of a standard model that learned from it.

The standard model is that of `tradeloop.pipelines.train` with fixed settings, few and
shallow trees, so that two datasets differ by their rows and not by their tuning. It
walks forward over the dataset's own splitter; everything here is of test rows.

- lift in log loss: ``1 - L(model) / L(no skill)``, L the mean of ``-ln p`` of the class
  that came, no skill the class shares of the training rows of the row's fold;
- lift in accuracy: ``A(model) / A(majority) - 1``, A the share of rows whose most
  probable class came, majority the class most common in the test rows, which is known
  only afterwards: the hardest constant forecast;
- lift over an earlier version: ``1 - L(model) / L(earlier model)`` on the decisions
  that both versions test, paired, with the labels of the newer one.

A lift is met where the interval of the stationary block bootstrap lies above 0 and the
value is above 5 %. A direction accuracy above 60 % on rows that moved is a suspicion of
a leak and no success: look for the leak first.
"""

from typing import Any

import numpy as np

from tradeloop.errors import InputError
from tradeloop.pipelines.lift import block_of, lifts, over_previous, suspicion
from tradeloop.pipelines.subject import Subject, taught
from tradeloop.pipelines.train import Trained

_NO_PREVIOUS = (
    "There is no older dataset of this type and primary horizon whose test period "
    "overlaps."
)
_TOLD = ("trees", "depth", "learning_rate", "subsample", "colsample", "seed")


def effect(
    subject: Subject, previous: Subject | None, *, named: bool = False
) -> tuple[dict[str, Any], Trained]:
    """Train the standard model and say how much it gained, over an earlier version too.

    Parameters
    ----------
    subject : Subject
        The dataset.
    previous : Subject or None
        An earlier version of it.
    named : bool
        Whether somebody asked for that version: then it is an error that the two
        cannot be compared, and else a reason that is told.

    Returns
    -------
    dict
        See `told`.
    Trained
        The models, for `tradeloop.pipelines.value`.

    Raises
    ------
    InputError
        The dataset cannot be learned from, or the two versions cannot be compared.
    """
    trained = taught(subject)
    beside: dict[str, Any] = {"reason": _NO_PREVIOUS}
    if previous is not None:
        try:
            beside = over_previous((subject, previous), (trained, taught(previous)))
        except InputError as error:
            if named:
                raise
            beside = {"dataset_id": previous.dataset_id, "reason": str(error)}
    return told(subject, trained, beside), trained


def told(
    subject: Subject, trained: Trained, previous: dict[str, Any]
) -> dict[str, Any]:
    """Put together what a dataset taught.

    Parameters
    ----------
    subject : Subject
        The dataset.
    trained : Trained
        What `taught` gave.
    previous : dict
        What `over_previous` gave, or the ``reason`` why there is nothing.

    Returns
    -------
    dict
        ``verdict``: ``met`` or ``not met`` by the lift in log loss, or ``suspicious``,
        which outweighs both; the lifts, the suspicion and how all was measured.
    """
    gains, alarm = lifts(subject, trained), suspicion(trained)
    verdict = "met" if gains["log_loss"].met else "not met"
    rows = np.flatnonzero(trained.walk.tested)
    return {
        "dataset_id": subject.dataset_id,
        "dataset_type": subject.dataset.dataset_type,
        "simulated": subject.simulated,
        "horizon": subject.horizon,
        "rows_tested": len(rows),
        "folds": len(trained.walk.models),
        "model": {name: getattr(subject.rule, name) for name in _TOLD},
        "block_rows": block_of(subject, rows),
        "verdict": "suspicious" if alarm["suspicious"] else verdict,
        "lift": {name: lift.as_mapping() for name, lift in gains.items()},
        "previous": previous,
        "leak": alarm,
    }
