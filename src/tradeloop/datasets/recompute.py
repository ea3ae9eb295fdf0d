"""Leak checks that compute the features again, on history cut or poisoned.

1. `sample_cuts` draws decisions, one from each equal stretch of the dataset.
2. `Truth` computes the features once on all bars and joins them anew, by the bars' own
   times: a bar's row counts from when it and all bars before it were known.
3. `recomputed` compares every row of the dataset with that; then it cuts history at the
   sampled decisions and at decisions made while a bar was late, and compares again.
4. `poisoned_future` spoils all that came after each cut and compares the rows before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.asof import as_of, last_known
from tradeloop.datasets.checks import Check
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.poison import poison
from tradeloop.errors import InputError

Recompute: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]

_KEYS = ("instrument", "event_ns")
_LEAST_CUTS = 2
_NAN = np.float64(np.nan).view(np.int64)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many cuts to draw.

    Parameters
    ----------
    cuts : int
        Decisions at which history is cut, at most.
    seed : int
        Seed of the draw.
    bars : int
        Bars to recompute over all cuts, about; large data gets fewer cuts, at least 2.
    """

    cuts: int = 8
    seed: int = 0
    bars: int = 1_200_000


def sample_cuts(n_rows: int, n_bars: int, sampling: Sampling) -> NDArray[np.int64]:
    """Draw rows of the dataset, one from each equal stretch, ascending.

    Parameters
    ----------
    n_rows : int
        Rows of the dataset, in the order of their decisions.
    n_bars : int
        Bars that one recomputation goes through.
    sampling : Sampling
        How many, and the seed.

    Returns
    -------
    ndarray of int64, shape (n_cuts,)
    """
    affordable = max(_LEAST_CUTS, sampling.bars // max(n_bars, 1))
    count = min(sampling.cuts, affordable, n_rows)
    draw = np.random.default_rng(sampling.seed)
    edges = np.linspace(0, n_rows, count + 1).astype(np.int64)
    return draw.integers(edges[:-1], edges[1:])


def _bits(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.int64]:
    """Bits of the features, shape (n_rows, n_features); null and NaN are one."""
    filled = frame.select(pl.col(names).cast(pl.Float64).fill_null(float("nan")))
    values = np.ascontiguousarray(filled.to_numpy())
    bits: NDArray[np.int64] = np.where(np.isnan(values), _NAN, values.view(np.int64))
    return bits


def _unequal(
    ours: pl.DataFrame, theirs: pl.DataFrame, names: Sequence[str]
) -> tuple[NDArray[np.bool_], str]:
    """Rows that differ in any bit, and the first feature that does."""
    wrong, first = np.zeros(ours.height, dtype=np.bool_), ""
    for name in names:  # one at a time: all at once take four times the memory
        differs = (_bits(ours, [name]) != _bits(theirs, [name]))[:, 0]
        if differs.any():
            wrong |= differs
            first = first or name
    return wrong, first


def _again(
    recompute: Recompute, bars: pl.DataFrame, names: Sequence[str]
) -> pl.DataFrame:
    """Recompute; the rows must be those of ``bars`` and hold all features."""
    features = recompute(bars)
    missing = [name for name in names if name not in features.columns]
    if missing:
        raise InputError(
            f"Recomputing gives no {', '.join(missing)}; it cannot be certified.",
            way_out="Pass a recompute that gives every feature of the dataset.",
            source="recompute",
            column=missing[0],
        )
    if not features.select(_KEYS).equals(bars.select(_KEYS)):
        raise InputError(
            f"Recomputing must give one row per bar in the bars' order; it gave "
            f"{features.height} rows for {bars.height} bars.",
            way_out="Pass a recompute that keeps the bars' rows and order.",
            source="recompute",
        )
    return features.select(*_KEYS, *names)


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """Features on all bars, and which of them each row of the dataset should hold.

    Parameters
    ----------
    names : tuple of str
        Features that are compared.
    asked : polars.DataFrame of shape (n_rows, 3)
        decision_id, instrument, received_ns: the dataset's decisions.
    features : polars.DataFrame of shape (n_bars, 3 + n_features)
        Recomputed, with received_ns of the latest bar up to each row.
    waiting : ndarray of bool, shape (n_rows,)
        Decisions made while an older bar of their instrument was still to come.
    """

    names: tuple[str, ...]
    asked: pl.DataFrame
    features: pl.DataFrame
    waiting: NDArray[np.bool_]


def truth(dataset: Dataset, bars: pl.DataFrame, recompute: Recompute) -> Truth:
    """Compute the features on all bars and find what each decision may hold.

    Parameters
    ----------
    dataset : Dataset
        Decisions and names of the features.
    bars : polars.DataFrame of shape (n_bars, any)
        Rows of the record BAR, sorted by instrument and event_ns.
    recompute : callable
        From bars to features: instrument, event_ns and one column per feature, one row
        per bar in the bars' order.

    Raises
    ------
    InputError
        ``recompute`` leaves out a feature or a bar.
    """
    names = dataset.feature_names
    all_known = pl.col("received_ns").cum_max().over("instrument")
    stamps = bars.select(received_ns=all_known)
    asked = dataset.decision_context.select(
        "decision_id", "instrument", dataset.outcome_labels["decision_ns"]
    ).rename({"decision_ns": "received_ns"})
    features = _again(recompute, bars, names).hstack(stamps)
    in_order = last_known(asked, features)["fact"]
    as_received = last_known(asked, bars)["fact"]
    waiting = in_order.ne_missing(as_received).to_numpy()
    return Truth(names, asked, features, waiting)


def _cut_differs(
    dataset: Dataset, bars: pl.DataFrame, recompute: Recompute, known: Truth, row: int
) -> str | None:
    """Compare what was decided up to a row's decision with history cut there."""
    at_ns = int(dataset.decision_ns[row])
    cut = bars.filter(pl.col("received_ns") <= at_ns)
    again = _again(recompute, cut, known.names).hstack(cut.select("received_ns"))
    times = dataset.decision_ns
    chosen = (times == at_ns) | ((times < at_ns) & ~known.waiting)
    rows = pl.Series(np.flatnonzero(chosen))
    joined = as_of(known.asked[rows], again, columns=known.names)
    wrong, name = _unequal(dataset.feature_vectors[rows], joined, known.names)
    if not wrong.any():
        return None
    return f"history cut at {at_ns}: {int(wrong.sum())} rows differ, first in {name}"


def recomputed(
    dataset: Dataset,
    bars: pl.DataFrame,
    recompute: Recompute,
    known: Truth,
    cuts: NDArray[np.int64],
) -> Check:
    """Check (c): rows equal, to the bit, what was known at the decision gives.

    Parameters
    ----------
    dataset : Dataset
        Rows to check.
    bars : polars.DataFrame
        Rows of the record BAR.
    recompute : callable
        From bars to features.
    known : Truth
        Features on all bars.
    cuts : ndarray of int64
        Rows of the dataset at whose decisions history is cut.
    """
    joined = as_of(known.asked, known.features, columns=known.names)
    wrong, name = _unequal(dataset.feature_vectors, joined, known.names)
    wrong &= ~known.waiting
    if wrong.any():
        detail = (
            f"{int(wrong.sum())} rows differ from what was known at their decision, "
            f"first row {int(wrong.argmax())} in {name}"
        )
        return Check("recomputed", passed=False, detail=detail)
    waiting = np.flatnonzero(known.waiting)[: cuts.size]
    for row in (*cuts.tolist(), *waiting.tolist()):
        differs = _cut_differs(dataset, bars, recompute, known, row)
        if differs:
            return Check("recomputed", passed=False, detail=differs)
    detail = (
        f"{dataset.sample_count} rows x {len(known.names)} features, history cut at "
        f"{cuts.size} decisions and {waiting.size} with a late bar: 0 bits differ"
    )
    return Check("recomputed", passed=True, detail=detail)


def poisoned_future(
    bars: pl.DataFrame,
    recompute: Recompute,
    known: Truth,
    at: Sequence[int],
    *,
    seed: int,
) -> Check:
    """Check (d): spoiling all that came after a cut changes no row known at the cut.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows of the record BAR.
    recompute : callable
        From bars to features.
    known : Truth
        Features on all bars.
    at : sequence of int
        Times of the cuts, ns UTC.
    seed : int
        Seed of the poison.
    """
    compared = 0
    for at_ns in at:
        again = _again(recompute, poison(bars, at_ns, seed=seed), known.names)
        before = known.features["received_ns"] <= at_ns
        wrong, name = _unequal(
            known.features.filter(before), again.filter(before), known.names
        )
        compared += wrong.size
        if wrong.any():
            detail = (
                f"poison after {at_ns} changed {int(wrong.sum())} earlier rows, first "
                f"in {name}"
            )
            return Check("poisoned_future", passed=False, detail=detail)
    detail = f"{len(at)} cuts, {compared} earlier feature rows: 0 bits changed"
    return Check("poisoned_future", passed=True, detail=detail)
