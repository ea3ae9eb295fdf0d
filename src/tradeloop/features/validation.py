"""Validation of features: what a rule says of a column, and which rows break it.

=========== ==========================================================================
rule        broken where
=========== ==========================================================================
range       a value lies below ``low`` or above ``high``, or is infinite
monotone    a value is less (rising) or greater (falling) than the one known before
missing     more than ``most_missing_share`` of ``window_rows`` rows have no value
stuck       the same value stands in more than ``longest_run`` rows in a row
=========== ==========================================================================

Each instrument is looked at for itself. The rows without a value with which it begins
are its warm-up, as far as ``warm_up_rows`` allows. Rules come from `validation_rules`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.features.normalise import column_values
from tradeloop.fold import Float

Rule = Literal["range", "monotone", "missing", "stuck"]
Monotone = Literal["", "rising", "falling"]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FeatureRule:
    """What must hold of one feature.

    Parameters
    ----------
    name : str
        Column.
    low, high : float
        Least and greatest value; infinite: no bound.
    monotone : {"", "rising", "falling"}
        Which way values may go within an instrument, if only one.
    most_missing_share : float
        Of ``window_rows`` rows one after another, after the warm-up.
    window_rows : int
        Rows over which missing values are counted; fewer where there are fewer.
    longest_run : int
        Rows in which a value may stand unchanged; 0: any number.
    warm_up_rows : int
        Rows at the start of an instrument that may have no value.
    bounds_from : {"declared", "learned", "none"}
        Where the bounds come from: the unit of the feature, or training rows.
    """

    name: str
    low: float = -inf
    high: float = inf
    monotone: Monotone = ""
    most_missing_share: float = 0.0
    window_rows: int = 50
    longest_run: int = 0
    warm_up_rows: int = 0
    bounds_from: Literal["declared", "learned", "none"] = "none"

    def __post_init__(self) -> None:
        if (
            not self.low <= self.high
            or self.monotone not in ("", "rising", "falling")
            or not 0 <= self.most_missing_share <= 1
            or self.window_rows < 1
            or min(self.longest_run, self.warm_up_rows) < 0
        ):
            raise InputError(
                f"A rule needs low <= high, a share from 0 to 1, a window and counts "
                f"that are not negative, was {self}.",
                way_out="Correct the rule.",
                source="FeatureRule",
                column=self.name,
            )

    def as_mapping(self) -> dict[str, Any]:
        """Give the rule as JSON: a bound that is none is null."""
        told = asdict(self)
        for bound in ("low", "high"):
            told[bound] = told[bound] if abs(told[bound]) < inf else None
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Rows of one instrument that break one rule.

    Parameters
    ----------
    rule : str
        ``range``, ``monotone``, ``missing`` or ``stuck``.
    feature : str
        Column.
    instrument : str
        Whose rows; empty where the frame names none.
    rows : ndarray of int64
        Positions in the frame, growing.
    value : float
        The worst: the value furthest out, the largest step back, the share of missing
        rows, the length of the run.
    limit : float
        What the rule allows.
    """

    rule: Rule
    feature: str
    instrument: str
    rows: Rows
    value: float
    limit: float

    def __str__(self) -> str:
        """Say it in one line."""
        where = f" of {self.instrument}" if self.instrument else ""
        return (
            f"{self.feature}{where}: {self.rule}, {self.value:g} where {self.limit:g} "
            f"is allowed; {len(self.rows)} rows, first {self.rows[0]}"
        )


def validate(frame: pl.DataFrame, rules: Sequence[FeatureRule]) -> tuple[Finding, ...]:
    """Find the rows that break a rule.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Features, and ``instrument`` where there are several; the rows of each stand
        together and in time order, as `compute` returns them.
    rules : sequence of FeatureRule
        At most one for each column.

    Returns
    -------
    tuple of Finding
        By rule in the order given, then instrument.

    Raises
    ------
    InputError
        A column is absent or not numeric, or an instrument's rows are apart.
    """
    found: list[Finding] = []
    lanes = lanes_of(frame)
    for rule in rules:
        values = column_values(frame, rule.name)
        for instrument, start, stop in lanes:
            lane = values[start:stop]
            for name, look in _LOOKS.items():
                for rows, value, limit in look(rule, lane):
                    found.append(
                        Finding(name, rule.name, instrument, rows + start, value, limit)
                    )
    return tuple(found)


