"""Laws that every feature passes: one definition for history, live and restart.

A law takes a subject and raw columns and returns what it found wrong; an empty text
says that the law holds. `broken` runs them all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.features.bank import Bank
from tradeloop.features.base import CLOCK_INPUTS, Column
from tradeloop.features.live import LiveBank
from tradeloop.fold import Float

PRICES = (
    *("open", "high", "low", "close", "bid", "ask", "price"),
    *("price_on_forward", "underlying_price", "strike"),
)
"""Raw columns of any stream that grow when the currency shrinks."""

_LEVEL = re.compile(r"_[0-9]+$")  # of the book, such as bid_5
_CLOSE = 1e-9  # relative above 1, absolute below
_OUTLIER = 1e12
Columns = Mapping[str, Float]


def run_history(bank: Bank, rows: Float) -> Float:
    """Run one instrument in one go; published columns, shape (n_names, n_rows)."""
    return bank.panel(bank.state(), rows, np.array([0, rows.shape[1]]))


def run_live(bank: Bank, rows: Float, restart_every: int = 0) -> Float:
    """Run row by row, saved to bytes and restored every so many rows."""
    driver, found = LiveBank(bank), np.empty((len(bank.names), rows.shape[1]))
    for row in range(rows.shape[1]):
        if restart_every and row and row % restart_every == 0:
            saved, driver = driver.state_bytes(), LiveBank(bank)
            driver.restore(saved)
        found[:, row] = driver.update("X", np.ascontiguousarray(rows[:, row]))
    return found


@dataclass(frozen=True, slots=True)
class Subject:
    """A bank and the two ways of running it that have to agree.

    Parameters
    ----------
    bank : Bank
        Often of a single feature.
    history : callable
        ``history(bank, rows) -> (n_names, n_rows)``.
    live : callable
        ``live(bank, rows, restart_every) -> (n_names, n_rows)``.
    """

    bank: Bank
    history: Callable[[Bank, Float], Float] = run_history
    live: Callable[[Bank, Float, int], Float] = run_live

    def rows(self, columns: Columns) -> Float:
        """Return the inputs of the bank, shape (n_inputs, n_rows)."""
        return np.array([columns[name] for name in self.bank.inputs])


Law = Callable[[Subject, Columns], str]


def history_equals_live(subject: Subject, columns: Columns) -> str:
    """Find bits in which history and live differ."""
    rows = subject.rows(columns)
    whole = subject.history(subject.bank, rows)
    return _differs(subject, whole, subject.live(subject.bank, rows, 0))


def restart_changes_nothing(subject: Subject, columns: Columns) -> str:
    """Find what a restart from saved bytes before every row changes."""
    rows = subject.rows(columns)
    whole = subject.history(subject.bank, rows)
    return _differs(subject, whole, subject.live(subject.bank, rows, 1))


def history_equals_python(subject: Subject, columns: Columns) -> str:
    """Find bits in which the compiled scan and the Python step differ."""
    rows = subject.rows(columns)
    table = step_by_step(subject.bank, rows)[subject.bank.published]
    return _differs(subject, subject.history(subject.bank, rows), table)


def chunks_change_nothing(subject: Subject, columns: Columns) -> str:
    """Find bits that chunks of 1, 7 and 256 rows change."""
    bank, rows = subject.bank, subject.rows(columns)
    whole, size = subject.history(bank, rows), rows.shape[1]
    for chunk in (1, 7, 256):
        state = bank.state()
        table = np.empty((1, len(bank.columns), size))
        table[0, : len(bank.inputs)] = rows
        for start in range(0, size, chunk):
            bank.history(state, table, start, min(start + chunk, size))
        wrong = _differs(subject, whole, table[0, bank.published])
        if wrong:
            return f"chunks of {chunk}: {wrong}"
    return ""


def future_changes_nothing(subject: Subject, columns: Columns) -> str:
    """Find past values that change when all rows after a cut are rewritten."""
    rows = subject.rows(columns)
    whole = subject.history(subject.bank, rows)
    for cut in (1, rows.shape[1] // 3, 2 * rows.shape[1] // 3):
        other = rows.copy()
        other[:, cut:] = 1.5 * rows[:, cut:][:, ::-1] + 1.0
        past = subject.history(subject.bank, other)[:, :cut]
        wrong = _differs(subject, whole[:, :cut], past)
        if wrong:
            return f"rewritten from row {cut}: {wrong}"
    return ""


def warm_up_is_exact(subject: Subject, columns: Columns) -> str:
    """Find values before the declared warm-up, and gaps after it."""
    found = subject.history(subject.bank, subject.rows(columns))
    for column, values in zip(subject.bank.outputs, found, strict=True):
        known = ~np.isnan(values) | _undefined(subject.bank, column, found)
        first = int(known.argmax()) if known.any() else values.size
        if first != column.warm_up:
            return f"{column.name}: first value in row {first}, not {column.warm_up}"
        missing = ~np.isfinite(values[first:])
        allowed = _undefined(subject.bank, column, found)[first:]
        if (missing != allowed).any():
            return f"{column.name}: not finite after the warm-up"
    return ""


def _undefined(bank: Bank, column: Column, found: Float) -> NDArray[np.bool_]:
    """Rows in which the definition gives no value, as the feature itself says."""
    flag = column.feature.family.undefined_where
    if not flag or column.output == flag:
        return np.zeros(found.shape[1], bool)
    if column.feature[flag] not in bank.outputs:
        return np.asarray(~np.isfinite(found[bank.outputs.index(column)]))
    said: NDArray[np.bool_] = found[bank.outputs.index(column.feature[flag])] == 0.0
    return said


def inputs_stay(subject: Subject, columns: Columns) -> str:
    """Find out whether running a feature changes its inputs."""
    rows = subject.rows(columns)
    kept = rows.copy()
    subject.history(subject.bank, rows)
    return "" if np.array_equal(rows, kept, equal_nan=True) else "inputs were changed"


def prices_scale(subject: Subject, columns: Columns) -> str:
    """Find values that ten times the prices do not scale as declared."""
    scaled = {k: v * 10.0 ** (_degree(k) or 0) for k, v in columns.items()}
    whole = subject.history(subject.bank, subject.rows(columns))
    other = subject.history(subject.bank, subject.rows(scaled))
    for k, column in enumerate(subject.bank.outputs):
        degree = _degree(column)
        if degree is None:
            other[k] = whole[k]
        else:
            whole[k] *= 10.0**degree
    return _far(subject, whole, other)


def _degree(source: Column | str) -> int | None:
    """Power of the currency in a column; None: it follows no power."""
    if isinstance(source, str):
        return int(_LEVEL.sub("", source.rpartition(".")[2]) in PRICES)
    family = source.feature.family
    inputs = [_degree(each) for each in source.feature.inputs]
    if callable(family.price_degree):
        known = [degree for degree in inputs if degree is not None]
        return family.price_degree(*known) if len(known) == len(inputs) else None
    if not family.price_degree or not any(degree != 0 for degree in inputs):
        return 0
    own = family.price_degree[family.kernel.outputs.index(source.output)]
    if own == 0:
        return 0
    if own is None or None in inputs:
        return None
    return own * max(degree for degree in inputs if degree is not None)


def outlier_passes(subject: Subject, columns: Columns) -> str:
    """Find values that are wrong a window after an outlier of 1e12 in every input."""
    rows = subject.rows(columns)
    hit, other = rows.shape[1] // 4, rows.copy()
    for place, name in enumerate(subject.bank.inputs):
        if name.rpartition(".")[2] not in CLOCK_INPUTS:
            other[place, hit] = _OUTLIER
    whole = subject.history(subject.bank, rows)
    found = subject.history(subject.bank, other)
    for k, column in enumerate(subject.bank.outputs):
        back = column.look_back
        end = rows.shape[1] if back is None else hit + back + 1
        found[k, hit:end] = whole[k, hit:end]
    return _far(subject, whole, found)


def gaps_are_skipped(subject: Subject, columns: Columns) -> str:
    """Find rows that a row without input changes, as if it had not been skipped."""
    rows = subject.rows(columns)
    size = rows.shape[1]
    gap = np.zeros(size, bool)
    gap[[0, size // 3, size // 3 + 1, size // 2]] = True
    holed = np.where(gap, np.nan, rows)
    found = subject.history(subject.bank, holed)
    if not np.isnan(found[:, gap]).all():
        return "a row without input has a value"
    alone = subject.history(subject.bank, np.ascontiguousarray(rows[:, ~gap]))
    return _differs(subject, alone, found[:, ~gap])


LAWS: tuple[Law, ...] = (
    history_equals_live,
    restart_changes_nothing,
    history_equals_python,
    chunks_change_nothing,
    future_changes_nothing,
    warm_up_is_exact,
    inputs_stay,
    prices_scale,
    outlier_passes,
    gaps_are_skipped,
)


def broken(subject: Subject, columns: Columns) -> dict[str, str]:
    """Laws that do not hold, each with what was found.

    Parameters
    ----------
    subject : Subject
        What is tried.
    columns : mapping of str to ndarray of shape (n_rows,)
        Finite raw columns, longer than the warm-up and the windows of the bank.
    """
    found = {law.__name__: law(subject, columns) for law in LAWS}
    return {name: wrong for name, wrong in found.items() if wrong}


def step_by_step(bank: Bank, rows: Float) -> Float:
    """Run the steps as Python, with bounds checks: the slow and obvious driver.

    Returns
    -------
    ndarray of shape (n_columns, n_rows)
        Inputs and all outputs, as the compiled drivers fill their table.
    """
    index = {name: place for place, name in enumerate(bank.columns)}
    table = np.full((len(bank.columns), rows.shape[1]), np.nan)
    table[: len(bank.inputs)] = rows
    for feature in bank.features:
        kernel = feature.family.kernel
        step = _in_python(kernel.step)
        memory = {"state": _memory(kernel.n_state), "ring": _memory(feature.ring)}
        lead: dict[str, Any] = {**memory, "params": tuple(map(float, feature.params))}
        first = [lead[name] for name in kernel.lead]
        sources = [s if isinstance(s, str) else s.name for s in feature.inputs]
        reads = [index[source] for source in sources]
        writes = [index[column.name] for column in feature.columns]
        for row in range(rows.shape[1]):
            given = [float(table[place, row]) for place in reads]
            if not np.isnan(given).any():
                table[writes, row] = step(*first, *given)
    return table


class _Memory(np.ndarray[Any, np.dtype[np.float64]]):
    """Memory of a step that no index leaves: compiled code does not look."""

    def __getitem__(self, place: Any) -> Any:
        self._require(place)
        return super().__getitem__(place)

    def __setitem__(self, place: Any, value: Any) -> None:
        self._require(place)
        super().__setitem__(place, value)

    def _require(self, place: Any) -> None:
        if not isinstance(place, slice) and not 0 <= place < len(self):
            raise IndexError(f"index {place} is outside of {len(self)} floats")


def _memory(count: int) -> Any:
    return np.zeros(count).view(_Memory)


def _in_python(function: Any) -> Any:
    """Copy ``function`` so that every function it calls is Python, not compiled."""
    function = getattr(function, "py_func", function)
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if hasattr(scope.get(name), "py_func"):
            scope[name] = _in_python(scope[name])
    closure = function.__closure__
    return FunctionType(function.__code__, scope, function.__name__, None, closure)


def _differs(subject: Subject, left: Float, right: Float) -> str:
    """First place where the bits differ; NaN equals NaN."""
    same = (left.view(np.int64) == right.view(np.int64)) | (
        np.isnan(left) & np.isnan(right)
    )
    return _first(subject, same, left, right)


def _far(subject: Subject, left: Float, right: Float) -> str:
    same = np.isclose(right, left, rtol=_CLOSE, atol=_CLOSE, equal_nan=True)
    return _first(subject, same, left, right)


def _first(subject: Subject, same: Any, left: Float, right: Float) -> str:
    if same.all():
        return ""
    k, row = (int(place) for place in np.argwhere(~same)[0])
    name = subject.bank.names[k]
    return f"{name}, row {row}: {left[k, row]!r} against {right[k, row]!r}"
