"""Drift: whether the balance of the classes has moved, and since when.

1. The labels are cut in time order into windows of equal numbers of rows; the first
   ones are the reference.
2. Each later window has a population stability index against the reference: ``sum (a -
   e) ln(a / e)`` over classes, an empty class counting as half a row.
3. It has a chi-square test of equal shares, in which every count is scaled by
   effective rows / rows (`labels.audit.overlap`): overlapping labels say the same thing
   again, and would be taken for many. The p-values are Holm's over all windows.
4. A window is in alarm if both the index and the test say so: a large index of few rows
   is chance, a significant one of many may be of no matter.
5. The drift began at the split into before and after with the largest chi-square.

References
----------
Siddiqi (2006), Credit Risk Scorecards, Wiley; Rao and Scott (1981), JASA 76, 221-230,
for the scaled test; Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import erfc, exp, gamma, sqrt
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.labels.audit.agreement import Class
from tradeloop.labels.audit.overlap import intervals, uniqueness
from tradeloop.labels.base import Floats, Times

_LEAST_EXPECTED = 1.0  # below it the chi-square distribution does not hold
_LEAST_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Alarms:
    """When the balance of classes counts as moved.

    Parameters
    ----------
    watch_psi, alarm_psi : float
        Index from which a significant window is watched, and in alarm. The usual 0.1
        and 0.25 are conventions.
    level : float
        Of the tests, over all windows together.
    """

    watch_psi: float = 0.1
    alarm_psi: float = 0.25
    level: float = 0.01

    def __post_init__(self) -> None:
        if not (0 < self.watch_psi <= self.alarm_psi and 0 < self.level < 1):
            raise InputError(
                f"Alarms need 0 < watch_psi <= alarm_psi and a level in 0 to 1, were "
                f"{self.watch_psi}, {self.alarm_psi} and {self.level}.",
                way_out="The usual ones are 0.1, 0.25 and 0.01.",
                source="alarms",
            )


@dataclass(frozen=True, slots=True, eq=False)
class ClassDrift:
    """How the balance of classes moved.

    Parameters
    ----------
    classes : tuple
        In the order of the shares.
    reference : tuple of float
        Shares of the classes in the reference.
    reference_rows, effective_rows : float
        Rows of the reference, and the number that they amount to.
    began_ns : int or None
        First decision after the change, ns UTC; None where no window is in alarm.
    windows : polars.DataFrame of shape (n_windows, 9)
        first_ns, last_ns, rows, effective_rows, shares, psi, chi_square, p_value (Holm;
        null where too few rows are expected in a class), state: calm, watch or alarm.
    """

    classes: tuple[Class, ...]
    reference: tuple[float, ...]
    reference_rows: int
    effective_rows: float
    began_ns: int | None
    windows: pl.DataFrame = field(repr=False)

    @property
    def alarm(self) -> bool:
        """Whether a window is in alarm."""
        return bool((self.windows["state"] == "alarm").any())

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for a data quality report."""
        return {
            "classes": list(self.classes),
            "reference": list(self.reference),
            "reference_rows": self.reference_rows,
            "reference_effective_rows": self.effective_rows,
            "alarm": self.alarm,
            "began_ns": self.began_ns,
            "windows": self.windows.to_dicts(),
        }


def chi_square_tail(value: float, degrees: int) -> float:
    """Probability of a chi-square value at least as large.

    In closed form for whole degrees of freedom: ``exp(-x/2) sum (x/2)^i / i!`` for even
    ones, ``erfc(sqrt(x/2)) + exp(-x/2) sum (x/2)^(i-1/2) / Gamma(i+1/2)`` for odd ones.

    Parameters
    ----------
    value : float
        At least 0.
    degrees : int
        At least 1.

    References
    ----------
    Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = value / 2
    if degrees % 2 == 0:
        terms = (half**i / gamma(i + 1) for i in range(degrees // 2))
        return min(1.0, exp(-half) * sum(terms))
    terms = (half ** (i - 0.5) / gamma(i + 0.5) for i in range(1, (degrees + 1) // 2))
    return min(1.0, erfc(sqrt(half)) + exp(-half) * sum(terms))


def stability_index(reference: Floats, current: Floats) -> float:
    """Return the population stability index of two counts per class.

    Parameters
    ----------
    reference, current : ndarray of shape (n_classes,)
        Rows per class; a class that is empty in one of the two counts as half a row
        there, one that is empty in both is no class.
    """
    occurs = reference + current > 0
    old = np.maximum(reference[occurs], 0.5) / reference.sum()
    new = np.maximum(current[occurs], 0.5) / current.sum()
    return float(((new - old) * np.log(new / old)).sum())


def chi_square(one: Floats, other: Floats) -> tuple[float, int, float]:
    """Pearson's statistic of equal shares of two samples.

    Parameters
    ----------
    one, other : ndarray of shape (n_classes,)
        Effective rows per class.

    Returns
    -------
    tuple of float, int and float
        Statistic, degrees of freedom (classes that occur, less 1), and the least number
        of rows expected in a class.
    """
    counts = np.stack([one, other])[:, one + other > 0]
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    found = float(((counts - expected) ** 2 / expected).sum())
    return found, counts.shape[1] - 1, float(expected.min())


def _holm(p_values: Floats) -> Floats:
    """Adjust p-values for all tests together; NaN is no test."""
    found = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows in time order: one column per class, and what each row counts for."""

    time_ns: Times
    member: Floats
    worth: Floats

    def part(self, first: int, stop: int) -> tuple[Floats, float]:
        """Rows per class between two places, and the effective number of all."""
        return self.member[first:stop].sum(axis=0), float(self.worth[first:stop].sum())


