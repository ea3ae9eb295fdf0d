"""Windows of quotes as of each decision, and looks ahead of it.

A quote counts from the time at which it was received. Each window is added up by
itself, oldest quote first: the bits are those of a plain loop over its quotes, whatever
else the recording holds. Differences of running totals would be faster where windows
are long, but they keep the rounding of all that came before.
"""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.window_rules import REDUCERS, Ahead, Before
from tradeloop.errors import InputError
from tradeloop.fold import compiled, inline

Float = NDArray[np.float64]
Int = NDArray[np.int64]
_COUNT, _SUM, _MEAN, _WEIGHTED, _MIN, _MAX, _STD, _FIRST, _LAST = range(len(REDUCERS))


def quote_windows(
    decisions: pl.DataFrame,
    quotes: pl.DataFrame,
    wanted: Sequence[Before | Ahead],
    *,
    until_ns: int | None = None,
) -> pl.DataFrame:
    """Sum up, for each decision, the quotes before it, and look ahead of it.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id, instrument and received_ns (the time of the decision), in
        any order.
    quotes : polars.DataFrame of shape (n_quotes, any)
        Columns instrument, received_ns and those that ``wanted`` names. All rows of an
        instrument stand together, in the order in which they were received.
    wanted : sequence of Before or Ahead
        One column of the result each.
    until_ns : int, optional
        End of the recording: what lies after it is not known yet, so looks past it are
        missing. Absent: the latest receipt of any quote.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 2 + n_wanted)
        decision_id, decision_ns and one column each, in the order of the decisions;
        null where there is no value. Counts are Int64 and never null, all else Float64.

    Raises
    ------
    InputError
        A column is missing, or quotes are not in that order.
    """
    _require_columns(decisions, ["decision_id", "instrument", "received_ns"])
    _require_columns(quotes, ["instrument", "received_ns", *_columns(wanted)])
    tape = _Tape(decisions, quotes, until_ns)
    base = decisions.select("decision_id", decision_ns=pl.col("received_ns"))
    return base.with_columns(tape.column(each).alias(each.called) for each in wanted)


def _columns(wanted: Sequence[Before | Ahead]) -> list[str]:
    weights = [each.weight for each in wanted if isinstance(each, Before)]
    return [each.column for each in wanted] + [name for name in weights if name]


def _require_columns(frame: pl.DataFrame, needed: Sequence[str]) -> None:
    for name in needed:
        if name not in frame.columns:
            raise InputError(
                f"The column is missing; there are {', '.join(frame.columns)}.",
                way_out="Give decisions and quotes with the columns of their records, "
                "and those that the windows name.",
                source="windows",
                column=name,
            )


class _Tape:
    """Quotes lane by lane, and where each decision stands on its lane.

    Decisions are taken lane by lane and in time, so that windows that are read one
    after the other lie near each other.
    """

    def __init__(
        self, decisions: pl.DataFrame, quotes: pl.DataFrame, until_ns: int | None
    ) -> None:
        self.quotes = quotes
        self.times = quotes["received_ns"].to_numpy()
        names, self.bounds = _lanes(quotes["instrument"], self.times)
        ends = self.times[self.bounds[1:] - 1]
        self.until_ns = until_ns if until_ns is not None else max(ends, default=0)
        lane = names.to_frame("instrument").with_row_index("lane")
        asked = decisions.select("instrument", at="received_ns").with_row_index("row")
        asked = asked.join(lane, on="instrument", how="left").sort("lane", "at")
        self.rows = asked["row"].to_numpy()
        self.at = asked["at"].to_numpy()
        # Decisions without a quote come first: null lanes.
        self.strange = asked["lane"].null_count()
        lanes = np.arange(names.len() + 1)
        known = asked["lane"].drop_nulls().to_numpy()
        self.asked = self.strange + np.searchsorted(known, lanes)
        self._values: dict[str, Float] = {}
        self._places: dict[int, Int] = {}

    def column(self, wanted: Before | Ahead) -> pl.Series:
        """One column of the result, in the order of the decisions."""
        if isinstance(wanted, Ahead):
            found = self._ahead(wanted)
        else:
            found = self._before(wanted)
        in_order = np.empty(found.size)
        in_order[self.rows] = found
        series = pl.Series(in_order)
        if isinstance(wanted, Before) and wanted.reduce == "count":
            return series.cast(pl.Int64)
        return series.fill_nan(None)

    def _before(self, wanted: Before) -> Float:
        stop = self._place(0)
        start = self._first()
        if wanted.within_ns is not None:
            start = np.maximum(start, self._place(-wanted.within_ns))
        if wanted.quotes is not None:
            start = np.maximum(start, stop - wanted.quotes)
        values = self._value(wanted.column)
        weights = self._value(wanted.weight) if wanted.weight else values
        found = np.empty(stop.size)
        _reduce(REDUCERS.index(wanted.reduce), values, weights, start, stop, found)
        return found

    def _ahead(self, wanted: Ahead) -> Float:
        start, stop = self._first(), self._place(wanted.after_ns)
        past = self.at > self.until_ns - wanted.after_ns
        values, found = self._value(wanted.column), np.empty(stop.size)
        _reduce(_LAST, values, values, start, np.where(past, start, stop), found)
        return found

    def _value(self, column: str) -> Float:
        if column not in self._values:
            series = self.quotes[column].cast(pl.Float64).fill_null(nan)
            self._values[column] = np.ascontiguousarray(series.to_numpy())
        return self._values[column]

    def _first(self) -> Int:
        """Place of the first quote of each decision's lane."""
        first = np.repeat(self.bounds[:-1], np.diff(self.asked))
        return np.concatenate([np.zeros(self.strange, np.int64), first])

    def _place(self, shift_ns: int) -> Int:
        """Place after the last quote received by each decision, ``shift_ns`` later."""
        if shift_ns not in self._places:
            found = np.zeros(self.at.size, np.int64)
            _find(self.times, self.bounds, self.asked, self.at + shift_ns, found)
            self._places[shift_ns] = found
        return self._places[shift_ns]


