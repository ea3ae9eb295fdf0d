"""Maturity: which labels are there, which are to come and when, which never will.

- The age of a decision is the time since it was received.
- A pending label is due at ``due_ns``, and expected at ``due_ns`` plus the lag with
  which labels have become known after their due time: the median over the instrument's
  labelled rows, or over all where it has none. It is overdue once that has passed.
- Every decision stands in one state: received = labelled + pending + censored.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.events import DecisionState

_COLUMNS = ("decision_id", "instrument", "decision_ns", "state", "reason")
_STATES = tuple(
    state.value
    for state in (
        DecisionState.LABELLED,
        DecisionState.PENDING,
        DecisionState.CENSORED,
    )
)
_WITHIN_NS = {
    "within_1h": NS_PER_HOUR,
    "within_1d": NS_PER_DAY,
    "within_7d": 7 * NS_PER_DAY,
}


@dataclass(frozen=True, slots=True, eq=False)
class Maturity:
    """Where the labels of some decisions stand at a time.

    Parameters
    ----------
    as_of_ns : int
        That time, ns UTC.
    horizon : str
        Primary horizon, such as ``5d``: the one that the state belongs to.
    counts : dict of str to int
        received, labelled, pending, censored; received is the sum of the other three.
    reasons : dict of str to int
        Decisions without a class by reason, most frequent first.
    expected : dict of str to int
        Pending decisions by when their label is expected: overdue, within_1h,
        within_1d, within_7d, later.
    known : dict of str to int
        Decisions whose values are known, by horizon.
    table : polars.DataFrame of shape (n_decisions, 9)
        decision_id, instrument, decision_ns, state, reason, due_ns, age_ns;
        ``expected_ns`` and ``overdue`` of pending ones, null for others.
    """

    as_of_ns: int
    horizon: str
    counts: dict[str, int]
    reasons: dict[str, int]
    expected: dict[str, int]
    known: dict[str, int]
    table: pl.DataFrame

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for a data quality report; the table is left out."""
        pending = self.table.filter(pl.col("state") == DecisionState.PENDING.value)
        oldest = pending["age_ns"].max()
        return {
            "as_of_ns": self.as_of_ns,
            "horizon": self.horizon,
            "counts": self.counts,
            "reasons": self.reasons,
            "expected": self.expected,
            "known": self.known,
            "oldest_pending_age_ns": oldest,
        }


def _table(labels: pl.DataFrame, horizon: str, as_of_ns: int) -> pl.DataFrame:
    due, end = pl.col(f"due_ns_{horizon}"), pl.col(f"end_ns_{horizon}")
    lag = (end - due).filter(pl.col("state") == DecisionState.LABELLED.value).median()
    usual = pl.coalesce(lag.over("instrument"), lag, pl.lit(0.0)).round(0)
    waits = pl.col("state") == DecisionState.PENDING.value
    expected = (due + usual.cast(pl.Int64)).alias("expected_ns")
    return (
        labels.with_columns(expected)
        .select(
            *_COLUMNS,
            due.alias("due_ns"),
            (as_of_ns - pl.col("decision_ns")).alias("age_ns"),
            pl.when(waits).then(pl.col("expected_ns")).alias("expected_ns"),
        )
        .with_columns(overdue=pl.col("expected_ns") <= as_of_ns)
    )


def _when(table: pl.DataFrame, as_of_ns: int) -> dict[str, int]:
    """Count the pending rows by when they are expected."""
    rest = (table["expected_ns"] - as_of_ns).drop_nulls()
    found = {"overdue": int((rest <= 0).sum())}
    for name, most_ns in _WITHIN_NS.items():
        found[name] = int((rest <= most_ns).sum()) - sum(found.values())
    return found | {"later": len(rest) - sum(found.values())}


def maturity(labels: pl.DataFrame, *, horizon: str, as_of_ns: int) -> Maturity:
    """Tell where the labels of decisions stand.

    Parameters
    ----------
    labels : polars.DataFrame of shape (n_decisions, any)
        As `labels.apply.label` made it as of ``as_of_ns``.
    horizon : str
        Text of the primary horizon, such as ``5d``.
    as_of_ns : int
        When, ns UTC.

    Raises
    ------
    InputError
        A column is absent, a decision stands in no state, comes twice, or was received
        after ``as_of_ns``.
    """
    needed = (*_COLUMNS, f"due_ns_{horizon}", f"end_ns_{horizon}")
    absent = [name for name in needed if name not in labels.columns]
    if absent:
        raise InputError(
            f"Maturity needs the columns {absent}; they are absent.",
            way_out="Give the frame of label, and the text of its first horizon.",
            source="labels",
            column=absent[0],
        )
    _check(labels, as_of_ns)
    table = _table(labels, horizon, as_of_ns)
    counts = {name: int((labels["state"] == name).sum()) for name in _STATES}
    reasons = labels["reason"].drop_nulls().value_counts(sort=True)
    ends = [name for name in labels.columns if name.startswith("end_ns_")]
    return Maturity(
        as_of_ns=as_of_ns,
        horizon=horizon,
        counts={"received": labels.height} | counts,
        reasons=dict(reasons.iter_rows()),
        expected=_when(table, as_of_ns),
        known={n.removeprefix("end_ns_"): int(labels[n].count()) for n in ends},
        table=table,
    )


def _check(labels: pl.DataFrame, as_of_ns: int) -> None:
    for wrong, rule, column in (
        (~labels["state"].is_in(_STATES).fill_null(value=False), "no state", "state"),
        (labels["decision_id"].is_duplicated(), "come twice", "decision_id"),
        (labels["decision_ns"] > as_of_ns, "lie after as_of_ns", "decision_ns"),
    ):
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            raise InputError(
                f"received = labelled + pending + censored needs each decision once, "
                f"by {as_of_ns} ns; {labels[column][row]!r} does {rule}.",
                way_out="Give the frame that label made as of that time.",
                source="labels",
                column=column,
                row=row,
            )
