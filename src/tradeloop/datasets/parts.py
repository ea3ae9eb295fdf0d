"""A dataset that is assembled part by part, because it does not fit into memory.

1. Decisions are cut by time into parts of whole days (UTC), `day_parts`: a file holds
   a day, so that each part makes whole files.
2. The rows of each part are made by themselves: a row is a function of its decision and
   of the market. Kinds whose rows depend on each other are refused, `require_parts`.
3. Of each part `Thin` stays: what folds, certificate and metadata need of every row.
4. `outline` puts the thin parts together to a dataset that has all of its rows, but
   nulls where a value was let go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets.assemble import Rows
from tradeloop.datasets.dataset import FRAMES, Dataset
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.version import DatasetInputs
from tradeloop.errors import InputError
from tradeloop.events import DatasetType, DecisionOutcome

_CLASSES = pl.Enum([each.value for each in DecisionOutcome])
_KNOWN = ("market_context", "execution_context", "feature_vectors")
_WHOLE = {
    DatasetType.PORTFOLIO_OPTIMIZATION: "its rows are ranked among all rows of their "
    "time, also those of decisions that are pending",
    DatasetType.MARKET_PREDICTION: "its rows are observations of the market, not "
    "captured decisions",
}


def require_parts(dataset_type: DatasetType) -> None:
    """Refuse the kinds that cannot be assembled part by part.

    Raises
    ------
    InputError
        Rows depend on each other; says how.
    """
    reason = _WHOLE.get(dataset_type)
    if reason is not None:
        raise InputError(
            f"A {dataset_type.value} dataset is not assembled part by part: {reason}.",
            way_out="Build it whole, of fewer rows.",
            source="dataset_type",
        )


def day_parts(received_ns: NDArray[np.int64], size: int) -> list[tuple[int, int]]:
    """Cut decisions by time into parts of whole days.

    Parameters
    ----------
    received_ns : ndarray of shape (n_decisions,)
        When each decision was received, ns UTC, in any order.
    size : int
        Decisions that a part should not exceed, at least 1; a day is never cut, so
        that a part of one day may.

    Returns
    -------
    list of (begin_ns, end_ns)
        Ascending; each part holds the decisions with ``begin_ns <= received_ns <
        end_ns``, at least one, and all parts together hold each decision once.

    Raises
    ------
    InputError
        The size is below 1.
    """
    if size < 1:
        raise InputError(
            f"The size of a part must be at least 1, was {size}.",
            way_out="Give a number of decisions, such as 100000.",
            source="size",
        )
    days, counts = np.unique(received_ns // NS_PER_DAY, return_counts=True)
    parts: list[tuple[int, int]] = []
    held = 0
    for day, count in zip(days.tolist(), counts.tolist(), strict=True):
        begin, end = day * NS_PER_DAY, (day + 1) * NS_PER_DAY
        if parts and held + count <= size:
            parts[-1], held = (parts[-1][0], end), held + count
        else:
            parts.append((begin, end))
            held = count
    return parts


@dataclass(frozen=True, eq=False, slots=True)
class Thin:
    """What stays in memory of the rows of a part: about 100 bytes a row.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, 7)
        decision_id, decision_ns, end_ns, decision_outcome, and known_ns of the market
        context, the execution context and the features.
    schemas : mapping of str to (mapping of str to polars data type)
        Frame to its columns; no column of folds.
    left_out : mapping of str to int
        Decisions that are no rows, by reason.
    """

    rows: pl.DataFrame
    schemas: Mapping[str, Mapping[str, pl.DataType]]
    left_out: Mapping[str, int]


def thin(rows: Rows) -> Thin:
    """Keep of a part what folds, certificate and metadata need; ``rows`` may go.

    Parameters
    ----------
    rows : Rows
        Of the part; there may be none.
    """
    if not rows.frames:
        return Thin(pl.DataFrame(), {}, rows.left_out)
    outcomes = rows.frames["outcome_labels"]
    kept = outcomes.select(
        "decision_id",
        "decision_ns",
        "end_ns",
        pl.col("decision_outcome").cast(_CLASSES),
    ).with_columns(rows.frames[name]["known_ns"].alias(name) for name in _KNOWN)
    schemas = {name: dict(frame.schema) for name, frame in rows.frames.items()}
    return Thin(kept, schemas, rows.left_out)


def joined(parts: Sequence[Thin]) -> Thin:
    """Put the parts together, in their order.

    Raises
    ------
    InputError
        No decision of any part became a row.
    """
    left_out: dict[str, int] = {}
    for part in parts:
        for reason, count in part.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    some = [part for part in parts if part.schemas]
    if not some:
        raise InputError(
            f"No decision became a row: {left_out}.",
            way_out="Give market data that begins before and ends after the decisions.",
            source="decisions",
        )
    rows = pl.concat([part.rows for part in some], rechunk=True)
    return Thin(rows, some[0].schemas, left_out)


def outline(whole: Thin, fold: NDArray[np.int8], inputs: DatasetInputs) -> Dataset:
    """Make a dataset of all rows that holds only what `Thin` kept of them.

    Ids, times, outcome classes, folds and times of knowledge are real; every other
    value is null. Folds, intervals, times of knowledge, counts and metadata can be
    taken from it as from the dataset itself; features and labels cannot.

    Parameters
    ----------
    whole : Thin
        From `joined`.
    fold : ndarray of shape (n_rows,)
        Fold of each row.
    inputs : DatasetInputs
        What the version is the hash of.
    """
    rows, frames = whole.rows, {}
    for name in FRAMES:
        kept = {"decision_id": rows["decision_id"]}
        if name in _KNOWN:
            kept["known_ns"] = rows[name].alias("known_ns")
        if name == "outcome_labels":
            kept |= {each: rows[each] for each in ("decision_ns", "end_ns")} | {
                "decision_outcome": rows["decision_outcome"].cast(pl.String)
            }
        frame = pl.DataFrame(
            [
                kept.get(
                    column,
                    pl.Series(column, [], pl.Null).extend_constant(None, rows.height),
                )
                for column in whole.schemas[name]
            ]
        )
        if name == "outcome_labels":
            numbers = pl.Series("fold", fold, dtype=pl.Int8)
            frame.insert_column(frame.columns.index("end_ns") + 1, numbers)
        frames[name] = frame
    return Dataset(
        dataset_type=inputs.dataset_type,
        version=inputs.version,
        manifest=inputs.manifest,
        left_out=whole.left_out,
        **frames,
    )


def sampled_runs(
    heights: Sequence[int], *, runs: int, rows: int, seed: int
) -> list[tuple[int, int, int]]:
    """Draw runs of neighbouring rows from parts that lie evenly over time.

    Parameters
    ----------
    heights : sequence of int
        Rows of each part.
    runs : int
        Parts to draw from, at most.
    rows : int
        Rows of a run, at most.
    seed : int
        Seed of the draw.

    Returns
    -------
    list of (part, first row within it, rows)
        Ascending; a part is drawn once.
    """
    filled = [number for number, height in enumerate(heights) if height]
    draw = np.random.default_rng(seed)
    found = []
    for some in np.array_split(np.array(filled), min(runs, len(filled))):
        part = int(draw.choice(some))
        taken = min(rows, heights[part])
        first = int(draw.integers(0, heights[part] - taken + 1))
        found.append((part, first, taken))
    return found


def splits_among(
    splits: Sequence[Split], chosen: NDArray[np.int64], n_rows: int
) -> list[Split]:
    """Folds of some rows: positions among them, as the whole dataset was cut.

    Parameters
    ----------
    splits : sequence of (train, test)
        Folds of the whole.
    chosen : ndarray of shape (n_chosen,)
        Positions of the rows in the whole, ascending.
    n_rows : int
        Rows of the whole.
    """
    place = np.full(n_rows, -1, dtype=np.int64)
    place[chosen] = np.arange(chosen.size)
    found = []
    for train, test in splits:
        ours, theirs = place[train], place[test]
        found.append((ours[ours >= 0], theirs[theirs >= 0]))
    return found


def one_of_each_fold(dataset: Dataset, whole: Thin) -> Dataset:
    """Take the first row of each fold of an outline, with the true types.

    Enough to tell the columns and the folds of the whole, which is what Croissant asks.

    Parameters
    ----------
    dataset : Dataset
        From `outline`.
    whole : Thin
        What it was made of; has the types.
    """
    first = np.sort(np.unique(dataset.fold, return_index=True)[1])
    frames = {
        name: frame[pl.Series(first)].cast(pl.Schema(whole.schemas[name]))
        for name, frame in dataset.frames.items()
    }
    return of_some_rows(dataset, frames)


def of_some_rows(dataset: Dataset, frames: Mapping[str, pl.DataFrame]) -> Dataset:
    """Make a dataset of the same version that holds only these frames' rows."""
    return Dataset(
        dataset_type=dataset.dataset_type,
        version=dataset.version,
        manifest=dataset.manifest,
        left_out=dataset.left_out,
        **frames,
    )
