"""Checks of the source: what was known then, told by facts from beside the dataset."""

import polars as pl

from tradeloop.datasets.checks import Check
from tradeloop.datasets.dataset import Dataset

_TOLERANCE = 1e-6
_EXACT = 1e-12


def _result(name: str, wrong: str | None, good: str) -> Check:
    return Check(name, passed=wrong is None, detail=wrong or good)


def universe_complete(
    dataset: Dataset, bars: pl.DataFrame, members: pl.DataFrame
) -> Check:
    """Find a universe of survivors, and decisions on what was no member yet.

    Every instrument that was a member at any time of the dataset must have bars, also
    if it left; every decision must be on a member of its time.

    Parameters
    ----------
    dataset : Dataset
        Decisions.
    bars : polars.DataFrame
        Rows of the record BAR.
    members : polars.DataFrame of shape (n_memberships, 3)
        instrument, from_ns, until_ns; null: still a member.
    """
    name, times = "universe_complete", dataset.outcome_labels["decision_ns"]
    first, last = times.min(), times.max()
    until = pl.col("until_ns").fill_null(2**63 - 1)
    then = members.filter((pl.col("from_ns") <= last) & (until > first))
    gone = then.join(bars, on="instrument", how="anti")["instrument"].unique().sort()
    if gone.len():
        detail = (
            f"{gone.len()} of {then['instrument'].n_unique()} members have no bars, "
            f"first {gone[0]}: those that left are missing"
        )
        return Check(name, passed=False, detail=detail)
    asked = dataset.decision_context.select("instrument", times).with_row_index("row")
    inside = asked.join(members, on="instrument").filter(
        (pl.col("from_ns") <= pl.col("decision_ns")) & (pl.col("decision_ns") < until)
    )
    outside = asked.join(inside, on="row", how="anti")
    wrong = None
    if outside.height:
        wrong = (
            f"{outside.height} decisions on what was no member then, first "
            f"{outside['instrument'][0]} in row {outside['row'][0]}"
        )
    return _result(name, wrong, f"{then.height} memberships, all with bars")


def prices_as_known(
    bars: pl.DataFrame, raw: pl.DataFrame, actions: pl.DataFrame | None
) -> Check:
    """Find prices that were adjusted for what came later.

    The factor ``close / raw close`` of each instrument must be 1 at its first bar and
    change only over an ex time that was announced by then: prices may be carried on in
    old units, but the past may not know of later splits and dividends.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows of the record BAR, as the features use them.
    raw : polars.DataFrame
        instrument, event_ns and close as traded, in the same currency.
    actions : polars.DataFrame, optional
        Rows of the record CORPORATE_ACTION.
    """
    name = "prices_as_known"
    traded = raw.select("instrument", "event_ns", traded="close")
    joined = (
        bars.join(traded, on=["instrument", "event_ns"])
        .sort("instrument", "event_ns")
        .with_columns(factor=pl.col("close") / pl.col("traded"))
    )
    if joined.is_empty():
        return Check(name, passed=False, detail="no bar has a price as traded")
    before = pl.col("factor").shift(1).over("instrument").fill_null(1.0)
    moved = joined.with_columns(
        since_ns=pl.col("event_ns").shift(1).over("instrument"),
        moved=(pl.col("factor") / before - 1).abs() > _TOLERANCE,
    ).filter("moved")
    if actions is not None and moved.height:
        known = actions.select("instrument", "ex_ns", known_ns="received_ns")
        explained = moved.join(known, on="instrument").filter(
            (pl.col("ex_ns") > pl.col("since_ns"))
            & (pl.col("ex_ns") <= pl.col("event_ns"))
            & (pl.col("known_ns") <= pl.col("received_ns"))
        )
        moved = moved.join(explained, on=["instrument", "event_ns"], how="anti")
    wrong = None
    if moved.height:
        wrong = (
            f"{moved['instrument'][0]} at event_ns {moved['event_ns'][0]} has the "
            f"factor {moved['factor'][0]:.6g} to its price as traded, which nothing "
            "known by then explains"
        )
    return _result(name, wrong, f"{joined.height} bars are as traded or carried on")


def series_released(series: pl.DataFrame, releases: pl.DataFrame) -> Check:
    """Find values of series dated before their release, or revised later.

    Parameters
    ----------
    series : polars.DataFrame
        Rows of the record SERIES, as the features use them.
    releases : polars.DataFrame
        Rows of the record SERIES: every release and revision.
    """
    keys = ["series", "event_ns", "value"]
    first = releases.group_by(keys, maintain_order=True).agg(
        released_ns=pl.col("received_ns").min()
    )
    joined = series.join(first, on=keys, how="left", maintain_order="left")
    never = joined.filter(pl.col("released_ns").is_null())
    early = joined.filter(pl.col("received_ns") < pl.col("released_ns"))
    wrong = None
    for rows, what in ((never, "were never released"), (early, "come too early")):
        if rows.height and wrong is None:
            wrong = (
                f"{rows.height} of {series.height} values {what}, first "
                f"{rows['series'][0]} of event_ns {rows['event_ns'][0]}"
            )
    return _result("series_released", wrong, f"{series.height} values, 0 too early")


def bars_from_ticks(bars: pl.DataFrame, ticks: pl.DataFrame) -> Check:
    """Find bars that close with a price from after their end, or reach beyond it.

    The close must be the last price traded by ``event_ns`` (or just before it, where
    the end is not part of the bar).

    Parameters
    ----------
    bars : polars.DataFrame
        Rows of the record BAR.
    ticks : polars.DataFrame
        Rows of the record TRADE; bars without any are passed over.
    """
    traded = ticks.select("instrument", tick_ns="event_ns", tick="price").sort(
        "tick_ns", maintain_order=True
    )
    asked = bars.sort("event_ns", maintain_order=True)
    close = asked
    for column, exact in (("by_end", True), ("before_end", False)):
        close = close.join_asof(
            traded.rename({"tick": column}),
            left_on="event_ns",
            right_on="tick_ns",
            by="instrument",
            allow_exact_matches=exact,
            check_sortedness=False,
            coalesce=False,
        ).rename({"tick_ns": f"{column}_ns"})
    made = close.filter(pl.col("by_end_ns") >= pl.col("open_ns"))
    price = pl.col("close")
    apart = [
        ((price - pl.col(name)).abs() > _EXACT * price).fill_null(value=True)
        for name in ("by_end", "before_end")
    ]
    wrong_bars = made.filter(apart[0] & apart[1])
    wrong = None if made.height else "no bar has a tick"
    if wrong_bars.height:
        wrong = (
            f"{wrong_bars.height} of {made.height} bars close at another price than "
            f"traded by then, first {wrong_bars['instrument'][0]} at event_ns "
            f"{wrong_bars['event_ns'][0]}"
        )
    return _result("bars_from_ticks", wrong, f"{made.height} bars close as traded")
