"""Agreement between two rules that label the same decisions.

1. The rows that both rules give a class to are counted in a table ``n_ij``: class ``i``
   of the one rule, ``j`` of the other.
2. Raw agreement is ``p_o = sum_i n_ii / n``.
3. Cohen's kappa is ``(p_o - p_e) / (1 - p_e)`` with ``p_e = sum_i p_i. p_.i``:
   agreement beyond that of two rules which give these shares of classes by chance.
4. Weighted kappa is ``1 - sum w_ij n_ij / sum w_ij e_ij`` with ``e_ij = n p_i. p_.j``
   and ``w_ij = (i - j)^2``, for classes in an order: EXCELLENT for GOOD is a smaller
   disagreement than EXCELLENT for BAD.
5. Intervals come from the stationary block bootstrap, since labels overlap.

References
----------
Cohen (1960), Educational and Psychological Measurement 20, 37-46; Cohen (1968),
Psychological Bulletin 70, 213-220.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.labels.base import Floats
from tradeloop.statistics import Interval, block_bootstrap

Class: TypeAlias = str | int
Table: TypeAlias = NDArray[np.int64]

_LEAST_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two rules agree.

    Parameters
    ----------
    names : tuple of str
        The two rules.
    classes : tuple
        Their classes, in order.
    table : tuple of tuple of int
        Rows per class of the first rule (down) and of the second (across).
    left_out : int
        Rows to which one of the two gives no class.
    raw, kappa, weighted_kappa : Interval or None
        With the ends of the interval equal to the value where none was asked for. None
        where it is not defined: no row, or all rows in one class under both rules.
    """

    names: tuple[str, str]
    classes: tuple[Class, ...]
    table: tuple[tuple[int, ...], ...]
    left_out: int
    raw: Interval | None
    kappa: Interval | None
    weighted_kappa: Interval | None

    @property
    def rows(self) -> int:
        """Rows to which both rules give a class."""
        return sum(map(sum, self.table))

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for a data quality report."""
        return {
            "rules": list(self.names),
            "classes": list(self.classes),
            "table": [list(row) for row in self.table],
            "rows": self.rows,
            "left_out": self.left_out,
            "raw": _plain(self.raw),
            "kappa": _plain(self.kappa),
            "weighted_kappa": _plain(self.weighted_kappa),
        }


def _plain(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high}


def raw_agreement(table: Table) -> float:
    """Share of rows on the diagonal; NaN without a row."""
    total = table.sum()
    return float(np.trace(table) / total) if total else float("nan")


def kappa(table: Table, *, weighted: bool = False) -> float:
    """Cohen's kappa of a table, with squared distances as weights if asked.

    Parameters
    ----------
    table : ndarray of shape (n_classes, n_classes)
        Rows by class of the one rule and of the other.
    weighted : bool
        Whether a disagreement counts by the square of its distance, or as 1.

    Returns
    -------
    float
        1 full agreement, 0 that of chance; NaN where chance alone agrees fully.
    """
    shares = table / max(int(table.sum()), 1)
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    place = np.arange(len(table))
    apart = np.subtract.outer(place, place) ** 2
    weights = apart if weighted else np.minimum(apart, 1)
    by_chance = float((weights * expected).sum())
    if by_chance == 0:
        return float("nan")
    return 1 - float((weights * shares).sum()) / by_chance


def _counts(codes: Floats, classes: int) -> Table:
    place = codes[:, 0] * classes + codes[:, 1]
    found = np.bincount(place.astype(np.intp), minlength=classes**2)
    return found.reshape(classes, classes).astype(np.int64)


def _codes(values: pl.Series, classes: Sequence[Class], name: str) -> Floats:
    """Place of each class, NaN for null; refuse what is no class."""
    plain = values.cast(pl.String)
    place = {str(each): float(k) for k, each in enumerate(classes)}
    outside = plain.is_not_null() & ~plain.is_in(list(place))
    if outside.any():
        row = int(outside.arg_max() or 0)
        raise InputError(
            f"{values[row]!r} is no class of {list(classes)}.",
            way_out="Give all classes of the two rules, in order.",
            source=name,
            row=row,
        )
    codes = plain.replace_strict(place, default=None, return_dtype=pl.Float64)
    return np.asarray(codes.fill_null(float("nan")).to_numpy(), dtype=np.float64)


def agreement(
    one: pl.Series,
    other: pl.Series,
    *,
    classes: Sequence[Class],
    names: tuple[str, str] | None = None,
    block_rows: int = 1,
    repeats: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Compare the classes that two rules give to the same decisions.

    Parameters
    ----------
    one, other : polars.Series of shape (n,)
        Class of each decision in time order; null where the rule gives none.
    classes : sequence of str or int
        All classes of both rules, from the worst to the best.
    names : tuple of str, optional
        What the rules are called; the names of the series where absent.
    block_rows : int
        Mean length of a block of the bootstrap, such as
        `labels.audit.overlap.rows_spanned`.
    repeats : int
        Resamples; 0 leaves the intervals out.
    level : float
        Coverage of the intervals.
    seed : int
        Of the resamples.

    Raises
    ------
    InputError
        The series differ in length, there are fewer than 2 classes, or a value is none
        of them.
    MissingExtraError
        Intervals are asked for and ``arch`` is not installed.
    """
    called = names or (one.name or "one", other.name or "other")
    if len(one) != len(other) or len(set(classes)) < _LEAST_CLASSES:
        raise InputError(
            f"Two rules of {len(one)} and {len(other)} rows and {len(set(classes))} "
            "classes cannot be compared.",
            way_out="Give both rules the same decisions and at least 2 classes.",
            source=" and ".join(called),
        )
    pair = zip((one, other), called, strict=True)
    codes = np.column_stack([_codes(rows, classes, name) for rows, name in pair])
    both = codes[~np.isnan(codes).any(axis=1)]
    table = _counts(both, len(classes))
    sample = partial(
        _interval,
        both,
        len(classes),
        block_rows=min(block_rows, max(len(both), 1)),
        repeats=repeats if len(both) >= _LEAST_CLASSES else 0,
        level=level,
        seed=seed,
    )
    return Agreement(
        names=called,
        classes=tuple(classes),
        table=tuple(tuple(int(n) for n in row) for row in table),
        left_out=len(codes) - len(both),
        raw=sample(raw_agreement),
        kappa=sample(kappa),
        weighted_kappa=sample(partial(kappa, weighted=True)),
    )


