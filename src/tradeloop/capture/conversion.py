"""Amounts of money in one currency, at the rate that was known."""

from collections.abc import Sequence

import polars as pl


def converted(
    rows: pl.DataFrame,
    rates: pl.DataFrame,
    to: str,
    *,
    amounts: Sequence[str],
    stale_after_ns: int,
) -> pl.DataFrame:
    """Convert amounts into one currency at the rate known when the row was received.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        ``received_ns``, ``currency`` and the amounts.
    rates : polars.DataFrame of shape (n_rates, n_columns of FX_RATE)
        A pair counts both ways round. Pairs are not chained.
    to : str
        Currency of the result.
    amounts : sequence of str
        Columns to convert.
    stale_after_ns : int
        Age, from its ``event_ns``, from which a rate is none.

    Returns
    -------
    polars.DataFrame of shape (n_rows, n_columns + 3)
        In the order given; ``currency`` is ``to``. Added: ``rate``, ``rate_ns`` (when
        it held) and ``reason``: null, ``no_rate`` or ``stale_rate``, where the amounts
        and the rate are null.
    """
    found = (
        rows.with_row_index("_row")
        .sort("received_ns")
        .join_asof(
            _rates_to(rates, to),
            on="received_ns",
            by="currency",
            check_sortedness=False,
        )
        .sort("_row")
    )
    same = pl.col("currency") == to
    stale = pl.col("received_ns") - pl.col("rate_ns") >= stale_after_ns
    why = (
        pl.when(same)
        .then(None)
        .when(pl.col("rate").is_null())
        .then(pl.lit("no_rate"))
        .when(stale)
        .then(pl.lit("stale_rate"))
    )
    rate = pl.when(same).then(1.0).when(~stale).then("rate")
    held = pl.when(~same & ~stale).then("rate_ns")
    told = found.with_columns(rate=rate, rate_ns=held, reason=why)
    return told.with_columns(
        *(pl.col(name) * pl.col("rate") for name in amounts), currency=pl.lit(to)
    ).select(*rows.columns, "rate", "rate_ns", "reason")


def _rates_to(rates: pl.DataFrame, to: str) -> pl.DataFrame:
    """Rates into a currency by the time they were known, the newest known one each.

    A rate that comes late, after one that held later, changes nothing; a correction of
    the newest one does.
    """
    base, quote = pl.col("base_currency"), pl.col("quote_currency")
    times = ("received_ns", pl.col("event_ns").alias("rate_ns"))
    both = pl.concat(
        [
            rates.filter(quote == to).select(*times, currency=base, rate="rate"),
            rates.filter(base == to).select(
                *times, currency=quote, rate=1.0 / pl.col("rate")
            ),
        ]
    ).sort("received_ns", "rate_ns", maintain_order=True)
    newest = pl.col("rate_ns").cum_max().over("currency")
    return both.filter(pl.col("rate_ns") == newest)
