"""Point-in-time joins: what was known at each decision, and nothing else.

A fact counts from the time at which it was received, whatever it is about. Of the
facts known at the decision the newest counts: the one about the latest event, and of
several versions of that event the one received last. A correction of an older event is
therefore never taken for news; one that came after the decision is never seen.
"""

from collections.abc import Sequence

import polars as pl

from tradeloop.errors import InputError


def _require_columns(frame: pl.DataFrame, needed: Sequence[str], source: str) -> None:
    for name in needed:
        if name not in frame.columns:
            raise InputError(
                f"The column is missing; there are {', '.join(frame.columns)}.",
                way_out=f"Give a frame of {source} with the columns of its record.",
                source=source,
                column=name,
            )


def last_known(
    decisions: pl.DataFrame,
    facts: pl.DataFrame,
    *,
    on: str = "received_ns",
    by: str | None = "instrument",
) -> pl.DataFrame:
    """Position of the fact that counted at each decision.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id, received_ns (the time of the decision) and ``by``.
    facts : polars.DataFrame of shape (n_facts, any)
        Columns event_ns, ``on`` and ``by``, in any order.
    on : str
        Column of the facts that says when each was known, ns UTC.
    by : str, optional
        Column that both share; None when every fact concerns every decision.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 4)
        Columns decision_id, decision_ns, known_ns (``on`` of the fact) and fact (its
        position), in the order of the decisions; the last two are null when nothing was
        known.
    """
    keys = [by] if by else []
    _require_columns(decisions, ["decision_id", "received_ns", *keys], "decisions")
    _require_columns(facts, ["event_ns", on, *keys], "facts")
    newest = pl.col("event_ns").cum_max()
    known = (
        facts.select(*keys, "event_ns", pl.col(on).alias("known_ns"))
        .with_row_index("fact")
        .filter(pl.col("known_ns").is_not_null())
        .sort("known_ns", "event_ns", "fact")
        # Looks only at what was received earlier: the filter itself cannot leak.
        .filter(pl.col("event_ns") >= (newest.over(by) if by else newest))
    )
    asked = (
        decisions.select("decision_id", *keys, decision_ns=pl.col("received_ns"))
        .with_row_index("row")
        .sort("decision_ns")
    )
    found = asked.join_asof(
        known,
        left_on="decision_ns",
        right_on="known_ns",
        by=by,
        strategy="backward",
        coalesce=False,
        check_sortedness=False,
    )
    return found.sort("row").select("decision_id", "decision_ns", "known_ns", "fact")


def as_of(
    decisions: pl.DataFrame,
    facts: pl.DataFrame,
    *,
    on: str = "received_ns",
    by: str | None = "instrument",
    columns: Sequence[str],
) -> pl.DataFrame:
    """Join to each decision the newest fact with ``on`` at or before the decision.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id, received_ns and ``by``.
    facts : polars.DataFrame of shape (n_facts, any)
        Columns event_ns, ``on``, ``by`` and ``columns``.
    on : str
        Column of the facts that says when each was known.
    by : str, optional
        Column that both share.
    columns : sequence of str
        Columns of the facts to bring along.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 3 + n_columns)
        decision_id, decision_ns, known_ns and ``columns``, in the order of the
        decisions; null where nothing was known.
    """
    _require_columns(facts, columns, "facts")
    found = last_known(decisions, facts, on=on, by=by)
    picked = facts.select(
        pl.col(columns).gather(found["fact"]) if columns else pl.lit(None)
    )
    return found.drop("fact").hstack(picked.get_columns() if columns else [])


def as_of_series(decisions: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Join to each decision the newest released value of each series.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id and received_ns.
    series : polars.DataFrame of shape (n_releases, 4)
        Rows of the record SERIES; received_ns is the release.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 3 + n_series)
        decision_id, decision_ns, known_ns (the latest release that was used) and one
        Float64 column per series, in the order of their names.
    """
    _require_columns(series, ["series", "event_ns", "received_ns", "value"], "series")
    values: list[pl.Series] = []
    known: list[pl.Series] = []
    for name in series["series"].unique().sort():
        facts = series.filter(pl.col("series") == name)
        found = as_of(decisions, facts, by=None, columns=["value"])
        values.append(found["value"].alias(name))
        known.append(found["known_ns"].alias(f"known_{len(known)}"))
    base = decisions.select("decision_id", decision_ns=pl.col("received_ns"))
    latest = (
        pl.DataFrame(known).max_horizontal().cast(pl.Int64)
        if known
        else pl.Series("known_ns", [None] * base.height, dtype=pl.Int64)
    )
    return base.with_columns(latest.alias("known_ns")).hstack(values)
