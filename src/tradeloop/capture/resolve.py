"""Decisions and fills to instruments: what a symbol means, and whether it was known."""

import polars as pl

from tradeloop.capture.intake import quarantine
from tradeloop.capture.records import NO_INSTRUMENT

_VENUE = r"^(.+)\.[A-Z0-9_]{2,}$"
_ROW = "_row"


def resolve(
    decisions: pl.DataFrame, bars: pl.DataFrame, *, stale_after_ns: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give each decision the instrument of its bars; set aside what has none.

    A symbol means the instrument of the same name, else the only one that has it with a
    venue (``NVDA`` means ``NVDA.US``), else the one without a venue (``NVDA.US`` means
    ``NVDA``). A suffix of one character is a share class (``BRK.B``), not a venue.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, n_columns of DECISION)
        A decision not to trade that names no instrument (``-``) needs no bars. Rows of
        FILL are taken as well.
    bars : polars.DataFrame of shape (n_bars, n_columns of BAR)
    stale_after_ns : int
        How long after the last bar of its instrument was known a decision may come, ns.

    Returns
    -------
    known : polars.DataFrame of shape (n_known, n_columns of DECISION)
        In the order given, with the instrument of the bars.
    quarantined : polars.DataFrame of shape (n_decisions - n_known, 5)
        Columns of `tradeloop.capture.QUARANTINE`; ``row`` counts the decisions given.
        Reasons: ``unknown_symbol``, ``ambiguous_symbol`` (several venues),
        ``before_first_bar`` (no bar was known yet at the received time; for fills: the
        first bar had not begun),
        ``after_last_bar`` (older than ``stale_after_ns``).
    """
    fills = "fill_id" in decisions.columns
    spans = bars.group_by("instrument").agg(
        first_ns=pl.col("open_ns" if fills else "received_ns").min(),
        last_ns=pl.col("received_ns").max(),
    )
    names = instrument_names(decisions["instrument"], spans["instrument"])
    found = (
        decisions.with_row_index(_ROW)
        .join(
            names,
            left_on="instrument",
            right_on="symbol",
            how="left",
            maintain_order="left",
        )
        .join(
            spans,
            left_on="meant",
            right_on="instrument",
            how="left",
            maintain_order="left",
        )
    )
    at = pl.col("received_ns")
    reason = (
        pl.when((pl.col("instrument") == NO_INSTRUMENT) & (pl.col("side") == 0))
        .then(None)
        .when(pl.col("matches") == 0)
        .then(pl.lit("unknown_symbol"))
        .when(pl.col("matches") > 1)
        .then(pl.lit("ambiguous_symbol"))
        .when(at < pl.col("first_ns"))
        .then(pl.lit("before_first_bar"))
        .when(at - pl.col("last_ns") > stale_after_ns)
        .then(pl.lit("after_last_bar"))
    )
    told = found.with_columns(reason=reason)
    known = told.filter(pl.col("reason").is_null()).with_columns(
        instrument=pl.coalesce("meant", "instrument")
    )
    refused = told.drop_nulls("reason")
    quarantined = quarantine(
        refused.select(decisions.columns),
        source="fills" if fills else "decisions",
        row=refused[_ROW],
        key=refused["fill_id" if fills else "decision_id"],
        reason=refused["reason"],
    )
    return known.select(decisions.columns), quarantined


def instrument_names(symbols: pl.Series, instruments: pl.Series) -> pl.DataFrame:
    """Find the instrument that each symbol means.

    Parameters
    ----------
    symbols : polars.Series of String
        Names as they stand in decisions or fills.
    instruments : polars.Series of String
        Names as they stand in bars.

    Returns
    -------
    polars.DataFrame of shape (n_unique_symbols, 3)
        ``symbol``, ``meant`` (instrument, null unless exactly one), ``matches`` (how
        many instruments it could mean).
    """
    known = pl.DataFrame({"meant": instruments.unique().sort()}).with_columns(
        bare=pl.col("meant").str.replace(_VENUE, "$1")
    )
    asked = pl.DataFrame({"symbol": symbols.unique().sort()}).with_columns(
        bare=pl.col("symbol").str.replace(_VENUE, "$1")
    )
    exact = asked.join(known, left_on="symbol", right_on="meant", how="semi").select(
        "symbol", meant="symbol"
    )
    rest = asked.join(exact, on="symbol", how="anti")
    with_venue = rest.join(
        known.filter(pl.col("bare") != pl.col("meant")),
        left_on="symbol",
        right_on="bare",
    ).select("symbol", "meant")
    bare = rest.join(known, left_on="bare", right_on="meant").select(
        "symbol", meant="bare"
    )
    return (
        asked.select("symbol")
        .join(pl.concat([exact, with_venue, bare]), on="symbol", how="left")
        .group_by("symbol")
        .agg(
            matches=pl.col("meant").count(),
            meant=pl.when(pl.col("meant").count() == 1).then(pl.col("meant").first()),
        )
        .select("symbol", "meant", "matches")
        .sort("symbol")
    )
