"""What leaks in the source are seen by: facts that stand beside the dataset.

Prices that were adjusted later, a universe of survivors, or a macro value dated by its
period look like any others. Each field here lets one check see its kind; what is not
given is not checked, and the certificate says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

Relabel: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Facts for the checks that a dataset alone cannot pass or fail.

    Parameters
    ----------
    embargo_ns : int, optional
        Time that training keeps off the test beyond the purge: before it where training
        must lie before the test, else after it.
    relabel : callable, optional
        From bars to labels: decision_id and label columns as in the dataset's
        outcome_labels, one row per decision that has a label on these bars.
    members : polars.DataFrame, optional
        The universe as it was: instrument, from_ns, until_ns (null: still in), one row
        per membership; those that later failed included.
    raw : polars.DataFrame, optional
        Prices as they traded: instrument, event_ns and close of the same bars.
    actions : polars.DataFrame, optional
        Rows of the record CORPORATE_ACTION, for ``raw``; absent: there were none.
    series, releases : polars.DataFrame, optional
        Rows of the record SERIES: those that the features used, and every release and
        revision with its true received_ns.
    fills : polars.DataFrame, optional
        Rows of the record FILL.
    quotes : polars.DataFrame, optional
        Rows of the record QUOTE, for ``fills``.
    ticks : polars.DataFrame, optional
        Rows of the record TRADE that the bars are made of.
    """

    embargo_ns: int | None = None
    relabel: Relabel | None = None
    members: pl.DataFrame | None = None
    raw: pl.DataFrame | None = None
    actions: pl.DataFrame | None = None
    series: pl.DataFrame | None = None
    releases: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    quotes: pl.DataFrame | None = None
    ticks: pl.DataFrame | None = None
