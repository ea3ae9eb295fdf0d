"""How far the clock of receipt lies behind the clock of the event, venue by venue."""

import polars as pl

from tradeloop.capture.cleaning.base import OWN_EVENT, OWN_RECEIVED

_VENUE = r"\.([A-Z0-9_]{2,})$"
_NS_PER_MS = 1_000_000


def clock_lags(frame: pl.DataFrame) -> pl.DataFrame | None:
    """Measure the lag of receipt by the clocks as read.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        ``own_event_ns`` and ``own_received_ns``, before anything was cut;
        ``instrument``, of which the part after the last dot is the venue.

    Returns
    -------
    polars.DataFrame of shape (n_venues, 6) or None
        ``venue`` (empty where there is none), ``rows`` with both clocks, ``behind``
        (rows received before they happened), and ``least_ns``, ``median_ns``,
        ``most_ns`` of received less event time. None where no row has both.
    """
    if OWN_EVENT not in frame.columns or "instrument" not in frame.columns:
        return None
    lag = pl.col(OWN_RECEIVED) - pl.col(OWN_EVENT)
    lags = (
        frame.lazy()
        .select("instrument", lag=lag)
        .drop_nulls("lag")
        .group_by("instrument")
        .agg("lag")
        .with_columns(venue=pl.col("instrument").str.extract(_VENUE).fill_null(""))
        .explode("lag")
        .group_by("venue")
        .agg(
            rows=pl.len().cast(pl.Int64),
            behind=(pl.col("lag") < 0).sum().cast(pl.Int64),
            least_ns=pl.col("lag").min(),
            median_ns=pl.col("lag").median().round().cast(pl.Int64),
            most_ns=pl.col("lag").max(),
        )
        .sort("venue")
        .collect()
    )
    return lags if lags.height else None


def lag_notes(lags: pl.DataFrame | None) -> list[str]:
    """Say for each venue whose receiver runs behind by how much, in ms."""
    if lags is None:
        return []
    return [
        f"{row['venue'] or 'all rows'}: received {row['least_ns'] / _NS_PER_MS:.1f} to "
        f"{row['most_ns'] / _NS_PER_MS:.1f} ms after the event by their own clocks "
        f"(median {row['median_ns'] / _NS_PER_MS:.1f} ms, {row['rows']} rows)"
        for row in lags.filter(pl.col("behind") > 0).iter_rows(named=True)
    ]