def lanes_of(frame: pl.DataFrame) -> list[tuple[str, int, int]]:
    """Instrument with the first row and the row after the last, one lane each.

    Raises
    ------
    InputError
        An instrument's rows are apart.
    """
    if "instrument" not in frame.columns:
        return [("", 0, frame.height)] if frame.height else []
    runs = frame["instrument"].rle().struct.unnest()
    names, ends = runs["value"].to_list(), runs["len"].cum_sum().to_list()
    if len(set(names)) != len(names):
        raise InputError(
            "The rows of an instrument must stand together.",
            way_out="Sort the frame by instrument and event_ns.",
            column="instrument",
        )
    return list(zip(names, [0, *ends[:-1]], ends, strict=True))


Broken = Iterator[tuple[Rows, float, float]]


def _out_of_range(rule: FeatureRule, x: Float) -> Broken:
    rows = np.flatnonzero((x < rule.low) | (x > rule.high) | np.isinf(x))
    if not len(rows):
        return
    with np.errstate(invalid="ignore"):  # no distance between infinities
        over = np.maximum(rule.low - x[rows], x[rows] - rule.high)
    worst = x[rows[int(np.argmax(np.where(np.isnan(over), inf, over)))]]
    yield rows, float(worst), rule.low if worst < rule.low else rule.high


def _against(rule: FeatureRule, x: Float) -> Broken:
    if not rule.monotone:
        return
    known = np.flatnonzero(~np.isnan(x))
    sign = 1.0 if rule.monotone == "rising" else -1.0
    before = np.maximum.accumulate(sign * x[known]) if len(known) else x[known]
    # Against the highest so far: one wrong step back is one finding, and what follows
    # a wrong step forward is found too.
    back = before[:-1] - sign * x[known[1:]]
    rows = known[1:][back > 0]
    if len(rows):
        yield rows, float(back.max()), 0.0


def _missing(rule: FeatureRule, x: Float) -> Broken:
    missing = np.isnan(x)
    start = warm_from(missing, rule.warm_up_rows)
    inside = missing[start:]
    window = min(rule.window_rows, len(inside))
    if not window or not inside.any():
        return
    shares = missing_shares(inside, window)
    bad = np.flatnonzero(shares > rule.most_missing_share)
    if not len(bad):
        return
    edges = np.zeros(len(inside) + 1, np.int64)
    np.add.at(edges, bad, 1)
    np.add.at(edges, bad + window, -1)
    rows = np.flatnonzero(inside & (np.cumsum(edges[:-1]) > 0)) + start
    yield rows, float(shares.max()), rule.most_missing_share


def _stuck(rule: FeatureRule, x: Float) -> Broken:
    if not rule.longest_run:
        return
    starts, lengths = runs_of(x)
    long = lengths > rule.longest_run
    if long.any():
        parts = [
            np.arange(start, start + length)
            for start, length in zip(starts[long], lengths[long], strict=True)
        ]
        yield np.concatenate(parts), float(lengths[long].max()), rule.longest_run


_LOOKS: dict[Rule, Callable[[FeatureRule, Float], Broken]] = {
    "range": _out_of_range,
    "monotone": _against,
    "missing": _missing,
    "stuck": _stuck,
}


def warm_from(missing: Mask, warm_up_rows: int) -> int:
    """First row after the warm-up of a lane: the missing rows that it begins with."""
    known = np.flatnonzero(~missing)
    leading = int(known[0]) if len(known) else len(missing)
    return min(leading, warm_up_rows)


def missing_shares(missing: Mask, window: int) -> Float:
    """Share of missing rows in each window of a lane, by the window's first row."""
    counts = np.concatenate([[0], np.cumsum(missing)])
    return np.asarray((counts[window:] - counts[:-window]) / window)


def runs_of(x: Float) -> tuple[Rows, Rows]:
    """First row and length of each run of one known value."""
    if not len(x):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # A missing value equals nothing, itself neither: its runs are one row long.
    starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]]))
    lengths = np.diff(np.append(starts, len(x)))
    return starts.astype(np.int64), lengths.astype(np.int64)
