"""Features of all bars, with what else was released by then; live equals history."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.errors import TradeloopError
from tradeloop.features import Bank, LiveBank, compute


@dataclass(frozen=True, slots=True)
class Parity:
    """What a replay of the live bank showed.

    Parameters
    ----------
    rows, columns : int
        Size of what was compared.
    differing : int
        Values whose bits differ from history; NaN equals NaN.
    """

    rows: int
    columns: int
    differing: int


def with_series(bars: pl.DataFrame, series: pl.DataFrame | None) -> pl.DataFrame:
    """Add to each bar the newest value of each series that was released by then.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns)
        The BAR record.
    series : polars.DataFrame of shape (n_releases, 4), optional
        The SERIES record.

    Returns
    -------
    polars.DataFrame of shape (n_bars, n_columns + n_series)
        In the order of ``bars``; one Float64 column per series, by its name in lower
        case; null before the first release.
    """
    if series is None or series.is_empty():
        return bars
    found = bars.with_row_index("row").sort("received_ns", maintain_order=True)
    for name in sorted(series["series"].unique()):
        # Two values released at one instant: the newer reference date is the news.
        facts = (
            series.filter(pl.col("series") == name)
            .sort("received_ns", "event_ns")
            .unique("received_ns", keep="last", maintain_order=True)
            .select("received_ns", pl.col("value").alias(name.lower()))
            .set_sorted("received_ns")
        )
        found = found.join_asof(facts, on="received_ns", strategy="backward")
    return found.sort("row").drop("row")


def featurize(bank: Bank, bars: pl.DataFrame) -> pl.DataFrame:
    """Fold the bank over the history of every instrument.

    Returns
    -------
    polars.DataFrame of shape (n_bars, 3 + n_features)
        In the order of ``bars``.
    """
    return compute(bank, bars)


def parity(
    bank: Bank, bars: pl.DataFrame, features: pl.DataFrame, *, most_rows: int
) -> Parity:
    """Feed the first bars of one instrument to the live bank and compare all bits.

    Parameters
    ----------
    bank : Bank
        The bank of both.
    bars : polars.DataFrame of shape (n_bars, n_columns)
        Input of ``features``.
    features : polars.DataFrame of shape (n_bars, 3 + n_features)
        History.
    most_rows : int
        Bars that are replayed at the most.

    Raises
    ------
    TradeloopError
        ``features`` is not of these bars.
    """
    if bars.height != features.height:
        raise TradeloopError(
            f"{features.height} feature rows cannot be of {bars.height} bars. "
            "Compare features with the bars that they were computed from."
        )
    chosen = bars["instrument"].value_counts(sort=True)["instrument"][0]
    mine = pl.col("instrument") == chosen
    history = features.filter(mine).head(most_rows).select(bank.names).to_numpy()
    live = LiveBank(bank)
    rows = bars.filter(mine).head(most_rows)
    replayed = np.array(
        [live.update(chosen, row) for row in rows.iter_rows(named=True)]
    )
    same = (history == replayed) | (np.isnan(history) & np.isnan(replayed))
    return Parity(len(replayed), len(bank.names), int((~same).sum()))
