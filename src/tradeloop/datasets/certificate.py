"""The leak certificate: five checks that a dataset must pass, with what they found.

(a) ``no_overlap``: no training label interval meets a test interval of its fold, and in
    a forward split no training row is decided after the test begins.
(b) ``known_before``: nothing in a row was known after its decision, and no bar was
    known before it ended.
(c) ``recomputed``: feature rows equal, bit for bit, what the features give on the bars
    received by the decision. All rows are joined anew with the bars' own times; at
    sampled decisions, and where a bar came late, history is cut and recomputed.
(d) ``poisoned_future``: spoiling all that was received after a cut (level, shape,
    direction and flow of each bar) changes no feature row known at the cut.
(e) ``fitted_inside``: whatever was fitted saw training rows of its fold only.

The checks take the function that recomputes features as an argument: they trust neither
the dataset nor the pipeline that made it. They cannot see a leak in the source itself,
such as prices adjusted with later knowledge.
"""

from collections.abc import Sequence

import polars as pl

from tradeloop.datasets.checks import (
    Certificate,
    Fitted,
    fitted_inside,
    known_before,
    no_overlap,
)
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.recompute import (
    Recompute,
    Sampling,
    poisoned_future,
    recomputed,
    sample_cuts,
    truth,
)


def certify(
    dataset: Dataset,
    splits: Sequence[Split],
    bars: pl.DataFrame,
    recompute: Recompute,
    *,
    fitted: Sequence[Fitted] = (),
    forward: bool = True,
    clock_skew_ns: int = 0,
    sampling: Sampling | None = None,
) -> Certificate:
    """Check a dataset for leaks; see the module for the checks.

    Parameters
    ----------
    dataset : Dataset
        What is to be certified.
    splits : sequence of (train, test)
        Folds as the model will use them.
    bars : polars.DataFrame of shape (n_bars, any)
        Bars from which the features come, sorted by instrument and event_ns.
    recompute : callable
        From bars to a frame with instrument, event_ns and every feature of the dataset,
        one row per bar in the bars' order.
    fitted : sequence of Fitted
        What was fitted on which rows.
    forward : bool
        Whether training must lie wholly before each test, as in a walk-forward.
    clock_skew_ns : int
        By how much the receiver's clock is known to run behind the event's.
    sampling : Sampling, optional
        How many cuts, and the seed of their draw.

    Returns
    -------
    Certificate
        Five checks, (a) to (e).

    Raises
    ------
    InputError
        ``recompute`` leaves out a feature or a bar, so that nothing can be certified.
    """
    sampling = sampling or Sampling()
    cuts = sample_cuts(dataset.sample_count, bars.height, sampling)
    at = [int(dataset.decision_ns[row]) for row in cuts]
    known = truth(dataset, bars, recompute)
    return Certificate(
        (
            no_overlap(dataset, splits, forward=forward),
            known_before(dataset, bars, clock_skew_ns=clock_skew_ns),
            recomputed(dataset, bars, recompute, known, cuts),
            poisoned_future(bars, recompute, known, at, seed=sampling.seed),
            fitted_inside(fitted, splits),
        )
    )
