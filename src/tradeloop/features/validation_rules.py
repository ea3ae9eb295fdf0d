"""Where the rules of validation come from: declared units, and training rows.

1. Bounds are declared where the family's unit says ``a to b``, lists numbers (``-1, 0
   or 1``) or codes (``100: bullish, 0: none``). Where it says ``share`` they are 0 to
   1, else -1 to 1, whichever the training rows keep. Of which output a unit speaks is
   not always said: where over 1 % of the training rows lie outside, it is another's.
2. Otherwise bounds are fences around the quantiles q of the training rows at 0.5 and
   99.5 %, ``w`` apart: ``q - 3 w`` and ``q + 3 w``. Those of a column that is positive
   throughout end at ``q / r``, with ``r`` the quotient of the quantiles, 4 at least; of
   one that is never negative (positive) at 0; where the quantiles meet, at twice the
   largest size. A column of zeros teaches nothing.
3. A column is monotone if it never turned in 100 training rows or more that changed;
   it then has no learned bound on the side to which it goes.
4. Missing values: the share of the worst window, and 2 % more. Runs: twice the longest
   of the training rows, 8 at least.
"""

import re
from collections.abc import Sequence
from math import inf

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tradeloop.features.base import Column
from tradeloop.features.normalise import column_values, training_mask
from tradeloop.features.validation import (
    FeatureRule,
    Monotone,
    lanes_of,
    missing_shares,
    runs_of,
    warm_from,
)
from tradeloop.fold import Float

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER}) to ({_NUMBER})")
_LIST = re.compile(rf"({_NUMBER}(?:, {_NUMBER})*) or ({_NUMBER})")
_CODES = re.compile(rf"{_NUMBER}: ")
_SHARE = re.compile(r"share\b(?!, or)")
_SHARES = ((0.0, 1.0), (-1.0, 1.0))
_TAIL = 0.005
_WIDTHS, _LEAST_QUOTIENT = 3.0, 4.0
_ROUNDING = 1e-9
_LEAST_ROWS = 20  # below them quantiles say nothing
_LEAST_CHANGES = 100
_WINDOW = 50
_SLACK = 0.02
_LEAST_RUN = 8
_FEW_VALUES = 10
_PROBE = 1_000
_OUTSIDE = 0.01


def rules_for(
    columns: Sequence[Column], frame: pl.DataFrame, rows: ArrayLike | None = None
) -> tuple[FeatureRule, ...]:
    """Make one rule for each published column of a bank.

    Parameters
    ----------
    columns : sequence of Column
        Such as ``bank.outputs``.
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Features as `compute` returns them.
    rows : array of bool of shape (n_rows,), optional
        Training rows, all that is learned from; all rows where absent.

    Raises
    ------
    InputError
        A column is not in the frame, no row is for training, or an instrument's rows
        are apart.
    """
    training = frame.filter(training_mask(frame.height, rows))
    lanes = [(start, stop) for _, start, stop in lanes_of(training)]
    return tuple(
        _rule(
            column,
            [column_values(training, column.name)[start:stop] for start, stop in lanes],
        )
        for column in columns
    )


def _rule(column: Column, lanes: Sequence[Float]) -> FeatureRule:
    values = np.concatenate(lanes)
    known = values[np.isfinite(values)]
    declared = declared_bounds(column, known)
    learned = learned_bounds(known)
    low, high = declared or learned or (-inf, inf)
    monotone = _monotone(lanes)
    if not declared:
        low = -inf if monotone == "falling" else low
        high = inf if monotone == "rising" else high
    return FeatureRule(
        name=column.name,
        low=low,
        high=high,
        monotone=monotone,
        most_missing_share=_missing_share(lanes, column.warm_up),
        window_rows=_WINDOW,
        longest_run=_longest_run(lanes, known),
        warm_up_rows=column.warm_up,
        bounds_from="declared" if declared else "learned" if learned else "none",
    )


def declared_bounds(column: Column, known: Float) -> tuple[float, float] | None:
    """Bounds that the unit of a column says, a rounding wider; None where it has none.

    Parameters
    ----------
    column : Column
        Its family's unit may speak of each output: ``slope: ...; r2: 0 to 1``.
    known : ndarray
        Finite values of the training rows, which tell one kind of share from the other.
    """
    text = _unit_of(column)
    said = _RANGE.match(text) or _LIST.match(text)
    codes = column.feature.family.unit if _CODES.match(text) else ""
    if said or codes:
        numbers = [float(n) for n in re.findall(_NUMBER, said[0] if said else codes)]
        found = _wider(min(numbers), max(numbers))
        outside = np.count_nonzero((known < found[0]) | (known > found[1]))
        return found if outside <= _OUTSIDE * len(known) else None
    if _SHARE.match(text) and len(known) >= _LEAST_ROWS:
        for low, high in _SHARES:
            if low <= known.min() and known.max() <= high:
                return _wider(low, high)
    return None


def learned_bounds(known: Float) -> tuple[float, float] | None:
    """Fences around the finite values of training rows; None with too few of them."""
    if len(known) < _LEAST_ROWS:
        return None
    low, high = (float(q) for q in np.quantile(known, (_TAIL, 1 - _TAIL)))
    if low == high:
        reach = 2 * float(np.abs(known).max())
        return (-reach, reach) if reach else None
    width = _WIDTHS * (high - low)
    if known.min() > 0:
        return low / max(high / low, _LEAST_QUOTIENT), high + width
    least = 0.0 if known.min() >= 0 else low - width
    return least, 0.0 if known.max() <= 0 else high + width


def _unit_of(column: Column) -> str:
    family, said = column.feature.family, ""
    for part in family.unit.split(";"):
        names, colon, text = part.strip().partition(": ")
        if colon and set(names.split(", ")) <= set(family.kernel.outputs):
            if column.output in names.split(", "):
                return text
        else:
            said = said or part.strip()
    return said


def _wider(low: float, high: float) -> tuple[float, float]:
    room = _ROUNDING * (high - low)
    return low - room, high + room


def _monotone(lanes: Sequence[Float]) -> Monotone:
    steps = np.concatenate([np.diff(lane[~np.isnan(lane)]) for lane in lanes])
    if np.count_nonzero(steps) < _LEAST_CHANGES:
        return ""
    return "rising" if steps.min() >= 0 else "falling" if steps.max() <= 0 else ""


def _missing_share(lanes: Sequence[Float], warm_up: int) -> float:
    worst = 0.0
    for lane in lanes:
        missing = np.isnan(lane)
        inside = missing[warm_from(missing, warm_up) :]
        window = min(_WINDOW, len(inside))
        if window:
            worst = max(worst, float(missing_shares(inside, window).max()))
    return min(1.0, worst + _SLACK)


def _longest_run(lanes: Sequence[Float], known: Float) -> int:
    """Twice the longest run; no limit where few values are all there are."""
    # Most columns show it in the first rows, which saves sorting all of them.
    if any(len(np.unique(part)) > _FEW_VALUES for part in (known[:_PROBE], known)):
        return _twice_longest(lanes)
    return 0


def _twice_longest(lanes: Sequence[Float]) -> int:
    longest = max(int(runs_of(lane)[1].max()) for lane in lanes if len(lane))
    return max(2 * longest, _LEAST_RUN)
