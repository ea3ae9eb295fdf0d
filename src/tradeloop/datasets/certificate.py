"""The leak certificate: checks that a dataset must pass, with what they found.

From the dataset, its folds and the bars alone:

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
(f) ``no_twins``: no row stands, bit for bit, on both sides of a fold.
(g) ``no_label_inside``: no feature repeats an outcome, or ranks as one does.

With `Evidence`, each where its facts are given:

(h) ``embargoed``: training keeps off the test for as long as was promised.
(i) ``labels_recomputed``: labels equal those made anew, on bars cut at their ends too.
(j) ``universe_complete``: instruments that left are there, none came before its time.
(k) ``prices_as_known``: prices know nothing of later splits and dividends.
(l) ``series_released``: values of series are dated by their release, not revised.
(m) ``bars_from_ticks``: bars close with what had traded by their end.
(n) ``fills_possible``: fills have prices that could be had at their time.

A check without its facts is listed as absent, with what it needs; it has not passed.
The checks take the function that recomputes features as an argument: they trust neither
the dataset nor the pipeline that made it.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from tradeloop.datasets.checks import (
    Absent,
    Certificate,
    Check,
    Fitted,
    fitted_inside,
    known_before,
    no_overlap,
)
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.evidence import Evidence
from tradeloop.datasets.fill_checks import fills_possible
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.label_checks import labels_recomputed
from tradeloop.datasets.recompute import (
    Recompute,
    Sampling,
    poisoned_future,
    recomputed,
    sample_cuts,
    truth,
)
from tradeloop.datasets.row_checks import embargoed, no_label_inside, no_twins
from tradeloop.datasets.source_checks import (
    bars_from_ticks,
    prices_as_known,
    series_released,
    universe_complete,
)


def _beside(
    dataset: Dataset, bars: pl.DataFrame, given: Evidence
) -> Iterator[Check | Absent]:
    """Make the checks of the source for which there are facts."""
    if given.members is None:
        yield Absent("universe_complete", "needs members: the universe as it was")
    else:
        yield universe_complete(dataset, bars, given.members)
    if given.raw is None:
        yield Absent("prices_as_known", "needs raw: prices as they traded")
    else:
        yield prices_as_known(bars, given.raw, given.actions)
    if given.series is None or given.releases is None:
        yield Absent("series_released", "needs series and releases with their times")
    else:
        yield series_released(given.series, given.releases)
    if given.ticks is None:
        yield Absent("bars_from_ticks", "needs ticks: what the bars are made of")
    else:
        yield bars_from_ticks(bars, given.ticks)
    if given.fills is None:
        yield Absent("fills_possible", "needs fills")
    else:
        asked = dataset.outcome_labels.select("decision_id", "decision_ns")
        yield fills_possible(given.fills, bars, decisions=asked, quotes=given.quotes)


def certify(  # noqa: PLR0913 - all that a certificate rests on, by name
    dataset: Dataset,
    splits: Sequence[Split],
    bars: pl.DataFrame,
    recompute: Recompute,
    *,
    fitted: Sequence[Fitted] = (),
    forward: bool = True,
    clock_skew_ns: int = 0,
    sampling: Sampling | None = None,
    evidence: Evidence | None = None,
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
    evidence : Evidence, optional
        Facts for the checks of the source; those without are absent.

    Returns
    -------
    Certificate
        Checks that were made, (a) first, and those that were not.

    Raises
    ------
    InputError
        ``recompute`` leaves out a feature or a bar, so that nothing can be certified.
    """
    sampling, given = sampling or Sampling(), evidence or Evidence()
    cuts = sample_cuts(dataset.sample_count, bars.height, sampling)
    at = [int(dataset.decision_ns[row]) for row in cuts]
    known = truth(dataset, bars, recompute)
    embargo, relabel = given.embargo_ns, given.relabel
    results: list[Check | Absent] = [
        no_overlap(dataset, splits, forward=forward),
        known_before(dataset, bars, clock_skew_ns=clock_skew_ns),
        recomputed(dataset, bars, recompute, known, cuts),
        poisoned_future(bars, recompute, known, at, seed=sampling.seed),
        fitted_inside(fitted, splits),
        no_twins(dataset, splits),
        no_label_inside(dataset),
        Absent("embargoed", "needs embargo_ns: how long was promised")
        if embargo is None
        else embargoed(dataset, splits, embargo, forward=forward),
        Absent("labels_recomputed", "needs relabel: from bars to labels")
        if relabel is None
        else labels_recomputed(dataset, bars, relabel, cuts.tolist()),
        *_beside(dataset, bars, given),
    ]
    return Certificate(
        tuple(r for r in results if isinstance(r, Check)),
        tuple(r for r in results if isinstance(r, Absent)),
    )
