"""The laws and the speed of any features, in words: what a user's file is up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, monotonic_s
from tradeloop.features.bank import Bank
from tradeloop.features.base import CLOCK_INPUTS, Column
from tradeloop.features.checks import (
    LAWS,
    Law,
    Subject,
    history_equals_python,
    run_history,
)
from tradeloop.features.live import LiveBank
from tradeloop.fold import Float

MEANS = {
    "history_equals_live": "parity: live gives the bits of history",
    "restart_changes_nothing": "parity: a restart changes no bit",
    "history_equals_python": "parity: compiled code does what the Python says",
    "chunks_change_nothing": "prefix stability: chunks change no bit",
    "future_changes_nothing": "leak: rewriting the future changes no past value",
    "warm_up_is_exact": "warm-up: first value where it was declared, no gap after",
    "inputs_stay": "inputs are not changed",
    "outlier_passes": "an outlier leaves the window with no trace",
    "gaps_are_skipped": "a missing row is skipped, and nothing after it is poisoned",
}
"""Laws that hold whatever a feature means; the law of scale needs its unit."""

_ROWS, _SPEED_ROWS, _ROUNDS = 300, 100_000, 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What came out for one feature.

    Parameters
    ----------
    name : str
        Column, or columns of one feature.
    broken : mapping of str to str
        Law to what was found wrong; empty where all hold.
    history_ns, live_ns : float
        Nanoseconds a row, medians; what it reads of other features included.
    """

    name: str
    broken: Mapping[str, str]
    history_ns: float
    live_ns: float


def sample(names: Sequence[str], rows: int, seed: int = 0) -> dict[str, Float]:
    """Draw simulated raw columns of any names: prices walk, sizes are positive."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, rows)))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(
        random.normal(0.0, 0.002, rows)
    )
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    wide = 0.01 * random.random((2, rows))
    day, hour = np.divmod(np.arange(rows), 24)
    known: dict[str, Float] = {
        "open": open_,
        "close": close,
        "high": top * (1.0 + wide[0]),
        "low": bottom * (1.0 - wide[1]),
        "bid": close * 0.9998,
        "ask": close * 1.0002,
        "side": random.integers(-1, 2, rows).astype(float),
        CLOCK_INPUTS[0]: 18_000.0 + day,
        CLOCK_INPUTS[1]: (hour * NS_PER_HOUR % NS_PER_DAY).astype(float),
    }
    found: dict[str, Float] = {}
    for name in names:
        short = name.rpartition(".")[2]
        if short in known:
            found[name] = known[short]
        elif "size" in short or "volume" in short:
            found[name] = random.integers(1, 1000, rows).astype(float)
        else:
            found[name] = close * np.exp(0.001 * random.normal(size=rows))
    return found


def examine(columns: Sequence[Column], raw: Mapping[str, Float]) -> list[Examined]:
    """Try every law on each feature.

    Parameters
    ----------
    columns : sequence of Column
        Outputs of one feature are examined together.
    raw : mapping of str to ndarray of shape (n_rows,)
        Real columns to try them on; those that are absent are simulated.
    """
    features: dict[str, list[Column]] = {}
    for column in columns:
        features.setdefault(column.feature.name, []).append(column)
    return [_examined(name, held, raw) for name, held in features.items()]


def _examined(name: str, held: list[Column], raw: Mapping[str, Float]) -> Examined:
    subject = Subject(Bank(held))
    names, needed = subject.bank.inputs, _ROWS + 2 * subject.bank.warm_up_rows
    markets = [sample(names, needed)]
    if set(names) <= set(raw):
        markets.append({n: raw[n][:needed] for n in names})
    # Plain Python first: it looks where an index goes, compiled code does not.
    laws = sorted(LAWS, key=lambda law: law is not history_equals_python)
    broken: dict[str, str] = {}
    for columns in markets:
        for law in laws:
            wrong = _tried(law, subject, columns) if law.__name__ in MEANS else ""
            if wrong:
                broken.setdefault(law.__name__, wrong)
            if law is history_equals_python and wrong:
                return Examined(name, broken, 0.0, 0.0)
    return Examined(name, broken, *_speed(subject.bank))


def _tried(law: Law, subject: Subject, columns: Mapping[str, Float]) -> str:
    try:
        return law(subject, columns)
    except Exception as error:  # noqa: BLE001 - whatever a step of the user's does
        return f"{type(error).__name__}: {error}"


def _speed(bank: Bank) -> tuple[float, float]:
    columns = sample(bank.inputs, _SPEED_ROWS)
    rows = Subject(bank).rows(columns)
    run_history(bank, rows[:, :100].copy())
    lane = LiveBank(bank).lane("X")

    def live() -> None:
        for _ in range(_SPEED_ROWS // 10):
            lane.step()

    lane.row[:] = rows[:, -1]
    history = _median_ns(lambda: run_history(bank, rows)) / _SPEED_ROWS
    return history, _median_ns(live) / (_SPEED_ROWS // 10)


def _median_ns(work: Any) -> float:
    took = []
    for _ in range(_ROUNDS):
        began = monotonic_s()
        work()
        took.append(1e9 * (monotonic_s() - began))
    return float(np.median(took))