def _interval(
    codes: Floats, classes: int, measure: Any, *, repeats: int, **bootstrap: Any
) -> Interval | None:
    value = measure(_counts(codes, classes))
    if np.isnan(value):
        return None
    if not repeats:
        return Interval(value, value, value, bootstrap["level"])
    # A resample with one class alone shows no agreement beyond chance: it counts as 0.
    return block_bootstrap(
        lambda rows: float(np.nan_to_num(measure(_counts(rows, classes)))),
        codes,
        repeats=repeats,
        **bootstrap,
    )


def signs(classes: pl.Series, order: Sequence[Class]) -> pl.Series:
    """Reduce ordered classes to -1 below the middle one, 0, and +1 above it.

    Parameters
    ----------
    classes : polars.Series of shape (n,)
        Null stays null.
    order : sequence of str or int
        All classes from the worst to the best, an odd number of them.

    Raises
    ------
    InputError
        The number of classes is even, or a value is none of them.
    """
    if len(order) % 2 == 0:
        raise InputError(
            f"Signs need a middle class; {list(order)} have none.",
            way_out="Give an odd number of classes.",
            source=classes.name,
        )
    codes = _codes(classes, order, classes.name)
    found = pl.Series(classes.name, np.sign(codes - len(order) // 2), nan_to_null=True)
    return found.cast(pl.Int8)