def _lanes(instruments: pl.Series, times: Int) -> tuple[pl.Series, Int]:
    """Names of the lanes, and bounds: lane ``k`` lies from bound ``k`` to ``k + 1``."""
    size = instruments.len()
    changes = (instruments.slice(1) != instruments.head(max(size - 1, 0))).arg_true()
    starts = np.concatenate([[0], changes.to_numpy() + 1]).astype(np.int64)[:size]
    names = instruments.gather(starts)
    back = np.flatnonzero(times[1:] < times[:-1]) + 1
    for wrong, rule in (
        (names.is_duplicated().any(), "stand together for each instrument"),
        (not np.isin(back, starts).all(), "be in the order of their receipt"),
    ):
        if wrong:
            raise InputError(
                f"Quotes must {rule}.",
                way_out="Sort them by instrument and received_ns.",
                source="windows",
                column="received_ns",
            )
    return names, np.append(starts, size)


@inline
def _end_of(values: Float) -> float:
    """First value that is not missing."""
    for value in values:
        if value == value:
            return value  # type: ignore[no-any-return]
    return nan


@inline
def _highest(sign: float, values: Float) -> float:
    best = nan
    for value in values:
        if value == value and not best >= sign * value:
            best = sign * value
    return best


@inline
def _moment(reducer: int, values: Float) -> float:
    n, total = 0.0, 0.0
    for value in values:
        if value == value:
            n += 1.0
            total += value
    if reducer == _COUNT:
        return n
    if n == 0.0 or reducer == _SUM:
        return total if n > 0.0 else nan
    mean = total / n
    if reducer == _MEAN:
        return mean
    square = 0.0
    for value in values:
        if value == value:
            square += (value - mean) * (value - mean)
    return sqrt(square / (n - 1.0)) if n > 1.0 else nan


@inline
def _weighted(values: Float, weights: Float) -> float:
    total, weight = 0.0, 0.0
    for k in range(values.size):
        if values[k] == values[k] and weights[k] == weights[k]:
            total += values[k] * weights[k]
            weight += weights[k]
    return total / weight if weight != 0.0 else nan


@compiled
def _reduce(
    reducer: int, values: Float, weights: Float, start: Int, stop: Int, found: Float
) -> None:
    """Reduce each window, oldest quote first; NaN where it has no value."""
    for k in range(start.size):
        window = values[start[k] : stop[k]]
        if reducer == _FIRST:
            found[k] = _end_of(window)
        elif reducer == _LAST:
            found[k] = _end_of(window[::-1])
        elif reducer == _MIN:
            found[k] = -_highest(-1.0, window)
        elif reducer == _MAX:
            found[k] = _highest(1.0, window)
        elif reducer == _WEIGHTED:
            found[k] = _weighted(window, weights[start[k] : stop[k]])
        else:
            found[k] = _moment(reducer, window)


@compiled
def _find(times: Int, bounds: Int, asked: Int, at: Int, found: Int) -> None:
    """Find the place after the last of the times at or before each ``at``.

    Within a lane ``at`` rises: each search begins where the last one ended.
    """
    for lane in range(asked.size - 1):
        place, end = bounds[lane], bounds[lane + 1]
        for k in range(asked[lane], asked[lane + 1]):
            step = 1
            while place + step <= end and times[place + step - 1] <= at[k]:
                step *= 2
            low, high = place + step // 2, min(place + step - 1, end)
            while low < high:
                middle = (low + high) // 2
                if times[middle] <= at[k]:
                    low = middle + 1
                else:
                    high = middle
            place = low
            found[k] = place