def _scaled(counts: Floats, effective: float) -> Floats:
    return np.asarray(counts * (effective / counts.sum()), dtype=np.float64)


def drift(
    classes_given: pl.Series,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    classes: Sequence[Class],
    instrument: ArrayLike | None = None,
    windows: int = 12,
    reference_windows: int = 4,
    alarms: Alarms = Alarms(),
) -> ClassDrift:
    """Compare the balance of classes over time with that of the first windows.

    Parameters
    ----------
    classes_given : polars.Series of shape (n,)
        Class of each labelled row, without null.
    decision_ns, end_ns : array_like of int, shape (n,)
        Label intervals, ns UTC, in any order.
    classes : sequence of str or int
        All classes.
    instrument : array_like of shape (n,), optional
        As in `labels.audit.overlap.uniqueness`.
    windows : int
        Windows of equal numbers of rows, the reference among them.
    reference_windows : int
        How many of the first ones are the reference, fewer than ``windows``.
    alarms : Alarms
        What counts as moved.

    Raises
    ------
    InputError
        There are fewer rows than windows, a class is unknown or null, or no window is
        left to compare.
    """
    start, end = intervals(decision_ns, end_ns)
    if not (0 < reference_windows < windows <= len(start) == len(classes_given)):
        raise InputError(
            f"Drift needs 0 < reference_windows < windows <= rows, were "
            f"{reference_windows}, {windows} and {len(start)} rows of "
            f"{len(classes_given)} classes.",
            way_out="Give more rows, or ask for fewer windows.",
            source="windows",
        )
    order = np.argsort(start, kind="stable")
    rows = _Rows(
        time_ns=start[order],
        member=_members(classes_given, classes)[order],
        worth=uniqueness(start, end, instrument)[order],
    )
    edges = np.linspace(0, len(start), windows + 1).astype(np.intp)
    reference = rows.part(0, int(edges[reference_windows]))
    parts = list(pairwise(edges[reference_windows:].tolist()))
    table = _table(rows, reference, parts, alarms)
    moved = bool((table["state"] == "alarm").any())
    return ClassDrift(
        classes=tuple(classes),
        reference=tuple(float(n) for n in reference[0] / reference[0].sum()),
        reference_rows=int(edges[reference_windows]),
        effective_rows=reference[1],
        began_ns=_began_ns(rows) if moved else None,
        windows=table,
    )


def _members(given: pl.Series, classes: Sequence[Class]) -> Floats:
    plain = given.cast(pl.String)
    words = [str(each) for each in classes]
    known = plain.is_in(words).fill_null(value=False)
    if not known.all() or len(set(words)) < _LEAST_CLASSES:
        row = int((~known).arg_max() or 0)
        raise InputError(
            f"{given[row]!r} is no class of {list(classes)}, of which 2 are needed.",
            way_out="Give labelled rows only, and all classes.",
            source="classes_given",
            row=row,
        )
    return np.column_stack([(plain == word).to_numpy() for word in words]) * 1.0


def _table(
    rows: _Rows,
    reference: tuple[Floats, float],
    parts: Sequence[tuple[int, int]],
    alarms: Alarms,
) -> pl.DataFrame:
    found, p_values = [], []
    for first, stop in parts:
        counts, effective = rows.part(first, stop)
        value, degrees, least = chi_square(
            _scaled(*reference), _scaled(counts, effective)
        )
        tested = degrees > 0 and least >= _LEAST_EXPECTED
        p_values.append(chi_square_tail(value, degrees) if tested else np.nan)
        found.append(
            {
                "first_ns": int(rows.time_ns[first]),
                "last_ns": int(rows.time_ns[stop - 1]),
                "rows": int(stop - first),
                "effective_rows": effective,
                "shares": (counts / counts.sum()).tolist(),
                "psi": stability_index(reference[0], counts),
                "chi_square": value,
            }
        )
    significant = pl.col("p_value").fill_null(1.0) < alarms.level
    return (
        pl.DataFrame(found)
        .with_columns(pl.Series("p_value", _holm(np.array(p_values)), nan_to_null=True))
        .with_columns(
            pl.when(significant & (pl.col("psi") >= alarms.alarm_psi))
            .then(pl.lit("alarm"))
            .when(significant & (pl.col("psi") >= alarms.watch_psi))
            .then(pl.lit("watch"))
            .otherwise(pl.lit("calm"))
            .alias("state")
        )
    )


def _began_ns(rows: _Rows) -> int:
    """Time of the first row after the split with the largest chi-square."""
    counts = np.cumsum(rows.member * rows.worth[:, None], axis=0)
    before, whole = counts[:-1], counts[-1]
    weight, total = before.sum(axis=1), whole.sum()
    occurs = whole > 0
    # Of two samples: (O - E)^2 / E summed over both, by the counts before the split.
    gap = before[:, occurs] - np.outer(weight, whole[occurs]) / total
    spread = np.outer(weight * (total - weight), whole[occurs]) / total**2
    value = (gap**2 / np.maximum(spread, 1e-300)).sum(axis=1)
    return int(rows.time_ns[int(value.argmax()) + 1])
